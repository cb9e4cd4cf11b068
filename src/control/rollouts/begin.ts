// The state of a rollout that is asked for, as the pool is now.

import type { PoolConfig } from '../../config/model.ts';
import type { RolloutTemplate } from '../../config/rollout-model.ts';
import type { RolloutState } from '../../rollout/model.ts';
import { start } from '../../rollout/start.ts';
import type { Current } from '../in-force/current.ts';
import type { RolloutRefusal, StartRequest } from './rollouts-api.ts';

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

/** The state of each pool, or why one of them cannot start. */
export function begin(
  { current, newWord, wallMs, earlier }: BeginDeps,
  { pools: asked, author, reason, force: forced }: StartRequest,
  { pools, template }: { readonly pools: readonly PoolConfig[]; readonly template: RolloutTemplate },
): readonly RolloutState[] | RolloutRefusal {
  const word = newWord();
  const group = pools.length === 1 ? undefined : `group-${word}`;
  const states: RolloutState[] = [];
  for (const [index, pool] of pools.entries()) {
    const { to, from } = asked[index]!;
    const id = `${pool.name.slice(0, MAX_POOL_PART)}-${word}`;
    // With those that names and files stand for.
    const { versions } = current.served?.pools.find(({ name }) => name === pool.name) ?? pool;
    const endpoints = Object.fromEntries(versions.map((version) => [version.name, version.endpoints.length]));
    const previews = pool.versions.flatMap(({ name, previewUntilMs }) => (previewUntilMs === undefined ? [] : [name]));
    const input = { id, pool: pool.name, to, from, template, weights: pool.split, endpoints, previews, author, reason };
    const started = start({ ...input, salt: newWord(), group, forced, earlier, wallMs });
    if ('refusal' in started) {
      const path = group === undefined ? (started.key ?? '') : `pools[${index}]${started.key === undefined ? '' : `.${started.key}`}`;
      return { result: 'rejected', problems: [{ path, message: started.refusal }] };
    }
    states.push(started.state);
  }
  return states;
}
