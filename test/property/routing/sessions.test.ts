// The table against a Map that never forgets: it may miss a user, where a set was full, but never has another version for it.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createSessionMemory, Sessions } from '../../../src/routing/sessions.ts';

const QUIET = 10;

interface Known {
  version: number;
  seen: number;
  diverged: number;
}

const step = fc.record({
  key: fc.integer({ min: 0, max: 11 }),
  version: fc.constantFrom(1, -2, 0x7fff_ffff),
  act: fc.constantFrom('visit', 'visit', 'visit', 'agree', 'diverge', 'move', 'forget'),
  pauseS: fc.constantFrom(0, 0, 0, 1, 4, 11),
  view: fc.integer({ min: 0, max: 1 }),
});

/** Runs the steps; `users` with room for all means that nothing may be missed. Returns how many were. */
function run(steps: readonly (typeof step extends fc.Arbitrary<infer T> ? T : never)[], users: number, seeds: [number, number]): number {
  const memory = createSessionMemory(users, seeds);
  const views = [new Sessions(memory), new Sessions(memory)];
  const model = new Map<string, Known>();
  let nowS = 1_800_000_000;
  let missed = 0;
  for (const { key: number, version, act, pauseS, view } of steps) {
    nowS += pauseS;
    const sessions = views[view]!;
    const key = `key-${number}`;
    if (act === 'forget') {
      sessions.forget();
      model.clear();
      continue;
    }
    const known = model.get(key);
    const live = known !== undefined && nowS - known.seen <= QUIET ? known : undefined;
    const at = sessions.find(key, nowS, QUIET);
    if (live === undefined) expect(at).toBe(-1);
    if (at < 0) {
      if (live !== undefined) missed++;
      sessions.add(version, nowS, QUIET);
      model.set(key, { version, seen: nowS, diverged: 0 });
      continue;
    }
    expect(sessions.version).toBe(live!.version);
    if (act === 'visit') sessions.see(at, nowS);
    if (act === 'agree') {
      sessions.agree(at, nowS);
      live!.diverged = 0;
    }
    if (act === 'diverge') {
      expect(sessions.diverge(at, nowS)).toBe(live!.diverged === 0 ? 0 : nowS - live!.diverged);
      live!.diverged ||= nowS;
      sessions.see(at, nowS);
    }
    if (act === 'move') {
      sessions.move(at, version, nowS);
      Object.assign(live!, { version, diverged: 0 });
    }
    live!.seen = nowS;
  }
  const counts = new Float64Array(3);
  views[0]!.count(Int32Array.of(1, -2, 0x7fff_ffff), nowS, QUIET, counts);
  const live = [...model.values()].filter(({ seen }) => nowS - seen <= QUIET).length;
  const counted = counts.reduce((sum, count) => sum + count);
  if (missed === 0 && users > 1000) expect(counted).toBe(live);
  expect(counted).toBeLessThanOrEqual(live);
  return missed;
}

const seed = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });

test('a table with room has exactly what a map has', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), seed, seed, (steps, low, high) => {
      // 12 users in 1,000 sets: that nine share one is beyond all chance.
      expect(run(steps, 4000, [low, high])).toBe(0);
    }),
    { numRuns: 300 },
  );
});

test('one that is full misses users, and has nothing wrong', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 40, maxLength: 200 }), seed, (steps, low) => {
      run(steps, 4, [low, low ^ 1]);
      // Twelve users twice, in eight places.
      const visits = Array.from({ length: 24 }, (_, index) => ({ key: index % 12, version: 1, act: 'visit', pauseS: 0, view: 0 }) as const);
      expect(run(visits, 4, [low, low ^ 1])).toBeGreaterThanOrEqual(4);
    }),
    { numRuns: 300 },
  );
});
