import { describe, expect, test } from 'vitest';
import type { CounterKey } from '../../../src/telemetry/counter-key.ts';
import { CounterRegistry } from '../../../src/telemetry/counter-registry.ts';
import { CounterSet } from '../../../src/telemetry/counter-set.ts';
import { LOOK_MS, TrafficHistory } from '../../../src/telemetry/traffic-history.ts';
import { adoptPlan } from '../../scaffold/adopt-plan.ts';

const version = (name: string): CounterKey => ({ kind: 'version', pool: 'shop', version: name });
const endpoint = (name: string, key: string): CounterKey => ({ kind: 'endpoint', pool: 'shop', version: name, endpoint: key });

function open(workers = 2) {
  const registry = new CounterRegistry(workers);
  const sets = Array.from({ length: workers }, (_, index) => new CounterSet(index));
  const clock = { nowMs: 0 };
  const history = new TrafficHistory(registry, () => clock.nowMs);
  return {
    history,
    clock,
    configure(...keys: CounterKey[]) {
      const plan = registry.reserve(keys);
      for (const set of sets) adoptPlan(set, plan);
      registry.commit(plan, 'all');
    },
    of: (name: string, worker = 0) => sets[worker]!.version('shop', name),
    at: (name: string, key: string, worker = 0) => sets[worker]!.endpoint('shop', name, key),
    /** Time passes, with a look each second, and with `each` before it. */
    pass(seconds: number, each: () => void = () => undefined) {
      for (let second = 0; second < seconds; second++) {
        each();
        clock.nowMs += LOOK_MS;
        history.look();
      }
    },
  };
}

function request(counters: ReturnType<ReturnType<typeof open>['of']>, durationMs = 10, failed = false): void {
  counters.began();
  counters.ended(durationMs, durationMs / 2);
  if (failed) counters.failed();
}

describe('the history of traffic', () => {
  test('knows a window of all workers together', () => {
    const { history, configure, of, pass } = open();
    configure(version('v1'));
    pass(100, () => {
      request(of('v1', 0));
      request(of('v1', 1), 40, true);
    });
    const { measuredMs, counted } = history.window('shop', 'v1', 10_000)!;
    expect(measuredMs).toBe(10_000);
    expect(counted).toMatchObject({ requests: 20, errors: 10, fallbacks: 0, ejections: 0 });
    expect(counted.latency.reduce((sum, count) => sum + count)).toBe(20);
    expect(counted.firstByte.reduce((sum, count) => sum + count)).toBe(20);
  });

  test.each([1, 5, 10, 30, 60, 120, 300])('covers a window of %i s with a copy that lies close to where it begins', (seconds) => {
    const { history, configure, of, pass } = open();
    configure(version('v1'));
    pass(1000, () => request(of('v1')));
    const { measuredMs, counted } = history.window('shop', 'v1', seconds * 1000)!;
    const late = seconds <= 10 ? 0 : seconds <= 60 ? 5000 : 30_000;
    expect(measuredMs).toBeGreaterThanOrEqual(seconds * 1000);
    expect(measuredMs).toBeLessThanOrEqual(seconds * 1000 + late);
    expect(counted.requests).toBe(measuredMs / 1000);
  });

  test('says how much it covers where the instance is younger than the window', () => {
    const { history, configure, of, pass } = open();
    configure(version('v1'));
    pass(7, () => request(of('v1')));
    expect(history.window('shop', 'v1', 60_000)).toMatchObject({ measuredMs: 7000, counted: { requests: 7 } });
  });

  test('says how much it covers of a version that came later, and takes nothing over from one that had its name', () => {
    const { history, configure, of, pass } = open();
    configure(version('v1'));
    pass(30, () => request(of('v1')));
    configure(version('v1'), version('v2'));
    pass(4, () => request(of('v2')));
    expect(history.window('shop', 'v2', 10_000)).toMatchObject({ measuredMs: 4000, counted: { requests: 4 } });
    configure(version('v1'));
    pass(1);
    expect(history.window('shop', 'v2', 10_000)).toBeUndefined();
    configure(version('v1'), version('v2'));
    pass(2, () => request(of('v2')));
    expect(history.window('shop', 'v2', 10_000)).toMatchObject({ measuredMs: 2000, counted: { requests: 2 } });
  });

  test('goes on through rest: a window after it is empty, and one over its end is exact', () => {
    const { history, configure, of, pass } = open();
    configure(version('v1'));
    pass(20, () => request(of('v1')));
    pass(200);
    expect(history.window('shop', 'v1', 60_000)).toMatchObject({ measuredMs: 60_000, counted: { requests: 0 } });
    pass(3, () => request(of('v1')));
    expect(history.window('shop', 'v1', 60_000)).toMatchObject({ measuredMs: 60_000, counted: { requests: 3 } });
    expect(history.window('shop', 'v1', 2000)).toMatchObject({ measuredMs: 2000, counted: { requests: 2 } });
  });

  test('counts what happened since the latest look', () => {
    const { history, configure, of, pass, clock } = open();
    configure(version('v1'));
    pass(30);
    request(of('v1'));
    clock.nowMs += 400;
    expect(history.window('shop', 'v1', 10_000)).toMatchObject({ counted: { requests: 1 } });
  });

  test('counts rescues and ejections', () => {
    const { history, configure, of, at, pass } = open();
    configure(version('v1'), endpoint('v1', 'a'), endpoint('v1', 'b'));
    pass(20);
    of('v1').began();
    of('v1').versionFallback();
    of('v1').ejected();
    at('v1', 'b').ejected(1);
    at('v1', 'b').began();
    at('v1', 'b').ended();
    at('v1', 'b').failed();
    at('v1', 'b', 1).began();
    at('v1', 'b', 1).ended();
    at('v1', 'b', 1).errorResponse();
    const { counted, endpoints } = history.window('shop', 'v1', 10_000)!;
    expect(counted).toMatchObject({ fallbacks: 1, ejections: 1 });
    expect(endpoints.get('a')).toMatchObject({ measuredMs: 10_000, counted: { requests: 0, errors: 0, ejections: 0 } });
    expect(endpoints.get('b')).toMatchObject({ measuredMs: 10_000, counted: { requests: 2, errors: 2, ejections: 1 } });
  });

  test('knows endpoints that come and go while the version stays', () => {
    const { history, configure, of, at, pass } = open();
    const used = (key: string) => () => {
      request(of('v1'));
      at('v1', key).began();
      at('v1', key).ended();
    };
    configure(version('v1'), endpoint('v1', 'a'));
    pass(20, used('a'));
    configure(version('v1'), endpoint('v1', 'b'), endpoint('v1', 'a'));
    pass(5, used('b'));
    const { counted, endpoints } = history.window('shop', 'v1', 10_000)!;
    expect(counted.requests).toBe(10);
    expect(endpoints.get('a')).toMatchObject({ measuredMs: 10_000, counted: { requests: 5 } });
    expect(endpoints.get('b')).toMatchObject({ measuredMs: 5000, counted: { requests: 5 } });
  });

  test('keeps few copies, and none while nothing happens', () => {
    const { history, configure, of, pass } = open(1);
    configure(version('v1'));
    pass(2000, () => request(of('v1')));
    expect(history.copies).toBeLessThanOrEqual(36);
    pass(2000);
    expect(history.copies).toBeLessThanOrEqual(36);
    const before = history.copies;
    pass(50);
    expect(history.copies).toBe(before);
  });
});
