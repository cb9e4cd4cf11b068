// What people and programs ask of a rollout, and the results of what was done for it. Each is legal or refused with the reason; none waits.

import { approvalName, MAX_RESULTS, withRoom } from './effects.ts';
import { isInPlace, promotionAt, stepAt } from './course.ts';
import { MAX_DECIDED } from './decided.ts';
import { newEpoch } from './epoch.ts';
import { endAs } from './leave.ts';
import type { EffectResult, Instant, RolloutCommand, RolloutState } from './model.ts';
import type { Seen } from './seen.ts';
import { ENDED } from './model.ts';
import { statusOf } from './moves.ts';
import { ALONE, OURSELVES, change, tell } from './turn.ts';
import type { Turn } from './turn.ts';
import { sameWeights } from './weights.ts';
import { closedFor } from './windows.ts';

export interface Refusal {
  readonly refusal: string;
  /** Of a start: which of its keys names what is wrong. */
  readonly key?: 'to' | 'from';
}

export type Commanded = { readonly state: RolloutState } | Refusal;

/** A retry within this time is one of the same pair of versions. */
export const RETRY_WITHIN_MS = 24 * 3_600_000;
/** How one goes on although no window is open. */
export const FORCED = 'To go on all the same, say why: --force --reason TEXT';
const MAX_SENTENCE_LENGTH = 500;
const MAX_REMEMBERED_REASON = 200;

export function command(state: RolloutState, asked: RolloutCommand, instant: Instant): Commanded {
  const turn: Turn = { state, seen: NOTHING_SEEN, instant, company: ALONE, told: [] };
  const refusal = obey(turn, asked);
  if (refusal !== undefined) return { refusal };
  return { state: 'author' in asked ? remember(turn.state, asked, state, instant) : turn.state };
}

/** @param before where it stood */
function remember(
  state: RolloutState,
  { kind: what, author, reason }: Extract<RolloutCommand, Asked>,
  { epoch, step, resumed, held }: RolloutState,
  { wallMs }: Instant,
): RolloutState {
  const decided = { what, epoch, step, resumed, held, author, reason: reason.slice(0, MAX_REMEMBERED_REASON), wallMs };
  return { ...state, decided: [...state.decided, decided].slice(-MAX_DECIDED) };
}

const NOTHING_SEEN: Seen = {
  segments: [],
  saturated: false,
  topUserShares: {},
  lostValues: 0,
  windows: {},
  outside: {},
  readyEndpoints: { baseline: 0, canary: 0, baselineTotal: 0, canaryTotal: 0 },
  rampShares: { baseline: { endpoints: 1, version: 1 }, canary: { endpoints: 1, version: 1 } },
  perSecond: 0,
  endpoints: [],
  frozen: false,
};

function obey(turn: Turn, asked: RolloutCommand): string | undefined {
  switch (asked.kind) {
    case 'pause':
      return pause(turn, asked);
    case 'resume':
      return resume(turn, asked);
    case 'promote':
      return promote(turn, asked);
    case 'abort':
      return abort(turn, asked);
    case 'approve':
      return approve(turn, asked);
    case 'retry':
      return retry(turn, asked);
    case 'supersede':
      return supersede(turn, asked);
    case 'effect':
      return keepResult(turn, asked.name, asked.result);
    case 'applied':
      return keepApplied(turn, asked.weights);
    case 'taken-up':
      return takeUp(turn);
  }
}

interface Asked {
  readonly author: string;
  readonly reason: string;
}

interface Forward extends Asked {
  readonly force?: boolean;
}

function pause(turn: Turn, { author, reason }: Asked): string | undefined {
  const { state } = turn;
  if (ENDED.has(state.status)) return ended(state);
  if (state.leaving !== undefined) return 'the rollout is going back, which is not paused';
  if (state.status === 'paused') return 'the rollout is paused already';
  const why = `paused by ${author}${because(reason)}`;
  change(turn, { status: 'paused', why });
  tell(turn, why, author);
  return undefined;
}

/** Of a rollout that is paused, or held until a person decides. What failed counts no more, and half of alpha is left. */
function resume(turn: Turn, { author, reason, force = false }: Forward): string | undefined {
  const { state } = turn;
  if (ENDED.has(state.status)) return ended(state);
  if (state.leaving !== undefined) return 'the rollout is going back, and cannot be resumed';
  if (state.status !== 'paused' && state.held === undefined) return 'the rollout is neither paused nor held';
  const closed = state.held === 'window' ? closedTo(turn, force) : undefined;
  if (closed !== undefined) return closed;
  const failed = state.held === 'check' || state.held === 'smoke' || state.held === 'hook';
  const why = `resumed by ${author}${because(reason)}`;
  change(turn, {
    ...(failed && newEpoch(state)),
    ...((failed || state.held === 'timeout') && { stepRanMs: 0 }),
    held: undefined,
    resumed: state.resumed + 1,
    forced: state.forced || force,
    why,
  });
  change(turn, { status: statusOf(turn.state) });
  tell(turn, failed ? `${why}: what failed counts no more, and half of alpha is left` : why, author);
  return undefined;
}

/** To the end at once: gates, hooks that have not been called and checks are passed over. In a watch: it ends now. */
function promote(turn: Turn, { author, reason, force = false }: Forward): string | undefined {
  const { state } = turn;
  if (ENDED.has(state.status)) return ended(state);
  if (state.leaving !== undefined) return 'the rollout is going back: abort ends that at once, and retry begins anew';
  if (isInPlace(state)) return 'the endpoints of a version are replaced one by one, and there is nothing to promote';
  const closed = closedTo(turn, force);
  if (closed !== undefined) return closed;
  const at = promotionAt(state);
  const isWatching = stepAt(state, state.step)?.kind === 'watch' && state.begun;
  const why = `promoted by ${author}${because(reason)}`;
  const step = isWatching ? state.template.steps.length : Math.max(at, state.step);
  const stays = step === state.step && state.begun;
  const passed = Array.from({ length: Math.max(0, step - state.step) }, (_, index) => state.step + index);
  const skipped = [...state.skipped, ...passed];
  change(turn, { started: true, step, begun: stays, ...(!stays && { stepRanMs: 0 }), held: undefined, status: 'promoting', why, skipped });
  if (force) change(turn, { forced: true });
  tell(turn, why, author);
  return undefined;
}

/** Legal in every state that has not ended, also while a gate waits; said twice it goes back at once, also to a cold baseline. */
function abort(turn: Turn, { author, reason }: Asked): string | undefined {
  const { state } = turn;
  if (ENDED.has(state.status)) return ended(state);
  const leaving = { as: 'aborted' as const, author, why: `aborted by ${author}${because(reason)}` };
  const isAgain = state.leaving?.as === 'aborted';
  if (isAgain || sameWeights(state.wanted, state.before)) endAs(turn, leaving);
  else change(turn, { leaving, held: undefined, why: leaving.why });
  return undefined;
}

function approve(turn: Turn, { author, role, reason }: Asked & { readonly role: 'operator' | 'admin' }): string | undefined {
  const { state } = turn;
  if (ENDED.has(state.status)) return ended(state);
  const step = stepAt(state, state.step);
  if (step?.kind !== 'approve' || !state.begun || state.leaving !== undefined) return 'the rollout does not wait for an approval';
  if (step.by === 'admin' && role !== 'admin') return 'this step takes the approval of somebody with the role admin';
  if (step.notStarter && author === state.author)
    return `this step takes the approval of somebody other than ${author}, who started the rollout`;
  const sentence = `approved by ${author}${because(reason)}`.slice(0, MAX_SENTENCE_LENGTH);
  change(turn, { done: { ...state.done, [approvalName(state)]: { ok: true, sentence } } });
  // What it was held for is there now.
  if (state.held === 'timeout') {
    change(turn, { held: undefined });
    if (state.status === 'held') change(turn, { status: statusOf(turn.state) });
  }
  tell(turn, sentence, author);
  return undefined;
}

function retry(turn: Turn, { author, reason, force = false, salt }: Forward & { readonly salt: string }): string | undefined {
  const { state, instant } = turn;
  if (state.status !== 'rolled-back' && state.status !== 'aborted' && state.status !== 'failed')
    return ENDED.has(state.status) ? `the rollout is ${state.status}: start a new one` : 'the rollout has not ended: abort it before';
  if (!sameWeights(state.applied, state.before)) return 'the split from before is not yet in force';
  if (instant.wallMs - (state.endedWallMs ?? 0) > RETRY_WITHIN_MS) return 'the rollout ended more than a day ago: start a new one';
  // What was forced before was another try.
  change(turn, { forced: force });
  const closed = closedTo(turn, force);
  if (closed !== undefined) return closed;
  const why = `retried by ${author}${because(reason)}`;
  change(turn, {
    ...newEpoch(state),
    status: 'pending',
    started: false,
    endedWallMs: undefined,
    step: 0,
    begun: false,
    stepRanMs: 0,
    held: undefined,
    leaving: undefined,
    wentBack: [],
    skipped: [],
    replacing: undefined,
    done: {},
    salt: state.salt === undefined ? undefined : salt,
    why,
  });
  tell(turn, why, author);
  return undefined;
}

/** Somebody else has set the split, or a newer rollout takes over: nothing is asserted any more. */
function supersede(turn: Turn, { author, reason }: Asked): string | undefined {
  const { state, instant } = turn;
  if (ENDED.has(state.status)) return ended(state);
  const why = `superseded${author === '' ? '' : ` by ${author}`}${because(reason)}`;
  change(turn, { status: 'superseded', held: undefined, leaving: undefined, replacing: undefined, endedWallMs: instant.wallMs, why });
  tell(turn, why, author);
  return undefined;
}

function keepResult(turn: Turn, name: string, { ok, sentence }: EffectResult): string | undefined {
  const { state } = turn;
  if (Object.hasOwn(state.done, name)) return undefined;
  const kept = withRoom(state);
  if (kept === undefined) return `there are ${MAX_RESULTS} results, and no room for one more`;
  const result = { ok, sentence: sentence.slice(0, MAX_SENTENCE_LENGTH) };
  change(turn, { done: { ...kept, [name]: result } });
  if (!ok) tell(turn, `${name} failed: ${result.sentence}`, OURSELVES);
  return undefined;
}

function keepApplied(turn: Turn, weights: Readonly<Record<string, number>>): string | undefined {
  change(turn, { applied: weights });
  return undefined;
}

function takeUp(turn: Turn): string | undefined {
  const { state } = turn;
  if (!ENDED.has(state.status)) change(turn, { segment: state.segment + 1 });
  return undefined;
}

/** Why it may not go forward now. */
function closedTo({ state, instant }: Turn, force: boolean): string | undefined {
  const closed = force ? undefined : closedFor(state, instant.wallMs);
  return closed && `${closed.sentence}. ${FORCED}`;
}

function ended({ status }: RolloutState): string {
  return `the rollout has ended: it is ${status}`;
}

function because(reason: string): string {
  return reason === '' ? '' : `: ${reason}`;
}
