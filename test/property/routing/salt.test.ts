// Salts of versions: who gets a version is drawn anew, and nothing else changes.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rankByKey } from '../../../src/routing/rank-by-key.ts';
import type { PoolTable } from '../../../src/routing/table.ts';
import { makePool, makePoolTable } from '../../unit/routing/make-table.ts';

const USERS = 20_000;
const users = Array.from({ length: USERS }, (_, index) => `user-${index}`);

function salted(split: Readonly<Record<string, number>>, salts: Readonly<Record<string, string>> = {}): PoolTable {
  const versions = makePool(split).versions.map((version) => ({ ...version, salt: salts[version.name] ?? '' }));
  return makePoolTable(split, { versions });
}

const usersOf = (pool: PoolTable, version: number): Set<string> =>
  new Set(users.filter((user) => rankByKey(pool, user, undefined) === version));

describe('a salt', () => {
  it('that is empty leaves the hash as it was', () => {
    const made = users.slice(0, 12).map((user) => rankByKey(salted({ v1: 50, v2: 50 }), user, undefined));
    expect(made).toEqual([0, 1, 1, 0, 1, 1, 1, 1, 1, 0, 1, 0]);
  });

  it('of a version of weight 0 moves nobody; then its users come, and no other moves', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z0-9]{1,22}$/), fc.integer({ min: 1, max: 99 }), (salt, weight) => {
        const before = salted({ v1: 100, v2: 0, v3: 30 });
        const drawn = salted({ v1: 100, v2: 0, v3: 30 }, { v2: salt });
        const begun = salted({ v1: 100, v2: weight, v3: 30 }, { v2: salt });
        const raised = salted({ v1: 100, v2: weight + 1, v3: 30 }, { v2: salt });
        for (const user of users.slice(0, 300)) {
          const [was, then, now, later] = [before, drawn, begun, raised].map((pool) => rankByKey(pool, user, undefined));
          expect(then).toBe(was);
          if (now !== was) expect(now).toBe(1);
          if (later !== now) expect(later).toBe(1);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('of a version that has all the weight moves nobody either', () => {
    const one = salted({ v1: 100, v2: 0 });
    const other = salted({ v1: 100, v2: 0 }, { v1: 'a', v2: 'b' });
    for (const user of users.slice(0, 300)) expect(rankByKey(other, user, undefined)).toBe(rankByKey(one, user, undefined));
  });

  it('of both versions says nothing of who had the canary with others', () => {
    const sets = ['', 'a', 'b', 'ab', 'kX9_-0'].map((salt) => usersOf(salted({ v1: 90, v2: 10 }, { v1: salt, v2: salt }), 1));
    for (const one of sets) {
      expect(Math.abs(one.size - USERS / 10)).toBeLessThan(5 * Math.sqrt(USERS * 0.1 * 0.9));
      for (const other of sets) {
        if (one === other) continue;
        const both = [...one].filter((user) => other.has(user)).length;
        expect(Math.abs(both - USERS / 100)).toBeLessThan(5 * Math.sqrt(USERS * 0.01 * 0.99));
      }
    }
  });

  it('of the canary alone leaves a trace: who has a high variate of the baseline is met about twice as often', () => {
    const [one, other] = ['a', 'b'].map((salt) => usersOf(salted({ v1: 90, v2: 10 }, { v2: salt }), 1)) as [Set<string>, Set<string>];
    const both = [...one].filter((user) => other.has(user)).length;
    // 1 - 2 * 0.9 + 1 / (1 + 2 / 9) of all.
    const share = 0.0181818;
    expect(Math.abs(both - USERS * share)).toBeLessThan(5 * Math.sqrt(USERS * share * (1 - share)));
  });
});
