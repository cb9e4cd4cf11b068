// Makes the pools of a rollout as they are wanted: one change for all of them, and only where nobody else has moved one of them since.

import type { RolloutState } from '../../rollout/model.ts';
import { idOf } from '../../rollout/id-of.ts';
import { sameWeights } from '../../rollout/weights.ts';
import type { Controller } from '../controller.ts';
import type { Current } from '../in-force/current.ts';
import type { AmendOutcome } from '../submission.ts';
import { leadOf, wordsOf } from './run-faults.ts';
import { changeFor, fingerprintOf, isThere } from './shift-for.ts';
import type { Wanted } from './shift-for.ts';

export interface AssertionDeps {
  readonly current: Pick<Current, 'revision'>;
  readonly controller: Pick<Controller, 'submit'>;
}

export class Assertion {
  readonly #deps: AssertionDeps;
  /** What the last change asked for: the same is not asked again while it is so. */
  #asserted = '';
  /** The weights that were asked for last, by this process or the one before: they may be in force though nobody has heard of it. */
  #asked: readonly RolloutState['wanted'][];
  /** A change is on its way to the workers, some of which may obey it already. */
  isUnderWay = false;

  constructor(states: readonly RolloutState[], deps: AssertionDeps) {
    this.#asked = states.map(({ wanted }) => wanted);
    this.#deps = deps;
  }

  /** What the canary of the pool at this position has, or may have by now. */
  hasOf({ canary, applied }: RolloutState, index: number): number {
    return Math.max(applied[canary] ?? 0, this.#asked[index]![canary] ?? 0);
  }

  /** `moved`: by somebody else; `stale`: somebody else's change came first. Throws when it is refused. */
  async assert(wanted: readonly Wanted[]): Promise<'applied' | 'stale' | 'moved'> {
    const asked = fingerprintOf(wanted);
    if (wanted.every(isThere) && asked === this.#asserted) return 'applied';
    if (wanted.some((each, index) => !isThere(each) && this.#isMoved(each, index))) return 'moved';
    this.#asked = wanted.map(({ wants }, index) => wants.weights ?? this.#asked[index]!);
    const outcome = await this.#submit(wanted);
    if (outcome.result === 'stale') return 'stale';
    const pools = wanted.map(({ pool }) => pool.name).join(' and ');
    if (outcome.result !== 'applied') throw new Error(`the split of ${pools} could not be set: ${wordsOf(outcome)}`);
    this.#asserted = asked;
    return 'applied';
  }

  #isMoved({ state, pool }: Wanted, index: number): boolean {
    return [state.applied, this.#asked[index]!].every((known) => !sameWeights(pool.split, known));
  }

  async #submit(wanted: readonly Wanted[]): Promise<AmendOutcome> {
    const { controller, current } = this.#deps;
    const lead = leadOf(wanted.map(({ state }) => state));
    const reason = `rollout ${idOf(lead)}: ${lead.why}`.slice(0, 500);
    const by = { cause: 'rollout', author: lead.author, role: 'operator', reason } as const;
    this.isUnderWay = true;
    try {
      // Somebody else's change that came first is looked at before anything is written over it.
      return await controller.submit({ kind: 'amend', ...by, change: changeFor(wanted), expected: current.revision, dryRun: false });
    } finally {
      this.isUnderWay = false;
    }
  }
}
