// What a run says of its pool, of its history and of a change that was refused. Pure.

import type { PoolConfig } from '../../config/model.ts';
import type { HistoryLine, RolloutState } from '../../rollout/model.ts';

/** Why a rollout has nothing to move any more. */
export function lostFault({ pool: name, baseline, canary }: RolloutState, pool: PoolConfig | undefined): string | undefined {
  if (pool === undefined) return `the pool ${name} is gone from the config`;
  const gone = [baseline, canary].find((version) => !pool.versions.some((each) => each.name === version));
  return gone === undefined ? undefined : `the version ${gone} is gone from the config`;
}

/** Lines that came to the history, of which the oldest may have gone. */
export function toldSince({ history: before }: RolloutState, { history }: RolloutState): readonly HistoryLine[] {
  const last = before.at(-1);
  return last === undefined ? history : history.slice(history.lastIndexOf(last) + 1);
}

export function wordsOf(outcome: {
  readonly result: string;
  readonly message?: string;
  readonly problems?: readonly { readonly message: string }[];
}): string {
  return outcome.message ?? outcome.problems?.[0]?.message ?? outcome.result;
}
