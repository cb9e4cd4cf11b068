// The plan of several pools that one rollout moves: a step lasts until the slowest pool has passed it, and what fails one takes back all. Pure.

import type { RolloutPlan } from '../../api/rollouts.ts';

type Step = RolloutPlan['steps'][number];
type Detection = Step['detects'][number];

/** @param plans at least one, of the same template; `warnings` come before those of the pools */
export function planTogether(plans: readonly RolloutPlan[], warnings: readonly string[]): RolloutPlan {
  const [first] = plans as [RolloutPlan];
  return {
    ...first,
    pools: plans.map(({ pool, baseline, canary, perSecond, errorRate }) => ({ pool, baseline, canary, perSecond, errorRate })),
    steps: first.steps.map((_, index) => stepTogether(plans, index)),
    warnings: [...warnings, ...plans.flatMap(({ pool, warnings: own }) => own.map((each) => `${pool}: ${each}`))],
    advice: plans.map(({ pool, advice }) => `${pool}: ${advice}`).join(' '),
  };
}

function stepTogether(plans: readonly RolloutPlan[], index: number): Step {
  const steps = plans.map((each) => each.steps[index]!);
  const [{ requests: _, seconds: __, ...shown }] = steps as [Step];
  const seconds = longest(steps.map((each) => each.seconds));
  const exposed = steps.map(({ share = 0, requests = 0 }, at) =>
    seconds === undefined ? requests : plans[at]!.perSecond * share * seconds,
  );
  return {
    ...shown,
    requests: Math.round(exposed.reduce((sum, each) => sum + each, 0)),
    ...(seconds !== undefined && { seconds }),
    detects: shown.detects.flatMap(({ times }) => detectionOf(times, steps)),
  };
}

/** Of the pool in which a fault is hardest to see; nothing where one of them does not see it at all. */
function detectionOf(times: number, steps: readonly Step[]): readonly Detection[] {
  const found = steps.map(({ detects }) => detects.find((each) => each.times === times));
  if (found.some((each) => each === undefined)) return [];
  const known = found as readonly Detection[];
  return [known.reduce((worst, each) => ((each.seconds ?? Infinity) > (worst.seconds ?? Infinity) ? each : worst))];
}

/** Undefined where one is. */
function longest(times: readonly (number | undefined)[]): number | undefined {
  return times.reduce((most, each) => (most === undefined || each === undefined ? undefined : Math.max(most, each)), 0);
}
