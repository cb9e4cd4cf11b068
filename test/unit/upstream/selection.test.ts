import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../scaffold/seeded-random.ts';
import type { PoolConfig } from '../../../src/config/model.ts';
import { NOT_READY_DRAINING, NOT_READY_UNHEALTHY } from '../../../src/upstream/endpoint.ts';
import type { Endpoint } from '../../../src/upstream/endpoint.ts';
import { Selection } from '../../../src/upstream/selection.ts';
import { makePool } from '../routing/make-table.ts';
import { hostOf, makeEndpoint } from './balancers/endpoints.ts';

function make(pool: Partial<PoolConfig>, ...endpoints: readonly Endpoint[]): Selection {
  const selection = new Selection(seededRandom(1));
  selection.configure(makePool({ v1: 1 }, pool));
  selection.update(endpoints);
  return selection;
}

function inZone(zone: string | undefined, name: string): Endpoint {
  const endpoint = makeEndpoint(name);
  endpoint.zone = zone;
  return endpoint;
}

function counts(selection: Selection, picks: number, key = ''): Record<string, number> {
  const seen: Record<string, number> = {};
  for (let i = 0; i < picks; i++) {
    const host = hostOf(selection.pick(key === '' ? '' : `${key}${i}`, undefined));
    seen[host] = (seen[host] ?? 0) + 1;
  }
  return seen;
}

describe('zones', () => {
  const endpoints = [inZone('b', 'b1'), inZone('a', 'a1'), inZone('a', 'a2'), inZone(undefined, 'x1')];

  it('the first zone of the list is used alone while it is well', () => {
    const selection = make({ zones: ['a', 'b'], balancer: 'round-robin' }, ...endpoints);
    expect(counts(selection, 10)).toEqual({ a1: 5, a2: 5 });
  });

  it('without a list zones do not matter', () => {
    expect(Object.keys(counts(make({ balancer: 'round-robin' }, ...endpoints), 8)).sort()).toEqual(['a1', 'a2', 'b1', 'x1']);
  });

  it('half a zone keeps 70 % and the next gets the rest, by key or by chance', () => {
    const [b1, a1, a2, x1] = [inZone('b', 'b1'), inZone('a', 'a1'), inZone('a', 'a2'), inZone('c', 'x1')];
    const selection = make({ zones: ['a', 'b'] }, b1, a1, a2, x1);
    a2.notReadyReasons = NOT_READY_UNHEALTHY;
    selection.refresh();
    for (const key of ['', 'user-']) {
      const { a1: first = 0, b1: second = 0, x1: last = 0 } = counts(selection, 2_000, key);
      expect(last).toBe(0);
      expect(first / 2_000).toBeCloseTo(0.7, 1);
      expect(second / 2_000).toBeCloseTo(0.3, 1);
    }
    const zoneOf = (): string => hostOf(selection.pick('user-1', undefined));
    expect(new Set(Array.from({ length: 20 }, zoneOf)).size).toBe(1);
  });

  it('what just failed is avoided across zones, and picked again when there is nothing else', () => {
    const [a, b] = [inZone('a', 'a1'), inZone('b', 'b1')];
    const selection = make({ zones: ['a', 'b'] }, a, b);
    expect(selection.pick('', a)).toBe(b);
    b.notReadyReasons = NOT_READY_UNHEALTHY;
    selection.refresh();
    expect(selection.pick('', a)).toBe(a);
  });

  it('a change of the list or of the balancer takes effect', () => {
    const selection = make({ zones: ['a', 'b'] }, ...endpoints);
    selection.configure(makePool({ v1: 1 }, { zones: ['b', 'a'], balancer: 'peak-ewma' }));
    selection.update(endpoints);
    expect(counts(selection, 10)).toEqual({ b1: 10 });
    expect(selection.followsLatency).toBe(true);
  });
});

describe('panic', () => {
  it('uses all that are not drained below the threshold, and none of them at 0', () => {
    const endpoints = ['a', 'b', 'c', 'd'].map((name) => makeEndpoint(name));
    for (const endpoint of endpoints.slice(1)) endpoint.notReadyReasons = NOT_READY_UNHEALTHY;
    endpoints[3]!.notReadyReasons = NOT_READY_DRAINING;
    const calm = make({ panic: 0, balancer: 'round-robin' }, ...endpoints);
    expect([calm.panicking, calm.readyCount]).toEqual([false, 1]);
    expect(counts(calm, 6)).toEqual({ a: 6 });
    const panic = make({ panic: 0.5, balancer: 'round-robin' }, ...endpoints);
    expect([panic.panicking, panic.readyCount]).toEqual([true, 3]);
    expect(counts(panic, 6)).toEqual({ a: 2, b: 2, c: 2 });
    endpoints[1]!.notReadyReasons = 0;
    panic.refresh();
    expect([panic.panicking, panic.readyCount]).toEqual([false, 2]);
  });

  it('does not come while later zones can take the load', () => {
    const [a, b] = [inZone('a', 'a1'), inZone('b', 'b1')];
    a.notReadyReasons = NOT_READY_UNHEALTHY;
    const selection = make({ zones: ['a', 'b'], panic: 1 }, a, b);
    expect(selection.panicking).toBe(false);
    expect(counts(selection, 5)).toEqual({ b1: 5 });
  });
});

it('nothing to pick from', () => {
  const selection = make({ zones: ['a'], panic: 0.5, slowStartMs: 1_000 });
  expect([selection.pick('', undefined), selection.readyCount, selection.panicking]).toEqual([undefined, 0, false]);
});
