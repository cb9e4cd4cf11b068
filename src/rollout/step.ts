// One look at a rollout: the next state, and what the world is to be like. Level-triggered: given any state that was kept it says so again, and it
// never moves on in a call in which something that it waits for has no result.

import { DECIDED_BY_PEOPLE } from './decided.ts';
import type { HistoryLine, Instant, RolloutState, Wants } from './model.ts';
import type { Seen } from './seen.ts';
import { ENDED } from './model.ts';
import { judge } from './judge.ts';
import type { Judgements } from './judge.ts';
import { goOnLeaving } from './leave.ts';
import { holdFor, sayMissing } from './moves.ts';
import { progress } from './progress.ts';
import { react } from './react.ts';
import { ALONE, change } from './turn.ts';
import type { Company, Turn } from './turn.ts';
import { wantsOf } from './wants.ts';
import { isWarm } from './warmup.ts';

export interface Stepped {
  readonly state: RolloutState;
  readonly wants: Wants;
  /** What came to the history. */
  readonly told: readonly HistoryLine[];
}

/** So much of the time between two looks counts at most: a clock that jumps and a process that stood still decide nothing. */
const MAX_TICK_MS = 1000;

/** @param company of the other pools that the rollout moves */
export function step(state: RolloutState, seen: Seen, instant: Instant, company: Company = ALONE): Stepped {
  const turn: Turn = { state, seen, instant, company, told: [] };
  if (!ENDED.has(state.status)) look(turn);
  return { state: turn.state, wants: wantsOf(turn.state), told: turn.told };
}

/** Whether nothing goes on until somebody decides. */
export function isForPeople({ status, held }: RolloutState): boolean {
  return status === 'paused' || (held !== undefined && DECIDED_BY_PEOPLE.has(held));
}

function look(turn: Turn): void {
  grow(turn);
  const before = turn.state;
  if (before.leaving !== undefined) return goOnLeaving(turn);
  if (!before.started) return progress(turn);
  const judgements = judge(turn);
  const judged = turn.state;
  react(turn, before);
  if (ENDED.has(turn.state.status) || turn.state.leaving !== undefined || turn.state.epoch !== judged.epoch) return;
  endWarmup(turn);
  if (isForPeople(turn.state)) return sayMissing(turn);
  if (holdForConditions(turn, judgements)) return;
  progress(turn);
}

/** Adds the time since the last look. Nothing waits any longer while a person must decide. */
function grow(turn: Turn): void {
  const { state, instant } = turn;
  const ms = Math.min(Math.max(0, instant.nowMs - state.tickedMs), MAX_TICK_MS);
  const stands = turn.company.stands || isForPeople(state) || !state.begun;
  const { replacing, warmRanMs } = state;
  change(turn, {
    tickedMs: instant.nowMs,
    stepRanMs: state.stepRanMs + (stands ? 0 : ms),
    warmRanMs: warmRanMs === undefined ? undefined : warmRanMs + ms,
    replacing: replacing?.phase === 'ready' && !stands ? { ...replacing, readyMs: replacing.readyMs + ms } : replacing,
  });
}

/** The warmup begins with the canary's first request; after it a new segment begins, from which on versions are compared. */
function endWarmup(turn: Turn): void {
  const { state } = turn;
  const { template, warmRanMs, judgedSegment, epochSegment } = state;
  if (template.warmupMs === 0) return;
  if (warmRanMs === undefined) {
    if (state.evidence.some(({ canary }) => canary.assigned > 0)) change(turn, { warmRanMs: 0 });
    return;
  }
  if (!isWarm(state) || judgedSegment > epochSegment) return;
  const next = state.segment + 1;
  change(turn, { segment: next, stepSegment: next, judgedSegment: next });
}

function holdForConditions(turn: Turn, { both, uneven }: Judgements): boolean {
  if (both !== undefined) holdFor(turn, { why: both, reason: 'both' });
  else if (uneven !== undefined) holdFor(turn, { why: uneven, reason: 'uneven' });
  return both !== undefined || uneven !== undefined;
}
