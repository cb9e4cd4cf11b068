// Names one block of counters. Keys come from the config; a block lives as long as its key is configured.

export type CounterKey =
  | { readonly kind: 'listener'; readonly listener: string }
  /** `pool` and `version` are empty where none was chosen; all three are empty for requests without a route, `route` alone for CONNECT. */
  | { readonly kind: 'route'; readonly route: string; readonly pool: string; readonly version: string }
  | { readonly kind: 'version'; readonly pool: string; readonly version: string }
  /** `version` of another pool: `POOL/VERSION`. */
  | { readonly kind: 'mirror'; readonly pool: string; readonly mirror: string; readonly version: string }
  | { readonly kind: 'endpoint'; readonly pool: string; readonly version: string; readonly endpoint: string }
  | { readonly kind: 'worker' };

export type CounterKind = CounterKey['kind'];

/** Counted by every instance, whatever its config says. */
export const ALWAYS: readonly CounterKey[] = [{ kind: 'worker' }, { kind: 'route', route: '', pool: '', version: '' }];

/** A string that no two different keys share, whatever characters their names hold. */
export function identify(key: CounterKey): string {
  switch (key.kind) {
    case 'listener':
      return listenerId(key.listener);
    case 'route':
      return routeId(key.route, key.pool, key.version);
    case 'version':
      return versionId(key.pool, key.version);
    case 'endpoint':
      return endpointId(key.pool, key.version, key.endpoint);
    case 'mirror':
      return mirrorId(key.pool, key.mirror, key.version);
    case 'worker':
      return WORKER_ID;
  }
}

export const WORKER_ID = 'w';

export function listenerId(listener: string): string {
  return `l${listener}`;
}

// The lengths in front make the boundaries between names certain.
export function routeId(route: string, pool: string, version: string): string {
  return `r${route.length}:${pool.length}:${route}${pool}${version}`;
}

export function versionId(pool: string, version: string): string {
  return `v${pool.length}:${pool}${version}`;
}

export function mirrorId(pool: string, mirror: string, version: string): string {
  return `m${pool.length}:${mirror.length}:${pool}${mirror}${version}`;
}

export function endpointId(pool: string, version: string, endpoint: string): string {
  return `e${pool.length}:${version.length}:${pool}${version}${endpoint}`;
}
