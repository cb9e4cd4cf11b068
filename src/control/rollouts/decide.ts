// One look at a rollout with what follows from it at once: the canary is halted, or gets its requests again, and the workers are told what is enough
// to halt it. All in one go, so that what they are told is what was judged.

import type { PoolConfig } from '../../config/model.ts';
import { takes } from '../../rollout/leave.ts';
import { ENDED } from '../../rollout/model.ts';
import type { Instant, RolloutState, Seen } from '../../rollout/model.ts';
import { step } from '../../rollout/step.ts';
import type { Stepped } from '../../rollout/step.ts';
import { armingOf } from '../../rollout/trips.ts';
import { ALONE, OURSELVES, withLine } from '../../rollout/turn.ts';
import type { Look } from './look.ts';
import type { Counting } from './ports.ts';

export interface DecideDeps {
  readonly counts: Pick<Counting, 'halt' | 'halted' | 'lift' | 'arm'>;
  readonly look: Pick<Look, 'seenOf'>;
}

export interface Moment {
  readonly state: RolloutState;
  readonly pool: PoolConfig;
  /** Weight of the canary, or what it may have by now. */
  readonly has: number;
  readonly instant: Instant;
}

export function decide(deps: DecideDeps, moment: Moment): Stepped {
  for (;;) {
    const seen = deps.look.seenOf(moment.state, moment.pool);
    const stepped = step(moment.state, seen, moment.instant);
    if (isHalted(stepped, moment.has, seen)) return halt(deps, stepped);
    // Where a worker has halted the canary since it was looked at, that is judged first.
    if (seen.tripped === undefined && !deps.counts.arm(moment.state.id, armingOf(stepped.state, seen, ALONE.pools))) continue;
    return letOn(deps, stepped, { seen, instant: moment.instant });
  }
}

/** The same, where it follows that the canary is halted; else nothing is decided. */
export function halted(deps: DecideDeps, { state, pool, has, instant }: Moment): Stepped | undefined {
  const seen = deps.look.seenOf(state, pool);
  const stepped = step(state, seen, instant);
  return isHalted(stepped, has, seen) ? halt(deps, stepped) : undefined;
}

/**
 * Whether users leave the canary before the weights that say so are in force: where it loses all of its weight, or goes back by a step and the
 * baseline can take everybody for that moment. A cold baseline gets only as much as it can take, by weight.
 */
function isHalted({ state, wants: { weights } }: Stepped, has: number, seen: Seen): boolean {
  if (weights === undefined) return false;
  const wanted = weights[state.canary] ?? 0;
  if (wanted >= has) return false;
  return wanted === 0 || (state.wentBack.length > 0 && state.leaving === undefined && takes(state, seen) >= 1);
}

/** First of all: nobody else meets the canary, whatever takes its time from here on. */
function halt({ counts }: DecideDeps, stepped: Stepped): Stepped {
  counts.halt(stepped.state.id);
  return stepped;
}

/** A canary that was halted until its weights are in force gets requests again, and one that a worker halted for what the judge does not confirm. */
function letOn({ counts }: DecideDeps, stepped: Stepped, { seen, instant }: { readonly seen: Seen; readonly instant: Instant }): Stepped {
  const { state, told } = stepped;
  if (ENDED.has(state.status) || !counts.halted(state.id)) return stepped;
  counts.lift(state.id);
  counts.arm(state.id, armingOf(state, seen, ALONE.pools));
  if (seen.tripped === undefined) return stepped;
  const what = `a worker halted ${state.canary} for the check ${seen.tripped.check}; it gets requests again`;
  const line = { wallMs: instant.wallMs, what, author: OURSELVES };
  return { ...stepped, state: { ...state, history: withLine(state.history, line) }, told: [...told, line] };
}
