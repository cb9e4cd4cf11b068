import { expect, test } from 'vitest';
import type { Config } from '../../../src/config/model.ts';
import { movedPools } from '../../../src/control/moved-pools.ts';
import { makeConfig, makePool, makeRoute } from '../routing/make-table.ts';

const affinity = { kind: 'clientIp', remember: { timeMs: 1000, quietMs: 1000, users: 1000 } } as const;

/** Pools `a` and `b` remember users, `c` does not. */
function config(splits: Partial<Record<'a' | 'b' | 'c', number>> = {}, routes = ['r']): Config {
  const pools = (['a', 'b', 'c'] as const).map((name) =>
    makePool({ v1: 100, v2: splits[name] ?? 0 }, { name, affinity: name === 'c' ? undefined : affinity }),
  );
  return makeConfig(
    routes.map((name) => makeRoute(name)),
    pools,
  );
}

test('a split moves users when it is told to, whether it changes anything or not', () => {
  const split = (pool: string, sessions?: 'keep' | 'move') =>
    movedPools({ kind: 'split', pool, weights: {}, sessions }, config(), config({ a: 5 }));
  expect([split('a'), split('a', 'keep'), split('a', 'move'), split('b', 'move')]).toEqual([[], [], ['a'], ['b']]);
  expect([split('c', 'move'), split('none', 'move')]).toEqual([[], []]);
});

test('a restore moves users where it changes the split, unless it is told not to', () => {
  const restore = (after: Config, sessions?: 'keep' | 'move') => movedPools({ kind: 'restore', revision: 1, sessions }, config(), after);
  expect([restore(config({ a: 5, c: 5 })), restore(config({ a: 5, b: 5 })), restore(config({ a: 5 }), 'keep')]).toEqual([
    ['a'],
    ['a', 'b'],
    [],
  ]);
  expect(restore(config({}, ['other']))).toEqual([]);
});

test('a restore of what is in force already moves all users', () => {
  expect(movedPools({ kind: 'restore', revision: 1 }, config(), config())).toEqual(['a', 'b']);
  expect(movedPools({ kind: 'restore', revision: 1, sessions: 'keep' }, config(), config())).toEqual([]);
});

test('nothing else moves users', () => {
  const target = { pool: 'a', version: 'v1', endpoint: undefined };
  expect(movedPools({ kind: 'drain', ...target }, config(), config())).toEqual([]);
  expect(movedPools({ kind: 'config', document: {} }, config(), config({ a: 5 }))).toEqual([]);
});
