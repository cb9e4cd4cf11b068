// When one of many that are told to go does so: each at a moment of its own, so that clients that come again do so one after the other.

import { randomFraction } from '../lib/random.ts';

/** How long a peer that is told to go has to do so. */
export const CLOSE_MS = 2000;
/** What opens while its endpoint is drained ends within this time. */
export const LATE_MS = 1000;
/** Where a drain has no deadline, what does not end by itself ends within this time. */
const DRAIN_MS = 30_000;
/** Moments in it: each is a list of deadlines. */
const MOMENTS = 200;

/** From now, 1 ms or later. @param withinMs of the drain; 0 = it has no deadline */
export function leaveMomentMs(withinMs: number): number {
  const stepMs = spreadMs(withinMs > 0 ? withinMs : DRAIN_MS) / MOMENTS;
  return Math.max(1, Math.round(Math.ceil(randomFraction() * MOMENTS) * stepMs));
}

/** The part of a drain in which they are told; the rest is for those that are slow to go. */
function spreadMs(drainMs: number): number {
  return Math.max(drainMs / 2, Math.min(drainMs * 0.9, drainMs - 2 * CLOSE_MS));
}
