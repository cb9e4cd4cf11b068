import { expect, test } from 'vitest';
import { decodeText } from '../../../src/config/decode.ts';
import type { Plain } from '../../../src/lib/plain.ts';
import { KnownPools } from '../../../src/threads/known-pools.ts';
import type { Pools } from '../../../src/threads/known-pools.ts';

function written(weights: Readonly<Record<string, number>>): Plain {
  const pool = (weight: number) => ({
    versions: { v1: { endpoints: ['127.0.0.1:1'] }, v2: { endpoints: ['127.0.0.1:2'] } },
    split: { v1: 1, v2: weight },
  });
  return Object.fromEntries(Object.entries(weights).map(([name, weight]) => [name, pool(weight)]));
}

/** As it comes from the thread that reads: nothing is shared. */
function take(known: KnownPools, pools: Plain): Pools {
  const text = JSON.stringify({ listeners: [{ name: 'web', address: '127.0.0.1:0' }], pools });
  const config = decodeText('a.yaml', text).config!;
  const collected = known.collect();
  for (const pool of config.pools) collected.add(structuredClone({ config: pool, written: pools[pool.name] }));
  const found = collected.pools;
  known.remember(collected.pieces, found);
  expect(found).toEqual({ config: config.pools, written: pools });
  return found;
}

test('pools that are said again are the same objects, whatever stands beside them', () => {
  const known = new KnownPools();
  const first = take(known, written({ a: 1, b: 2, c: 3 }));
  const next = take(known, written({ c: 3, a: 1, b: 9, d: 4 }));
  expect(next.config.map((pool) => first.config.indexOf(pool))).toEqual([2, 0, -1, -1]);
  expect([next.written['a'], next.written['c']]).toEqual([first.written['a'], first.written['c']]);
  expect(next.written['a']).toBe(first.written['a']);
  const last = take(known, written({ a: 1 }));
  expect(last.config[0]).toBe(first.config[0]);
});

test('what is written otherwise is another pool though it means the same', () => {
  const known = new KnownPools();
  const first = take(known, written({ a: 1 }));
  const pool = { ...(written({ a: 1 })['a'] as Plain), overrides: [] };
  expect(take(known, { a: pool }).config[0]).not.toBe(first.config[0]);
});
