// Ranks the versions of a pool by the key of a user. Every worker and every instance comes to the same result.

import { hashString, mix, toFraction } from '../lib/hash.ts';
import type { PoolState } from './pool-state.ts';
import type { PoolTable } from './table.ts';

/** Of the hash of a key, wherever users are told apart. */
export const KEY_SEED = 0x5107ce;

/**
 * Index of the version that the key belongs to, or -1: weighted rendezvous hashing (Schindelhauer and Schomaker 2005) with the
 * score -w / ln(h). Raising one weight moves keys to that version only; leaving one version out moves only its own keys.
 * With `state`, only ready versions take part. Weight 0 never does.
 */
export function rankByKey(pool: PoolTable, key: string, state: PoolState | undefined): number {
  const { weights, seeds } = pool;
  const hash = hashString(key, KEY_SEED);
  let best = -1;
  let bestCost = Infinity;
  for (let version = 0; version < weights.length; version++) {
    const weight = weights[version] as number;
    if (weight <= 0) continue;
    // The lowest of -ln(h) / w is the highest of -w / ln(h).
    const cost = -Math.log(toFraction(mix(Math.imul(hash, 0x9e3779b1) ^ (seeds[version] as number)))) / weight;
    if (cost < bestCost && (state === undefined || state.ready(version))) {
      bestCost = cost;
      best = version;
    }
  }
  return best;
}
