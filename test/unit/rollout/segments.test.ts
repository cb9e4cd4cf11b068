import { expect, it } from 'vitest';
import type { ArmCounts, SegmentEvidence } from '../../../src/rollout/model.ts';
import { mergeEvidence, newSince, NO_COUNTS } from '../../../src/rollout/segments.ts';
import { begun } from './fakes.ts';

const counted = (assigned: number): ArmCounts => ({ ...NO_COUNTS, assigned, finished: assigned });
const entry = (segment: number, share: number, canary: number): SegmentEvidence => ({
  segment,
  share,
  baseline: counted(100 - canary),
  canary: counted(canary),
});

it('keeps apart what was drawn with different shares, also within one segment', () => {
  const state = { ...begun({ steps: [{ weight: '20%' }] }), segment: 1 };
  const evidence = mergeEvidence(state, [entry(1, 0.1, 10), entry(1, 0.2, 20)]);
  expect(evidence).toEqual([entry(1, 0.1, 10), entry(1, 0.2, 20)]);
  const later = mergeEvidence({ ...state, evidence }, [entry(1, 0.1, 10), entry(1, 0.2, 35)]);
  expect(later.map(({ share, canary }) => [share, canary.assigned])).toEqual([
    [0.1, 10],
    [0.2, 35],
  ]);
  expect(newSince({ evidence }, later).map(({ canary }) => canary.assigned)).toEqual([0, 15]);
});

it('keeps no more of what was counted than a kept state has', () => {
  const more = { ...counted(20), requests: 20 };
  const state = { ...begun({ steps: [{ weight: '20%' }] }), segment: 1 };
  const [kept] = mergeEvidence(state, [{ ...entry(1, 0.2, 20), baseline: more, canary: more }]);
  expect(kept).toEqual({ ...entry(1, 0.2, 20), baseline: counted(20), canary: counted(20) });
});
