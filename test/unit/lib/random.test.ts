import { describe, expect, it } from 'vitest';
import { freshFraction, newKey, randomFraction } from '../../../src/lib/random.ts';
import { seededRandom } from '../../scaffold/seeded-random.ts';

describe('newKey', () => {
  it('is 22 characters of base64url, never twice the same', () => {
    const keys = Array.from({ length: 2000 }, newKey);
    expect(keys.every((key) => /^[\w-]{22}$/.test(key))).toBe(true);
    expect(new Set(keys).size).toBe(2000);
  });
});

describe.each([
  ['freshFraction', freshFraction],
  ['randomFraction', randomFraction],
  ['seededRandom', seededRandom(7)],
])('%s', (_, next) => {
  it('lies between 0 and 1 and spreads evenly', () => {
    const buckets = new Array<number>(10).fill(0);
    for (let i = 0; i < 10_000; i++) {
      const value = next();
      expect(value >= 0 && value < 1).toBe(true);
      buckets[Math.floor(value * 10)]!++;
    }
    // Six standard deviations.
    for (const count of buckets) expect(Math.abs(count - 1000)).toBeLessThan(180);
  });
});

describe('seededRandom', () => {
  it('repeats itself for the same seed and differs for another', () => {
    const [one, same, other] = [seededRandom(1), seededRandom(1), seededRandom(2)];
    const take = (next: () => number) => Array.from({ length: 5 }, next);
    const first = take(one);
    expect(take(same)).toEqual(first);
    expect(take(other)).not.toEqual(first);
  });
});
