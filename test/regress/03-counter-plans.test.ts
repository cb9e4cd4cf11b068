// A worker that starts while a reload is under way adopts the open plan and the complete one: the next plan must find it in step.

import { expect, test } from 'vitest';
import { VERSION_IN_FLIGHT } from '../../src/telemetry/counter-layout.ts';
import type { CounterKey } from '../../src/telemetry/counter-key.ts';
import { CounterRegistry } from '../../src/telemetry/counter-registry.ts';
import { CounterSet } from '../../src/telemetry/counter-set.ts';
import { adoptPlan } from '../scaffold/adopt-plan.ts';

const shop = (version: string): CounterKey => ({ kind: 'version', pool: 'shop', version });

test.each(['the open plan first', 'the complete plan alone'])('%s, then the next plan', (order) => {
  const registry = new CounterRegistry(1);
  const set = new CounterSet(0);
  const first = registry.reserve([shop('v1')]);
  adoptPlan(set, first);
  registry.commit(first, 'all');

  const second = registry.reserve([shop('v1'), shop('v2')]);
  if (order === 'the open plan first') adoptPlan(set, second);
  adoptPlan(set, structuredClone(registry.complete()));
  registry.commit(second, 'all');

  const third = registry.reserve([shop('v1'), shop('v2'), shop('v3')]);
  adoptPlan(set, third);
  registry.commit(third, 'all');
  for (const version of ['v1', 'v2', 'v3']) set.version('shop', version).began();
  expect(registry.blocks('version').map((block) => block.total(VERSION_IN_FLIGHT))).toEqual([1, 1, 1]);
});
