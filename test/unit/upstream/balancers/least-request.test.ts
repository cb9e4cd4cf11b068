import { expect, it } from 'vitest';
import { seededRandom } from '../../../scaffold/seeded-random.ts';
import { LeastRequest } from '../../../../src/upstream/balancers/least-request.ts';
import { countPicks, makeEndpoints, makeWeighted } from './endpoints.ts';
import { NOT_READY_DRAINING } from '../../../../src/upstream/endpoint.ts';

function make(endpoints: Parameters<LeastRequest['update']>[0]): LeastRequest {
  const balancer = new LeastRequest(seededRandom(3));
  balancer.update(endpoints);
  return balancer;
}

it('always takes the idle one of two', () => {
  const endpoints = makeWeighted(1, 1);
  endpoints[0]!.inFlight = 1;
  expect(countPicks(make(endpoints), 200)).toEqual({ b: 200 });
});

it('never takes the single busiest of many', () => {
  const endpoints = makeEndpoints(50);
  for (const endpoint of endpoints) endpoint.inFlight = 3;
  endpoints[10]!.inFlight = 4;
  expect(countPicks(make(endpoints), 5000)).not.toHaveProperty('e10');
});

it('sees load in proportion to weight', () => {
  const endpoints = makeWeighted(10, 1);
  endpoints[0]!.inFlight = 5;
  endpoints[1]!.inFlight = 1;
  expect(countPicks(make(endpoints), 200)).toEqual({ a: 200 });
  endpoints[0]!.inFlight = 25;
  expect(countPicks(make(endpoints), 200)).toEqual({ b: 200 });
});

it('takes the least loaded of the ready when most are unready', () => {
  const endpoints = makeEndpoints(100);
  for (const endpoint of endpoints) {
    endpoint.notReadyReasons = NOT_READY_DRAINING;
    endpoint.inFlight = 2;
  }
  for (const index of [4, 5, 6]) endpoints[index]!.notReadyReasons = 0;
  endpoints[5]!.inFlight = 1;
  expect(countPicks(make(endpoints), 200)['e5']).toBeGreaterThan(190);
});

it('spreads picks over equally loaded endpoints when nearly all are unready', () => {
  const endpoints = makeEndpoints(1000);
  for (const endpoint of endpoints) endpoint.notReadyReasons = NOT_READY_DRAINING;
  for (const index of [100, 400, 900]) Object.assign(endpoints[index]!, { notReadyReasons: 0, inFlight: 1 });
  const counts = countPicks(make(endpoints), 1000);
  expect(Object.keys(counts).sort()).toEqual(['e100', 'e400', 'e900']);
  for (const count of Object.values(counts)) expect(count).toBeGreaterThan(100);
});

it('holds the greatest load near the mean when attempts stay', () => {
  const endpoints = makeEndpoints(100);
  const balancer = make(endpoints);
  for (let attempt = 0; attempt < 10_000; attempt++) balancer.pick('', undefined)!.inFlight++;
  const loads = endpoints.map((endpoint) => endpoint.inFlight);
  expect(Math.max(...loads)).toBeLessThanOrEqual(104);
  expect(Math.min(...loads)).toBeGreaterThanOrEqual(94);
});

it('holds loads in proportion to weights when attempts stay', () => {
  const endpoints = makeWeighted(1, 1, 1, 1, 96);
  const balancer = make(endpoints);
  for (let attempt = 0; attempt < 1000; attempt++) balancer.pick('', undefined)!.inFlight++;
  expect(endpoints[4]!.inFlight).toBeGreaterThan(945);
  expect(endpoints[4]!.inFlight).toBeLessThan(975);
});
