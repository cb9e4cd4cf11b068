// The promises that every balancer keeps, no matter how it chooses.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BalancerName } from '../../src/config/model.ts';
import { seededRandom } from '../scaffold/seeded-random.ts';
import { createBalancer } from '../../src/upstream/balancers/create.ts';
import type { Endpoint } from '../../src/upstream/endpoint.ts';
import { countPicks, hostOf, makeEndpoint, makeEndpoints, makeWeighted } from '../unit/upstream/balancers/endpoints.ts';
import { NOT_READY_DRAINING } from '../../src/upstream/endpoint.ts';

interface Promised {
  readonly name: BalancerName;
  /** How far the share of an idle endpoint may be from its weight, as a part of the share; undefined = no promise. */
  readonly tolerance: number | undefined;
}

const balancers: readonly Promised[] = [
  { name: 'round-robin', tolerance: 0.001 },
  { name: 'least-request', tolerance: 0.08 },
  { name: 'random', tolerance: 0.08 },
  { name: 'ring-hash', tolerance: 0.25 },
  { name: 'peak-ewma', tolerance: undefined },
];

describe.each(balancers)('$name', ({ name, tolerance }) => {
  const make = (endpoints: readonly Endpoint[]) => {
    const balancer = createBalancer(name, seededRandom(7));
    balancer.update(endpoints);
    return balancer;
  };

  it('picks nothing when there is no endpoint', () => {
    expect(createBalancer(name, seededRandom(1)).pick('', undefined)).toBeUndefined();
    expect(make([]).pick('key', undefined)).toBeUndefined();
  });

  it('picks the only endpoint every time', () => {
    expect(countPicks(make(makeEndpoints(1)), 50)).toEqual({ e0: 50 });
  });

  it('picks nothing when none of many is ready', () => {
    const endpoints = makeEndpoints(1000);
    const balancer = make(endpoints);
    for (const endpoint of endpoints) endpoint.notReadyReasons = NOT_READY_DRAINING;
    expect(countPicks(balancer, 20)).toEqual({ none: 20 });
    expect(balancer.pick('key', endpoints[3])).toBeUndefined();
  });

  it('finds the only ready one of many', () => {
    const endpoints = makeEndpoints(1000);
    for (const endpoint of endpoints) endpoint.notReadyReasons = endpoint.key !== 'e617:80' ? NOT_READY_DRAINING : 0;
    expect(countPicks(make(endpoints), 20)).toEqual({ e617: 20 });
  });

  it('reaches every one of many', () => {
    expect(Object.keys(countPicks(make(makeEndpoints(1000)), 40_000))).toHaveLength(1000);
  });

  it('stays away from the endpoint to avoid while another is ready', () => {
    const endpoints = makeWeighted(100, 1, 1);
    const balancer = make(endpoints);
    for (let pick = 0; pick < 200; pick++) expect(hostOf(balancer.pick(`k${pick}`, endpoints[0]))).toMatch(/^[bc]$/);
    endpoints[1]!.notReadyReasons = NOT_READY_DRAINING;
    for (let pick = 0; pick < 200; pick++) expect(hostOf(balancer.pick('', endpoints[0]))).toBe('c');
  });

  it('picks the endpoint to avoid when no other is ready', () => {
    const endpoints = makeWeighted(1, 2);
    const balancer = make(endpoints);
    endpoints[0]!.notReadyReasons = NOT_READY_DRAINING;
    expect(hostOf(balancer.pick('', endpoints[1]))).toBe('b');
    expect(hostOf(make([endpoints[1]!]).pick('', endpoints[1]))).toBe('b');
  });

  it('never picks an endpoint to avoid that has left', () => {
    const endpoints = makeWeighted(1, 1);
    const balancer = make(endpoints);
    balancer.update([]);
    expect(balancer.pick('', endpoints[0])).toBeUndefined();
  });

  it('never picks weight 0', () => {
    expect(countPicks(make(makeWeighted(1, 0, 2)), 500)).not.toHaveProperty('b');
    expect(make(makeWeighted(0, 0)).pick('', undefined)).toBeUndefined();
  });

  it('comes back to an endpoint that is ready again, without a flood', () => {
    const endpoints = makeWeighted(1, 1, 1, 2);
    const balancer = make(endpoints);
    endpoints[0]!.notReadyReasons = NOT_READY_DRAINING;
    expect(countPicks(balancer, 1000)).not.toHaveProperty('a');
    endpoints[0]!.notReadyReasons = 0;
    const picked = countPicks(balancer, 1000)['a'] ?? 0;
    expect(picked).toBeGreaterThan(0);
    expect(picked).toBeLessThan(350);
  });

  it('survives observations that make no sense', () => {
    const endpoints = makeWeighted(1, 1);
    const balancer = make(endpoints);
    for (const latencyMs of [NaN, Infinity, -5, 0]) balancer.observed(endpoints[0]!, latencyMs, 1000);
    balancer.observed(endpoints[1]!, 4, 2000);
    balancer.observed(endpoints[1]!, 4, 1500);
    balancer.observed(makeEndpoint('stranger'), 4, 2500);
    expect(Object.keys(countPicks(balancer, 1000))).not.toContain('none');
    for (const endpoint of endpoints) expect(Number.isFinite(endpoint.costMs)).toBe(true);
  });

  it('obeys the last update', () => {
    const [a, b, c] = makeWeighted(1, 1, 1) as [Endpoint, Endpoint, Endpoint];
    const balancer = make([a, b]);
    balancer.pick('', undefined);
    balancer.update([b, c]);
    expect(Object.keys(countPicks(balancer, 300)).sort()).toEqual(['b', 'c']);
    b.weight = 0;
    balancer.update([b, c]);
    expect(countPicks(balancer, 100)).toEqual({ c: 100 });
    balancer.update([]);
    expect(balancer.pick('', undefined)).toBeUndefined();
    b.weight = 3;
    balancer.update([a, b]);
    expect(Object.keys(countPicks(balancer, 300)).sort()).toEqual(['a', 'b']);
  });

  it('returns a ready endpoint exactly when there is one, through any changes', () => {
    fc.assert(
      fc.property(fc.integer(), fc.array(fc.array(endpointState, { maxLength: 12 }), { maxLength: 8 }), (seed, rounds) => {
        const endpoints = makeEndpoints(12);
        const balancer = createBalancer(name, seededRandom(seed));
        for (const states of rounds) {
          const current = endpoints.slice(0, states.length);
          states.forEach((state, index) => Object.assign(current[index]!, state));
          balancer.update(current);
          for (const avoid of [undefined, ...endpoints.slice(0, 3)]) expectSoundPick(current, avoid, balancer.pick('', avoid));
          expectSoundPick(current, undefined, balancer.pick(`key-${seed}`, undefined));
        }
      }),
      { numRuns: 60 },
    );
  });

  if (tolerance === undefined) return;
  it('gives shares by weight, before and after a change of weights', () => {
    const picks = 16_000;
    const expectShares = (counts: Record<string, number>, shares: Record<string, number>) => {
      for (const [host, share] of Object.entries(shares)) {
        const expected = picks * share;
        const offBy = Math.abs((counts[host] ?? 0) - expected);
        expect(offBy, `${host} of ${JSON.stringify(counts)}`).toBeLessThanOrEqual(Math.max(1, expected * tolerance));
      }
    };
    const endpoints = makeWeighted(1, 2, 5, 8);
    const balancer = make(endpoints);
    expectShares(countPicks(balancer, picks), { a: 1 / 16, b: 2 / 16, c: 5 / 16, d: 8 / 16 });
    endpoints[0]!.weight = 9;
    balancer.update(endpoints);
    expectShares(countPicks(balancer, picks), { a: 9 / 24, b: 2 / 24, c: 5 / 24, d: 8 / 24 });
    for (const endpoint of endpoints) endpoint.weight = 0.5;
    balancer.update(endpoints);
    expectShares(countPicks(balancer, picks), { a: 1 / 4, b: 1 / 4, c: 1 / 4, d: 1 / 4 });
  });
});

it('refuses a balancer that does not exist', () => {
  expect(() => createBalancer('fastest' as BalancerName, seededRandom(1))).toThrow('no such balancer: fastest');
});

const endpointState = fc.record({
  weight: fc.constantFrom(0, 0.001, 1, 1, 1, 7, 1_000_000),
  notReadyReasons: fc.constantFrom(0, NOT_READY_DRAINING),
  inFlight: fc.nat(5),
  costMs: fc.constantFrom(0, 1, 60_000),
});

function expectSoundPick(endpoints: readonly Endpoint[], avoid: Endpoint | undefined, picked: Endpoint | undefined): void {
  const ready = endpoints.filter((endpoint) => endpoint.ready);
  if (picked === undefined) {
    expect(ready).toEqual([]);
    return;
  }
  expect(ready).toContain(picked);
  if (ready.length > 1) expect(picked).not.toBe(avoid);
}
