// The points of a hash ring as two arrays. Where an endpoint's points lie depends on its key alone, and how many on its
// weight beside the median weight: when one endpoint comes or goes, those of the others stay.

import { hashString, mix } from '../../lib/hash.ts';

export interface Ring {
  /** Ascending, 32 bits unsigned. */
  readonly positions: Uint32Array;
  /** Index of the owner, by point. */
  readonly owners: Uint32Array;
}

export interface RingOwner {
  readonly key: string;
  /** Above 0. */
  readonly weight: number;
}

/** Points of an owner of median weight, give or take the square root of 2. Shares are off by about 8 % with these. */
const POINTS = 160;
/** Bounds memory (8 bytes each) and the time of an update. Each owner has at least one point, whatever the bound. */
const MAX_POINTS = 65_536;
const START_SEED = 0x73746172;
const STEP_SEED = 0x73746570;

/** Makes the ring of `owners`; the same in every process. Two points at one position: the earlier owner's is first. */
export function makeRing(owners: readonly RingOwner[]): Ring {
  const pointsPerWeight = pointsPerUnitOfWeight(owners.map((owner) => owner.weight));
  const points: number[] = [];
  owners.forEach(({ key, weight }, index) => {
    const start = hashString(key, START_SEED);
    const step = hashString(key, STEP_SEED) | 1;
    const count = Math.max(1, Math.round(weight * pointsPerWeight));
    // Position and owner in one double, below 2^53: numbers sort without a comparison function, and fast.
    for (let nth = 0; nth < count; nth++) points.push((mix(start + nth * step) >>> 0) * 2 ** 21 + index);
  });
  const sorted = Float64Array.from(points).sort();
  return {
    positions: Uint32Array.from(sorted, (point) => Math.floor(point / 2 ** 21)),
    owners: Uint32Array.from(sorted, (point) => point % 2 ** 21),
  };
}

/** Index of the first position at or after `hash`, going round at the end. `positions` is not empty. */
export function findPoint(positions: Uint32Array, hash: number): number {
  let low = 0;
  let high = positions.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (positions[middle]! < hash) low = middle + 1;
    else high = middle;
  }
  return low < positions.length ? low : 0;
}

/** Steps by powers of two, so that a small change of weights leaves all other counts as they are. */
function pointsPerUnitOfWeight(weights: readonly number[]): number {
  if (weights.length === 0) return 0;
  const median = weights.toSorted((a, b) => a - b)[weights.length >> 1]!;
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let points = POINTS * 2 ** -Math.round(Math.log2(median));
  while (total * points > MAX_POINTS) points /= 2;
  return points;
}
