// By how much the mean of a number per unit differs between two arms, with bounds that may be looked at at any time once there are many units.
//
// I. Waudby-Smith, D. Arbour, R. Sinha, E. Kennedy, A. Ramdas, Time-uniform central limit theory and asymptotic confidence sequences (Ann. Stat. 52,
// 2024, arXiv 2103.06476): the boundary of Robbins' normal mixture with estimated variance. It is asymptotic: nothing is said before
// `FEWEST_UNITS` of each arm, and each value must be bounded by a number that was fixed before (`capped`), else one large value is a verdict.

import type { Interval } from './interval.ts';
import { checkAbove, checkChance, checkCount, checkInside } from './numbers.ts';

/** Sums over the units of one arm, each unit once, with its value after `capped`. */
export interface ArmSums {
  readonly units: number;
  readonly sum: number;
  readonly squares: number;
}

/** Units that were drawn with one chance. */
export interface UnitSegment {
  /** The chance that a unit is ours, between 0 and 1. */
  readonly chance: number;
  readonly ours: ArmSums;
  readonly theirs: ArmSums;
}

export const NO_UNITS: ArmSums = { units: 0, sum: 0, squares: 0 };
export const FEWEST_UNITS = 1000;

/** Units of both arms at which the bounds are narrowest for what they are. */
const NARROWEST_AT = 20_000;

/** The value, no further from 0 than `cap` (winsorised). */
export function capped(value: number, cap: number): number {
  checkAbove(cap, 0, 'A cap');
  if (Number.isNaN(value)) throw new RangeError('A value is a number.');
  return Math.min(cap, Math.max(-cap, value));
}

export function addUnit({ units, sum, squares }: ArmSums, value: number): ArmSums {
  if (!Number.isFinite(value)) throw new RangeError(`A value is a finite number, not ${value}.`);
  return { units: units + 1, sum: sum + value, squares: squares + value * value };
}

/** Both as one: sums of workers, or of the same chance at two times. */
export function mergeSums(some: ArmSums, others: ArmSums): ArmSums {
  return { units: some.units + others.units, sum: some.sum + others.sum, squares: some.squares + others.squares };
}

/**
 * Bounds of (mean of ours) - (mean of theirs) that hold at all times together with a chance of about 1 - `alpha`; undefined while an arm has fewer
 * than 1,000 units. Each unit is weighted with the inverse of the chance of its arm, so that units of times with other chances and other means may be
 * added; a value counts from the middle of its segment, which takes nothing from that and makes it narrower.
 */
export function meanDifference(segments: readonly UnitSegment[], alpha: number): Interval | undefined {
  checkInside(alpha, 'Alpha');
  for (const segment of segments) checkSegmentOfUnits(segment);
  const mixed = segments.filter(({ chance, ours, theirs }) => chance > 0 && chance < 1 && ours.units > 0 && theirs.units > 0);
  const [ours, theirs] = [countOf(mixed, 'ours'), countOf(mixed, 'theirs')];
  if (Math.min(ours, theirs) < FEWEST_UNITS) return undefined;
  const total = ours + theirs;
  const effects = mixed.map(effectOf);
  const difference = effects.reduce((sum, effect) => sum + effect.part * effect.difference, 0) / total;
  const variance =
    effects.reduce((sum, effect) => sum + effect.part * (effect.variance + (effect.difference - difference) ** 2), 0) / total;
  const half = Math.sqrt(variance) * boundary(total, alpha);
  return { low: difference - half, high: difference + half };
}

/** Half the width for a standard deviation of 1 after `units`: theorem 2.2 of the paper. */
function boundary(units: number, alpha: number): number {
  const squared = (-2 * Math.log(alpha) + Math.log(-2 * Math.log(alpha) + 1)) / NARROWEST_AT;
  const grown = units * squared + 1;
  return Math.sqrt(((2 * grown) / (units * units * squared)) * Math.log(Math.sqrt(grown) / alpha));
}

interface Effect {
  readonly part: number;
  readonly difference: number;
  /** Of the influence of one unit. */
  readonly variance: number;
}

// The difference of means within one segment is what inverse weights give when values are centred on (1 - chance) ours + chance theirs and units on
// their number; its influence per unit has the variance of ours / chance + that of theirs / (1 - chance).
function effectOf({ ours, theirs }: UnitSegment): Effect {
  const part = ours.units + theirs.units;
  return {
    part,
    difference: ours.sum / ours.units - theirs.sum / theirs.units,
    variance: (varianceOf(ours) * part) / ours.units + (varianceOf(theirs) * part) / theirs.units,
  };
}

function varianceOf({ units, sum, squares }: ArmSums): number {
  return Math.max(0, squares / units - (sum / units) ** 2);
}

function countOf(segments: readonly UnitSegment[], arm: 'ours' | 'theirs'): number {
  return segments.reduce((sum, segment) => sum + segment[arm].units, 0);
}

function checkSegmentOfUnits({ chance, ours, theirs }: UnitSegment): void {
  checkChance(chance, 'The chance of an arm');
  for (const { units, sum, squares } of [ours, theirs]) {
    checkCount(units, 'A count of units');
    if (!Number.isFinite(sum) || !(squares >= 0 && squares < Infinity)) throw new RangeError('Sums of values are finite.');
  }
}
