// What a run says of its pool, of its history and of a change that was refused. Pure.

import type { PoolConfig } from '../../config/model.ts';
import type { HistoryLine, RolloutState } from '../../rollout/model.ts';

/** Why a rollout has nothing to move any more. */
export function lostFault({ pool: name, baseline, canary }: RolloutState, pool: PoolConfig | undefined): string | undefined {
  if (pool === undefined) return `the pool ${name} is gone from the config`;
  const gone = [baseline, canary].find((version) => !pool.versions.some((each) => each.name === version));
  return gone === undefined ? undefined : `the version ${gone} is gone from the config`;
}

/** A line of the history of one pool of a rollout. */
export interface Told {
  readonly of: string;
  readonly line: HistoryLine;
}

/** Lines that came to the histories, of which the oldest may have gone. */
export function toldSince(before: readonly RolloutState[], now: readonly RolloutState[]): readonly Told[] {
  return now.flatMap(({ id, history }, index) => {
    const last = before[index]?.history.at(-1);
    const lines = last === undefined ? history : history.slice(history.lastIndexOf(last) + 1);
    return lines.map((line) => ({ of: id, line }));
  });
}

/** Why the rollout is where it is: as the first says of which people must know. */
export function leadOf(states: readonly RolloutState[]): RolloutState {
  return (
    states.find(({ leaving }) => leaving !== undefined) ??
    states.find(({ why }) => !why.startsWith('together with ') && !why.startsWith('waits for ')) ??
    states[0]!
  );
}

export function wordsOf(outcome: {
  readonly result: string;
  readonly message?: string;
  readonly problems?: readonly { readonly message: string }[];
}): string {
  return outcome.message ?? outcome.problems?.[0]?.message ?? outcome.result;
}
