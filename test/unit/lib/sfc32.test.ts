import { expect, test } from 'vitest';
import { Sfc32 } from '../../../src/lib/sfc32.ts';

test('the same seed gives the same fractions, another one others', () => {
  const made = (seed: readonly [number, number, number]): readonly number[] => {
    const chance = new Sfc32(seed);
    return Array.from({ length: 100 }, () => chance.next());
  };
  expect(made([1, 2, 3])).toEqual(made([1, 2, 3]));
  for (const seed of [
    [2, 2, 3],
    [1, 3, 3],
    [1, 2, 4],
  ] as const)
    expect(made(seed).filter((fraction, at) => fraction === made([1, 2, 3])[at])).toEqual([]);
  expect(new Set(made([0, 0, 0])).size).toBe(100);
});

test('fractions fill 0 to 1 evenly, alone and in pairs', () => {
  const chance = new Sfc32([7, 8, 9]);
  const cells = new Array<number>(256).fill(0);
  const draws = 256 * 400;
  for (let i = 0; i < draws; i++) {
    const [one, other] = [chance.next(), chance.next()];
    expect(one >= 0 && one < 1).toBe(true);
    cells[Math.floor(one * 16) * 16 + Math.floor(other * 16)]!++;
  }
  const chiSquare = cells.reduce((sum, count) => sum + (count - 400) ** 2 / 400, 0);
  expect(Math.abs(chiSquare - 255)).toBeLessThan(6 * Math.sqrt(2 * 255));
});
