// A new epoch: evidence from before counts no more, and half of alpha is left, so that trying again until it passes gains nothing.

import type { RolloutState } from './model.ts';

type Anew = Pick<
  RolloutState,
  | 'epoch'
  | 'alphaShare'
  | 'segment'
  | 'stepSegment'
  | 'epochSegment'
  | 'judgedSegment'
  | 'foldedSegment'
  | 'evidence'
  | 'judged'
  | 'verdicts'
  | 'warmRanMs'
>;

export function newEpoch({ epoch, alphaShare, segment, foldedSegment }: RolloutState): Anew {
  const next = segment + 1;
  return {
    epoch: epoch + 1,
    alphaShare: alphaShare / 2,
    segment: next,
    stepSegment: next,
    epochSegment: next,
    judgedSegment: next,
    foldedSegment,
    evidence: [],
    judged: {},
    verdicts: {},
    warmRanMs: undefined,
  };
}
