import { expect, it } from 'vitest';
import type { CounterKey } from '../../../src/telemetry/counter-key.ts';
import { CounterRegistry } from '../../../src/telemetry/counter-registry.ts';
import { CounterSet } from '../../../src/telemetry/counter-set.ts';
import { OUTCOME } from '../../../src/telemetry/outcomes.ts';
import { versionActivity } from '../../../src/telemetry/version-activity.ts';
import { adoptPlan } from '../../scaffold/adopt-plan.ts';

const key = (version: string): CounterKey => ({ kind: 'version', pool: 'shop', version });

it('grows with each request and attempt of any worker, and with nothing else', () => {
  const registry = new CounterRegistry(2);
  const sets = [new CounterSet(0), new CounterSet(1)];
  const adopt = (...keys: CounterKey[]): void => {
    const plan = registry.reserve(keys);
    for (const set of sets) adoptPlan(set, plan);
    registry.commit(plan, 'all');
  };
  const activity = versionActivity(registry);
  expect(activity('shop', 'v1')).toBe(0);
  adopt(key('v1'), key('v2'));
  const [one, two] = sets.map((set) => set.version('shop', 'v1'));
  one!.chosen(3);
  expect(activity('shop', 'v1')).toBe(1);
  two!.attempted(OUTCOME.ok.index);
  one!.attempted(OUTCOME.connect_refused.index);
  expect(activity('shop', 'v1')).toBe(3);
  one!.began();
  one!.ended(10);
  one!.ejected();
  expect([activity('shop', 'v1'), activity('shop', 'v2'), activity('other', 'v1')]).toEqual([3, 0, 0]);
  adopt(key('v2'), key('v3'));
  sets[0]!.version('shop', 'v3').chosen(0);
  expect([activity('shop', 'v1'), activity('shop', 'v3')]).toEqual([0, 1]);
});
