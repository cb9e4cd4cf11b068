// Listeners beside the rest of the config: whom they trust, and endpoints that are listeners of this very instance.

import { formatAddress, isLoopback } from '../address.ts';
import type { Address, Config } from '../model.ts';
import type { Review } from './review.ts';

/** On a TCP listener nobody comes by a Unix socket, and the other way round. */
export function trustFitsListeners(config: Config, review: Review): void {
  for (const [index, { name, address, trustedProxies }] of config.listeners.entries()) {
    for (const [position, peer] of trustedProxies.entries()) {
      const path = ['listeners', index, 'trustedProxies', position];
      if (peer === 'unix' && address.kind !== 'unix') {
        review.problem(path, `unix stands for the peers of a Unix socket, and listener "${name}" has a port: name their addresses`);
      } else if (peer !== 'unix' && address.kind === 'unix') {
        review.notice(path, `the peers of a Unix socket have no address: write unix to trust them`);
      }
    }
  }
}

/** Requests would come back to where they came from. They end (508), but nobody wants that. */
export function endpointsAreNoListeners(config: Config, review: Review): void {
  const own = [
    ...config.listeners.map(({ name, address }) => ({
      address,
      what: `listener "${name}" of this config`,
      then: 'requests would go round',
    })),
    { address: config.admin.address, what: 'the admin address of this config', then: 'clients would reach the admin API' },
  ];
  for (const pool of config.pools) {
    for (const version of pool.versions) {
      for (const [position, { address, key }] of version.endpoints.entries()) {
        const found = own.find((each) => reaches(address, each.address));
        if (found === undefined) continue;
        const path = ['pools', pool.name, 'versions', version.name, 'endpoints', position];
        review.notice(path, `${key} is ${found.what}: ${found.then}`);
      }
    }
  }
}

/** Whether a connection to `to` arrives at what listens on `on`. */
function reaches(to: Address, on: Address): boolean {
  if (to.kind !== 'tcp' || on.kind !== 'tcp') return to.kind === 'unix' && on.kind === 'unix' && formatAddress(to) === formatAddress(on);
  if (to.port !== on.port) return false;
  const host = sameMachine(to.host);
  const listens = sameMachine(on.host);
  if (host === listens) return true;
  // A name of this machine may lead to either family; an address of all interfaces takes what comes by loopback.
  const isHere = isLoopback(to) || isAny(host);
  if (!isHere) return false;
  if (host === 'localhost' || listens === 'localhost' || isAny(host)) return isAny(listens) || isLoopback(on);
  return listens === '::' || (listens === '0.0.0.0' && !host.includes(':'));
}

function isAny(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}

/** IPv4 in IPv6 as IPv4. */
function sameMachine(host: string): string {
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(host);
  if (mapped === null) return host;
  const [high, low] = [Number.parseInt(mapped[1]!, 16), Number.parseInt(mapped[2]!, 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}
