import { expect, it } from 'vitest';
import type { RolloutPlan } from '../../../../src/api/rollouts.ts';
import { planTogether } from '../../../../src/control/rollouts/plan-together.ts';

function planOf(pool: string, perSecond: number, seconds: number | undefined, told: number | undefined): RolloutPlan {
  const detects = told === undefined ? [] : [{ times: 5, requests: told * perSecond * 0.1, seconds: told, missed: told / 1000 }];
  const step = {
    text: '10 %',
    share: 0.1,
    requests: perSecond * (seconds ?? 100) * 0.1,
    ...(seconds !== undefined && { seconds }),
    detects,
  };
  const named = { pool, baseline: 'v1', canary: 'v2', template: 't', perSecond, errorRate: 0.01 };
  return { ...named, steps: [step], warnings: [`step 1 of ${pool}`], advice: `canary: ${pool}.` };
}

it('takes the time of the slowest pool, the requests of all, and the detection that is hardest', () => {
  const plan = planTogether([planOf('shop', 100, 10, 2), planOf('cart', 10, 60, 30)], ['closed']);
  expect(plan.steps).toEqual([
    { text: '10 %', share: 0.1, seconds: 60, requests: 660, detects: [{ times: 5, requests: 30, seconds: 30, missed: 0.03 }] },
  ]);
  expect(plan.pools?.map(({ pool, perSecond }) => [pool, perSecond])).toEqual([
    ['shop', 100],
    ['cart', 10],
  ]);
  expect(plan.warnings).toEqual(['closed', 'shop: step 1 of shop', 'cart: step 1 of cart']);
  expect(plan.advice).toBe('shop: canary: shop. cart: canary: cart.');
});

it('promises neither a time nor a detection that one pool has not', () => {
  const [step] = planTogether([planOf('shop', 100, 10, 2), planOf('cart', 10, undefined, undefined)], []).steps;
  expect(step).toEqual({ text: '10 %', share: 0.1, requests: 200, detects: [] });
});
