// What a version serves, an exchange or a connection that is passed through, as far as choosing the version and judging it is concerned.
// `ExchangeState` has this shape.

import type { Deadline } from '../lib/deadlines.ts';
import type { Choice } from '../routing/choice.ts';
import type { Destination } from '../routing/table.ts';
import type { Outcome } from '../telemetry/outcomes.ts';
import type { Assignment } from './assignment.ts';
import type { Attempt } from './attempt.ts';
import type { ProxyContext } from './context.ts';
import type { ServingState } from './serving-state.ts';

export interface Versioned {
  readonly choice: Choice;
  readonly attempt: Attempt;
  readonly assignment: Assignment;
  /** What it is served with, from its first step to its last. */
  readonly serving: ServingState | undefined;
  readonly destination: Destination | undefined;
  readonly outcome: Outcome;
  /** Where a rollout counts: by then the first byte of a response is to have come. */
  readonly hangDeadline: Deadline;
}

export interface VersionedControl {
  readonly state: Versioned;
  readonly context: ProxyContext;
}
