// What is remembered for the report of a rollout, beside its state.

import type { ExampleExchange } from '../../api/rollout-report.ts';
import type { Exposure } from '../ports.ts';

/** Who met the canary of a rollout, and what some of them met. */
export interface Met {
  readonly exposed: Exposure;
  readonly examples: readonly ExampleExchange[];
}
