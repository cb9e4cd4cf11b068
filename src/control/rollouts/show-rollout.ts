// A rollout as the API shows it. Pure.

import type { RolloutView } from '../../api/rollouts.ts';
import type { RolloutCheck } from '../../config/rollout-model.ts';
import { ENDED } from '../../rollout/model.ts';
import type { RolloutState, SegmentEvidence } from '../../rollout/model.ts';
import { shareOf } from '../../rollout/weights.ts';
import { closedAt, wordWindow } from '../../rollout/windows.ts';
import { shownState } from './shown-state.ts';
import { describeStep, shareOfStep } from './describe-step.ts';

/** perSecond: requests of the pool. */
export interface Around {
  readonly perSecond: number;
  readonly wallMs: number;
}

/**
 * @param fault why the world is not as the rollout wants it; undefined when it is
 */
export function showRollout(state: RolloutState, fault: string | undefined, { perSecond, wallMs }: Around): RolloutView {
  const { id, pool, baseline, canary, template, author, reason, startedWallMs, endedWallMs } = state;
  const segments = state.evidence;
  const exposed = sum(segments, ({ canary: arm }) => arm.assigned);
  const desired = shareOf(state.applied, state);
  const needs = needsOf(state, perSecond * desired);
  return {
    id,
    pool,
    baseline,
    canary,
    template: template.name,
    strategy: template.strategy,
    alpha: template.alpha * state.alphaShare,
    state: shownState(state),
    why: fault === undefined ? state.why : `${state.why} It cannot go on: ${fault}`,
    step: state.step,
    steps: template.steps.map((step, index) => {
      const share = shareOfStep(step);
      return { kind: step.kind, text: describeStep(step), ...(share !== undefined && { share }), state: stateOf(index, state) };
    }),
    share: { desired, ...measuredShare(segments, desired) },
    checks: template.checks.map((check) => showCheck(check, state)),
    ...(needs !== undefined && { needs }),
    exposed: { requests: exposed },
    author,
    reason,
    startedMs: startedWallMs,
    ...(template.windows.length > 0 && !ENDED.has(state.status) && { windows: showWindows(state, wallMs) }),
    ...(endedWallMs !== undefined && { endedMs: endedWallMs }),
    history: state.history.map(({ wallMs, what, author: by }) => ({ atMs: wallMs, author: by, text: what })),
  };
}

function showWindows({ template: { windows }, forced }: RolloutState, wallMs: number): NonNullable<RolloutView['windows']> {
  const closed = closedAt(windows, wallMs);
  const texts = windows.map(wordWindow);
  const sentence = closed?.sentence ?? 'a window is open';
  return { open: closed === undefined, sentence, texts, ...(closed !== undefined && { opensMs: closed.opensMs }), forced };
}

function stateOf(index: number, { step, status, skipped }: RolloutState): 'done' | 'skipped' | 'running' | 'next' {
  if (index < step) return skipped.includes(index) ? 'skipped' : 'done';
  return index === step && !ENDED.has(status) ? 'running' : 'next';
}

function showCheck(check: RolloutCheck, state: RolloutState): RolloutView['checks'][number] {
  const { name, kind, onFail } = check;
  const found = state.verdicts[name];
  if (found === undefined) {
    const nothing = { towardsFail: 0, towardsHarmless: 0 };
    return { name, kind, onFail, verdict: 'no-data', evidence: nothing, sentence: 'nothing was measured yet' };
  }
  const { verdict, towards, counts, interval, needs, topUserShare, sentence } = found;
  const [baseline, canary] = [counts.baseline, counts.canary].map(([events, of]) => ({ events, of }));
  return {
    name,
    kind,
    onFail,
    verdict,
    evidence: { towardsFail: clamped(towards.fail), towardsHarmless: clamped(towards.harmless) },
    ...(baseline!.of + canary!.of > 0 && { baseline: baseline!, canary: canary! }),
    ...(interval !== undefined && Number.isFinite(interval[1]) && { interval: { low: interval[0], high: interval[1] } }),
    ...(needs !== undefined && { needs: Math.ceil(needs) }),
    ...(topUserShare !== undefined && { topUserShare }),
    sentence,
  };
}

/** The slowest of the checks that decide. */
function needsOf({ template, verdicts, status }: RolloutState, perSecond: number): RolloutView['needs'] {
  if (ENDED.has(status)) return undefined;
  const open = template.checks.flatMap(({ name, onFail }) => {
    const found = verdicts[name];
    return onFail === 'warn' || found?.verdict !== 'inconclusive' || found.needs === undefined ? [] : [found.needs];
  });
  if (open.length === 0) return undefined;
  const requests = Math.ceil(Math.max(...open));
  return { requests, ...(perSecond > 0 && { seconds: requests / perSecond }) };
}

/** Of the weights that it has: what was counted with others says nothing of them. */
function measuredShare(segments: readonly SegmentEvidence[], desired: number): { readonly measured?: number } {
  const last = segments.at(-1);
  if (last === undefined || Math.abs(last.share - desired) > desired / 100) return {};
  const all = last.baseline.assigned + last.canary.assigned;
  return all === 0 ? {} : { measured: last.canary.assigned / all };
}

function sum(segments: readonly SegmentEvidence[], of: (each: SegmentEvidence) => number): number {
  return segments.reduce((all, each) => all + of(each), 0);
}

function clamped(part: number): number {
  return Number.isFinite(part) ? Math.min(1, Math.max(0, part)) : 0;
}
