// Which rollout waits for the verdict of a mirror: in a step of its own, or by a check that names it. Pure.

import { stepAt } from '../../rollout/course.ts';
import { mirrorName } from '../../rollout/effects.ts';
import { ENDED } from '../../rollout/model.ts';
import type { RolloutState } from '../../rollout/model.ts';
import { idOf } from '../../rollout/id-of.ts';

/** Its id. @param states of each pool the one that runs, or ended last */
export function awaitedBy(states: readonly RolloutState[], pool: string, mirror: string): string | undefined {
  const found = states.find(
    (state) => state.pool === pool && !ENDED.has(state.status) && state.leaving === undefined && waitsFor(state, mirror),
  );
  return found && idOf(found);
}

function waitsFor(state: RolloutState, mirror: string): boolean {
  const step = stepAt(state, state.step);
  if (step?.kind === 'mirror' && step.until === 'verdict' && state.begun && mirrorName(state) === mirror) return true;
  return state.template.checks.some((check) => check.kind === 'comparison' && check.mirror === mirror);
}
