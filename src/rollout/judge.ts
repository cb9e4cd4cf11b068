// All checks of a rollout, from what is seen by now: verdicts, and what holds it although no check failed.

import { BROKEN_AT, logOfRecorded } from '../analysis/recorded-ratio.ts';
import { alphaOf, shareOfAlpha } from './alpha.ts';
import { stepAt } from './course.ts';
import { eventsOf } from './events.ts';
import { isGuard, judgeGuard } from './judge-guards.ts';
import { judgeLabels } from './judge-labels.ts';
import { isLabelCheck } from './label-checks.ts';
import type { LabelCheck } from './label-checks.ts';
import { isOutside, judgeOutside } from './judge-outside.ts';
import { isValue, judgeValue } from './judge-value.ts';
import type { ValueCheck } from './judge-value.ts';
import type { CheckVerdict, Judged, RolloutState, SegmentEvidence } from './model.ts';
import { formatCount, formatPercent } from './sentences.ts';
import { countedSince, fold, mergeEvidence, newSince } from './segments.ts';
import { change } from './turn.ts';
import type { Turn } from './turn.ts';
import { isWarm } from './warmup.ts';
import { shareOf } from './weights.ts';

export interface Judgements {
  /** Both versions got worse, which is no fault of the canary. */
  readonly both: string | undefined;
  /** One version reports less than it was given: nothing that is counted can be trusted. */
  readonly uneven: string | undefined;
}

/** One user with more of a canary's bad events than this is told. */
const TOP_USER = 0.5;

/** Takes in the evidence and judges each check; the state has the verdicts afterwards. */
export function judge(turn: Turn): Judgements {
  const { state, seen } = turn;
  const merged = mergeEvidence(state, seen.segments);
  const looked: Looked = { fresh: newSince(state, merged), epoch: merged, uneven: unevenIn(state, merged) };
  const verdicts: Record<string, CheckVerdict> = {};
  const judged: Record<string, Judged> = {};
  let both: string | undefined;
  for (const check of state.template.checks) {
    const { name } = check;
    if (isGuard(check)) {
      const guarded = judgeGuard(check, seen, { alpha: alphaOf(state) * shareOfAlpha(state, check, turn.company.pools), names: state });
      verdicts[name] = guarded.verdict;
      both ??= guarded.both;
    } else if (isOutside(check)) verdicts[name] = judgeOutside(check, seen);
    else if (isValue(check)) verdicts[name] = judgeValueCheck(turn, check, looked);
    else if (isLabelCheck(check)) judgeLabelCheck(turn, check, looked, { verdicts, judged });
  }
  const kept = fold(merged, state);
  change(turn, { evidence: kept.evidence, foldedSegment: kept.foldedSegment, verdicts, judged });
  return { both, uneven: looked.uneven };
}

interface Looked {
  readonly fresh: readonly SegmentEvidence[];
  readonly epoch: readonly SegmentEvidence[];
  readonly uneven: string | undefined;
}

interface Results {
  readonly verdicts: Record<string, CheckVerdict>;
  readonly judged: Record<string, Judged>;
}

function judgeLabelCheck(turn: Turn, check: LabelCheck, looked: Looked, { verdicts, judged }: Results): void {
  const { state, seen } = turn;
  const since = (segments: readonly SegmentEvidence[], from: number): readonly SegmentEvidence[] =>
    segments.filter(({ segment }) => segment >= from);
  const from = isWarm(state) ? state.judgedSegment : Infinity;
  const found = judgeLabels(
    {
      check,
      event: eventsOf(state.template).indexOf(check),
      alpha: alphaOf(state),
      alphaShare: shareOfAlpha(state, check, turn.company.pools),
      names: state,
    },
    {
      fresh: since(looked.fresh, from),
      epoch: since(looked.epoch, from),
      step: since(looked.epoch, Math.max(from, state.stepSegment)),
      before: state.judged[check.name],
      trip: seen.tripped?.check === check.name && seen.tripped.segment >= from ? seen.tripped : undefined,
    },
  );
  const topUserShare = check.kind === 'event' ? undefined : seen.topUserShares[check.kind];
  const sentence = withNotes(found.verdict.sentence, notesOn(state, seen, topUserShare, looked.uneven));
  // What is broken is not judged, also not for good.
  const isBroken = looked.uneven !== undefined && found.verdict.verdict !== 'no-data';
  judged[check.name] =
    isBroken && state.judged[check.name]?.failed !== true ? { ...found.judged, failed: false, harmless: false } : found.judged;
  const verdict = { ...found.verdict, topUserShare, sentence, ...(isBroken && { verdict: 'inconclusive' as const }) };
  const last = isBroken || verdict.verdict === 'fail' ? undefined : lastCompared(state, check, looked.epoch);
  verdicts[check.name] = last ?? verdict;
}

/** The verdict of the last weight at which both versions were compared; undefined where they are compared now, and where they never were. */
function lastCompared(state: RolloutState, { name }: LabelCheck, epoch: readonly SegmentEvidence[]): CheckVerdict | undefined {
  const before = state.verdicts[name];
  if (before?.verdict !== 'pass' && before?.verdict !== 'inconclusive') return undefined;
  if (shareOf(state.wanted, state) === 1) return before;
  const { baseline, canary } = countedSince({ evidence: epoch }, state.stepSegment);
  const isCompared = stepAt(state, state.step)?.kind === 'weight' || (baseline.finished > 0 && canary.finished > 0);
  return isCompared ? undefined : before;
}

function judgeValueCheck(turn: Turn, check: ValueCheck, { epoch, uneven }: Looked): CheckVerdict {
  const { state, seen } = turn;
  const from = isWarm(state) ? state.judgedSegment : Infinity;
  const segments = epoch.filter(({ segment }) => segment >= from);
  const position = state.template.checks.filter(isValue).indexOf(check);
  const found = judgeValue(check, segments, {
    position,
    alpha: alphaOf(state) * shareOfAlpha(state, check, turn.company.pools),
    names: state,
  });
  const lost = seen.lostValues === 0 ? [] : [`${formatCount(seen.lostValues)} values did not count: no amounts, or too many at once`];
  const sentence = withNotes(found.sentence, [...lost, ...notesOn(state, seen, undefined, uneven)]);
  return { ...found, sentence, ...(uneven !== undefined && found.verdict !== 'no-data' && { verdict: 'inconclusive' as const }) };
}

function withNotes(sentence: string, notes: readonly string[]): string {
  return notes.length === 0 ? sentence : `${sentence} (${notes.join('; ')})`;
}

function notesOn(
  state: RolloutState,
  { saturated }: Turn['seen'],
  topUserShare: number | undefined,
  uneven: string | undefined,
): readonly string[] {
  const notes: string[] = [];
  if (!isWarm(state)) notes.push('the canary is warming up');
  if (saturated) notes.push('saturated: there are more users than are remembered, and only failures count of the others');
  if (topUserShare !== undefined && topUserShare > TOP_USER) notes.push(`one user has ${formatPercent(topUserShare)} of these requests`);
  if (uneven !== undefined) notes.push('what was counted cannot be trusted');
  return notes;
}

function unevenIn({ baseline, canary, judgedSegment }: RolloutState, segments: readonly SegmentEvidence[]): string | undefined {
  const drawn = segments
    .filter(({ segment }) => segment >= judgedSegment)
    .map((each) => ({ chance: each.share, ours: each.canary.assigned, theirs: each.baseline.assigned }));
  if (logOfRecorded(drawn) < BROKEN_AT) return undefined;
  const [ours, theirs] = [drawn.reduce((sum, each) => sum + each.ours, 0), drawn.reduce((sum, each) => sum + each.theirs, 0)];
  return `${canary} was drawn ${formatCount(ours)} times and ${baseline} ${formatCount(theirs)} times, which does not fit the weights: one of them is counted wrongly`;
}
