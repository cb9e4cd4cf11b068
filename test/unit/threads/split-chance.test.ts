import { expect, test } from 'vitest';
import { SplitChance } from '../../../src/threads/split-chance.ts';
import { makePoolTable } from '../routing/make-table.ts';

test('a stream outlives Tables that leave its shares as they are', () => {
  const chance = new SplitChance();
  const build = (weights: Readonly<Record<string, number>>, share: number): readonly unknown[] => {
    chance.begin();
    const pool = makePoolTable(weights);
    const made = [chance.stream(['shop'], pool), chance.stream(['shop', 'dark'], pool), chance.slots(['shop', 'dark'], share)];
    chance.end();
    return made;
  };
  const first = build({ v1: 95, v2: 5 }, 0.1);
  expect(new Set(first).size).toBe(3);
  for (const [at, same] of build({ v1: 95, v2: 5 }, 0.1).entries()) expect(same).toBe(first[at]);
  const [stream, , slots] = build({ v1: 90, v2: 10 }, 0.2);
  expect([stream === first[0], slots === first[2]]).toEqual([false, false]);
});

test('what a Table does not name is forgotten, unless that Table came to nothing', () => {
  const chance = new SplitChance();
  const pool = makePoolTable({ v1: 1, v2: 1 });
  chance.begin();
  const stream = chance.stream(['shop'], pool);
  chance.end();
  chance.begin();
  chance.begin();
  expect(chance.stream(['shop'], pool)).toBe(stream);
  chance.begin();
  chance.end();
  chance.begin();
  expect(chance.stream(['shop'], pool)).not.toBe(stream);
});

test('a share of nothing or of all leaves nothing to chance', () => {
  const chance = new SplitChance();
  chance.begin();
  expect([0, 1].map((share) => chance.slots(['shop', 'dark'], share))).toEqual([undefined, undefined]);
});
