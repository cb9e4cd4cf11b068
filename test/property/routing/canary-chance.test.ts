// The chance that a choice says the version under test had, against how often that version comes.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AffinityConfig, OverrideConfig, PoolConfig } from '../../../src/config/model.ts';
import { Choice } from '../../../src/routing/choice.ts';
import { choose } from '../../../src/routing/choose.ts';
import { createSessionMemory, Sessions } from '../../../src/routing/sessions.ts';
import { SplitStream } from '../../../src/routing/split-stream.ts';
import type { PoolTable } from '../../../src/routing/table.ts';
import { seededRandom } from '../../scaffold/seeded-random.ts';
import { FakeState, makePool, makePoolTable, makeRequest } from '../../unit/routing/make-table.ts';

const REQUESTS = 4000;
const HEADER: AffinityConfig = { kind: 'header', name: 'x-user', remember: undefined };
const QA: OverrideConfig = { name: 'qa', source: { kind: 'header', name: 'x-qa' }, value: { kind: 'present' }, version: 'v1' };

function poolOf(split: Readonly<Record<string, number>>, more: Partial<PoolConfig> = {}): PoolTable {
  const versions = makePool(split).versions.map((version) => ({ ...version, slowStartMs: 1000 }));
  return makePoolTable(split, { versions, canary: 'v1', ...more });
}

function chosen(pool: PoolTable, state: FakeState, fields: Readonly<Record<string, string>> = {}): Choice {
  const choice = new Choice();
  choose(pool, makeRequest('GET a/', fields), '', state, choice);
  return choice;
}

describe('the chance of the version under test', () => {
  it('is how often it comes among random choices, whatever is ready, starting or held', () => {
    const cases = fc.record({
      weights: fc.tuple(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 1, max: 20 }), fc.integer({ min: 0, max: 20 })),
      unready: fc.subarray([0, 1, 2]),
      rampShares: fc.tuple(...[0, 1, 2].map(() => fc.constantFrom(1, 1, 0.5, 0.2))),
      whenNoneReady: fc.constantFrom('split' as const, 'fail' as const),
      holdMs: fc.constantFrom(0, 1000),
      affinity: fc.constantFrom(undefined, HEADER),
      seed: fc.integer(),
    });
    fc.assert(
      fc.property(cases, ({ weights: [v0, v1, v2], unready, rampShares, whenNoneReady, holdMs, affinity, seed }) => {
        const pool = poolOf({ v0, v1, v2 }, { affinity, holdMs, fallback: { whenNoneReady } });
        const state = new FakeState(pool);
        const random = seededRandom(seed);
        state.stream = new SplitStream(pool, random);
        state.chance = random;
        state.rampShares.push(...rampShares);
        for (const version of unready) state.unready.add(version);
        let [count, said, came] = [0, 0, 0];
        for (let i = 0; i < REQUESTS; i++) {
          const { isRandom, canaryChance, version } = chosen(pool, state, { 'x-user': `user-${random()}` });
          if (!isRandom) continue;
          expect(version).toBeDefined();
          count++;
          said += canaryChance;
          if (version?.name === 'v1') came++;
        }
        const share = count === 0 ? 0 : said / count;
        expect(Math.abs(came - said)).toBeLessThan(6 * Math.sqrt(count * share * (1 - share)) + 3);
      }),
      { numRuns: 60 },
    );
  });

  it('is the share among those that can be chosen', () => {
    const pool = poolOf({ v0: 70, v1: 10, v2: 20 });
    const state = new FakeState(pool);
    expect(chosen(pool, state)).toMatchObject({ isRandom: true, canaryChance: 0.1 });
    state.unready.add(2);
    expect(chosen(pool, state)).toMatchObject({ isRandom: true, canaryChance: 0.125 });
    state.unready.add(1);
    expect(chosen(pool, state)).toMatchObject({ isRandom: true, canaryChance: 0 });
    expect(chosen(makePoolTable({ v0: 1, v1: 1 }), new FakeState())).toMatchObject({ isRandom: true, canaryChance: 0 });
  });

  it('a fallback, an override, and what a session decided are not random', () => {
    const pool = poolOf({ v0: 50, v1: 50 }, { overrides: [QA] });
    const state = new FakeState(pool);
    expect(chosen(pool, state, { 'x-qa': '1' })).toMatchObject({ isRandom: false, canaryChance: 0 });
    state.unready.add(1);
    expect(chosen(pool, state, { 'x-qa': '1' })).toMatchObject({ isRandom: false, canaryChance: 0 });
    state.drawn.push(1);
    expect(chosen(pool, state)).toMatchObject({ isRandom: false, canaryChance: 0 });
    const remember = { timeMs: 100_000, quietMs: 60_000, users: 1000 };
    const remembering = poolOf({ v0: 50, v1: 50 }, { affinity: { ...HEADER, remember } });
    const sessions = new FakeState(remembering);
    sessions.sessions = new Sessions(createSessionMemory(1000, [1, 2]));
    const visit = (): Choice => chosen(remembering, sessions, { 'x-user': 'ann' });
    expect(visit()).toMatchObject({ isRandom: true, canaryChance: 0.5 });
    // The same version by the same weights, and yet known before: after a change of weights those who agree with them are no fair sample.
    expect(visit()).toMatchObject({ isRandom: false, canaryChance: 0 });
  });
});
