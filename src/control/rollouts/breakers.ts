// After rollouts of a pool that failed one after the other, new ones wait: somebody should look first.

import type { BreakerView } from '../../api/rollouts.ts';
import type { RolloutBreaker } from '../../config/rollout-model.ts';
import { breakerOf } from '../../rollout/breaker.ts';
import type { RolloutState } from '../../rollout/model.ts';
import type { Note } from '../../store/store.ts';
import type { Journal } from '../journal.ts';
import type { By } from './rollouts-api.ts';

const NOTE = 'rollouts-breaker ';

export interface BreakersDeps {
  readonly journal: Pick<Journal, 'note'>;
  readonly revision: () => number;
  readonly wallMs: () => number;
}

export class Breakers {
  readonly #deps: BreakersDeps;
  /** Failures before that time are forgiven; by pool. */
  readonly #resets = new Map<string, number>();

  /** @param notes what the process before has left */
  constructor(deps: BreakersDeps, notes: readonly Note[]) {
    this.#deps = deps;
    for (const { name, text } of notes) if (name.startsWith(NOTE)) this.#resets.set(name.slice(NOTE.length), Number(text) || 0);
  }

  /** Why a rollout of the pool may not start; undefined when it may. @param ended all that have ended */
  fault(pool: string, breaker: RolloutBreaker, ended: readonly RolloutState[]): string | undefined {
    const { open, failures, untilMs = 0 } = this.#state(pool, breaker, ended);
    if (!open) return undefined;
    const minutes = Math.max(1, Math.ceil((untilMs - this.#deps.wallMs()) / 60_000));
    return `The last ${failures} rollouts of pool ${pool} failed, so that none may start for ${minutes} more minutes. Look at them, then: sluice rollout reset-breaker ${pool}`;
  }

  /** By the template of the latest rollout. */
  show(pool: string, ended: readonly RolloutState[]): BreakerView {
    const latest = oldestFirst(pool, ended).at(-1);
    return this.#state(pool, latest?.template.breaker ?? { failures: 0, blockForMs: 0 }, ended);
  }

  async reset(pool: string, { author, reason }: By): Promise<void> {
    const { journal, revision, wallMs } = this.#deps;
    const atMs = wallMs();
    const detail = { pool, what: 'breaker reset', reason };
    await journal.note({ name: `${NOTE}${pool}`, text: String(atMs) }, { kind: 'rollout', author, revision: revision(), detail });
    this.#resets.set(pool, atMs);
  }

  #state(pool: string, breaker: RolloutBreaker, ended: readonly RolloutState[]): BreakerView {
    const earlier = oldestFirst(pool, ended);
    const { isOpen, failures, untilWallMs } = breakerOf(earlier, breaker, this.#deps.wallMs(), this.#resets.get(pool));
    return { pool, open: isOpen, failures, ...(untilWallMs !== undefined && { untilMs: untilWallMs }) };
  }
}

function oldestFirst(pool: string, ended: readonly RolloutState[]): readonly RolloutState[] {
  return ended.filter((each) => each.pool === pool).sort((a, b) => (a.endedWallMs ?? 0) - (b.endedWallMs ?? 0));
}
