import { expect, it } from 'vitest';
import { seededRandom } from '../../../scaffold/seeded-random.ts';
import { RandomChoice } from '../../../../src/upstream/balancers/random.ts';
import { countPicks, makeEndpoints } from './endpoints.ts';
import { NOT_READY_DRAINING } from '../../../../src/upstream/endpoint.ts';

it('keeps to the weights of the few that are ready of many', () => {
  const endpoints = makeEndpoints(1000);
  for (const endpoint of endpoints) endpoint.notReadyReasons = NOT_READY_DRAINING;
  Object.assign(endpoints[30]!, { notReadyReasons: 0, weight: 3 });
  Object.assign(endpoints[600]!, { notReadyReasons: 0, weight: 1 });
  const balancer = new RandomChoice(seededRandom(23));
  balancer.update(endpoints);
  const counts = countPicks(balancer, 4000);
  expect(counts['e30']! + counts['e600']!).toBe(4000);
  expect(counts['e30']).toBeGreaterThan(2850);
  expect(counts['e30']).toBeLessThan(3150);
});

it('does not go round: the next pick is as open as the last', () => {
  const balancer = new RandomChoice(seededRandom(29));
  const endpoints = makeEndpoints(2);
  balancer.update(endpoints);
  let repeats = 0;
  let last = balancer.pick('', undefined);
  for (let pick = 0; pick < 2000; pick++) {
    const next = balancer.pick('', undefined);
    if (next === last) repeats++;
    last = next;
  }
  expect(repeats).toBeGreaterThan(900);
  expect(repeats).toBeLessThan(1100);
});
