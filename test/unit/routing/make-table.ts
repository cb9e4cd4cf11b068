// Builds Configs, Tables and requests for tests of routing from the few words that matter to a test.

import type { Config, MatchConfig, PoolConfig, RouteConfig } from '../../../src/config/model.ts';
import { compileTable } from '../../../src/routing/compile.ts';
import type { Sessions } from '../../../src/routing/sessions.ts';
import type { SplitStream } from '../../../src/routing/split-stream.ts';
import type { PoolState } from '../../../src/routing/pool-state.ts';
import type { RoutableRequest } from '../../../src/routing/request.ts';
import type { RouteMatch } from '../../../src/routing/route-table.ts';
import type { PoolTable, Table } from '../../../src/routing/table.ts';

export function makeMatch(match: Partial<MatchConfig> = {}): MatchConfig {
  return { path: { kind: 'prefix', path: '/' }, methods: [], headers: [], query: [], ...match };
}

export const prefix = (path: string): Pick<MatchConfig, 'path'> => ({ path: { kind: 'prefix', path } });
export const exact = (path: string): Pick<MatchConfig, 'path'> => ({ path: { kind: 'exact', path } });
export const regex = (pattern: string): Pick<MatchConfig, 'path'> => ({ path: { kind: 'regex', pattern } });

/** Exact conditions from an object. */
export function conditions(values: Readonly<Record<string, string>>): MatchConfig['headers'] {
  return Object.entries(values).map(([name, value]) => ({ name, value: { kind: 'exact', value } }));
}

export function makeRoute(name: string, route: Partial<RouteConfig> = {}): RouteConfig {
  const nothing = { set: [], add: [], remove: [] };
  return {
    name,
    listeners: [],
    hosts: [],
    match: [makeMatch()],
    action: { kind: 'respond', respond: { status: 200, body: name, headers: [] } },
    timeoutMs: 0,
    rewrite: { host: undefined, path: undefined, location: false },
    requestHeaders: nothing,
    responseHeaders: nothing,
    ...route,
  };
}

export function makePool(split: Readonly<Record<string, number>>, pool: Partial<PoolConfig> = {}): PoolConfig {
  return {
    name: 'shop',
    versions: Object.keys(split).map((name) => ({
      name,
      endpoints: [],
      tls: undefined,
      links: undefined,
      protocol: 'http1',
      proxyProtocol: undefined,
      dns: { refreshMs: 5000, servers: [] },
      endpointsFile: undefined,
      drain: false,
      slowStartMs: 0,
      salt: '',
      previewUntilMs: undefined,
    })),
    split,
    canary: undefined,
    affinity: undefined,
    overrides: [],
    mirrors: [],
    balancer: 'least-request',
    health: undefined,
    outlier: {
      consecutive: 5,
      consecutiveGateway: 0,
      failureShare: 0,
      minRequests: 50,
      intervalMs: 10_000,
      ejectionMs: 30_000,
      maxEjected: 0.5,
    },
    limits: { connections: 1024, streams: 100, pending: 1024, requests: 0, adaptive: false, headerBytes: 32_768, headerCount: 200 },
    slowStartMs: 0,
    zones: [],
    panic: 0,
    holdMs: 0,
    drainTimeoutMs: 0,
    timeouts: { connectMs: 1000, responseMs: 15_000, stallMs: 300_000, idleMs: 60_000, tunnelMs: 0 },
    retries: { attempts: 1, on: [], perTryMs: 0, budget: 0.2, acrossVersions: false },
    fallback: { whenNoneReady: 'split' },
    previews: undefined,
    ...pool,
  };
}

export function makeConfig(
  routes: readonly RouteConfig[],
  pools: readonly PoolConfig[] = [],
  listeners: readonly string[] = ['web'],
): Config {
  return {
    listeners: listeners.map((name) => ({
      name,
      address: { kind: 'tcp', host: '127.0.0.1', port: 0 },
      mode: undefined,
      tls: undefined,
      passthrough: undefined,
      protocols: ['http1'],
      trustedProxies: [],
      proxyProtocol: false,
      connect: [],
      limits: {
        headerBytes: 16_384,
        headerCount: 100,
        requestLineBytes: 8192,
        headerTimeoutMs: 10_000,
        idleTimeoutMs: 60_000,
        requestsPerConnection: 0,
        streams: 100,
        tunnels: 0,
        connections: 0,
        bodyBytes: 0,
      },
    })),
    admin: {
      address: { kind: 'tcp', host: '127.0.0.1', port: 0 },
      hosts: [],
      mode: undefined,
      files: [],
      probesAddress: undefined,
      probesMode: undefined,
      tls: undefined,
      links: undefined,
      tokens: [],
      limits: { writesPerSecond: 500 },
    },
    workers: 1,
    state: { dir: undefined, whenLost: 'serve' },
    drain: { delayMs: 0, timeoutMs: 30_000 },
    overload: { memoryBytes: 0 },
    accessLog: undefined,
    pools,
    routes,
    rollouts: [],
  };
}

export function makeTable(routes: readonly RouteConfig[], pools: readonly PoolConfig[] = []): Table {
  return compileTable(makeConfig(routes, pools), 1);
}

export function makePoolTable(split: Readonly<Record<string, number>>, pool: Partial<PoolConfig> = {}): PoolTable {
  return makeTable([], [makePool(split, pool)]).pools[0]!;
}

/** `method url`, where the URL is `host/path?query`; fields become a block. */
export function makeRequest(line: string, fields: Readonly<Record<string, string>> = {}): RoutableRequest {
  const [method = '', url = ''] = line.split(' ');
  const slash = url.indexOf('/');
  const authority = slash < 0 ? url : url.slice(0, slash);
  const [path = '', query = ''] = splitOnce(slash < 0 ? '' : url.slice(slash), '?');
  const block = Object.entries(fields)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');
  return { method, authority, path, query, block };
}

export function find(table: Table, request: RoutableRequest, listener = 'web'): RouteMatch | undefined {
  return table.matchers.get(listener)?.find(request);
}

/** A state with everything ready, that draws the first version with a weight unless told otherwise, and countable keys. */
export class FakeState implements PoolState {
  readonly unready = new Set<number>();
  readonly rampShares: number[] = [];
  /** Returned in turn; 0 when none is left. */
  readonly chances: number[] = [];
  /** Indexes that are drawn in turn, ready or not; then `stream`, then the first version with a weight. */
  readonly drawn: number[] = [];
  stream: SplitStream | undefined = undefined;
  readonly #weights: ArrayLike<number>;
  sessions: Sessions | undefined = undefined;
  nowS = 1_800_000_000;
  keys = 0;

  /** @param pool whose weights are drawn from; without one, version 0 is */
  constructor(pool?: PoolTable) {
    this.#weights = pool?.weights ?? [1];
  }

  ready(version: number): boolean {
    return !this.unready.has(version);
  }

  rampShare(version: number): number {
    return this.rampShares[version] ?? 1;
  }

  chance(): number {
    return this.chances.shift() ?? 0;
  }

  nextVersion(): number {
    return this.drawn.shift() ?? this.stream?.next() ?? this.#first(() => true);
  }

  nextReadyVersion(): number {
    return this.stream?.nextReady(this) ?? this.#first((version) => this.ready(version));
  }

  #first(fits: (version: number) => boolean): number {
    return Array.from(this.#weights).findIndex((weight, version) => weight > 0 && fits(version));
  }

  wallSeconds(): number {
    return this.nowS;
  }

  newKey(): string {
    this.keys++;
    return `new-key-number-${String(this.keys).padStart(8, '0')}`;
  }
}

function splitOnce(text: string, at: string): [string, string] {
  const index = text.indexOf(at);
  return index < 0 ? [text, ''] : [text.slice(0, index), text.slice(index + 1)];
}
