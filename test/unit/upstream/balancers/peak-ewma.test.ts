import { describe, expect, it } from 'vitest';
import type { BalancerName } from '../../../../src/config/model.ts';
import { seededRandom } from '../../../scaffold/seeded-random.ts';
import { createBalancer } from '../../../../src/upstream/balancers/create.ts';
import { PeakEwma } from '../../../../src/upstream/balancers/peak-ewma.ts';
import type { Endpoint } from '../../../../src/upstream/endpoint.ts';
import { countPicks, hostOf, makeEndpoint, makeWeighted } from './endpoints.ts';
import { simulate } from './simulate.ts';

function make(endpoints: readonly Endpoint[]): PeakEwma {
  const balancer = new PeakEwma(seededRandom(13));
  balancer.update(endpoints);
  return balancer;
}

it('jumps to a peak at once and falls with time', () => {
  const [a] = makeWeighted(1) as [Endpoint];
  const balancer = make([a]);
  balancer.observed(a, 10, 0);
  balancer.observed(a, 500, 1);
  expect(a.costMs).toBe(500);
  balancer.observed(a, 10, 10_001);
  expect(a.costMs).toBeCloseTo(10 + 490 / Math.E, 6);
});

it('takes the faster of two, and counts what is in flight', () => {
  const [a, b] = makeWeighted(1, 1) as [Endpoint, Endpoint];
  const balancer = make([a, b]);
  balancer.observed(a, 10, 1);
  balancer.observed(b, 45, 1);
  expect(countPicks(balancer, 100)).toEqual({ a: 100 });
  a.inFlight = 5;
  expect(countPicks(balancer, 100)).toEqual({ b: 100 });
  a.weight = 2;
  expect(countPicks(balancer, 100)).toEqual({ a: 100 });
});

it('tries an endpoint that it has never seen, with one attempt until its first response', () => {
  const [a, b, fresh] = makeWeighted(1, 1, 1) as [Endpoint, Endpoint, Endpoint];
  const balancer = make([a, b, fresh]);
  for (const endpoint of [a, b]) balancer.observed(endpoint, 5, 1);
  while (balancer.pick('', undefined) !== fresh);
  fresh.inFlight = 1;
  a.inFlight = b.inFlight = 50;
  expect(countPicks(balancer, 500)).not.toHaveProperty('c');
  fresh.inFlight = 0;
  balancer.observed(fresh, 5, 2);
  expect(countPicks(balancer, 500)['c']).toBeGreaterThan(250);
});

it('tries a punished endpoint again when its estimate has faded, without responses from it', () => {
  const [a, b] = makeWeighted(1, 1) as [Endpoint, Endpoint];
  const balancer = make([a, b]);
  balancer.observed(a, 1000, 0);
  const picked: string[] = [];
  for (let atMs = 0; atMs <= 90_000; atMs += 500) {
    balancer.observed(b, 2, atMs);
    picked.push(hostOf(balancer.pick('', undefined)));
  }
  const firstAtMs = picked.indexOf('a') * 500;
  // 1000 ms fade to 2 ms in ln(500) = 6.2 times 10 s.
  expect(firstAtMs).toBeGreaterThan(55_000);
  expect(firstAtMs).toBeLessThan(70_000);
});

it('gets over one hung attempt', () => {
  const [a, b] = makeWeighted(1, 1) as [Endpoint, Endpoint];
  const balancer = make([a, b]);
  balancer.observed(a, 86_400_000, 0);
  balancer.observed(b, 1, 120_000);
  expect(countPicks(balancer, 100)).toEqual({ a: 100 });
});

it('knows an endpoint whose response took no measurable time', () => {
  const [a, b] = makeWeighted(1, 1) as [Endpoint, Endpoint];
  const balancer = make([a, b]);
  balancer.observed(a, 0, 1);
  balancer.observed(b, 5, 1);
  a.inFlight = 3;
  expect(countPicks(balancer, 100)).toEqual({ a: 100 });
});

it('dates the estimates that endpoints bring along', () => {
  const [a, b] = makeWeighted(1, 1) as [Endpoint, Endpoint];
  Object.assign(a, { costMs: 100, costAtMs: 100_000 });
  // 300 ms three time constants ago are 15 ms now.
  Object.assign(b, { costMs: 300, costAtMs: 70_000 });
  expect(countPicks(make([a, b]), 100)).toEqual({ b: 100 });
});

it('believes responses that arrive out of order no longer than their time', () => {
  const [a] = makeWeighted(1) as [Endpoint];
  const balancer = make([a]);
  balancer.observed(a, 100, 5000);
  balancer.observed(a, 1, 1000);
  expect(a.costMs).toBe(100);
  expect(a.costAtMs).toBe(5000);
});

describe('ten endpoints with queues, one of them 30 times slower', () => {
  const serviceMs = [30, 1, 1, 1, 1, 1, 1, 1, 1, 1].map((times) => times * 4);
  const run = (name: BalancerName) => {
    const endpoints = serviceMs.map((_, index) => makeEndpoint(`e${index}`));
    const balancer = createBalancer(name, seededRandom(17));
    balancer.update(endpoints);
    return simulate({ balancer, endpoints, serviceMs, requests: 20_000, arrivalMs: 1, random: seededRandom(19) });
  };

  it('peak-ewma moves away from the slow one, and the others do not suffer', () => {
    const fair = run('round-robin');
    const quick = run('peak-ewma');
    expect(fair.share(0)).toBeCloseTo(0.1, 3);
    expect(quick.share(0)).toBeLessThan(0.01);
    expect(quick.p99Ms()).toBeLessThan(fair.p99Ms() / 100);
    expect(quick.p99MsWithout(0)).toBeLessThan(fair.p99MsWithout(0) * 1.3);
  });

  it('least-request does so as well', () => {
    expect(run('least-request').share(0)).toBeLessThan(0.03);
  });
});
