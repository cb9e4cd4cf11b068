import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { MirrorConfig } from '../../../src/config/model.ts';
import { seededRandom } from '../../scaffold/seeded-random.ts';
import { chooseTargetVersion, isSampled } from '../../../src/routing/mirror.ts';
import type { MirrorChance } from '../../../src/routing/mirror.ts';
import type { MirrorTable } from '../../../src/routing/table.ts';
import { Slots } from '../../../src/routing/slots.ts';
import { makeMirror } from '../../unit/routing/make-mirror.ts';
import { makePool, makeRequest, makeTable } from '../../unit/routing/make-table.ts';

const USERS = 20_000;
const request = makeRequest('GET a/');

function compiled(mirror: Partial<MirrorConfig>, split: Readonly<Record<string, number>> = { v1: 1, v2: 0 }): MirrorTable {
  return makeTable([], [makePool(split, { mirrors: [makeMirror(mirror)] })]).pools[0]!.mirrors![0]!;
}

function chanceOf({ share }: MirrorTable, seed: number): MirrorChance {
  const slots = new Slots(share, seededRandom(seed));
  return { ...never, isNextSampled: () => slots.next() };
}

const never: MirrorChance = {
  isNextSampled: () => expect.unreachable('a user is not sampled by chance'),
  nextVersion: () => expect.unreachable('a named version is not chosen by chance'),
};

const sampled = (mirror: MirrorTable, key: string, chance = never): boolean => isSampled(mirror, request, key, chance);

describe('users', () => {
  test('are copied always or never, and a greater share only adds users', () => {
    const name = fc.stringMatching(/^[a-z]{1,8}$/);
    const shares = fc.tuple(fc.double({ min: 0, max: 100, noNaN: true }), fc.double({ min: 0, max: 100, noNaN: true }));
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), name, shares, (key, mirror, [one, other]) => {
        const [less, more] = [Math.min(one, other), Math.max(one, other)];
        const before = sampled(compiled({ name: mirror, percent: less }), key);
        expect(sampled(compiled({ name: mirror, percent: less }), key)).toBe(before);
        expect(before && !sampled(compiled({ name: mirror, percent: more }), key)).toBe(false);
        expect(sampled(compiled({ name: mirror, percent: 100 }), key)).toBe(true);
        expect(sampled(compiled({ name: mirror, percent: 0 }), key)).toBe(false);
      }),
    );
  });

  test.each([1, 10, 33.3, 50, 90])('are as many as %d %% say, within 6 sigma', (percent) => {
    const mirror = compiled({ percent });
    const random = seededRandom(1);
    let count = 0;
    for (let user = 0; user < USERS; user++) if (sampled(mirror, `${random()}`)) count++;
    const share = percent / 100;
    expect(Math.abs(count - USERS * share)).toBeLessThan(6 * Math.sqrt(USERS * share * (1 - share)));
  });

  test('of one mirror say nothing about those of another, nor about their version', () => {
    const mirrors = ['a', 'b'].map((name) => makeMirror({ name, percent: 50 }));
    const { pools } = makeTable([], [makePool({ v1: 1, v2: 1 }, { mirrors })]);
    const [a, b] = pools[0]!.mirrors!;
    const other = compiled({ pool: 'shop', version: undefined }, { v1: 1, v2: 1 });
    let both = 0;
    let first = 0;
    for (let user = 0; user < USERS; user++) {
      if (!sampled(a!, `user-${user}`)) continue;
      if (sampled(b!, `user-${user}`)) both++;
      if (chooseTargetVersion(other, `user-${user}`, never) === 0) first++;
    }
    // Of independent halves both hold for a quarter.
    for (const count of [both, first]) expect(Math.abs(count - USERS / 4)).toBeLessThan(6 * Math.sqrt(USERS * 0.25 * 0.75));
  });
});

describe('requests without a key', () => {
  test('are copied evenly: of any 1,000 in a row no more than 1 too many or too few where the share is a whole tenth of a percent', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.integer({ min: 0, max: 1000 }),
        fc.constantFrom('session' as const, 'request' as const),
        (seed, mille, sample) => {
          const mirror = compiled({ percent: mille / 10, sample });
          const chance = mille === 0 || mille === 1000 ? never : chanceOf(mirror, seed);
          let count = 0;
          for (let n = 0; n < 1000; n++) if (sampled(mirror, '', chance)) count++;
          expect(Math.abs(count - mille)).toBeLessThanOrEqual(1);
        },
      ),
      { numRuns: 50 },
    );
  });

  test('with sample: request a key does not matter', () => {
    const mirror = compiled({ percent: 50, sample: 'request' });
    const chance = chanceOf(mirror, 1);
    const seen = new Set(Array.from({ length: 10 }, () => sampled(mirror, 'somebody', chance)));
    expect(seen).toEqual(new Set([true, false]));
  });
});
