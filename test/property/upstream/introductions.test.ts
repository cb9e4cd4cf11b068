// Connections that begin with PROXY headers: whatever clients, endpoints and bounds do, none serves another client than its own, none is kept
// that nobody can use, and none is lost.

import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { EndpointConfig } from '../../../src/config/model.ts';
import { Deadlines } from '../../../src/lib/deadlines.ts';
import type { EndpointCounters } from '../../../src/telemetry/counters.ts';
import { ConnectionLimit } from '../../../src/upstream/connection-limit.ts';
import { NOT_READY_UNHEALTHY } from '../../../src/upstream/endpoint.ts';
import type { Endpoint, PooledConnection } from '../../../src/upstream/endpoint.ts';
import { EndpointDrains } from '../../../src/upstream/endpoint-drain.ts';
import { EndpointSet } from '../../../src/upstream/endpoint-set.ts';
import { Introduction } from '../../../src/upstream/introduction.ts';
import type { UpstreamStream } from '../../../src/upstream/protocol/upstream-stream.ts';
import { makePool } from '../../unit/routing/make-table.ts';

const CLIENTS = 4;
const SETTINGS = {
  responseLimits: { headerBytes: 1, headerCount: 1, requestLineBytes: 1 },
  connectMs: 1,
  idleMs: 1,
  streams: 1,
  drainTimeoutMs: 0,
};
const counters = new Proxy({}, { get: () => () => undefined }) as EndpointCounters;

interface Connection extends PooledConnection {
  streams: number;
}

/** Two versions of endpoints, as one worker has them, with clients that ask, leave and are replaced. */
class World {
  readonly deadlines = new Deadlines();
  readonly limit = new ConnectionLimit();
  readonly sets = [this.#makeSet(), this.#makeSet()];
  readonly clients = Array.from({ length: CLIENTS }, () => ({ introduction: new Introduction(() => '') }));
  readonly #used: (Connection | undefined)[] = [];

  constructor() {
    this.limit.groups = this.sets;
  }

  #makeSet(): EndpointSet {
    const drains = new EndpointDrains({ pool: 'shop', version: 'v1' }, this.deadlines, undefined);
    const ignore = (): void => undefined;
    const onFree = (connection: PooledConnection): void => set.keep(connection);
    const owner = { countersOf: () => counters, onReadiness: ignore, onOpened: ignore, onFree, onClosed: ignore, onFault: ignore };
    const set: EndpointSet = new EndpointSet(owner, this.limit, SETTINGS, drains);
    set.selection.configure(makePool({ v1: 1 }));
    set.connectAs({ secure: undefined, serverName: undefined, proxyProtocol: 'v1', protocol: 'http1' });
    this.replace(set, 2);
    return set;
  }

  replace(set: EndpointSet, count: number): void {
    const endpoints = Array.from({ length: count }, (_, index) => {
      const address = { kind: 'tcp', host: '127.0.0.1', port: index + 1 } as const;
      return { address, key: String(index), weight: 1, zone: undefined, drain: false } as unknown as EndpointConfig;
    });
    set.replace(endpoints, false);
  }

  /** Its connection for one exchange, as `VersionRuntime.acquire` finds it. */
  ask(client: number, set: EndpointSet, endpoint: Endpoint | undefined): void {
    if (endpoint === undefined || !endpoint.ready || this.#used[client] !== undefined) return;
    const taken = set.take(endpoint, this.clients[client]!) as unknown as Connection | undefined;
    if (taken !== undefined) {
      const own = set.proxyProtocol === undefined ? undefined : this.clients[client]!.introduction;
      expect([taken.introduction === own, taken.endpoint === endpoint, taken.manner === set.manner]).toEqual([true, true, true]);
      taken.streams = 1;
      this.#used[client] = taken;
    } else if (this.limit.makeRoom()) this.#used[client] = this.#connect(client, set, endpoint);
  }

  #connect(client: number, set: EndpointSet, endpoint: Endpoint): Connection {
    const { proxyProtocol, manner } = set;
    const connection: Connection = {
      ...{ endpoint, manner, streams: 1, hasRoom: false, leave: () => undefined, stay: () => undefined },
      introduction: proxyProtocol === undefined ? undefined : this.clients[client]!.introduction,
      takeStream: () => connection as unknown as UpstreamStream,
      cut: () => connection.destroy(),
      retire: () => connection.destroy(),
      destroy: () => void (endpoint.connections.has(connection) && set.onClosed(connection)),
    };
    this.limit.connections++;
    endpoint.connections.add(connection);
    return connection;
  }

  /** Its exchange is over. */
  release(client: number, keeps: boolean): void {
    const used = this.#used[client];
    this.#used[client] = undefined;
    if (used === undefined) return;
    used.streams = 0;
    const set = this.sets.find(({ endpoints }) => endpoints.includes(used.endpoint));
    if (keeps && used.endpoint.connections.has(used) && set !== undefined) set.onFree(used);
    else used.destroy();
  }

  /** It goes, in the middle of an exchange or not, and another comes. */
  leave(client: number): void {
    this.clients[client]!.introduction.end();
    this.clients[client] = { introduction: new Introduction(() => '') };
  }

  check(): void {
    const gone = this.sets.flatMap(({ drains }) => [...drains.endpoints]);
    const endpoints = new Set([...gone, ...this.sets.flatMap((set) => set.endpoints)]);
    const open = [...endpoints].flatMap((endpoint) => [...endpoint.connections]);
    expect(open.length).toBe(this.limit.connections);
    for (const endpoint of endpoints) {
      for (const connection of [...endpoint.reserved, ...endpoint.free]) {
        expect([endpoint.connections.has(connection), connection.streams, endpoint.ready]).toEqual([true, 0, true]);
      }
      for (const { introduction } of endpoint.free) expect(introduction).toBeUndefined();
    }
    for (const { introduction } of this.clients) {
      const mine = [...endpoints].flatMap(({ reserved }) => [...reserved]).filter((each) => each.introduction === introduction);
      expect(mine.length).toBeLessThanOrEqual(5);
    }
    // All that is kept is kept for somebody who is there.
    const here = new Set(this.clients.map(({ introduction }) => introduction));
    for (const { reserved } of endpoints) for (const { introduction } of reserved) expect(here.has(introduction!)).toBe(true);
  }
}

const client = fc.nat(CLIENTS - 1);
const set = fc.nat(1);
const step = fc.oneof(
  { weight: 10, arbitrary: fc.record({ kind: fc.constant('ask' as const), client, set, endpoint: fc.nat(3) }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('release' as const), client, keeps: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('leave' as const), client }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('mark' as const), set, endpoint: fc.nat(3), applies: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('replace' as const), set, count: fc.nat(4) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('limit' as const), limit: fc.integer({ min: 1, max: 12 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('close' as const), set, endpoint: fc.nat(3) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('manner' as const),
      set,
      proxyProtocol: fc.constantFrom('v1' as const, 'v2' as const, undefined),
    }),
  },
);

it('serve their own client alone, and are all accounted for', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120, size: 'max' }), (steps) => {
      const world = new World();
      for (const each of steps) {
        if (each.kind === 'ask') world.ask(each.client, world.sets[each.set]!, world.sets[each.set]!.endpoints[each.endpoint]);
        else if (each.kind === 'release') world.release(each.client, each.keeps);
        else if (each.kind === 'leave') world.leave(each.client);
        else if (each.kind === 'limit') world.limit.configure(each.limit);
        else if (each.kind === 'replace') world.replace(world.sets[each.set]!, each.count);
        else if (each.kind === 'manner')
          world.sets[each.set]!.connectAs({
            secure: undefined,
            serverName: undefined,
            proxyProtocol: each.proxyProtocol,
            protocol: 'http1',
          });
        else {
          const endpoint = world.sets[each.set]!.endpoints[each.endpoint];
          if (endpoint === undefined) continue;
          if (each.kind === 'mark') world.sets[each.set]!.mark(endpoint, NOT_READY_UNHEALTHY, each.applies);
          else for (const connection of [...endpoint.connections]) connection.destroy();
        }
        world.check();
      }
      world.deadlines.close();
    }),
    { numRuns: 200 },
  );
});
