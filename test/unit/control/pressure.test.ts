import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Pressure } from '../../../src/control/pressure.ts';

test.each([
  [0, 0],
  [0.919, 0],
  [0.92, 1],
  [0.949, 1],
  [0.95, 2],
  [0.98, 3],
  [1.3, 3],
])('at %d of the limit the level is %d at once', (share, level) => {
  expect(new Pressure().look(share, 0)).toBe(level);
});

test('levels rise one by one as the share does', () => {
  const pressure = new Pressure();
  expect([0.5, 0.93, 0.96, 0.99].map((share, look) => pressure.look(share, look * 250))).toEqual([0, 1, 2, 3]);
});

test('a level is left only 2 points below where it was entered', () => {
  const pressure = new Pressure();
  pressure.look(0.98, 0);
  expect([0.97, 0.96, 0.959, 0.93, 0.929, 0.9, 0.899].map((share, look) => pressure.look(share, 10_000 * (look + 1)))).toEqual([
    3, 3, 2, 2, 1, 1, 0,
  ]);
});

test('a level is left not before a second is over, however far the share has fallen, and then at once for what fits', () => {
  const pressure = new Pressure();
  pressure.look(0.99, 5000);
  expect(pressure.look(0.1, 5999)).toBe(3);
  expect(pressure.look(0.1, 6000)).toBe(0);
});

test('each level has its own second', () => {
  const pressure = new Pressure();
  pressure.look(0.99, 0);
  expect(pressure.look(0.94, 1000)).toBe(2);
  expect(pressure.look(0.1, 1999)).toBe(2);
  expect(pressure.look(0.1, 2000)).toBe(0);
});

test('the level is never below what the share asks for, and never more than the slack above it', () => {
  const enter = [0, 0.92, 0.95, 0.98];
  const looks = fc.array(fc.tuple(fc.double({ min: 0, max: 1.2, noNaN: true }), fc.integer({ min: 0, max: 3000 })), { minLength: 1 });
  fc.assert(
    fc.property(looks, (all) => {
      const pressure = new Pressure();
      let nowMs = 0;
      for (const [share, waitedMs] of all) {
        const before = pressure.level;
        const level = pressure.look(share, (nowMs += waitedMs));
        expect(share < (enter[level + 1] ?? Infinity)).toBe(true);
        if (level < before) expect(share).toBeLessThan(enter[before]! - 0.02);
        if (level === before && waitedMs >= 1000 && level > 0) expect(share).toBeGreaterThanOrEqual(enter[level]! - 0.02);
      }
    }),
  );
});
