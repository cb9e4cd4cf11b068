// Listeners beside the rest of the config: whom they trust, and whether a route leads on from them.

import type { Config } from '../model.ts';
import { servingListeners } from '../passthrough.ts';
import { noSuch } from '../suggest.ts';
import type { Review } from './review.ts';

/** On a TCP listener nobody comes by a Unix socket, and the other way round. */
export function trustFitsListeners(config: Config, review: Review): void {
  for (const [index, { name, address, trustedProxies, proxyProtocol }] of config.listeners.entries()) {
    for (const [position, peer] of trustedProxies.entries()) {
      const path = ['listeners', index, 'trustedProxies', position];
      if (peer === 'unix' && address.kind !== 'unix') {
        review.problem(path, `unix stands for the peers of a Unix socket, and listener "${name}" has a port: name their addresses`);
      } else if (peer !== 'unix' && address.kind === 'unix' && !proxyProtocol) {
        review.notice(path, `the peers of a Unix socket have no address: write unix to trust them`);
      }
    }
  }
}

/** The header says who a client is, so that only those may write it who are trusted: without any nobody could connect. */
export function proxiesAreTrusted(config: Config, review: Review): void {
  for (const [index, { name, address, trustedProxies, proxyProtocol }] of config.listeners.entries()) {
    if (!proxyProtocol || (address.kind === 'unix' ? trustedProxies.includes('unix') : trustedProxies.length > 0)) continue;
    const path = ['listeners', index, 'proxyProtocol'];
    const whom = address.kind === 'unix' ? 'unix' : 'the addresses of the proxies that write the header';
    review.problem(path, `listener "${name}" takes no connection, for it trusts nobody: name ${whom} in trustedProxies`);
  }
}

export function connectsNamePools(config: Config, review: Review): void {
  const names = new Set(config.pools.map(({ name }) => name));
  for (const [index, { connect }] of config.listeners.entries())
    for (const [position, { pool }] of connect.entries())
      if (!names.has(pool)) review.problem(['listeners', index, 'connect', position, 'pool'], noSuch('pool', pool, names));
}

/** Clients get 404 there for all that they ask. */
export function listenersLeadSomewhere(config: Config, review: Review): void {
  const named = new Set(config.routes.flatMap(({ listeners }) => listeners));
  if (config.routes.some(({ listeners }) => listeners.length === 0)) return;
  // A route that names a listener which does not exist is a Problem; the one that was meant would only look unused.
  const known = new Set(config.listeners.map(({ name }) => name));
  if ([...named].some((name) => !known.has(name))) return;
  const serving = new Set(servingListeners(config));
  for (const [index, listener] of config.listeners.entries()) {
    const { name, connect } = listener;
    if (serving.has(listener) && !named.has(name) && connect.length === 0)
      review.notice(['listeners', index, 'name'], `no route serves listener "${name}": every request there gets 404`);
  }
}
