// A rollout of several pools, whose states go hand in hand: each is looked at for itself, and all take a step in the same look or none does. What
// takes one of them back takes all of them. A rollout of one pool is the same with a list of one.

import { command } from './command.ts';
import type { Commanded } from './command.ts';
import { leave } from './leave.ts';
import type { Instant, RolloutCommand, RolloutState } from './model.ts';
import type { Seen } from './seen.ts';
import { ENDED } from './model.ts';
import { goBack } from './react.ts';
import { isForPeople, step } from './step.ts';
import type { Stepped } from './step.ts';
import { OURSELVES, change, tell } from './turn.ts';
import type { Company, Turn } from './turn.ts';
import { wantsOf } from './wants.ts';

export interface Member {
  readonly state: RolloutState;
  readonly seen: Seen;
}

/** One look at all of them, in their order. */
export function stepTogether(members: readonly Member[], instant: Instant): readonly Stepped[] {
  const company = { pools: members.length, stands: members.some(({ state }) => isForPeople(state)), waitsFor: undefined };
  const alone = members.map(({ state, seen }) => step(state, seen, instant, company));
  if (members.length === 1) return alone;
  const back = alone.find(({ state }) => isBack(state));
  if (back !== undefined)
    return follow(members, alone, { company, instant, isAlike: isBack, decide: (turn) => takeBack(turn, back.state) });
  const lead = alone.find(({ state }, index) => hasGoneBack(state, members[index]!.state));
  if (lead !== undefined) {
    const failure = { why: inCompany(lead.state), reason: 'check' } as const;
    return follow(members, alone, { company, instant, isAlike: hasGoneBack, decide: (turn) => goBack(turn, failure) });
  }
  const places = new Set(alone.map(({ state }) => placeOf(state)));
  return places.size === 1 ? alone : holdBack(members, alone, { company, instant });
}

/** What somebody asks of the rollout is asked of all its pools; one that refuses what all must do refuses it for all. */
export function commandTogether(
  states: readonly RolloutState[],
  asked: RolloutCommand,
  instant: Instant,
): readonly RolloutState[] | string {
  const done = states.map((state) => command(state, asked, instant));
  const refusals = done.flatMap((each) => ('refusal' in each ? [each.refusal] : []));
  const isRefused = MUST_ALL.has(asked.kind) ? refusals.length > 0 : refusals.length === states.length;
  return isRefused ? refusals[0]! : done.map((each, index) => stateOf(each, states[index]!));
}

/** What comes of one pool alone: a result of what was done for it. */
export function commandOne(
  states: readonly RolloutState[],
  id: string,
  asked: RolloutCommand,
  instant: Instant,
): readonly RolloutState[] | string {
  const meant = states.find((state) => state.id === id);
  if (meant === undefined) return `there is no pool of ${id}`;
  const done = command(meant, asked, instant);
  return 'refusal' in done ? done.refusal : states.map((state) => (state === meant ? done.state : state));
}

/** The others are for those of the pools that they fit: one that is not held is not resumed. */
const MUST_ALL: ReadonlySet<RolloutCommand['kind']> = new Set<RolloutCommand['kind']>(['pause', 'approve', 'promote', 'retry']);

function stateOf(commanded: Commanded, state: RolloutState): RolloutState {
  return 'refusal' in commanded ? state : commanded.state;
}

interface Following {
  readonly company: Company;
  readonly instant: Instant;
  /** Whether one has decided by itself what is to be done. */
  readonly isAlike: (now: RolloutState, before: RolloutState) => boolean;
  readonly decide: (turn: Turn) => void;
}

/** Those that have not decided it by themselves do as the one that has. None of them takes a step forward in this look. */
function follow(
  members: readonly Member[],
  alone: readonly Stepped[],
  { company, instant, isAlike, decide }: Following,
): readonly Stepped[] {
  return members.map(({ state, seen }, index) => {
    const own = alone[index]!;
    if (isAlike(own.state, state) || ENDED.has(state.status)) return own;
    const still = step(state, seen, instant, { ...company, waitsFor: 'the other pools' });
    const turn: Turn = { state: still.state, seen, instant, company, told: [...still.told] };
    decide(turn);
    return { state: turn.state, wants: wantsOf(turn.state), told: turn.told };
  });
}

/** Going back, or has ended in another way than by success. */
function isBack({ leaving, status }: RolloutState): boolean {
  return leaving !== undefined || (ENDED.has(status) && status !== 'succeeded');
}

/** By one step (`onFail: previous`). */
function hasGoneBack(now: RolloutState, before: RolloutState): boolean {
  return now.wentBack.length > before.wentBack.length;
}

/** Nothing has begun of one whose hooks refuse its start, and nothing is to be taken back. */
function takeBack(turn: Turn, lead: RolloutState): void {
  const why = inCompany(lead);
  const as = lead.leaving?.as ?? lead.status;
  if (as === 'rolled-back' || as === 'aborted') return leave(turn, { as, author: OURSELVES, why });
  change(turn, { status: as, held: undefined, leaving: undefined, replacing: undefined, endedWallMs: turn.instant.wallMs, why });
  tell(turn, `${as}: ${why}`);
}

function inCompany({ pool, why, leaving }: RolloutState): string {
  return `together with ${pool}: ${leaving?.why ?? why}`;
}

/** Those that would take a step wait for those that do not. */
function holdBack(
  members: readonly Member[],
  alone: readonly Stepped[],
  { company, instant }: Pick<Following, 'company' | 'instant'>,
): readonly Stepped[] {
  const moves = members.map(({ state }, index) => placeOf(state) !== placeOf(alone[index]!.state));
  const missing = members.flatMap((_, index) => (moves[index] === true ? [] : [alone[index]!.state]));
  const waitsFor = missing.map(({ pool, why }) => `${pool}: ${why}`).join('; ');
  return members.map(({ state, seen }, index) =>
    moves[index] === true ? step(state, seen, instant, { ...company, waitsFor }) : alone[index]!,
  );
}

/** How far it has come. */
function placeOf({ started, step: at, begun, status }: RolloutState): string {
  return `${started} ${at} ${begun} ${ENDED.has(status)}`;
}
