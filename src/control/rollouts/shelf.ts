// The rollouts of an instance: those that run, and those that have ended and are remembered. Each has the states of its pools.

import { ENDED } from '../../rollout/model.ts';
import type { RolloutState } from '../../rollout/model.ts';
import { idOf } from '../../rollout/id-of.ts';
import type { ShownRollout } from './rollout-findings.ts';
import type { RolloutRun } from './rollout-run.ts';

export class Shelf {
  readonly #runs = new Map<string, RolloutRun>();
  readonly #ended = new Map<string, readonly RolloutState[]>();

  get runs(): readonly RolloutRun[] {
    return [...this.#runs.values()];
  }

  /** Of each pool of those that run. */
  get running(): readonly RolloutState[] {
    return this.runs.flatMap(({ states }) => states);
  }

  run(id: string): RolloutRun | undefined {
    return this.#runs.get(id);
  }

  ended(id: string): readonly RolloutState[] | undefined {
    return this.#ended.get(id);
  }

  begins(run: RolloutRun): void {
    this.#ended.delete(run.id);
    this.#runs.set(run.id, run);
  }

  ends(states: readonly RolloutState[]): void {
    const id = idOf(states[0]!);
    this.#runs.delete(id);
    this.#ended.set(id, states);
  }

  forget(id: string): void {
    this.#ended.delete(id);
  }

  /** All states of the rollout one of whose pools has this id. */
  withMember(id: string): readonly RolloutState[] | undefined {
    const has = (states: readonly RolloutState[]): boolean => states.some((state) => state.id === id);
    return this.runs.find(({ states }) => has(states))?.states ?? [...this.#ended.values()].find(has);
  }

  /** The rollout of the pool that runs. */
  ofPool(pool: string): RolloutRun | undefined {
    return this.runs.find(({ states }) => states.some((state) => state.pool === pool));
  }

  /** The oldest first. */
  allEnded(): readonly (readonly RolloutState[])[] {
    return [...this.#ended.values()].sort((one, other) => endOf(one) - endOf(other));
  }

  /** Of each pool, also of those that still have to set the weights. */
  endedStates(): readonly RolloutState[] {
    return [...[...this.#ended.values()].flat(), ...this.running.filter(({ status }) => ENDED.has(status))];
  }

  /** Of each pool the one that runs, else the one that ended last. */
  latest(): readonly ShownRollout[] {
    const found = new Map<string, ShownRollout>();
    for (const state of this.allEnded().flat()) found.set(state.pool, { state, fault: undefined });
    for (const { states, fault } of this.runs) for (const state of states) found.set(state.pool, { state, fault });
    return [...found.values()];
  }
}

function endOf(states: readonly RolloutState[]): number {
  return Math.max(...states.map(({ endedWallMs = 0 }) => endedWallMs));
}
