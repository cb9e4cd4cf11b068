import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../scaffold/seeded-random.ts';
import { rankByKey } from '../../../src/routing/rank-by-key.ts';
import { Slots } from '../../../src/routing/slots.ts';
import { SplitStream } from '../../../src/routing/split-stream.ts';
import { pickReadyByWeight } from '../../../src/routing/split.ts';
import type { PoolTable } from '../../../src/routing/table.ts';
import { FakeState, makePoolTable } from '../../unit/routing/make-table.ts';

const WINDOW = 1000;
const seed = fc.integer();

/** Split of parts per thousand over as many versions as there are cuts and one. */
const split = fc.uniqueArray(fc.integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 3 }).map((cuts) => {
  const sorted = [0, ...cuts.toSorted((a, b) => a - b), 1000];
  return Object.fromEntries(sorted.slice(1).map((cut, index) => [`v${index}`, cut - sorted[index]!]));
});

const countOf = (weights: readonly number[]): number => weights.filter((weight) => weight > 0).length;

describe('unkeyed requests', () => {
  it('over any 1,000 in a row a version gets its share within 1, of up to four versions within 2', () => {
    fc.assert(
      fc.property(split, seed, (weights, from) => {
        const list = Object.values(weights);
        expect(worstDeviation(list, picks(weights, from, 4000))).toBeLessThanOrEqual(countOf(list) > 2 ? 2.000001 : 1.000001);
      }),
      { numRuns: 150 },
    );
  });

  it('of more versions within the depth of their tree', () => {
    const cuts = fc.uniqueArray(fc.integer({ min: 1, max: 999 }), { minLength: 4, maxLength: 15 });
    fc.assert(
      fc.property(cuts, seed, (inner, from) => {
        const sorted = [0, ...inner.toSorted((a, b) => a - b), 1000];
        const list = sorted.slice(1).map((cut, index) => cut - sorted[index]!);
        expect(worstDeviation(list, picks(named(list), from, 3000))).toBeLessThanOrEqual(Math.ceil(Math.log2(list.length)) + 1e-6);
      }),
      { numRuns: 50 },
    );
  });

  it('also when shares are no round numbers: two versions within 2, up to four within 4', () => {
    const weights = fc
      .array(fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom(1e-5, 1e-4, 1)), { minLength: 2, maxLength: 4 })
      .filter((list) => list.some((weight) => weight > 0.001));
    fc.assert(
      fc.property(weights, seed, (list, from) => {
        expect(worstDeviation(list, picks(named(list), from, 3000))).toBeLessThan(countOf(list) > 2 ? 4 : 2);
      }),
      { numRuns: 100 },
    );
  });

  it('a weight of 0.001 % comes once in 100,000', () => {
    const made = picks({ v0: 99.999, v1: 0.001 }, 3, 1_000_000);
    const at = made.flatMap((version, index) => (version === 1 ? [index] : []));
    expect(Math.abs(at.length - 10)).toBeLessThanOrEqual(1);
    for (const [nth, index] of at.entries()) if (nth > 0) expect(index - at[nth - 1]!).toBeLessThanOrEqual(200_001);
  });

  it('what a version that is not ready yields is shared as exactly, in whatever sets others are ready', () => {
    fc.assert(
      fc.property(split, seed, fc.array(fc.nat(3), { minLength: 1, maxLength: 3 }), (weights, from, drawn) => {
        const pool = makePoolTable(weights);
        const lost = drawn.map((version) => version % pool.versions.length);
        const stream = new SplitStream(pool, seededRandom(from));
        const state = new FakeState();
        const made = new Map<number, number[]>(lost.map((version) => [version, []]));
        for (let i = 0; i < 6000; i++) {
          const unready = lost[i % lost.length]!;
          state.unready.clear();
          state.unready.add(unready);
          made.get(unready)!.push(stream.nextReady(state));
        }
        for (const [unready, versions] of made) {
          const list = Object.values(weights).map((weight, index) => (index === unready ? 0 : weight));
          if (!list.some((weight) => weight > 0)) expect(new Set(versions)).toEqual(new Set([-1]));
          else expect(worstDeviation(list, versions)).toBeLessThan(countOf(list) > 2 ? 4 : 2);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('a Table with the same shares goes on where the one before was, also with its versions in another order and a new one of weight 0', () => {
    const one = makePoolTable({ a: 5, b: 20, c: 75 });
    const other = makePoolTable({ c: 75, d: 0, b: 20, a: 5 });
    fc.assert(
      fc.property(seed, fc.nat(1500), (from, until) => {
        const random = seededRandom(from);
        const before = new SplitStream(one, random);
        const names = Array.from({ length: until }, () => one.versions[before.next()]!.name);
        const after = new SplitStream(other, random, before);
        for (let i = 0; i < 1500; i++) names.push(other.versions[after.next()]!.name);
        const made = names.map((name) => ['a', 'b', 'c'].indexOf(name));
        expect(worstDeviation([5, 20, 75], made)).toBeLessThanOrEqual(2.000001);
      }),
      { numRuns: 40 },
    );
  });

  it('a change of weights begins at a random place: the first request after it has the chance that the new weights say', () => {
    const random = seededRandom(5);
    const from = new SplitStream(makePoolTable({ v1: 95, v2: 5 }), random);
    for (const share of [0.01, 0.3, 0.4]) {
      const pool = makePoolTable({ v1: 1 - share, v2: share });
      const first = Array.from({ length: 20_000 }, () => new SplitStream(pool, random, from).next());
      const count = first.filter((version) => version === 1).length;
      expect(Math.abs(count - 20_000 * share)).toBeLessThan(4.5 * Math.sqrt(20_000 * share * (1 - share)));
    }
  });

  it('shares do not drift, however long it runs: strata end where integer arithmetic says', () => {
    const slots = new Slots(0.4999, seededRandom(1));
    let count = 0;
    for (let i = 0; i < 2_000_000; i++) if (slots.next()) count++;
    expect(Math.abs(count - 2_000_000 * 0.4999)).toBeLessThan(2);
  });
});

describe('a client that cycles over its pages', () => {
  // Near-periods of a golden-ratio sequence, and cycles with which strata of whole requests would fall in step.
  const golden = [
    [21, 0.1],
    [89, 0.1],
    [144, 0.05],
    [987, 0.1],
  ] as const;
  const whole = [
    [5, 0.4],
    [10, 0.3],
    [50, 0.34],
    [2, 0.5],
  ] as const;

  it.each([...golden, ...whole])('of %d pages each meets a canary of %d as often as chance says, lately and over all', (pages, share) => {
    const stream = new SplitStream(makePoolTable({ v1: 1 - share, v2: share }), seededRandom(pages));
    const next = (): boolean => stream.next() === 1;
    for (const [visits, times] of [
      [Math.ceil(pages / 2), 10],
      [2000, pages > 100 ? 1 : 3],
    ] as const)
      expect(excess({ pages, share, visits, times }, next)).toBeLessThan(1);
  });

  it.each(golden)('a golden-ratio sequence would fail that: %d pages', (pages, share) => {
    let at = 0.123;
    const next = (): boolean => (at = (at + (Math.sqrt(5) - 1) / 2) % 1) < share;
    expect(excess({ pages, share, visits: Math.ceil(pages / 2), times: 10 }, next)).toBeGreaterThan(1.2);
  });

  it.each(whole)('strata of whole requests would fail that: %d pages', (pages, share) => {
    const random = seededRandom(1);
    const end = (stratum: number): number => Math.ceil(stratum / share - 1e-9);
    let [at, stratum, slot] = [0, 0, Math.floor(random() * end(1))];
    const next = (): boolean => {
      if (at === end(stratum + 1)) slot = at + Math.floor(random() * (end(++stratum + 1) - at));
      return at++ === slot;
    };
    const isEven = Number.isInteger(1 / share);
    const found = excess({ pages, share, visits: 2000, times: 3 }, next);
    if (isEven) expect(found).toBeLessThan(1);
    else expect(found).toBeGreaterThan(1);
  });

  interface Visited {
    readonly pages: number;
    readonly share: number;
    /** Of each page. */
    readonly visits: number;
    /** How often that is counted anew. */
    readonly times: number;
  }

  /** Chi-square over all pages and times, by its mean and six deviations. */
  function excess({ pages, share, visits, times }: Visited, next: () => boolean): number {
    const [mean, variance] = [visits * share, visits * share * (1 - share)];
    let sum = 0;
    for (let time = 0; time < times; time++) {
      const hits = new Array<number>(pages).fill(0);
      for (let visit = 0; visit < visits; visit++) for (let page = 0; page < pages; page++) if (next()) hits[page]!++;
      for (const count of hits) sum += (count - mean) ** 2 / variance;
    }
    const cells = pages * times;
    return sum / (cells + 6 * Math.sqrt(2 * cells) + 5);
  }
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
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        fc.string(),
        fc.nat(4),
        (weights, fraction, key, lost) => {
          const pool = tableOf(weights);
          const state = new FakeState();
          state.unready.add(lost);
          const drawn = new SplitStream(pool, () => fraction).next();
          for (const version of [
            drawn,
            rankByKey(pool, key, undefined),
            rankByKey(pool, key, state),
            pickReadyByWeight(pool, fraction, state),
          ]) {
            if (version >= 0) expect(weights[version]).toBeGreaterThan(0);
          }
          expect(drawn >= 0).toBe(weights.some((weight) => weight > 0));
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

function named(weights: readonly number[]): Readonly<Record<string, number>> {
  return Object.fromEntries(weights.map((weight, index) => [`v${index}`, weight]));
}

function tableOf(weights: readonly number[]) {
  return makePoolTable(named(weights));
}

function picks(weights: Readonly<Record<string, number>>, from: number, count: number): number[] {
  const stream = new SplitStream(makePoolTable(weights), seededRandom(from));
  return Array.from({ length: count }, () => stream.next());
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
