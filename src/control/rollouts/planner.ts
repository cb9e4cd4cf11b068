// Plans of rollouts from what the pool did in the last minutes.

import type { RolloutPlan } from '../../api/rollouts.ts';
import type { PoolConfig } from '../../config/model.ts';
import type { RolloutTemplate } from '../../config/rollout-model.ts';
import { advise } from '../../rollout/advise.ts';
import { plan } from '../../rollout/plan.ts';
import type { PlannedStep } from '../../rollout/plan.ts';
import { closedAt } from '../../rollout/windows.ts';
import { describeStep } from './describe-step.ts';
import { planTogether } from './plan-together.ts';
import type { PoolTraffic } from './ports.ts';

export interface PlannerDeps {
  readonly traffic: PoolTraffic;
  readonly wallMs: () => number;
}

/** A pool and where it is to go. */
export interface PlannedPool {
  readonly pool: PoolConfig;
  readonly to: string;
  /** Undefined: the version of the greatest weight. */
  readonly from: string | undefined;
}

/** The longest window that is known. */
const WINDOW_MS = 5 * 60_000;
/** How many times as many failures a plan asks about. */
const DEGRADATIONS = [2, 5, 50];

export class Planner {
  readonly #deps: PlannerDeps;

  constructor(deps: PlannerDeps) {
    this.#deps = deps;
  }

  /** @param targets at least one; several are moved together */
  plan(targets: readonly PlannedPool[], template: RolloutTemplate): RolloutPlan {
    const plans = targets.map((target) => this.#planOne(target, template, targets.length));
    const warnings = closedWarning(template, this.#deps.wallMs());
    if (plans.length > 1) return planTogether(plans, warnings);
    return { ...plans[0]!, warnings: [...warnings, ...plans[0]!.warnings] };
  }

  #planOne({ pool, to, from }: PlannedPool, template: RolloutTemplate, pools: number): RolloutPlan {
    const baseline = from ?? greatest(pool.split) ?? to;
    const { requests, failures } = this.#deps.traffic.window(pool.name, baseline, { overMs: WINDOW_MS, slowMs: Infinity, mark: undefined });
    const traffic = {
      perSecond: this.#deps.traffic.perSecond(pool.name),
      errorRate: requests === 0 ? 0 : Math.min(1, failures / requests),
      usersPerSecond: undefined,
    };
    const plans = DEGRADATIONS.map((degradation) => ({ degradation, planned: plan({ template, traffic, degradation, pools }) }));
    const { steps, warnings } = plans[0]!.planned;
    const endpoints = { baseline: endpointsOf(pool, baseline), canary: endpointsOf(pool, to) };
    const { template: fitting, why } = advise({ traffic, risk: 'high', endpoints, canMirror: true });
    return {
      ...{ pool: pool.name, baseline, canary: to, template: template.name },
      ...{ perSecond: traffic.perSecond, errorRate: traffic.errorRate },
      steps: steps.map((step, index) => ({
        text: describeStep(template.steps[index]!),
        share: step.share,
        requests: Math.round(step.requests),
        ...secondsOf(step.typicallyMs),
        detects: plans.flatMap(({ degradation, planned }) => detectionOf(degradation, planned.steps[index]!, traffic.perSecond)),
      })),
      warnings,
      advice: `${fitting}: ${why}.`,
    };
  }
}

function closedWarning({ windows }: RolloutTemplate, wallMs: number): readonly string[] {
  const closed = closedAt(windows, wallMs);
  return closed === undefined ? [] : [`it cannot start now: ${closed.sentence}`];
}

type Detection = RolloutPlan['steps'][number]['detects'][number];

/** Nothing where the step does not look for it. */
function detectionOf(times: number, { toldAfterMs, missed, share }: PlannedStep, perSecond: number): readonly Detection[] {
  if (toldAfterMs === undefined || missed === undefined) return [];
  return [
    {
      times,
      requests: Math.ceil((toldAfterMs / 1000) * perSecond * share),
      seconds: toldAfterMs / 1000,
      missed: Math.min(1, Math.max(0, missed)),
    },
  ];
}

function secondsOf(ms: number | undefined): { readonly seconds?: number } {
  return ms === undefined ? {} : { seconds: ms / 1000 };
}

function endpointsOf({ versions }: PoolConfig, name: string): number {
  return versions.find((version) => version.name === name)?.endpoints.length ?? 0;
}

function greatest(split: PoolConfig['split']): string | undefined {
  return Object.entries(split).sort(([, one], [, other]) => other - one)[0]?.[0];
}
