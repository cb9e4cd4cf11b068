// Whether what a step waits for has come. It looks at the state and at what is seen, and changes nothing.

import type { CheckKind, MirrorStep, RolloutCheck, WeightStep } from '../config/rollout-model.ts';
import { formatDuration } from '../config/duration.ts';
import { stepAt } from './course.ts';
import type { HoldReason } from './decided.ts';
import { approvalName, mirrorResultName, outcomeOf, smokeEffect } from './effects.ts';
import type { RolloutState } from './model.ts';
import type { Seen } from './seen.ts';
import { percentOf } from './percent.ts';
import { isRising, isStarting, risesWith } from './ramp.ts';
import { countedSince } from './segments.ts';
import { winnerOf } from './winner.ts';

export type Passage =
  | { readonly is: 'open' }
  /** Says what is missing. */
  | { readonly is: 'waits'; readonly why: string }
  /** Nothing was seen that could be judged. */
  | { readonly is: 'no-data'; readonly why: string }
  | { readonly is: 'failed'; readonly why: string; readonly reason: HoldReason };

/** What is only on its way is waited for without a hold that people and hooks would hear of. */
const GRACE_MS = 10_000;

export function passageOf(state: RolloutState, seen: Seen): Passage {
  const step = stepAt(state, state.step);
  if (isRising(state) && isStarting(seen.rampShares)) return { is: 'waits', why: risesWith(state) };
  switch (step?.kind) {
    case 'smoke':
      return passageOfSmoke(state);
    case 'mirror':
      return passageOfMirror(step, state, seen);
    case 'cohort':
      return afterTime(state, step.forMs, 'the cohort has the canary');
    case 'weight':
      return step.share === 1 && step.forMs > 0 && state.stepRanMs >= step.rampMs
        ? withTraffic(seen, afterTime(state, step.forMs, 'the canary has everything'))
        : passageOfWeight(step, state);
    case 'approve':
      return Object.hasOwn(state.done, approvalName(state))
        ? { is: 'open' }
        : {
            is: 'waits',
            why: `waits for the approval of somebody with the role ${step.by}${step.notStarter ? ' who did not start it' : ''}`,
          };
    case 'watch':
      return withTraffic(seen, afterTime(state, step.forMs, 'the canary is watched'));
    case 'replace':
    case 'recreate':
    case undefined:
      return { is: 'open' };
  }
}

/** Time that passes without a request shows nothing. */
function withTraffic({ perSecond }: Seen, passage: Passage): Passage {
  return passage.is === 'open' && perSecond <= 0 ? { is: 'no-data', why: 'the pool has had no request in the last minute' } : passage;
}

function passageOfSmoke(state: RolloutState): Passage {
  const outcome = outcomeOf(state, [smokeEffect(state)]);
  if (outcome.is === 'failed') return { is: 'failed', why: `the smoke requests failed: ${outcome.sentence}`, reason: 'smoke' };
  return outcome.is === 'done' ? { is: 'open' } : { is: 'waits', why: 'the smoke requests are on their way' };
}

function passageOfMirror(step: MirrorStep, state: RolloutState, seen: Seen): Passage {
  if (state.stepRanMs < step.forMs) return afterTime(state, step.forMs, 'requests are copied to the canary');
  if (step.until === 'time') return goodEnough(state);
  const result = seen.outside[mirrorResultName(state.step)];
  if (result === undefined || result.result === 'no-data')
    return {
      is: isEarly(state) ? 'waits' : 'no-data',
      why: `the comparison has no verdict: ${result?.sentence ?? 'nothing was compared yet'}`,
    };
  if (result.result === 'inconclusive') return { is: 'waits', why: `the comparison has no verdict yet: ${result.sentence}` };
  if (result.result === 'fail') return { is: 'failed', why: `the comparison failed: ${result.sentence}`, reason: 'check' };
  return goodEnough(state);
}

function passageOfWeight(step: WeightStep, state: RolloutState): Passage {
  const { canary } = countedSince(state, state.stepSegment);
  const isCompared = step.share < 1 && state.template.checks.some(({ kind }) => kind === 'errors' || kind === 'latency');
  if (state.stepRanMs < step.rampMs) return afterTime(state, step.rampMs, `the weight rises to ${percentOf(step.share)}`);
  if (state.stepRanMs < step.forMs) return afterTime(state, step.forMs, `the weight is held at ${percentOf(step.share)}`);
  if (isCompared && canary.finished === 0 && (step.forMs > 0 || step.until !== 'time'))
    return isEarly(state)
      ? { is: 'waits', why: `waits for the first request of ${state.canary} in this step` }
      : { is: 'no-data', why: `no request of ${state.canary} has been counted in this step` };
  if (step.until === 'evidence') {
    const open = state.template.checks.find((check) => check.critical && !isShownHarmless(state, check));
    if (open !== undefined) return { is: 'waits', why: `${open.name} is not yet shown to be harmless${sentenceOf(state, open.name)}` };
  }
  if (step.until === 'winner') {
    const winner = winnerOf(state);
    if (winner === undefined) return { is: 'waits', why: 'no event says yet which version is better' };
    if (winner.version !== state.canary) return { is: 'failed', why: winner.sentence, reason: 'check' };
  }
  return goodEnough(state);
}

/** Whether the step, or what is counted in it after the warmup, has only begun. A step that is shorter has no more than its own time. */
function isEarly(state: RolloutState): boolean {
  const { stepRanMs, warmRanMs = Infinity, template } = state;
  const step = stepAt(state, state.step);
  const forMs = step !== undefined && 'forMs' in step && step.forMs > 0 ? step.forMs : Infinity;
  const atMostMs = step !== undefined && 'atMostMs' in step ? step.atMostMs : Infinity;
  const sinceWarm = warmRanMs < template.warmupMs ? Infinity : warmRanMs - template.warmupMs;
  return Math.min(stepRanMs, sinceWarm) < Math.min(forMs, atMostMs, GRACE_MS);
}

function sentenceOf({ verdicts }: RolloutState, name: string): string {
  const sentence = verdicts[name]?.sentence;
  return sentence === undefined ? '' : `: ${sentence}`;
}

/** Time is what is waited for, and then nothing may be against it. */
function afterTime(state: RolloutState, forMs: number, what: string): Passage {
  if (state.stepRanMs >= forMs) return goodEnough(state);
  const over = formatDuration(Math.floor(state.stepRanMs / 1000) * 1000);
  return { is: 'waits', why: `${what} for ${formatDuration(forMs)}, of which ${over} are over` };
}

/** A check that does more than warn may not be against it, and one that others judge must have a result. */
function goodEnough(state: RolloutState): Passage {
  for (const check of state.template.checks) {
    if (check.onFail === 'warn') continue;
    const verdict = state.verdicts[check.name];
    if (verdict?.verdict === 'fail') return { is: 'waits', why: `${check.name} has failed: ${verdict.sentence}` };
    if (!JUDGED_OUTSIDE.has(check.kind) || verdict?.verdict === 'pass') continue;
    if (verdict?.verdict === 'inconclusive') return { is: 'waits', why: `${check.name} has no verdict yet: ${verdict.sentence}` };
    return { is: isEarly(state) ? 'waits' : 'no-data', why: `${check.name} has no result${sentenceOf(state, check.name)}` };
  }
  return { is: 'open' };
}

const JUDGED_OUTSIDE: ReadonlySet<CheckKind['kind']> = new Set(['prometheus', 'webhook', 'comparison', 'alarm']);
/** They say when something is wrong; they never show that nothing is. */
const GUARDS: ReadonlySet<CheckKind['kind']> = new Set(['error-rate', 'slow', 'alarm']);

function isShownHarmless(state: RolloutState, { name, kind }: RolloutCheck): boolean {
  const verdict = state.verdicts[name]?.verdict;
  return GUARDS.has(kind) ? verdict !== 'fail' : verdict === 'pass';
}
