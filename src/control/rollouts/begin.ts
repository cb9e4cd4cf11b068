// The state of a rollout that is asked for, as the pool is now.

import type { PoolConfig } from '../../config/model.ts';
import type { RolloutTemplate } from '../../config/rollout-model.ts';
import type { RolloutState } from '../../rollout/model.ts';
import { start } from '../../rollout/start.ts';
import type { Started } from '../../rollout/start.ts';
import type { Current } from '../in-force/current.ts';
import type { StartRequest } from './rollouts-api.ts';

export interface BeginDeps {
  readonly current: Pick<Current, 'served'>;
  /** A short random text: of ids and salts. */
  readonly newWord: () => string;
  readonly wallMs: number;
  /** Rollouts that have ended. */
  readonly earlier: readonly RolloutState[];
}

/** An id is a name, and so are overrides that begin with it. */
const MAX_POOL_PART = 60;

export function begin(
  { current, newWord, wallMs, earlier }: BeginDeps,
  { author, reason, to, from, force }: StartRequest,
  { pool, template }: { readonly pool: PoolConfig; readonly template: RolloutTemplate },
): Started {
  const id = `${pool.name.slice(0, MAX_POOL_PART)}-${newWord()}`;
  // With those that names and files stand for.
  const { versions } = current.served?.pools.find(({ name }) => name === pool.name) ?? pool;
  const endpoints = Object.fromEntries(versions.map((version) => [version.name, version.endpoints.length]));
  const asked = { id, pool: pool.name, to, from, template, weights: pool.split, endpoints, author, reason };
  return start({ ...asked, salt: newWord(), group: undefined, forced: force, earlier, wallMs });
}
