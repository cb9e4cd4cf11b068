// One look at a rollout with what follows from it at once: the canary is halted, or gets its requests again, and the workers are told what is enough
// to halt it. All in one go, so that what they are told is what was judged.

import type { PoolConfig } from '../../config/model.ts';
import { takes } from '../../rollout/leave.ts';
import { ENDED } from '../../rollout/model.ts';
import type { Instant, RolloutState } from '../../rollout/model.ts';
import type { Seen } from '../../rollout/seen.ts';
import type { Stepped } from '../../rollout/step.ts';
import { stepTogether } from '../../rollout/together.ts';
import { armingOf } from '../../rollout/trips.ts';
import { OURSELVES, withLine } from '../../rollout/turn.ts';
import type { Look } from './look.ts';
import type { Counting } from './ports.ts';

export interface DecideDeps {
  readonly counts: Pick<Counting, 'halt' | 'halted' | 'lift' | 'arm'>;
  readonly look: Pick<Look, 'seenOf'>;
}

/** Of one pool of the rollout. */
export interface Moment {
  readonly state: RolloutState;
  readonly pool: PoolConfig;
  /** Weight of the canary, or what it may have by now. */
  readonly has: number;
}

export function decide(deps: DecideDeps, moments: readonly Moment[], instant: Instant): readonly Stepped[] {
  for (;;) {
    const looked = look(deps, moments, instant);
    if (halt(deps, looked)) return looked.map(({ stepped }) => stepped);
    // Where a worker has halted a canary since it was looked at, that is judged first.
    const isStale = looked.some(({ stepped: { state }, seen }) => {
      return seen.tripped === undefined && !deps.counts.arm(state.id, armingOf(state, seen, moments.length));
    });
    if (!isStale) return looked.map((each) => letOn(deps, each, { instant, pools: moments.length }));
  }
}

/** The same, where it follows that a canary is halted; else nothing is decided. */
export function halted(deps: DecideDeps, moments: readonly Moment[], instant: Instant): readonly Stepped[] | undefined {
  const looked = look(deps, moments, instant);
  return halt(deps, looked) ? looked.map(({ stepped }) => stepped) : undefined;
}

interface Looked {
  readonly stepped: Stepped;
  /** Whether this look knew of it: a worker may halt it at any moment, and nobody lifts what has not been judged. */
  readonly wasHalted: boolean;
  readonly seen: Seen;
  readonly has: number;
}

function look(deps: DecideDeps, moments: readonly Moment[], instant: Instant): readonly Looked[] {
  const members = moments.map(({ state, pool, has }) => {
    const before = deps.counts.halted(state.id);
    const seen = deps.look.seenOf(state, pool);
    return { state, seen, has, wasHalted: before || seen.tripped !== undefined };
  });
  return stepTogether(members, instant).map((stepped, index) => {
    const { seen, has, wasHalted } = members[index]!;
    return { stepped, seen, has, wasHalted };
  });
}

/**
 * Whether users leave the canary before the weights that say so are in force: where it loses all of its weight, or goes back by a step and the
 * baseline can take everybody for that moment. A cold baseline gets only as much as it can take, by weight.
 */
function isHalted({ stepped: { state, wants }, has, seen }: Looked): boolean {
  if (wants.weights === undefined) return false;
  const wanted = wants.weights[state.canary] ?? 0;
  if (wanted >= has) return false;
  return wanted === 0 || (state.wentBack.length > 0 && state.leaving === undefined && takes(state, seen) >= 1);
}

/** First of all: nobody else meets a canary that is taken back, whatever takes its time from here on. False: there is none. */
function halt({ counts }: DecideDeps, looked: readonly Looked[]): boolean {
  const back = looked.filter(isHalted);
  for (const { stepped } of back) counts.halt(stepped.state.id);
  return back.length > 0;
}

/** A canary that was halted until its weights are in force gets requests again, and one that a worker halted for what the judge does not confirm. */
function letOn(
  { counts }: DecideDeps,
  { stepped, seen, wasHalted }: Looked,
  { instant, pools }: { readonly instant: Instant; readonly pools: number },
): Stepped {
  const { state, told } = stepped;
  if (ENDED.has(state.status) || !wasHalted) return stepped;
  counts.lift(state.id);
  counts.arm(state.id, armingOf(state, seen, pools));
  if (seen.tripped === undefined) return stepped;
  const what = `a worker halted ${state.canary} for the check ${seen.tripped.check}; it gets requests again`;
  const line = { wallMs: instant.wallMs, what, author: OURSELVES };
  return { ...stepped, state: { ...state, history: withLine(state.history, line) }, told: [...told, line] };
}
