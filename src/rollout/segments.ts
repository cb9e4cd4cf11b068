// Evidence of an epoch: what was kept, and what is seen by now. Counts only grow, so that the same counts seen twice add nothing.

import type { ArmCounts, RolloutState, SegmentEvidence } from './model.ts';

/** More are added up, the oldest first. */
const MAX_SEGMENTS = 64;

export const NO_COUNTS: ArmCounts = {
  assigned: 0,
  finished: 0,
  errors: 0,
  slow: [0, 0, 0],
  gaveUp: 0,
  clientErrors: 0,
  events: [],
  values: [],
};

/** What came since the last look, segment by segment. */
export function newSince(state: Pick<RolloutState, 'evidence'>, merged: readonly SegmentEvidence[]): readonly SegmentEvidence[] {
  const before = new Map(state.evidence.map((segment) => [keyOf(segment), segment]));
  return merged.map((segment) => {
    const known = before.get(keyOf(segment));
    if (known === undefined) return segment;
    const since = (now: number, then: number): number => Math.max(0, now - then);
    const [baseline, canary] = [combine(segment.baseline, known.baseline, since), combine(segment.canary, known.canary, since)];
    return { ...segment, baseline, canary };
  });
}

interface Kept {
  readonly evidence: readonly SegmentEvidence[];
  readonly foldedSegment: number;
}

/** In the order of segments. Those of other epochs, and those that are added up already, do not count. */
export function mergeEvidence(state: RolloutState, seen: readonly SegmentEvidence[]): readonly SegmentEvidence[] {
  // A step that has begun has its number before its weights are in force: what is drawn until then is drawn with the share from before.
  const merged = new Map(state.evidence.map((segment) => [keyOf(segment), segment]));
  for (const segment of seen) {
    const { segment: number } = segment;
    if (number < state.epochSegment || number > state.segment || number <= state.foldedSegment) continue;
    if (!(segment.share > 0 && segment.share < 1)) continue;
    const known = merged.get(keyOf(segment)) ?? { segment: number, share: segment.share, baseline: NO_COUNTS, canary: NO_COUNTS };
    // More is counted than a kept state has.
    merged.set(keyOf(segment), later(known, segment));
  }
  return [...merged.values()].sort((a, b) => a.segment - b.segment);
}

function keyOf({ segment, share }: SegmentEvidence): string {
  return `${segment} ${share}`;
}

/** Sums of the segments from this one on. */
export function countedSince({ evidence }: Pick<RolloutState, 'evidence'>, segment: number): { baseline: ArmCounts; canary: ArmCounts } {
  const counted = evidence.filter((each) => each.segment >= segment);
  return { baseline: sumOf(counted.map(({ baseline }) => baseline)), canary: sumOf(counted.map(({ canary }) => canary)) };
}

/** The oldest with the next of its share and step as one, until there are few enough. What is added up is not counted on any more. */
export function fold(sorted: readonly SegmentEvidence[], state: RolloutState): Kept {
  let evidence = sorted;
  let { foldedSegment } = state;
  while (evidence.length > MAX_SEGMENTS) {
    const [oldest, ...others] = evidence as [SegmentEvidence, ...SegmentEvidence[]];
    const isOfStep = oldest.segment >= state.stepSegment;
    const at = others
      .slice(0, MAX_SEGMENTS / 2)
      .findIndex(({ share, segment }) => share === oldest.share && segment >= state.stepSegment === isOfStep);
    evidence = at < 0 ? others : others.map((each, index) => (index === at ? plus(each, oldest) : each));
    foldedSegment = Math.max(foldedSegment, oldest.segment, others[at]?.segment ?? 0);
  }
  return { evidence, foldedSegment };
}

function plus(one: SegmentEvidence, other: SegmentEvidence): SegmentEvidence {
  return { ...one, baseline: sumOf([one.baseline, other.baseline]), canary: sumOf([one.canary, other.canary]) };
}

export function sumOf(counts: readonly ArmCounts[]): ArmCounts {
  return counts.reduce((sum, each) => combine(sum, each, add), NO_COUNTS);
}

/** Of two looks at one segment each count of the later one: counts only grow. */
function later(known: SegmentEvidence, seen: SegmentEvidence): SegmentEvidence {
  return {
    ...known,
    baseline: combine(known.baseline, seen.baseline, Math.max),
    canary: combine(known.canary, seen.canary, Math.max),
  };
}

function combine(one: ArmCounts, other: ArmCounts, by: (a: number, b: number) => number): ArmCounts {
  const length = Math.max(one.events.length, other.events.length);
  const values = Math.max(one.values.length, other.values.length);
  const value = ({ values: all }: ArmCounts, position: number, of: 0 | 1): number => all[position]?.[of] ?? 0;
  return {
    assigned: by(one.assigned, other.assigned),
    finished: by(one.finished, other.finished),
    errors: by(one.errors, other.errors),
    slow: [by(one.slow[0], other.slow[0]), by(one.slow[1], other.slow[1]), by(one.slow[2], other.slow[2])],
    gaveUp: by(one.gaveUp, other.gaveUp),
    clientErrors: by(one.clientErrors, other.clientErrors),
    events: Array.from({ length }, (_, index) => by(one.events[index] ?? 0, other.events[index] ?? 0)),
    values: Array.from({ length: values }, (_, at) => [
      by(value(one, at, 0), value(other, at, 0)),
      by(value(one, at, 1), value(other, at, 1)),
    ]),
  };
}

function add(a: number, b: number): number {
  return a + b;
}
