// The living state of a pool that choosing a version needs. The Table never holds it; a test passes in its own.

import type { Sessions } from './sessions.ts';

/** Living state of a pool that choosing a version needs; one per worker and pool, outlives Tables. */
export interface PoolState {
  /** Whether the version at this index has a ready endpoint. */
  ready(version: number): boolean;
  /** Part of its share that the version is to get at present: below 1 in its slow start, else 1. */
  rampShare(version: number): number;
  /** A random fraction, 0 <= x < 1. */
  chance(): number;
  /** Index of the version that the next request without a key belongs to, ready or not; -1 when all weights are 0. */
  nextVersion(): number;
  /** Index of the version that gets it where that one is not ready; -1 when none with a weight is ready. */
  nextReadyVersion(): number;
  /** A fresh random affinity key. */
  newKey(): string;
  /** Which version each user has; undefined in a pool without `affinity.remember`. */
  readonly sessions: Sessions | undefined;
  /** Whole seconds since the epoch. */
  wallSeconds(): number;
}
