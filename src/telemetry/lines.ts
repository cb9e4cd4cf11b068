// Figures that others work out and that are read at each scrape.

import type { Lines } from './samples.ts';

/** Figures of rollouts, read at each scrape. */
export interface RolloutLines {
  readonly states: () => Lines;
  readonly steps: () => Lines;
  readonly verdicts: () => Lines;
  readonly evidence: () => Lines;
  readonly aborts: () => Lines;
  readonly drills: () => Lines;
  readonly drillSeconds: () => Lines;
}

/** Figures of the responses of shadows, read at each scrape. */
export interface MirrorLines {
  readonly comparisons: () => Lines;
  readonly differences: () => Lines;
  readonly missedWrites: () => Lines;
}
