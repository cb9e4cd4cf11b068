import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../scaffold/seeded-random.ts';
import { RoundRobin } from '../../../../src/upstream/balancers/round-robin.ts';
import type { Endpoint } from '../../../../src/upstream/endpoint.ts';
import { countPicks, hostOf, makeEndpoints, makeWeighted } from './endpoints.ts';
import { NOT_READY_DRAINING } from '../../../../src/upstream/endpoint.ts';

function make(endpoints: readonly Endpoint[], seed = 5): RoundRobin {
  const balancer = new RoundRobin(seededRandom(seed));
  balancer.update(endpoints);
  return balancer;
}

function sequence(balancer: RoundRobin, picks: number): string {
  return Array.from({ length: picks }, () => hostOf(balancer.pick('', undefined))).join('');
}

/** Longest stretch without `host`. */
function longestGap(picks: string, host: string): number {
  return Math.max(...picks.split(host).map((stretch) => stretch.length));
}

describe('equal weights', () => {
  it('visits every endpoint once per round', () => {
    const picks = sequence(make(makeWeighted(2, 2, 2)), 300);
    expect(['abc'.repeat(100), 'bca'.repeat(100), 'cab'.repeat(100)]).toContain(picks);
  });

  it('begins somewhere else in each worker', () => {
    const firsts = new Set(Array.from({ length: 40 }, (_, seed) => hostOf(make(makeEndpoints(8), seed).pick('', undefined))));
    expect(firsts.size).toBeGreaterThan(4);
  });

  it('shares the turns of unready endpoints among all others', () => {
    const endpoints = makeWeighted(1, 1, 1, 1, 1);
    endpoints[1]!.notReadyReasons = NOT_READY_DRAINING;
    endpoints[2]!.notReadyReasons = NOT_READY_DRAINING;
    expect(countPicks(make(endpoints), 300)).toEqual({ a: 100, d: 100, e: 100 });
  });

  it('goes on where it was when endpoints come and go', () => {
    const endpoints = makeWeighted(1, 1, 1, 1);
    const balancer = make(endpoints);
    while (hostOf(balancer.pick('', undefined)) !== 'b');
    balancer.update(endpoints.slice(1));
    expect(sequence(balancer, 3)).toBe('cdb');
  });
});

describe('unequal weights', () => {
  it.each([1, 2, 3, 4])('counts exactly in every window of one round (start %i)', (seed) => {
    const picks = sequence(make(makeWeighted(5, 1, 3, 2), seed), 1100);
    for (let start = 0; start + 11 <= picks.length; start++) {
      const round = picks.slice(start, start + 11);
      for (const [host, count] of Object.entries({ a: 5, b: 1, c: 3, d: 2 })) expect(round.split(host)).toHaveLength(count + 1);
    }
  });

  it('counts exactly over millions of rounds with awkward weights', () => {
    const counts = countPicks(make(makeWeighted(0.1, 0.7, 0.2)), 1_000_000);
    for (const [host, count] of Object.entries({ a: 100_000, b: 700_000, c: 200_000 }))
      expect(Math.abs(counts[host]! - count)).toBeLessThanOrEqual(1);
  });

  it.each([1, 2, 3, 4])('has no bursts: one heavy among many light comes every other time (start %i)', (seed) => {
    const picks = sequence(make(makeWeighted(12, ...Array<number>(12).fill(1)), seed), 1200);
    expect(longestGap(picks, 'a')).toBeLessThanOrEqual(3);
    expect(Math.max(...picks.split(/[^a]/).map((run) => run.length))).toBeLessThanOrEqual(3);
  });

  it('gives back nothing of what an endpoint missed while unready', () => {
    const endpoints = makeWeighted(2, 1, 1);
    const balancer = make(endpoints);
    endpoints[0]!.notReadyReasons = NOT_READY_DRAINING;
    expect(countPicks(balancer, 1000)).toEqual({ b: 500, c: 500 });
    endpoints[0]!.notReadyReasons = 0;
    const counts = countPicks(balancer, 400);
    expect(Math.abs(counts['a']! - 200)).toBeLessThanOrEqual(2);
  });

  it('floods no endpoint when the many that were unready all come back', () => {
    const endpoints = makeEndpoints(101);
    endpoints[0]!.weight = 10;
    for (const endpoint of endpoints.slice(1)) endpoint.notReadyReasons = NOT_READY_DRAINING;
    const balancer = make(endpoints);
    expect(countPicks(balancer, 2000)).toEqual({ e0: 2000 });
    for (const endpoint of endpoints) endpoint.notReadyReasons = 0;
    const picked = countPicks(balancer, 550)['e0'] ?? 0;
    expect(picked).toBeGreaterThan(40);
    expect(picked).toBeLessThan(60);
  });

  it('loses no precision however much virtual time has passed', () => {
    const endpoints = makeWeighted(1e6, 1e6, 1e-6);
    const balancer = make(endpoints);
    endpoints[0]!.notReadyReasons = endpoints[1]!.notReadyReasons = NOT_READY_DRAINING;
    expect(countPicks(balancer, 20_000)).toEqual({ c: 20_000 });
    endpoints[0]!.notReadyReasons = endpoints[1]!.notReadyReasons = 0;
    const counts = countPicks(balancer, 1000);
    expect(Math.abs(counts['a']! - counts['b']!)).toBeLessThanOrEqual(4);
  });

  it('still gives a very light endpoint its turn after it has served alone for long', () => {
    const endpoints = makeWeighted(1000, 1000, 0.001);
    const balancer = make(endpoints);
    endpoints[0]!.notReadyReasons = endpoints[1]!.notReadyReasons = NOT_READY_DRAINING;
    countPicks(balancer, 10_000);
    endpoints[0]!.notReadyReasons = endpoints[1]!.notReadyReasons = 0;
    const counts = countPicks(balancer, 2_100_000);
    expect(counts['c']).toBeGreaterThanOrEqual(1);
    expect(counts['c']).toBeLessThanOrEqual(2);
  });

  it('keeps exact shares among the few that are ready of many', () => {
    const endpoints = makeEndpoints(500);
    endpoints.forEach((endpoint, index) =>
      Object.assign(endpoint, { notReadyReasons: index % 100 === 0 ? 0 : NOT_READY_DRAINING, weight: 1 + index / 100 }),
    );
    const counts = countPicks(make(endpoints), 15_000);
    expect(Object.keys(counts)).toHaveLength(5);
    for (let nth = 0; nth < 5; nth++) expect(Math.abs(counts[`e${nth * 100}`]! - 1000 * (nth + 1))).toBeLessThanOrEqual(30);
  });

  it('keeps the rhythm of those that stay when weights change', () => {
    const endpoints = makeWeighted(1, 1, 98);
    const balancer = make(endpoints);
    let picked = 0;
    for (let pick = 0; pick < 2000; pick++) {
      endpoints[2]!.weight = 98 + (pick % 2);
      balancer.update(endpoints);
      if (hostOf(balancer.pick('', undefined)) === 'a') picked++;
    }
    expect(picked).toBeGreaterThanOrEqual(18);
    expect(picked).toBeLessThanOrEqual(22);
  });
});
