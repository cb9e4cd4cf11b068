// What keeps rollouts from starting: a drill, a freeze, the breaker of a pool, the windows of a template. None of it stops what takes back.

import type { BreakerView, FreezeView } from '../../api/rollouts.ts';
import type { Config } from '../../config/model.ts';
import type { RolloutTemplate } from '../../config/rollout-model.ts';
import type { RolloutState } from '../../rollout/model.ts';
import { closedFault } from './asked.ts';
import type { Breakers } from './breakers.ts';
import type { Drills } from './drills.ts';
import type { Freeze } from './freeze.ts';
import type { By } from './rollouts-api.ts';

export interface StartGuardsDeps {
  readonly breakers: Breakers;
  readonly drills: Pick<Drills, 'fault'>;
  readonly frozen: Freeze;
  readonly config: () => Config | undefined;
  /** Rollouts that have ended, also those that still have to set the weights. */
  readonly ended: () => readonly RolloutState[];
  readonly wallMs: () => number;
}

export class StartGuards {
  readonly #deps: StartGuardsDeps;

  constructor(deps: StartGuardsDeps) {
    this.#deps = deps;
  }

  /** Why no rollout of the pool may start. @param force also while no window is open */
  startFault(pool: string, template: RolloutTemplate, force: boolean): string | undefined {
    const { breakers, drills, ended, wallMs } = this.#deps;
    return (
      drills.fault(pool) ?? this.promoteFault() ?? breakers.fault(pool, template.breaker, ended()) ?? closedFault(template, force, wallMs())
    );
  }

  promoteFault(): string | undefined {
    return this.#deps.frozen.fault();
  }

  breaker(pool: string): BreakerView | undefined {
    const { breakers, config, ended } = this.#deps;
    if (config()?.pools.some(({ name }) => name === pool) !== true) return undefined;
    return breakers.show(pool, ended());
  }

  async resetBreaker(pool: string, by: By): Promise<BreakerView | undefined> {
    if (this.breaker(pool) === undefined) return undefined;
    await this.#deps.breakers.reset(pool, by);
    return this.breaker(pool);
  }

  get freeze(): FreezeView {
    return this.#deps.frozen.show();
  }

  async setFreeze(frozen: boolean, by: By): Promise<FreezeView> {
    await this.#deps.frozen.set(frozen, by);
    return this.freeze;
  }
}
