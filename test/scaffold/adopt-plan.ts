// What a worker does with the plan of a config that is in force at once: both halves, with nothing in between.

import type { CounterPlan } from '../../src/telemetry/counter-plan.ts';
import type { CounterSet } from '../../src/telemetry/counter-set.ts';

export function adoptPlan(set: CounterSet, plan: CounterPlan): void {
  set.place(plan);
  set.settle();
}
