// Names and addresses that must be unique.

import { formatAddress } from '../address.ts';
import type { Address, Config } from '../model.ts';
import type { Path } from '../path.ts';
import type { Review } from './review.ts';

export function uniqueListenerNames(config: Config, review: Review): void {
  uniqueNames(review, ['listeners'], config.listeners);
}

export function uniqueRouteNames(config: Config, review: Review): void {
  uniqueNames(review, ['routes'], config.routes);
}

export function uniqueTokenNames(config: Config, review: Review): void {
  const { tokens, tls } = config.admin;
  uniqueNames(review, ['admin', 'auth', 'tokens'], tokens);
  const path = ['admin', 'tls', 'clientAuth', 'roles'];
  const roles = tls?.clientAuth?.roles ?? [];
  uniqueNames(review, path, roles);
  for (const [index, { name }] of roles.entries())
    if (tokens.some((token) => token.name === name))
      review.problem([...path, index, 'name'], `${JSON.stringify(name)} is the name of a token: the journal would not say who called`);
}

export function uniqueNamesInPools(config: Config, review: Review): void {
  for (const pool of config.pools) {
    uniqueNames(review, ['pools', pool.name, 'overrides'], pool.overrides);
    uniqueNames(review, ['pools', pool.name, 'mirrors'], pool.mirrors);
  }
}

export function uniqueEndpoints(config: Config, review: Review): void {
  for (const pool of config.pools) {
    for (const version of pool.versions) {
      const path = ['pools', pool.name, 'versions', version.name, 'endpoints'];
      unique(
        review,
        version.endpoints.map(({ key }) => key),
        (index) => [...path, index],
        'endpoint',
      );
    }
  }
}

/** What CONNECT may name leads to one pool. */
export function uniqueAuthorities(config: Config, review: Review): void {
  for (const [index, { connect }] of config.listeners.entries()) {
    const authorities = connect.map(({ authority }) => authority);
    unique(review, authorities, (position) => ['listeners', index, 'connect', position, 'authority'], 'authority');
  }
}

/** Listeners and the admin API each need an address of their own. Port 0 is a different port each time. */
export function uniqueAddresses(config: Config, review: Review): void {
  const { address, probesAddress } = config.admin;
  const addresses = [
    ...config.listeners.map((listener) => listener.address),
    address,
    ...(probesAddress === undefined ? [] : [probesAddress]),
  ];
  const pathOf = (index: number): Path => {
    if (index < config.listeners.length) return ['listeners', index, 'address'];
    return index === config.listeners.length ? ['admin', 'address'] : ['admin', 'probes', 'address'];
  };
  unique(review, addresses.map(boundTo), pathOf, 'address');
}

function uniqueNames(review: Review, path: Path, named: readonly { readonly name: string }[]): void {
  unique(
    review,
    named.map(({ name }) => name),
    (index) => [...path, index, 'name'],
    'name',
  );
}

function unique(review: Review, keys: readonly (string | undefined)[], pathOf: (index: number) => Path, what: string): void {
  const seen = new Map<string, number>();
  for (const [index, key] of keys.entries()) {
    if (key === undefined) continue;
    const before = seen.get(key);
    if (before === undefined) seen.set(key, index);
    else review.problem(pathOf(index), `${what} "${key}" is already taken at ${review.lineOf(pathOf(before), pathOf(index))}`);
  }
}

function boundTo(address: Address): string | undefined {
  return address.kind === 'tcp' && address.port === 0 ? undefined : formatAddress(address);
}
