import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../scaffold/seeded-random.ts';
import { rankByKey } from '../../../src/routing/rank-by-key.ts';
import { LowDiscrepancySequence } from '../../../src/routing/sequence.ts';
import { pickByWeight, pickReadyByWeight } from '../../../src/routing/split.ts';
import type { PoolTable } from '../../../src/routing/table.ts';
import { FakeState, makePoolTable } from '../../unit/routing/make-table.ts';

const WINDOW = 1000;
const start = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

/** Split of parts per thousand over as many versions as there are cuts and one. */
const split = fc.uniqueArray(fc.integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 3 }).map((cuts) => {
  const sorted = [0, ...cuts.toSorted((a, b) => a - b), 1000];
  return Object.fromEntries(sorted.slice(1).map((cut, index) => [`v${index}`, cut - sorted[index]!]));
});

describe('unkeyed requests', () => {
  it('a version gets its share within 2 over any 1,000 requests in a row', () => {
    fc.assert(
      fc.property(split, start, (weights, from) => {
        expect(worstDeviation(Object.values(weights), picks(weights, from, 4000))).toBeLessThanOrEqual(2.000001);
      }),
      { numRuns: 150 },
    );
  });

  it('also when shares are no round numbers, within 2.66', () => {
    const weights = fc
      .array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 2, maxLength: 4 })
      .filter((list) => list.some((weight) => weight > 0.001));
    fc.assert(
      fc.property(weights, start, (list, from) => {
        const named = Object.fromEntries(list.map((weight, index) => [`v${index}`, weight]));
        expect(worstDeviation(list, picks(named, from, 3000))).toBeLessThan(2.66);
      }),
      { numRuns: 100 },
    );
  });

  it('also over the ready versions alone', () => {
    fc.assert(
      fc.property(split, start, fc.nat(3), (weights, from, lost) => {
        const pool = makePoolTable(weights);
        const state = new FakeState();
        state.unready.add(lost);
        const list = Object.values(weights).map((weight, index) => (index === lost ? 0 : weight));
        fc.pre(list.some((weight) => weight > 0));
        const sequence = new LowDiscrepancySequence(from);
        const made = Array.from({ length: 3000 }, () => pickReadyByWeight(pool, sequence.next(), state));
        expect(worstDeviation(list, made)).toBeLessThan(2.66);
      }),
      { numRuns: 100 },
    );
  });

  it('does not resonate with clients that send in pairs', () => {
    const made = picks({ v0: 50, v1: 50 }, 0.3, 20_000).filter((_, index) => index % 2 === 0);
    expect(Math.abs(made.filter((version) => version === 0).length - 5000)).toBeLessThan(10);
  });

  it('the sequence is exact however long it runs: it equals integer arithmetic', () => {
    const step = BigInt(2 * Math.floor((((Math.sqrt(5) - 1) / 2) * 2 ** 52) / 2) + 1);
    const sequence = new LowDiscrepancySequence(0.75);
    let position = BigInt(0.75 * 2 ** 52);
    for (let i = 0; i < 10_000; i++) {
      expect(sequence.next()).toBe(Number(position) / 2 ** 52);
      position = (position + step) % 2n ** 52n;
    }
  });
});

describe('keyed requests', () => {
  const USERS = 20_000;
  const random = seededRandom(11);
  const users = Array.from({ length: USERS }, (_, index) => (index % 2 === 0 ? `user-${index}` : String(random())));

  it('a ramp of 1, 5, 25, 50, 100 moves no user back and keeps each share within sampling error', () => {
    let before = new Set<string>();
    for (const percent of [1, 5, 25, 50, 100]) {
      const pool = makePoolTable({ v1: 100 - percent, v2: percent });
      const canary = new Set(users.filter((user) => rankByKey(pool, user, undefined) === 1));
      for (const user of before) expect(canary.has(user), `${user} at ${percent} %`).toBe(true);
      const share = percent / 100;
      expect(Math.abs(canary.size - USERS * share)).toBeLessThanOrEqual(4 * Math.sqrt(USERS * share * (1 - share)));
      before = canary;
    }
  });

  it('shares hold for many versions, and one pool says nothing of another', () => {
    const weights = { v1: 40, v2: 30, v3: 20, v4: 9, v5: 1, v6: 0 };
    const [one, two] = [makePoolTable(weights), makePoolTable(weights, { name: 'other' })];
    const counts = new Array<number>(6).fill(0);
    let same = 0;
    for (const user of users) {
      const version = rankByKey(one, user, undefined);
      counts[version]!++;
      if (version === rankByKey(two, user, undefined)) same++;
    }
    for (const [index, weight] of Object.values(weights).entries()) {
      const share = weight / 100;
      expect(Math.abs(counts[index]! - USERS * share)).toBeLessThanOrEqual(4 * Math.sqrt(USERS * share * (1 - share)));
    }
    const chance = 0.4 ** 2 + 0.3 ** 2 + 0.2 ** 2 + 0.09 ** 2 + 0.01 ** 2;
    expect(Math.abs(same / USERS - chance)).toBeLessThan(4 * Math.sqrt((chance * (1 - chance)) / USERS));
  });

  it('raising one weight moves users to that version only', () => {
    const list = fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 2, maxLength: 5 });
    fc.assert(
      fc.property(
        list,
        fc.nat(4),
        fc.integer({ min: 1, max: 50 }),
        fc.array(fc.string(), { minLength: 20, maxLength: 20 }),
        (weights, at, more, keys) => {
          const raised = at % weights.length;
          const [low, high] = [tableOf(weights), tableOf(weights.map((weight, index) => (index === raised ? weight + more : weight)))];
          for (const key of keys) {
            const [from, to] = [rankByKey(low, key, undefined), rankByKey(high, key, undefined)];
            if (from !== to) expect(to).toBe(raised);
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  it('a version of weight 0 gets neither key nor fraction, ready or not', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 1, maxLength: 5 }),
        start,
        fc.string(),
        fc.nat(4),
        (weights, fraction, key, lost) => {
          const pool = tableOf(weights);
          const state = new FakeState();
          state.unready.add(lost);
          for (const version of [
            pickByWeight(pool, fraction),
            rankByKey(pool, key, undefined),
            rankByKey(pool, key, state),
            pickReadyByWeight(pool, fraction, state),
          ]) {
            if (version >= 0) expect(weights[version]).toBeGreaterThan(0);
          }
          expect(pickByWeight(pool, fraction) >= 0).toBe(weights.some((weight) => weight > 0));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('order of the versions in the file does not matter, nor does a second compile', () => {
    const [one, turned, second] = [
      { a: 20, b: 30, c: 50 },
      { c: 50, b: 30, a: 20 },
      { a: 20, b: 30, c: 50 },
    ].map((weights) => makePoolTable(weights)) as [PoolTable, PoolTable, PoolTable];
    for (const user of users.slice(0, 2000)) {
      const name = one.versions[rankByKey(one, user, undefined)]?.name;
      expect(turned.versions[rankByKey(turned, user, undefined)]?.name).toBe(name);
      expect(rankByKey(second, user, undefined)).toBe(rankByKey(one, user, undefined));
    }
  });
});

function tableOf(weights: readonly number[]) {
  return makePoolTable(Object.fromEntries(weights.map((weight, index) => [`v${index}`, weight])));
}

function picks(weights: Readonly<Record<string, number>>, from: number, count: number): number[] {
  const pool = makePoolTable(weights);
  const sequence = new LowDiscrepancySequence(from);
  return Array.from({ length: count }, () => pickByWeight(pool, sequence.next()));
}

/** The furthest that any version is from its share in any window. */
function worstDeviation(weights: readonly number[], made: readonly number[]): number {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let worst = 0;
  for (const [version, weight] of weights.entries()) {
    let count = made.slice(0, WINDOW).filter((pick) => pick === version).length;
    for (let end = WINDOW; end <= made.length; end++) {
      worst = Math.max(worst, Math.abs(count - (WINDOW * weight) / total));
      if (made[end] === version) count++;
      if (made[end - WINDOW] === version) count--;
    }
  }
  return worst;
}
