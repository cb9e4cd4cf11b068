// Weights of a pool for a share of the canary. Those of other versions stay as they were.

import type { RolloutState } from './model.ts';

type Weights = Readonly<Record<string, number>>;

/** What baseline and canary have together. */
export function togetherOf(weights: Weights, baseline: string, canary: string): number {
  return (weights[baseline] ?? 0) + (baseline === canary ? 0 : (weights[canary] ?? 0));
}

/** The canary's share of what both have; 0 where they have nothing. */
export function shareOf(weights: Weights, { baseline, canary }: Pick<RolloutState, 'baseline' | 'canary'>): number {
  const together = togetherOf(weights, baseline, canary);
  return together <= 0 ? 0 : (weights[canary] ?? 0) / together;
}

/** @param share of the canary, 0 to 1 */
export function weightsFor({ before, baseline, canary }: Pick<RolloutState, 'before' | 'baseline' | 'canary'>, share: number): Weights {
  if (baseline === canary) return before;
  const together = togetherOf(before, baseline, canary);
  return { ...before, [baseline]: rounded(together * (1 - share)), [canary]: rounded(together * share) };
}

export function sameWeights(one: Weights, other: Weights): boolean {
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...names].every((name) => (one[name] ?? 0) === (other[name] ?? 0));
}

/** 100 * 0.07 is 7, not 7.000000000000001. */
function rounded(weight: number): number {
  return Number(weight.toPrecision(12));
}
