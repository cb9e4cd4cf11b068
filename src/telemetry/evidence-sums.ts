// The reading side of the evidence: adds up what all writers counted. What a worker counted before it died stays counted.

import {
  ASSIGNED,
  CLIENT_ERRORS,
  ERRORS,
  EVENTS,
  FINISHED,
  GAVE_UP,
  GUARDED,
  GUARDED_FAILED,
  MAX_EVENTS,
  MET,
  REQUESTS,
  SLOW_P50,
  SLOW_P90,
  SLOW_P99,
  rowAt,
} from './evidence-layout.ts';
import type { Arm } from './evidence-layout.ts';

/**
 * Of one arm in one segment. A unit is a request without a key, or a user, however many requests it sends. Requests count whose version was
 * drawn by chance (by weight or by key), for the version that was drawn; overrides, routes, remembered users and starts that give their share
 * away are left out.
 */
export interface ArmSums {
  /** Units that were drawn for the arm; a user where it was first drawn in the rollout, on whichever arm: the shares of both arms are tested by it. */
  readonly assigned: number;
  /** Units that have ended or failed; a user once in the segment, unless it has failed in one before. The denominator of `errors`. */
  readonly finished: number;
  /** This and the following: units with such an outcome; a user once in the rollout, on the arm where it was first. */
  readonly errors: number;
  readonly slow: readonly [number, number, number];
  readonly gaveUp: number;
  readonly clientErrors: number;
  readonly events: readonly number[];
  /** Requests that were drawn for the arm. */
  readonly requests: number;
  /** Units that met the canary; a user once in the rollout. 0 of the baseline. */
  readonly met: number;
}

/** @param writers parts of `cells`; @param segment its place in them */
export function sumArm(cells: Float64Array, writers: number, segment: number, arm: Arm): ArmSums {
  const sum = (cell: number): number => {
    let total = 0;
    for (let writer = 0; writer < writers; writer++) total += cells[rowAt(writer, segment, arm) + cell]!;
    return total;
  };
  const errors = sum(ERRORS);
  return {
    assigned: sum(ASSIGNED),
    // A failed attempt is counted at once, and its exchange may go on elsewhere: no more of them fail than there are.
    finished: Math.max(sum(FINISHED), errors),
    errors,
    slow: [sum(SLOW_P50), sum(SLOW_P90), sum(SLOW_P99)],
    gaveUp: sum(GAVE_UP),
    clientErrors: sum(CLIENT_ERRORS),
    events: Array.from({ length: MAX_EVENTS }, (_, position) => sum(EVENTS + position)),
    requests: sum(REQUESTS),
    met: sum(MET),
  };
}

/** Units of the guards of one arm, and those that failed. */
export interface GuardedSums {
  readonly units: number;
  readonly failed: number;
}

export function sumGuarded(cells: Float64Array, writers: number, segment: number, arm: Arm): GuardedSums {
  let [units, failed] = [0, 0];
  for (let writer = 0; writer < writers; writer++) {
    const row = rowAt(writer, segment, arm);
    units += cells[row + GUARDED]!;
    failed += cells[row + GUARDED_FAILED]!;
  }
  // Counted one after the other by another thread.
  return { units: Math.max(units, failed), failed };
}

/** Of both together. */
export function plus(one: ArmSums, other: ArmSums): ArmSums {
  return {
    assigned: one.assigned + other.assigned,
    finished: one.finished + other.finished,
    errors: one.errors + other.errors,
    slow: [one.slow[0] + other.slow[0], one.slow[1] + other.slow[1], one.slow[2] + other.slow[2]],
    gaveUp: one.gaveUp + other.gaveUp,
    clientErrors: one.clientErrors + other.clientErrors,
    events: one.events.map((count, position) => count + other.events[position]!),
    requests: one.requests + other.requests,
    met: one.met + other.met,
  };
}
