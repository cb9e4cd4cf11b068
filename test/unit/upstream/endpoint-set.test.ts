// The endpoints of a version with connections made by hand: which stay, which are ready, and what closes when.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EndpointConfig, PoolConfig } from '../../../src/config/model.ts';
import { Deadlines } from '../../../src/lib/deadlines.ts';
import type { EndpointCounters } from '../../../src/telemetry/counters.ts';
import { ConnectionLimit } from '../../../src/upstream/connection-limit.ts';
import { NOT_READY_DRAINING, NOT_READY_EJECTED, NOT_READY_UNHEALTHY } from '../../../src/upstream/endpoint.ts';
import type { Endpoint, PooledConnection } from '../../../src/upstream/endpoint.ts';
import { EndpointDrains } from '../../../src/upstream/endpoint-drain.ts';
import { Introduction } from '../../../src/upstream/introduction.ts';
import type { ConnectionManner } from '../../../src/upstream/endpoint-set.ts';
import { EndpointSet } from '../../../src/upstream/endpoint-set.ts';
import type { UpstreamStream } from '../../../src/upstream/protocol/upstream-stream.ts';
import { makePool } from '../routing/make-table.ts';

const SETTINGS = {
  responseLimits: { headerBytes: 1024, headerCount: 10, requestLineBytes: 100 },
  connectMs: 1000,
  idleMs: 1000,
  streams: 1,
  drainTimeoutMs: 5000,
};

const ANYBODY = { introduction: new Introduction(() => '') };

let deadlines: Deadlines;
let events: string[];
let counted: string[];
let limit: ConnectionLimit;
let drains: EndpointDrains;
let set: EndpointSet;

beforeEach(() => {
  deadlines = new Deadlines();
  events = [];
  counted = [];
  limit = new ConnectionLimit();
  const log = {
    info: (fields: { endpoint: string }, text: string) => events.push(`${text}: ${fields.endpoint}`),
    warn: (fields: { endpoint: string; cut: number }, text: string) => events.push(`${text}: ${fields.endpoint}, ${fields.cut}`),
  };
  drains = new EndpointDrains({ pool: 'shop', version: 'v1' }, deadlines, log as never);
  const owner = {
    countersOf: countersOf,
    onReadiness: (before: number) => void events.push(`ready ${before} -> ${set.selection.readyCount}`),
    onOpened: () => undefined,
    onFree: (connection: PooledConnection) => void events.push(`free ${connection.endpoint.key}`),
    onClosed: (endpoint: Endpoint) => void events.push(`closed ${endpoint.key}`),
    onFault: () => undefined,
  };
  set = new EndpointSet(owner, limit, SETTINGS, drains);
  limit.groups = [set];
  set.selection.configure(makePool({ v1: 1 }) as PoolConfig);
});
afterEach(() => deadlines.close());

function countersOf(key: string): EndpointCounters {
  const count = (name: string | symbol) => (): void => void counted.push(`${String(name)} ${key}`);
  return new Proxy({}, { get: (_, name) => count(name) }) as EndpointCounters;
}

function config(key: string, more: Partial<EndpointConfig> = {}): EndpointConfig {
  return { address: { kind: 'tcp', host: '127.0.0.1', port: 1 }, key, weight: 1, zone: undefined, drain: false, ...more } as EndpointConfig;
}

/** A connection as it would be after its response; `streams`: whether it is in use. */
function connect(endpoint: Endpoint, streams = 0, introduction?: Introduction): PooledConnection {
  limit.connections++;
  const connection: PooledConnection = {
    endpoint,
    introduction,
    manner: set.manner,
    streams,
    hasRoom: false,
    retire: () => connection.destroy(),
    takeStream: () => connection as unknown as UpstreamStream,
    leave: () => undefined,
    stay: () => undefined,
    cut: () => void (events.push(`cut ${endpoint.key}`), connection.destroy()),
    destroy: () => void (endpoint.connections.has(connection) && set.onClosed(connection)),
  };
  endpoint.connections.add(connection);
  if (streams === 0) set.keep(connection);
  return connection;
}

const keys = (): string[] => set.endpoints.map(({ key }) => key);

describe('replace', () => {
  it('keeps those that stay, with their connections', () => {
    set.replace([config('a'), config('b')], false);
    const [a] = set.endpoints;
    connect(a!);
    set.replace([config('a', { weight: 5 }), config('c')], false);
    expect(keys()).toEqual(['a', 'c']);
    expect(set.endpoints[0]).toBe(a);
    expect([a!.weight, a!.free.length, a!.notReadyReasons]).toEqual([5, 1, 0]);
    expect(events).toEqual(['ready 0 -> 2', 'endpoint is drained: b', 'ready 2 -> 2']);
  });

  it('closes free connections of those that left at once, and waits for used ones', () => {
    set.replace([config('a')], false);
    const [a] = set.endpoints;
    connect(a!);
    const used = connect(a!, 1);
    events.length = 0;
    set.replace([], false);
    expect(events).toEqual(['closed a', 'ready 1 -> 0']);
    expect([a!.connections.size, drains.has(a!)]).toEqual([1, true]);
    used.destroy();
    expect(events.slice(2)).toEqual(['endpoint is drained: a', 'closed a']);
    expect([limit.connections, drains.size]).toEqual([0, 0]);
  });

  it('drains all of a version, but for an endpoint that says when itself', () => {
    set.replace([config('a'), config('b', { drain: 7000 })], 3000);
    expect(set.endpoints.map(({ drainMs, notReadyReasons }) => [drainMs, notReadyReasons])).toEqual([
      [3000, NOT_READY_DRAINING],
      [7000, NOT_READY_DRAINING],
    ]);
    set.replace([config('a'), config('b')], false);
    expect(set.endpoints.map(({ notReadyReasons }) => notReadyReasons)).toEqual([0, 0]);
    expect(counted.filter((line) => line.endsWith(' a'))).toEqual(['notReady a', 'draining a', 'ready a', 'drainingEnded a', 'started a']);
  });

  it('says when an endpoint comes into use, but of those that were there from the beginning', () => {
    const started = (): string[] => counted.filter((line) => line.startsWith('started'));
    set.replace([config('a'), config('b', { drain: true })], false);
    set.replace([config('a'), config('b', { drain: true })], false);
    expect(started()).toEqual([]);
    set.replace([config('a'), config('b'), config('c')], false);
    expect(started()).toEqual(['started b', 'started c']);
    const [a] = set.endpoints;
    set.mark(a!, NOT_READY_UNHEALTHY, true);
    set.mark(a!, NOT_READY_UNHEALTHY, false);
    expect(started()).toEqual(['started b', 'started c', 'started a']);
    set.replace([], false);
    set.replace([config('d')], false);
    expect(started().at(-1)).toBe('started d');
  });

  it('closes free connections of an endpoint without weight', () => {
    set.replace([config('a')], false);
    connect(set.endpoints[0]!);
    set.replace([config('a', { weight: 0 })], false);
    expect([limit.connections, set.endpoints[0]!.ready]).toEqual([0, false]);
  });
});

describe('mark', () => {
  it.each([NOT_READY_UNHEALTHY, NOT_READY_EJECTED])('%d closes free connections, and what is under way goes on', (reason) => {
    set.replace([config('a'), config('b')], false);
    const [a] = set.endpoints;
    connect(a!);
    connect(a!, 1);
    events.length = 0;
    set.mark(a!, reason, true);
    set.mark(a!, reason, true);
    expect(events).toEqual(['closed a', 'ready 2 -> 1']);
    expect(a!.connections.size).toBe(1);
    set.mark(a!, reason, false);
    expect(events.at(-1)).toBe('ready 1 -> 2');
  });

  it('is ready again when the last reason has gone', () => {
    set.replace([config('a')], false);
    const [a] = set.endpoints;
    set.mark(a!, NOT_READY_UNHEALTHY, true);
    set.mark(a!, NOT_READY_EJECTED, true);
    set.mark(a!, NOT_READY_UNHEALTHY, false);
    expect(a!.notReadyReasons).toBe(NOT_READY_EJECTED);
    set.mark(a!, NOT_READY_EJECTED, false);
    expect(counted).toEqual(['notReady a', 'notReady a', 'notReady a', 'ready a', 'started a']);
    expect(a!.ready).toBe(true);
  });
});

describe('a connection with room', () => {
  it('goes to the owner of a ready endpoint within the limit', () => {
    set.replace([config('a')], false);
    const connection = connect(set.endpoints[0]!, 1);
    events.length = 0;
    set.onFree(connection);
    expect(events).toEqual(['free a']);
  });

  it('is closed where its endpoint gets nothing new, or there are too many', () => {
    set.replace([config('a')], false);
    const [a] = set.endpoints;
    const [first, second] = [connect(a!, 1), connect(a!, 1)];
    limit.configure(1);
    events.length = 0;
    set.onFree(first);
    set.mark(a!, NOT_READY_UNHEALTHY, true);
    set.onFree(second);
    expect(events).toEqual(['closed a', 'ready 1 -> 0', 'closed a']);
  });

  it('is taken again: the one used last comes first', () => {
    set.replace([config('a')], false);
    const [a] = set.endpoints;
    connect(a!);
    const last = connect(a!);
    expect(set.take(a!, ANYBODY)).toBe(last);
    expect([a!.free.length, set.take(a!, ANYBODY) === undefined, set.take(a!, ANYBODY)]).toEqual([1, false, undefined]);
  });
});

describe('connections that are made otherwise from now on', () => {
  const plain = { secure: undefined, serverName: undefined, proxyProtocol: undefined, protocol: 'http1' as const };
  it.each<[string, ConnectionManner]>([
    ['over TLS', { ...plain, secure: { connect: () => undefined as never } }],
    ['to another name', { ...plain, serverName: 'other.internal' }],
    ['with a header', { ...plain, proxyProtocol: 'v1' }],
    ['for another protocol', { ...plain, protocol: 'http2' }],
  ])('%s close when they are unused, or are given back', (_what, manner) => {
    set.replace([config('a')], false);
    const [a] = set.endpoints;
    const [used] = [connect(a!, 1), connect(a!)];
    events.length = 0;
    set.connectAs(manner);
    expect(events).toEqual(['closed a']);
    set.onFree(used);
    expect(events).toEqual(['closed a', 'closed a']);
    const next = connect(a!, 1);
    set.connectAs({ ...manner });
    set.onFree(next);
    expect(events.slice(2)).toEqual(['free a']);
  });
});

describe('connections that begin with a header', () => {
  const client = (): { readonly introduction: Introduction } => ({ introduction: new Introduction(() => '') });

  beforeEach(() => {
    set.connectAs({ secure: undefined, serverName: undefined, proxyProtocol: 'v2', protocol: 'http1' });
    set.replace([config('a'), config('b')], false);
  });

  it('are taken again by their client alone: the one that was used last, to the endpoint that was picked', () => {
    const [a, b] = set.endpoints;
    const [one, two] = [client(), client()];
    const first = connect(a!, 0, one.introduction);
    const last = connect(a!, 0, one.introduction);
    expect([set.hasFree(a!, two), set.take(a!, two), set.hasFree(b!, one), set.take(b!, one)]).toEqual([
      false,
      undefined,
      false,
      undefined,
    ]);
    expect([set.hasFree(a!, one), set.take(a!, one), set.take(a!, one)]).toEqual([true, last, first]);
    expect([set.hasFree(a!, one), set.take(a!, one), a!.reserved.size]).toEqual([false, undefined, 0]);
  });

  it('close with their client, also those that it gives back later', () => {
    const [a] = set.endpoints;
    const { introduction } = client();
    const used = connect(a!, 1, introduction);
    connect(a!, 0, introduction);
    introduction.end();
    expect([limit.connections, a!.reserved.size]).toEqual([1, 0]);
    set.keep(used);
    expect(limit.connections).toBe(0);
  });

  it('are five at most for one client, to all endpoints together', () => {
    const [a, b] = set.endpoints;
    const one = client();
    const all = [a!, b!, b!, b!, b!, b!].map((endpoint) => connect(endpoint, 0, one.introduction));
    expect([a!.connections.size, b!.connections.size]).toEqual([0, 5]);
    expect(set.take(b!, one)).toBe(all.at(-1));
    connect(a!, 0, one.introduction);
    expect(limit.connections).toBe(6);
  });

  it('count no longer once they have closed', () => {
    const [a] = set.endpoints;
    const one = client();
    for (let count = 0; count < 5; count++) connect(a!, 0, one.introduction).destroy();
    for (let count = 0; count < 6; count++) connect(a!, 0, one.introduction);
    expect(a!.connections.size).toBe(5);
  });

  it('make room for those of other clients, the one that was kept longest first', () => {
    const [a] = set.endpoints;
    const [oldest] = [connect(a!, 0, client().introduction), connect(a!, 1, client().introduction), connect(a!, 0, client().introduction)];
    limit.configure(3);
    expect([limit.makeRoom(), a!.connections.has(oldest!)]).toEqual([true, false]);
    limit.configure(1);
    expect([limit.connections, limit.makeRoom()]).toEqual([1, false]);
  });

  it('close with their endpoint, unused ones at once', () => {
    const [a] = set.endpoints;
    const one = client();
    const used = connect(a!, 1, one.introduction);
    connect(a!, 0, one.introduction);
    set.mark(a!, NOT_READY_UNHEALTHY, true);
    expect([limit.connections, set.take(a!, one)]).toEqual([1, undefined]);
    set.onFree(used);
    expect(limit.connections).toBe(0);
  });
});

describe('the limit', () => {
  it('makes room by the oldest unused connection of any endpoint, and by no used one', () => {
    set.replace([config('a'), config('b')], false);
    const [a, b] = set.endpoints;
    connect(a!, 1);
    const oldest = connect(b!);
    connect(b!);
    limit.configure(3);
    expect(limit.makeRoom()).toBe(true);
    expect([b!.connections.has(oldest), b!.connections.size]).toEqual([false, 1]);
    limit.configure(1);
    expect([limit.connections, limit.makeRoom()]).toEqual([1, false]);
  });

  it('passes over a free connection that still carries a stream', () => {
    set.replace([config('a')], false);
    const shared = connect(set.endpoints[0]!, 1);
    set.endpoints[0]!.free.push(shared);
    limit.configure(1);
    expect(limit.makeRoom()).toBe(false);
  });
});

it('cut ends what is under way, on endpoints that left as well', () => {
  set.replace([config('a'), config('b')], false);
  const [a, b] = set.endpoints;
  connect(a!, 1);
  connect(b!, 1);
  set.replace([config('b')], false);
  set.cut();
  expect(events.filter((event) => event.startsWith('cut')).sort()).toEqual(['cut a', 'cut b']);
  expect(limit.connections).toBe(0);
});

it('retire gives all endpoints their time, and says nothing of a clean end', () => {
  set.replace([config('a')], false);
  const used = connect(set.endpoints[0]!, 1);
  connect(set.endpoints[0]!);
  set.retire();
  expect(drains.size).toBe(1);
  used.destroy();
  expect([drains.size, events.filter((event) => event.includes('drained'))]).toEqual([0, []]);
});
