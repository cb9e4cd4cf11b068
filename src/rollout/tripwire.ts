// How a label check is left to those who count: what is enough to fail it, and what they say when that has come.

import type { Chances } from '../analysis/label-evidence.ts';

/** What is counted: failures, times beyond the highest bound, clients that left, statuses of 400 to 499. */
export type TripCount = 'errors' | 'slow' | 'gave-up' | 'client-errors';

export interface Tripwire {
  /** By name. */
  readonly check: string;
  readonly counts: TripCount;
  readonly chances: Chances;
  /** For 0 and more further events of the baseline: so many of the canary's fail the check for certain. */
  readonly table: readonly number[];
}

/** What is enough at the moment. */
export interface Arming {
  /** Of what counts in this segment and later ones. */
  readonly from: number;
  /** @param share of the canary in the segment that counts */
  readonly wires: (share: number) => readonly Tripwire[];
}

/** The canary was halted, as the check had at least `ours` further events of the canary and at most `theirs` of the baseline since the last look. */
export interface Trip {
  readonly check: string;
  readonly segment: number;
  readonly chances: Chances;
  readonly ours: number;
  readonly theirs: number;
}
