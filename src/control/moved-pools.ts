// Which pools forget what version their users had, for a change that says that users are to follow the weights at once.

import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../config/model.ts';
import type { Change } from './control-api.ts';

/** Names of pools with `affinity.remember`. A restore moves users where it changes the split; where all is as it was already, everywhere. */
export function movedPools(change: Change, before: Config, after: Config): readonly string[] {
  const remembering = after.pools.filter(({ affinity }) => affinity?.remember !== undefined);
  if (change.kind === 'split' || change.kind === 'shift')
    return change.sessions === 'move' ? namesOf(remembering).filter((name) => name === change.pool) : [];
  if (change.kind === 'shifts') {
    const moved = new Set(change.pools.filter(({ sessions }) => sessions === 'move').map(({ pool }) => pool));
    return namesOf(remembering).filter((name) => moved.has(name));
  }
  if (change.kind !== 'restore' || change.sessions === 'keep') return [];
  const asked = remembering.filter(({ name }) => change.pools?.includes(name) ?? true);
  if (isDeepStrictEqual(before, after)) return namesOf(asked);
  const splits = new Map(before.pools.map(({ name, split }) => [name, split]));
  return namesOf(asked.filter(({ name, split }) => !isDeepStrictEqual(splits.get(name), split)));
}

function namesOf(pools: Config['pools']): readonly string[] {
  return pools.map(({ name }) => name);
}
