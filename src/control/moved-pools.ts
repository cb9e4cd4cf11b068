// Which pools forget what version their users had, for a change that says that users are to follow the weights at once.

import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../config/model.ts';
import type { Change } from './control-api.ts';

/** Names of pools with `affinity.hold`. A restore moves users where it changes the split; where all is as it was already, everywhere. */
export function movedPools(change: Change, before: Config, after: Config): readonly string[] {
  const holding = after.pools.filter(({ affinity }) => affinity?.hold !== undefined);
  if (change.kind === 'split') return change.sessions === 'move' ? namesOf(holding).filter((name) => name === change.pool) : [];
  if (change.kind !== 'restore' || change.sessions === 'hold') return [];
  if (isDeepStrictEqual(before, after)) return namesOf(holding);
  const splits = new Map(before.pools.map(({ name, split }) => [name, split]));
  return namesOf(holding.filter(({ name, split }) => !isDeepStrictEqual(splits.get(name), split)));
}

function namesOf(pools: Config['pools']): readonly string[] {
  return pools.map(({ name }) => name);
}
