// Whether events come more often from one of two arms than a ratio allows. Each event has a label, ours or theirs; when both arms are alike the chance
// that it is ours is known, because we drew the arm. How many events there are, and when, does not matter: rates may change in any way, as long as
// both arms live at the same time.
//
// M. Lindon, A. Malek, Anytime-valid inference for multinomial count data (NeurIPS 2022, arXiv 2011.03567). H. Robbins (1970): mixtures.

import { logSumOf } from './mean-of-evidence.ts';
import { checkAbove, checkChance, checkCount } from './numbers.ts';

/** Events while the chance was one number: two integers say all, and the order does not matter. */
export interface Segment {
  /** The chance, 0 to 1, that an event is ours when both arms are alike. With 0 or 1 it says nothing. */
  readonly chance: number;
  readonly ours: number;
  readonly theirs: number;
}

/**
 * Tests "events of ours come at most `allowed` times as often per unit" (towards `above`), or "at least" (towards `below`), against ratios
 * between `least` and `most` times beyond it.
 */
export interface LabelQuestion {
  readonly allowed: number;
  readonly towards: 'above' | 'below';
  readonly least?: number;
  readonly most?: number;
}

/** A question made ready for counting: the same for all evidence of it. */
export interface LabelTest {
  readonly allowed: number;
  /** How many times beyond `allowed` each alternative is; below 1 where the test is towards `below`. */
  readonly multiples: Float64Array;
  readonly logMultiples: Float64Array;
}

export const ALTERNATIVES = 24;
const MIN_MULTIPLE = 1.3;
const MAX_MULTIPLE = 50;
/** How much denser the alternatives are in the middle than at both ends, where fewer faults are. */
const GATHERED = 0.3;

export function labelTest({ allowed, towards, least = MIN_MULTIPLE, most = MAX_MULTIPLE }: LabelQuestion): LabelTest {
  checkAbove(allowed, 0, 'An allowed ratio');
  checkAbove(least, 1, 'The least multiple');
  checkAbove(most, least, 'The largest multiple');
  const sign = towards === 'above' ? 1 : -1;
  const logMultiples = Float64Array.from({ length: ALTERNATIVES }, (_, i) => {
    const at = i / (ALTERNATIVES - 1);
    const part = at + (GATHERED * Math.sin(2 * Math.PI * at)) / (2 * Math.PI);
    return sign * (Math.log(least) + part * Math.log(most / least));
  });
  return { allowed, multiples: logMultiples.map(Math.exp), logMultiples };
}

/** Natural logarithm of the e-value of all segments: 0 without an event. */
export function logOfLabels(segments: readonly Segment[], test: LabelTest): number {
  const logs = new Float64Array(ALTERNATIVES).fill(-Math.log(ALTERNATIVES));
  const each = new Float64Array(ALTERNATIVES);
  for (const segment of segments) {
    checkSegment(segment.chance, segment.ours, segment.theirs);
    fillTheirs(each, segment.chance, test);
    addCounts(logs, each, segment, test);
  }
  return logSumOf(logs);
}

/** The segments of two sides as one list: counts of the same chance are added, so that any partition merges to the same numbers. */
export function mergeSegments(some: readonly Segment[], others: readonly Segment[]): readonly Segment[] {
  const merged = new Map<number, Segment>();
  for (const { chance, ours, theirs } of [...some, ...others]) {
    checkSegment(chance, ours, theirs);
    const known = merged.get(chance);
    merged.set(chance, { chance, ours: (known?.ours ?? 0) + ours, theirs: (known?.theirs ?? 0) + theirs });
  }
  return [...merged.values()].sort((a, b) => a.chance - b.chance);
}

/** The chance that an event is ours where its ratio is `ratio`, when it is `chance` for arms that are alike. */
export function chanceAt(chance: number, ratio: number): number {
  return (chance * ratio) / (1 - chance + chance * ratio);
}

/** @internal Throws a RangeError for what is no segment. */
export function checkSegment(chance: number, ours: number, theirs: number): void {
  checkChance(chance, 'The chance of a label');
  checkCount(ours, 'A count of events');
  checkCount(theirs, 'A count of events');
}

/**
 * @internal Fills in what an event of theirs adds to the logarithm of each alternative; one of ours adds the logarithm of the multiple on top. That is
 * ln((1 - q_k) / (1 - q_0)) with q = chanceAt(chance, ratio), in a form that keeps its digits for chances near 0 and 1.
 */
export function fillTheirs(each: Float64Array, chance: number, { allowed, multiples }: LabelTest): void {
  const q = chanceAt(chance, allowed);
  for (let k = 0; k < ALTERNATIVES; k++) each[k] = -Math.log1p(q * ((multiples[k] as number) - 1));
}

/** @internal Adds the events of one segment to the logarithm of each alternative. */
export function addCounts(logs: Float64Array, each: Float64Array, { chance, ours, theirs }: Segment, { logMultiples }: LabelTest): void {
  if (chance === 0 || chance === 1) return;
  for (let k = 0; k < ALTERNATIVES; k++) logs[k]! += (ours + theirs) * (each[k] as number) + ours * (logMultiples[k] as number);
}
