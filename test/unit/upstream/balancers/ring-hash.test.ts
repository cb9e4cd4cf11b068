import { expect, it } from 'vitest';
import { seededRandom } from '../../../scaffold/seeded-random.ts';
import { makeRing } from '../../../../src/upstream/balancers/ring.ts';
import { RingHash } from '../../../../src/upstream/balancers/ring-hash.ts';
import type { Endpoint } from '../../../../src/upstream/endpoint.ts';
import { hostOf, makeEndpoint, makeEndpoints, makeWeighted } from './endpoints.ts';
import { NOT_READY_DRAINING } from '../../../../src/upstream/endpoint.ts';

const keys = Array.from({ length: 5000 }, (_, index) => `user-${index}`);

function make(endpoints: readonly Endpoint[]): RingHash {
  const balancer = new RingHash(seededRandom(11));
  balancer.update(endpoints);
  return balancer;
}

function placeKeys(balancer: RingHash): string[] {
  return keys.map((key) => hostOf(balancer.pick(key, undefined)));
}

function countMoved(before: readonly string[], after: readonly string[]): number {
  return before.filter((host, index) => host !== after[index]).length;
}

it('sends a key to the same endpoint, in every worker and whatever the order of endpoints', () => {
  const placed = placeKeys(make(makeEndpoints(10)));
  expect(placeKeys(make(makeEndpoints(10)))).toEqual(placed);
  expect(placeKeys(make(makeEndpoints(10).reverse()))).toEqual(placed);
});

it('moves only the keys of an endpoint that leaves, and gives them back when it returns', () => {
  const endpoints = makeEndpoints(10);
  const balancer = make(endpoints);
  const placed = placeKeys(balancer);
  balancer.update(endpoints.filter((_, index) => index !== 4));
  const without = placeKeys(balancer);
  expect(countMoved(placed, without)).toBe(placed.filter((host) => host === 'e4').length);
  expect(new Set(without.filter((_, index) => placed[index] === 'e4')).size).toBeGreaterThan(5);
  balancer.update(endpoints);
  expect(placeKeys(balancer)).toEqual(placed);
});

it('moves only the keys of an endpoint that is not ready, to where they would go if it left', () => {
  const endpoints = makeEndpoints(10);
  const balancer = make(endpoints);
  const placed = placeKeys(balancer);
  endpoints[4]!.notReadyReasons = NOT_READY_DRAINING;
  const unready = placeKeys(balancer);
  expect(unready).toEqual(placeKeys(make(endpoints.filter((_, index) => index !== 4))));
  endpoints[4]!.notReadyReasons = 0;
  expect(placeKeys(balancer)).toEqual(placed);
});

it('moves few keys when a heavy endpoint leaves or a light one joins', () => {
  const endpoints = makeWeighted(1, 1, 1, 1, 5);
  const placed = placeKeys(make(endpoints));
  const without = placeKeys(make(endpoints.slice(0, 4)));
  expect(countMoved(placed, without)).toBe(placed.filter((host) => host === 'e').length);
  const joined = placeKeys(make([...endpoints, makeEndpoint('new', 0.1)]));
  expect(countMoved(placed, joined)).toBe(joined.filter((host) => host === 'new').length);
});

it('only moves keys towards an endpoint whose weight grows', () => {
  const endpoints = makeWeighted(1, 1, 1, 1, 1);
  const balancer = make(endpoints);
  let placed = placeKeys(balancer);
  for (const weight of [1.5, 2, 3]) {
    endpoints[0]!.weight = weight;
    balancer.update(endpoints);
    const now = placeKeys(balancer);
    expect(countMoved(placed, now)).toBeGreaterThan(0);
    now.forEach((host, index) => expect(host === 'a' || host === placed[index]).toBe(true));
    placed = now;
  }
});

it('spreads keys by weight', () => {
  const placed = placeKeys(make(makeWeighted(1, 2, 5)));
  for (const [host, share] of Object.entries({ a: 1 / 8, b: 2 / 8, c: 5 / 8 })) {
    expect(placed.filter((placedHost) => placedHost === host).length / keys.length / share).toBeGreaterThan(0.8);
    expect(placed.filter((placedHost) => placedHost === host).length / keys.length / share).toBeLessThan(1.2);
  }
});

it('places keys steadily when nearly all endpoints are unready', () => {
  const endpoints = makeEndpoints(1000);
  for (const endpoint of endpoints) endpoint.notReadyReasons = NOT_READY_DRAINING;
  for (const index of [7, 70, 700]) endpoints[index]!.notReadyReasons = 0;
  const balancer = make(endpoints);
  const placed = placeKeys(balancer);
  expect(placeKeys(balancer)).toEqual(placed);
  for (const host of ['e7', 'e70', 'e700']) expect(placed.filter((placedHost) => placedHost === host).length).toBeGreaterThan(1000);
});

it('bounds the points of a ring, and gives at least 100 to an endpoint of usual weight', () => {
  const pointsOf = (...weights: number[]) => makeRing(makeWeighted(...weights)).positions.length;
  for (const weight of [0.001, 0.7, 1, 1.3, 3, 100, 1e6]) {
    expect(pointsOf(weight, weight)).toBeGreaterThanOrEqual(200);
    expect(pointsOf(weight, weight)).toBeLessThanOrEqual(460);
  }
  expect(pointsOf(1, 1, 1, 1e9)).toBeLessThanOrEqual(65_540);
  expect(pointsOf(1e-9, 1, 1)).toBeLessThanOrEqual(460);
  expect(makeRing(makeEndpoints(5000)).positions.length).toBeLessThanOrEqual(65_536);
});
