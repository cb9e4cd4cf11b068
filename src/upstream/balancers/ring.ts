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
/** More than there can be. */
const OWNERS = 2 ** 21;
const START_SEED = 0x73746172;
const STEP_SEED = 0x73746570;

/** Makes the ring of `owners`; the same in every process. Two points at one position: the earlier owner's is first. */
export function makeRing(owners: readonly RingOwner[]): Ring {
  const counts = countPoints(owners.map((owner) => owner.weight));
  const points = new Float64Array(counts.reduce((sum, count) => sum + count, 0));
  let at = 0;
  owners.forEach(({ key }, index) => {
    const start = hashString(key, START_SEED);
    const step = hashString(key, STEP_SEED) | 1;
    // Position and owner in one double, below 2^53: numbers sort without a comparison function, and fast.
    for (let nth = 0; nth < counts[index]!; nth++) points[at++] = (mix(start + nth * step) >>> 0) * OWNERS + index;
  });
  return splitPoints(points.sort());
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

/** The scale steps by powers of two, so that a small change of weights leaves all other counts as they are. */
function countPoints(weights: readonly number[]): number[] {
  if (weights.length === 0) return [];
  const median = weights.toSorted((a, b) => a - b)[weights.length >> 1]!;
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let pointsPerWeight = POINTS * 2 ** -Math.round(Math.log2(median));
  while (total * pointsPerWeight > MAX_POINTS) pointsPerWeight /= 2;
  return weights.map((weight) => Math.max(1, Math.round(weight * pointsPerWeight)));
}

function splitPoints(points: Float64Array): Ring {
  const positions = new Uint32Array(points.length);
  const owners = new Uint32Array(points.length);
  for (let at = 0; at < points.length; at++) {
    const position = Math.floor(points[at]! / OWNERS);
    positions[at] = position;
    owners[at] = points[at]! - position * OWNERS;
  }
  return { positions, owners };
}
