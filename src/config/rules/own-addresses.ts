// Endpoints that lead where they should not: to this very instance, or to the application that another version already is.

import { formatAddress, isLoopback } from '../address.ts';
import type { Address, Config, PoolConfig } from '../model.ts';
import { passedPools } from '../passthrough.ts';
import type { Path } from '../path.ts';
import type { Review } from './review.ts';

interface OwnAddress {
  readonly address: Address;
  readonly what: string;
  readonly isListener: boolean;
  /** What a request there would do. */
  readonly then: string;
}

/**
 * Requests would come back to where they came from. They end (508), but nobody wants that. Connections may be passed on to a listener of this
 * instance on purpose, one that ends their TLS; those that would come back have a rule of their own.
 */
export function endpointsAreNoListeners(config: Config, review: Review): void {
  const own = ownAddresses(config);
  const passed = passedPools(config);
  for (const { name: pool, versions, health } of config.pools) {
    for (const version of versions) {
      for (const [position, { address, key }] of version.endpoints.entries()) {
        const path = ['pools', pool, 'versions', version.name, 'endpoints', position];
        const found = own.find((each) => reaches(address, each.address) && !(each.isListener && passed.has(pool)));
        if (found !== undefined) review.notice(path, `${key} is ${found.what}: ${found.then}`);
        if (health === undefined || health.port === 0 || address.kind !== 'tcp') continue;
        const probed = own.find((each) => reaches({ ...address, port: health.port }, each.address));
        if (probed === undefined || probed === found) continue;
        review.notice(
          ['pools', pool, 'health', 'port'],
          `port ${health.port} of ${key} is ${probed.what}: probes would not ask the endpoint`,
        );
      }
    }
  }
}

function ownAddresses({ listeners, admin }: Config): readonly OwnAddress[] {
  const own = listeners.map(({ name, address }) => ({
    address,
    what: `listener "${name}" of this config`,
    isListener: true,
    then: 'requests would go round',
  }));
  const others = { isListener: false };
  own.push({ ...others, address: admin.address, what: 'the admin address of this config', then: 'clients would reach the admin API' });
  const { probesAddress: address } = admin;
  if (address !== undefined)
    own.push({ ...others, address, what: 'admin.probes of this config', then: 'clients would reach probes and metrics' });
  return own;
}

/** Pools in which nothing was found: thousands stay the same objects from change to change. */
const sound = new WeakSet<PoolConfig>();

/** The split, an override or a comparison would tell apart what is one thing. */
export function versionsAreDifferent(config: Config, review: Review): void {
  for (const pool of config.pools) {
    if (sound.has(pool)) continue;
    let isSound = true;
    const first = firstOf(pool);
    for (const { name, endpoints } of pool.versions) {
      for (const [position, { address, key }] of endpoints.entries()) {
        const before = first.get(placeOf(address));
        if (before === undefined || before.version === name) continue;
        if (!review.hasRoom) return;
        isSound = false;
        const path = ['pools', pool.name, 'versions', name, 'endpoints', position];
        const where = review.lineOf(before.path, path);
        review.notice(path, `${key} is an endpoint of version "${before.version}" as well (${where}): the two versions are one there`);
      }
    }
    if (isSound) sound.add(pool);
  }
}

/** A copy would do once more what the request did, at the application that responded to it. */
export function shadowsAreDifferent(config: Config, review: Review): void {
  const pools = new Map(config.pools.map((pool) => [pool.name, pool]));
  for (const pool of config.pools) {
    for (const [index, { pool: target, version }] of pool.mirrors.entries()) {
      const shadow = target === undefined || target === pool.name ? undefined : pools.get(target);
      if (shadow === undefined) continue;
      const own = firstOf(pool);
      const versions = shadow.versions.filter(({ name }) => version === undefined || name === version);
      const shared = versions.flatMap(({ endpoints }) => endpoints).find(({ address }) => own.has(placeOf(address)));
      if (shared === undefined) continue;
      const message = `${shared.key} is an endpoint of this pool as well: it would get requests and their copies`;
      review.notice(['pools', pool.name, 'mirrors', index, 'pool'], message);
    }
  }
}

interface First {
  readonly version: string;
  readonly path: Path;
}

/** By address, the first version of a pool that has it. */
function firstOf({ name: pool, versions }: PoolConfig): ReadonlyMap<string, First> {
  const first = new Map<string, First>();
  for (const { name: version, endpoints } of versions) {
    for (const [position, { address }] of endpoints.entries()) {
      const place = placeOf(address);
      if (!first.has(place)) first.set(place, { version, path: ['pools', pool, 'versions', version, 'endpoints', position] });
    }
  }
  return first;
}

function placeOf(address: Address): string {
  return formatAddress(address.kind === 'tcp' ? { ...address, host: sameMachine(address.host) } : address);
}

/** Whether a connection to `to` arrives at what listens on `on`. */
export function reaches(to: Address, on: Address): boolean {
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
