// Plans of rollouts from what the pool did in the last minutes.

import type { RolloutPlan } from '../../api/rollouts.ts';
import type { PoolConfig } from '../../config/model.ts';
import type { RolloutTemplate } from '../../config/rollout-model.ts';
import type { RolloutRefusal, StartRequest } from './rollouts-api.ts';
import type { PoolTraffic } from './ports.ts';

export interface PlannerDeps {
  readonly traffic: PoolTraffic;
}

export class Planner {
  readonly #deps: PlannerDeps;

  constructor(deps: PlannerDeps) {
    this.#deps = deps;
  }

  plan(pool: PoolConfig, template: RolloutTemplate, { to }: Pick<StartRequest, 'to' | 'from'>): RolloutPlan | RolloutRefusal {
    const perSecond = this.#deps.traffic.perSecond(pool.name);
    return { result: 'failed', message: `No plan of ${template.name} for ${to} can be made yet, at ${perSecond} requests/s.` };
  }
}
