import { describe, expect, it } from 'vitest';
import type { AffinityConfig, OverrideConfig, PoolConfig } from '../../../src/config/model.ts';
import { countsBeside, leaveVersion } from '../../../src/routing/choose-otherwise.ts';
import { choose } from '../../../src/routing/choose.ts';
import { Choice, REASON_FALLBACK, REASON_OVERRIDE, REASON_ROUTE, REASON_WEIGHT, resetChoice } from '../../../src/routing/choice.ts';
import { createSessionMemory, Sessions } from '../../../src/routing/sessions.ts';
import { seededRandom } from '../../scaffold/seeded-random.ts';
import { FakeState, makePoolTable, makeRequest } from './make-table.ts';

const SPLIT = { v1: 50, v2: 50 };
const BY_USER: AffinityConfig = { kind: 'header', name: 'x-user', remember: undefined };
const QA: OverrideConfig = {
  ...{ name: 'qa', source: { kind: 'header', name: 'x-version' }, version: 'v2' },
  value: { kind: 'exact', value: 'v2' },
};
const plain = makeRequest('GET a/');
const from = (user: string) => makeRequest('GET a/', { 'x-user': user });

/** What is drawn for a request, and what responds. */
function asked(request = plain, pool: Partial<PoolConfig> = {}, prepare: (state: FakeState) => void = () => undefined) {
  const table = makePoolTable(SPLIT, pool);
  const state = new FakeState(table);
  state.drawn.push(1);
  prepare(state);
  const out = new Choice();
  choose(table, request, '', state, out);
  return { drawn: out.drawn, kept: out.kept, version: out.version?.index };
}

const unready =
  (...versions: number[]) =>
  (state: FakeState): void =>
    versions.forEach((version) => state.unready.add(version));

describe('what chance drew', () => {
  it('is the version that responds, by weight and by key', () => {
    expect(asked()).toEqual({ drawn: 1, kept: false, version: 1 });
    const keyed = asked(from('ada'), { affinity: BY_USER });
    expect(keyed.drawn).toBe(keyed.version);
  });

  it('stays when that is not ready, whoever responds or if nobody does', () => {
    expect(asked(plain, {}, unready(1))).toMatchObject({ drawn: 1, version: 0 });
    expect(asked(plain, { fallback: { whenNoneReady: 'fail' } }, unready(1))).toMatchObject({ drawn: 1, version: undefined });
    expect(asked(plain, { holdMs: 1000 }, unready(0, 1))).toMatchObject({ drawn: 1, version: 1 });
    const ready = asked(from('ada'), { affinity: BY_USER });
    expect(asked(from('ada'), { affinity: BY_USER }, unready(ready.drawn))).toMatchObject({ drawn: ready.drawn, version: 1 - ready.drawn });
  });

  it('is nothing where an override decides, or would have', () => {
    const asks = makeRequest('GET a/', { 'x-version': 'v2' });
    expect(asked(asks, { overrides: [QA] })).toMatchObject({ drawn: -1, version: 1 });
    expect(asked(asks, { overrides: [QA] }, unready(1))).toMatchObject({ drawn: -1 });
  });

  it('is nothing where a slow start gives the request away', () => {
    const starting = (chance: number) => (state: FakeState) => {
      state.rampShares[1] = 0.3;
      state.chances.push(chance);
    };
    const versions = makePoolTable(SPLIT).config.versions.map((version) => ({ ...version, slowStartMs: 1000 }));
    expect(asked(plain, { versions }, starting(0.1))).toMatchObject({ drawn: 1, version: 1 });
    expect(asked(plain, { versions }, starting(0.5))).toMatchObject({ drawn: -1, version: 0 });
  });

  it('is forgotten by a reset', () => {
    const choice = new Choice();
    Object.assign(choice, { drawn: 1, kept: true });
    resetChoice(choice);
    expect([choice.drawn, choice.kept]).toEqual([-1, false]);
  });
});

describe('a user that is remembered', () => {
  const remember = { timeMs: 3_600_000, quietMs: 3_600_000, users: 1000 };
  const affinity: AffinityConfig = { ...BY_USER, remember };

  it('is drawn at its first request, keeps that, and is not drawn where it keeps what the weights say otherwise', () => {
    const sessions = new Sessions(createSessionMemory(1000, [1, 2]));
    const at = (split: Readonly<Record<string, number>>) => {
      const table = makePoolTable(split, { affinity });
      const state = new FakeState(table);
      state.sessions = sessions;
      const out = new Choice();
      choose(table, from('ada'), '', state, out);
      return { drawn: out.drawn, kept: out.kept, version: out.version?.index };
    };
    expect(at({ v1: 1, v2: 0 })).toEqual({ drawn: 0, kept: false, version: 0 });
    expect(at({ v1: 1, v2: 0 })).toEqual({ drawn: 0, kept: true, version: 0 });
    expect(at({ v1: 0, v2: 1 })).toEqual({ drawn: -1, kept: false, version: 0 });
  });
});

describe('beside a version that is only starting', () => {
  const table = makePoolTable(SPLIT);

  it('as many of the other count, by chance or by user', () => {
    const state = new FakeState(table);
    state.rampShares[1] = 0.3;
    const random = seededRandom(7);
    state.chance = random;
    const [unkeyed, keyed] = [new Choice(), new Choice()];
    let [byChance, byUser] = [0, 0];
    for (let request = 0; request < 4000; request++) {
      keyed.key = `user-${request}`;
      if (countsBeside(1, table, state, unkeyed)) byChance++;
      if (countsBeside(1, table, state, keyed)) byUser++;
    }
    expect(byChance / 4000).toBeCloseTo(0.3, 1);
    expect(byUser / 4000).toBeCloseTo(0.3, 1);
    expect(countsBeside(1, table, state, keyed)).toBe(countsBeside(1, table, state, keyed));
  });

  it('all count when it has started', () => {
    const state = new FakeState(table);
    state.chance = () => 0.999;
    expect(countsBeside(1, table, state, new Choice())).toBe(true);
  });
});

describe('a version that gets nothing more', () => {
  const table = makePoolTable({ v1: 50, v2: 40, v3: 10 });

  function left(version: number | undefined, { reason = REASON_WEIGHT, drawn = version ?? -1, ready = true } = {}) {
    const out = new Choice();
    Object.assign(out, { version: version === undefined ? undefined : table.versions[version], reason, drawn });
    const state = new FakeState(table);
    if (!ready) state.unready.add(0);
    leaveVersion(table, 1, 0, state, out);
    return [out.version?.index, out.reason];
  }

  it('yields to the one in its place, also where nobody would have responded', () => {
    expect(left(1)).toEqual([0, REASON_FALLBACK]);
    expect(left(undefined, { drawn: 1 })).toEqual([0, REASON_FALLBACK]);
  });

  it('leaves others alone, those that ask for it, and all while that one is not ready', () => {
    expect(left(2)).toEqual([2, REASON_WEIGHT]);
    expect(left(undefined, { drawn: 2 })[0]).toBeUndefined();
    expect(left(1, { reason: REASON_OVERRIDE })[0]).toBe(1);
    expect(left(1, { reason: REASON_ROUTE })[0]).toBe(1);
    expect(left(1, { ready: false })[0]).toBe(1);
  });
});
