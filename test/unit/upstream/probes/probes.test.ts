// Probes on a clock that is turned by hand, with probes that end when the test says so.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { HealthConfig, PoolConfig } from '../../../../src/config/model.ts';
import { ManualClock } from '../../../scaffold/manual-clock.ts';
import type { Log } from '../../../../src/lib/log.ts';
import { identifyEndpoint } from '../../../../src/upstream/endpoint.ts';
import type { EndpointName } from '../../../../src/upstream/endpoint.ts';
import type { ProbeResult } from '../../../../src/upstream/probes/probe.ts';
import { Probes } from '../../../../src/upstream/probes/probes.ts';

const HEALTH: HealthConfig = {
  grpc: undefined,
  path: '/healthz',
  host: undefined,
  headers: [],
  port: 0,
  intervalMs: 1000,
  timeoutMs: 500,
  healthyAfter: 2,
  protocol: 'http' as const,
  idleIntervalMs: 0,
  start: 'healthy' as const,
  unhealthyAfter: 3,
  expect: { status: [200], body: undefined, json: {} },
};

/** Pool `shop`, version `v1`; probes look at nothing else of a pool. */
function shop(keys: readonly string[], health: HealthConfig | undefined = HEALTH): PoolConfig {
  const endpoints = keys.map((key) => ({ address: { kind: 'tcp', host: key, port: 80 }, key, weight: 1, zone: undefined, drain: false }));
  return { name: 'shop', health, versions: [{ name: 'v1', endpoints }] } as unknown as PoolConfig;
}

interface Begun {
  readonly key: string;
  readonly atMs: number;
  cancelled: boolean;
  readonly end: (result: ProbeResult) => void;
}

let clock: ManualClock;
let begun: Begun[];
let told: string[][];
let logged: string[];
let chance: number;
/** Timers fire late by as much as this has grown since they were set. */
let heldUpMs: number;
/** How probes end at once, by key; what has none stays open. */
let ends: Map<string, ProbeResult>;
/** Requests and attempts of the version so far. */
let activity: number;
let probes: Probes;

beforeEach(() => {
  clock = new ManualClock();
  begun = [];
  told = [];
  logged = [];
  // The middle: intervals are exact, but for the first, which is three quarters long.
  chance = 0.5;
  heldUpMs = 0;
  ends = new Map();
  activity = 0;
  probes = createProbes();
});

function createProbes(left?: ReadonlySet<string>): Probes {
  const log = { info: (_: object, text: string) => logged.push(text), warn: (_: object, text: string) => logged.push(text) };
  return new Probes({
    left,
    clock: {
      nowMs: () => clock.nowMs() + heldUpMs,
      wallMs: () => clock.wallMs(),
      after: clock.after.bind(clock),
      every: clock.every.bind(clock),
    },
    random: () => chance,
    tlsOf: () => undefined,
    activity: () => activity,
    log: log as unknown as Log,
    onHealth: (unhealthy: readonly EndpointName[]) => told.push(unhealthy.map(({ endpoint }) => endpoint)),
    probe: ({ key }, _health, onEnd) => {
      const probe: Begun = { key, atMs: clock.nowMs(), cancelled: false, end: (result) => onEnd(result, '') };
      begun.push(probe);
      const result = ends.get(key);
      if (result !== undefined) clock.after(0, () => (probe.cancelled ? undefined : probe.end(result)));
      return { cancel: () => void (probe.cancelled = true) };
    },
  });
}

afterEach(() => {
  probes.close();
  expect(clock.pending).toBe(0);
});

function begunOf(key: string): number[] {
  return begun.filter((probe) => probe.key === key).map(({ atMs }) => atMs);
}

test('the first probe begins at once, the second within the interval, the others one interval apart', () => {
  ends.set('a', 'ok');
  probes.configure([shop(['a'])]);
  clock.advance(4000);
  expect(begunOf('a')).toEqual([0, 750, 1750, 2750, 3750]);
});

test('intervals differ by a tenth at most, the first by up to a half', () => {
  ends.set('a', 'ok');
  chance = 0;
  probes.configure([shop(['a'])]);
  clock.advance(2000);
  expect(begunOf('a')).toEqual([0, 1000, 1900]);
  chance = 0.999;
  clock.advance(2000);
  const [last, before] = begunOf('a').reverse();
  expect(last! - before!).toBeGreaterThan(1095);
  expect(last! - before!).toBeLessThan(1100);
});

test('out after unhealthyAfter bad probes in a row, back after healthyAfter good ones; both are told and logged', () => {
  ends.set('a', 'ok').set('b', 'ok');
  probes.configure([shop(['a', 'b'])]);
  clock.advance(1000);
  ends.set('b', 'status');
  clock.advance(2000);
  expect(told).toEqual([]);
  clock.advance(1000);
  expect(told).toEqual([['b']]);
  ends.set('b', 'ok');
  clock.advance(1000);
  expect(told).toHaveLength(1);
  clock.advance(1000);
  expect(told).toEqual([['b'], []]);
  expect(logged).toEqual(['an endpoint is unhealthy', 'an endpoint is healthy again']);
});

test('what is found at the same time is told at once, as one', () => {
  ends.set('a', 'connect').set('b', 'connect').set('c', 'ok');
  probes.configure([shop(['a', 'b', 'c'])]);
  clock.advance(10);
  expect(told).toEqual([['a', 'b']]);
});

test('probes of one endpoint never overlap; one that takes longer than the interval is followed at once', () => {
  probes.configure([shop(['a'], { ...HEALTH, timeoutMs: 5000 })]);
  clock.advance(3000);
  expect(begunOf('a')).toEqual([0]);
  begun[0]!.end('ok');
  clock.advance(0);
  expect(begunOf('a')).toEqual([0, 3000]);
});

test('a probe without a response is cancelled at its timeout', () => {
  probes.configure([shop(['a'])]);
  clock.advance(499);
  expect(begun[0]!.cancelled).toBe(false);
  clock.advance(1);
  expect(begun[0]!.cancelled).toBe(true);
  clock.advance(10);
  expect(told).toEqual([['a']]);
});

test('time in which this thread was held up is not the endpoint’s', () => {
  probes.configure([shop(['a'])]);
  clock.advance(50);
  heldUpMs += 2000;
  clock.advance(50);
  clock.advance(499);
  expect(begun[0]!.cancelled).toBe(false);
  clock.advance(1);
  expect(begun[0]!.cancelled).toBe(true);
});

test('a thread that is always late still gives a probe up', () => {
  probes.configure([shop(['a'])]);
  for (let slice = 1; slice <= 9; slice++) {
    heldUpMs += 50;
    clock.advance(100);
  }
  expect(begun[0]!.cancelled).toBe(false);
  clock.advance(100);
  expect(begun[0]!.cancelled).toBe(true);
});

test('256 probes at once; the others wait in line and get their turn, also when one of them leaves', () => {
  const keys = Array.from({ length: 259 }, (_, index) => `e${index}`);
  probes.configure([shop(keys)]);
  expect(begun).toHaveLength(256);
  probes.configure([shop(keys.filter((key) => key !== 'e256'))]);
  begun[0]!.end('ok');
  begun[1]!.end('ok');
  expect(begun.slice(256).map(({ key }) => key)).toEqual(['e257', 'e258']);
});

test('a place is free again when its endpoint leaves while it is probed', () => {
  const keys = Array.from({ length: 257 }, (_, index) => `e${index}`);
  probes.configure([shop(keys)]);
  probes.configure([shop(keys.slice(1))]);
  expect(begun[0]!.cancelled).toBe(true);
  expect(begun.at(-1)!.key).toBe('e256');
});

test('what stays as it is, is probed on undisturbed; what left is probed no more', () => {
  ends.set('a', 'ok').set('b', 'connect').set('c', 'ok');
  probes.configure([shop(['a', 'b'])]);
  clock.advance(800);
  expect(told).toEqual([['b']]);
  probes.configure([shop(['a', 'c'])]);
  clock.advance(1000);
  expect(begunOf('a')).toEqual([0, 750, 1750]);
  expect(begunOf('b')).toEqual([0, 750]);
  expect(begunOf('c')).toEqual([800, 1550]);
  expect(told).toEqual([['b'], []]);
});

test('new settings: the verdict stays until the next probe, which begins at once and decides', () => {
  ends.set('a', 'connect');
  probes.configure([shop(['a'])]);
  clock.advance(100);
  probes.configure([shop(['a'], { ...HEALTH, path: '/live' })]);
  expect(begunOf('a')).toEqual([0, 100]);
  clock.advance(10);
  expect(told).toEqual([['a']]);
  ends.set('a', 'ok');
  probes.configure([shop(['a'], { ...HEALTH, path: '/ok' })]);
  clock.advance(10);
  expect(told).toEqual([['a'], []]);
  expect([...probes.counts()].map(([{ result }, count]) => [result, count])).toEqual([
    ['ok', 1],
    ['connect', 2],
    ...['timeout', 'status', 'body', 'broken'].map((result) => [result, 0]),
  ]);
});

test('without `health` nothing is probed, and what was unhealthy is taken for healthy', () => {
  ends.set('a', 'connect');
  probes.configure([shop(['a'])]);
  clock.advance(10);
  probes.configure([{ ...shop(['a']), health: undefined }]);
  clock.advance(5000);
  expect(begun).toHaveLength(1);
  expect(told).toEqual([['a'], []]);
  expect([...probes.counts()]).toEqual([]);
});

describe('idleInterval', () => {
  const idle = { ...HEALTH, idleIntervalMs: 10_000 };

  test('while the version is not in use, the next probe comes after it', () => {
    ends.set('a', 'ok');
    probes.configure([shop(['a'], idle)]);
    clock.advance(30_000);
    expect(begunOf('a')).toEqual([0, 7500, 17_500, 27_500]);
  });

  test('when it is in use again, the next probe comes within an interval; then one per interval', () => {
    ends.set('a', 'ok');
    probes.configure([shop(['a'], idle)]);
    clock.advance(9100);
    activity++;
    clock.advance(900);
    expect(begunOf('a')).toEqual([0, 7500, 9500]);
    for (let second = 0; second < 5; second++) {
      activity++;
      clock.advance(1000);
    }
    expect(begunOf('a')).toEqual([0, 7500, 9500, 10_500, 11_500, 12_500, 13_500, 14_500]);
  });

  test('where there is doubt, one per interval: unhealthy, or a bad probe', () => {
    ends.set('a', 'ok');
    probes.configure([shop(['a'], idle)]);
    clock.advance(7499);
    ends.set('a', 'status');
    clock.advance(4000);
    expect(begunOf('a')).toEqual([0, 7500, 8500, 9500, 10_500]);
    expect(told).toEqual([['a']]);
    ends.set('a', 'ok');
    clock.advance(3000);
    expect(begunOf('a').slice(5)).toEqual([11_500, 12_500]);
    expect(told).toEqual([['a'], []]);
    clock.advance(8001);
    expect(begunOf('a').slice(7)).toEqual([22_500]);
  });

  test('shorter than the interval it changes nothing', () => {
    ends.set('a', 'ok');
    probes.configure([shop(['a'], { ...HEALTH, idleIntervalMs: 10 })]);
    clock.advance(2000);
    expect(begunOf('a')).toEqual([0, 750, 1750]);
  });
});

test('what the process before knew to be unhealthy is so from the start, and its first probe decides', async () => {
  const left = new Set(['a', 'b'].map((endpoint) => identifyEndpoint({ pool: 'shop', version: 'v1', endpoint })));
  probes = createProbes(left);
  ends.set('a', 'ok');
  ends.set('b', 'timeout');
  await probes.adopt([shop(['a', 'b', 'c'])], async () => expect(told).toEqual([['a', 'b']]));
  expect(probes.unhealthy.map(({ endpoint }) => endpoint)).toEqual(['a', 'b']);
  clock.advance(100);
  expect(told.at(-1)).toEqual(['b']);
});

describe('start: unhealthy', () => {
  const careful = { ...HEALTH, start: 'unhealthy' as const };

  /** Hands on what is new; returns what had been told by the time that it was. */
  async function adopt(pools: readonly PoolConfig[], apply: () => Promise<void> = () => Promise.resolve()): Promise<string[][]> {
    let before: string[][] = [];
    await probes.adopt(pools, () => {
      before = structuredClone(told);
      return apply();
    });
    return before;
  }

  test('is told before any worker knows the endpoint; the first good probe ends it', async () => {
    expect(await adopt([shop(['a', 'b'], careful)])).toEqual([['a', 'b']]);
    clock.advance(100);
    expect(told.at(-1)).toEqual(['a', 'b']);
    begun[0]!.end('ok');
    clock.advance(10);
    expect(told.at(-1)).toEqual(['b']);
    begun[1]!.end('connect');
    clock.advance(10);
    expect(told.at(-1)).toEqual(['b']);
    expect(logged).toEqual(['a new endpoint is healthy', 'an endpoint is unhealthy']);
  });

  test('only what is new starts so: neither what was healthy nor what had no probes', async () => {
    ends.set('a', 'ok').set('b', 'ok');
    await adopt([{ ...shop(['a']), health: undefined }]);
    expect(await adopt([shop(['a', 'b'], careful)])).toEqual([['b']]);
    clock.advance(10);
    expect(told.at(-1)).toEqual([]);
    const rounds = told.length;
    await adopt([shop(['b', 'a'], careful)]);
    clock.advance(10);
    expect(told.slice(rounds).flat()).toEqual([]);
  });

  test('what is refused leaves no mark, and may come again', async () => {
    ends.set('a', 'ok').set('b', 'ok');
    await adopt([shop(['a'])]);
    clock.advance(10);
    const refused = adopt([shop(['a', 'b'], careful)], () => Promise.reject(new Error('a port is taken')));
    await expect(refused).rejects.toThrow('a port is taken');
    expect(told).toEqual([['b']]);
    clock.advance(10);
    expect(told).toEqual([['b'], []]);
    expect(begunOf('b')).toEqual([]);
    expect(await adopt([shop(['a', 'b'], careful)])).toEqual([['b'], [], ['b']]);
    clock.advance(10);
    expect(told.at(-1)).toEqual([]);
  });

  test('a verdict that comes while it is handed on does not lose it', async () => {
    ends.set('a', 'connect');
    await adopt([shop(['a'])]);
    await adopt([shop(['a', 'b'], careful)], () => {
      clock.advance(10);
      expect(told.at(-1)).toEqual(['b', 'a']);
      return Promise.resolve();
    });
    clock.advance(10);
    expect(told.at(-1)).toEqual(['a', 'b']);
  });

  test('nothing is told once it is closed', async () => {
    await adopt([shop(['a'], careful)], () => {
      probes.close();
      return Promise.resolve();
    });
    clock.advance(100);
    await adopt([shop(['a', 'b'], careful)]);
    clock.advance(100);
    expect(told).toEqual([['a']]);
    expect(begun).toEqual([]);
  });
});

test('after close nothing begins and nothing is told, whatever a late reload wants', () => {
  ends.set('a', 'connect');
  probes.configure([shop(['a', 'b'])]);
  clock.advance(1);
  probes.close();
  probes.configure([shop(['a', 'b'])]);
  clock.advance(5000);
  expect(begun).toHaveLength(2);
  expect(told).toEqual([]);
});
