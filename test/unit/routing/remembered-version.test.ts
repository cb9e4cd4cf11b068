import { beforeEach, describe, expect, it } from 'vitest';
import type { AffinityConfig, PoolConfig } from '../../../src/config/model.ts';
import { choose, chooseFor } from '../../../src/routing/choose.ts';
import { SessionReader } from '../../../src/routing/session-reader.ts';
import { createSessionMemory, Sessions } from '../../../src/routing/sessions.ts';
import { Choice, CHOICE_REASONS } from '../../../src/routing/choice.ts';
import type { PoolTable } from '../../../src/routing/table.ts';
import { FakeState, makePool, makePoolTable, makeRequest, makeRoute, makeTable } from './make-table.ts';

const HOLD = { timeMs: 100_000, quietMs: 60_000, users: 1000 };
const HEADER: AffinityConfig = { kind: 'header', name: 'x-user', remember: HOLD };
const OWN: AffinityConfig = {
  kind: 'cookie',
  name: 'c',
  own: true,
  maxAgeMs: 1000,
  path: '/',
  sameSite: 'lax',
  secure: 'auto',
  domain: undefined,
  partitioned: false,
  remember: HOLD,
};

let state: FakeState;

beforeEach(() => {
  state = new FakeState();
  state.sessions = new Sessions(createSessionMemory(1000, [1, 2]));
});

const pool = (split: Record<string, number>, more: Partial<PoolConfig> = {}) => makePoolTable(split, { affinity: HEADER, ...more });
const V1 = pool({ v1: 1, v2: 0 });
const V2 = pool({ v1: 0, v2: 1 });

function visit(table: PoolTable, user = 'ann', fields: Readonly<Record<string, string>> = {}): string {
  const out = new Choice();
  choose(table, makeRequest('GET a/', { 'x-user': user, ...fields }), '', state, out);
  return `${out.version?.name ?? 'none'} ${CHOICE_REASONS[out.reason] ?? ''}`;
}

describe('a user with a session', () => {
  it('keeps its version while new users follow the weights', () => {
    expect(visit(V1)).toBe('v1 affinity');
    expect(visit(V2)).toBe('v1 remembered');
    expect(visit(V2, 'bob')).toBe('v2 affinity');
    expect(visit(V2)).toBe('v1 remembered');
    expect(visit(V1)).toBe('v1 affinity');
    expect(visit(V1, 'bob')).toBe('v2 remembered');
  });

  it('moves when it was quiet for longer than it may be', () => {
    visit(V1);
    state.nowS += 60;
    expect(visit(V2)).toBe('v1 remembered');
    state.nowS += 61;
    expect(visit(V2)).toBe('v2 affinity');
    expect(visit(V1)).toBe('v2 remembered');
  });

  it('moves when the time has passed since the weights began to say otherwise', () => {
    visit(V1);
    state.nowS += 50;
    expect(visit(V2)).toBe('v1 remembered');
    state.nowS += 59;
    expect(visit(V2)).toBe('v1 remembered');
    state.nowS += 40;
    expect(visit(V2)).toBe('v1 remembered');
    state.nowS += 1;
    expect(visit(V2)).toBe('v2 affinity');
  });

  it('has all the time again when the weights agreed in between', () => {
    visit(V1);
    expect(visit(V2)).toBe('v1 remembered');
    state.nowS += 60;
    expect(visit(V1)).toBe('v1 affinity');
    state.nowS += 60;
    expect(visit(V2)).toBe('v1 remembered');
    state.nowS += 60;
    expect(visit(V2)).toBe('v1 remembered');
  });

  it('moves for good when its version is not ready and the other one is', () => {
    visit(V1);
    state.unready.add(0);
    expect(visit(V2)).toBe('v2 affinity');
    state.unready.clear();
    expect(visit(V2)).toBe('v2 affinity');
    expect(visit(V1)).toBe('v2 remembered');
  });

  it('goes to another version once when the one that it should have is not ready, and stays', () => {
    visit(V1);
    state.unready.add(0);
    const both = pool({ v1: 1000, v2: 0.001 });
    expect(visit(both)).toBe('v2 fallback');
    state.unready.clear();
    expect(visit(V2)).toBe('v1 remembered');
    // Neither the version that it has nor the one that it would get: a third one takes it.
    const three = pool({ v1: 0, v2: 1e6, v3: 1e-6 });
    state.unready.add(0).add(1);
    expect(visit(three)).toBe('v3 fallback');
    state.unready.clear();
    expect(visit(V2)).toBe('v1 remembered');
  });

  it('keeps a version that is ready when the one of the weights is not, also where nothing falls back', () => {
    visit(V1);
    state.unready.add(1);
    expect(visit(V2)).toBe('v1 remembered');
    const strict = pool({ v1: 0, v2: 1 }, { fallback: { whenNoneReady: 'fail' } });
    expect(visit(strict)).toBe('v1 remembered');
    expect(visit(strict, 'bob')).toBe('none none');
    state.unready.clear();
    expect(visit(V1, 'bob')).toBe('v1 affinity');
  });

  it('moves when its version is gone, wherever the others stand now', () => {
    visit(V1);
    expect(visit(pool({ v2: 1, v0: 0 }))).toBe('v2 affinity');
    expect(visit(pool({ v0: 1, v2: 0 }))).toBe('v2 remembered');
  });

  it('moves with all others when sessions are forgotten', () => {
    visit(V1);
    state.sessions!.forget();
    expect(visit(V2)).toBe('v2 affinity');
  });

  it('waits for its version in a pool that holds requests', () => {
    visit(V1);
    state.unready.add(0).add(1);
    expect(visit(pool({ v1: 0, v2: 1 }, { holdMs: 1000 }))).toBe('v1 remembered');
  });

  it('is not spared by a slow start', () => {
    const starting = (split: Record<string, number>): PoolTable => {
      const made = makePool(split, { affinity: HEADER });
      return makeTable([], [{ ...made, versions: made.versions.map((version) => ({ ...version, slowStartMs: 1000 })) }]).pools[0]!;
    };
    visit(V1);
    state.rampShares[0] = 1e-9;
    expect(visit(starting({ v1: 1e-6, v2: 1e6 }))).toBe('v1 remembered');
    expect(visit(starting({ v1: 1e6, v2: 1e-6 }))).toBe('v2 slow-start');
  });

  it('gets nothing from a pool of which all weights are 0', () => {
    visit(V1);
    expect(visit(pool({ v1: 0, v2: 0 }))).toBe('none none');
  });
});

describe('sessions', () => {
  it('know a key from the moment it is issued', () => {
    const own = (split: Record<string, number>) => pool(split, { affinity: OWN });
    const out = new Choice();
    choose(own({ v1: 1, v2: 0 }), makeRequest('GET a/'), '', state, out);
    expect([out.version?.name, out.setCookie, CHOICE_REASONS[out.reason]]).toEqual(['v1', true, 'affinity-new']);
    const request = makeRequest('GET a/', { cookie: `c=${out.key}` });
    choose(own({ v1: 0, v2: 1 }), request, '', state, out);
    expect([out.version?.name, CHOICE_REASONS[out.reason]]).toEqual(['v1', 'remembered']);
  });

  it('are neither read nor written for overrides and routes with a version', () => {
    const qa = {
      name: 'qa',
      source: { kind: 'header', name: 'x-qa' },
      value: { kind: 'present' },
      version: 'v2',
    } as const;
    const before = (): Int32Array => new Int32Array(state.sessions!.memory).slice();
    const empty = before();
    const overridden = pool({ v1: 1, v2: 0 }, { overrides: [qa] });
    expect(visit(overridden, 'ann', { 'x-qa': '1' })).toBe('v2 override');
    // An override whose version is not ready is no visit either.
    state.unready.add(1);
    expect(visit(overridden, 'ann', { 'x-qa': '1' })).toBe('v1 fallback');
    state.unready.clear();
    const fixed = makeTable(
      [makeRoute('r', { action: { kind: 'pool', pool: 'shop', version: 'v2' } })],
      [makePool({ v1: 1, v2: 0 }, { affinity: HEADER })],
    );
    const out = new Choice();
    chooseFor(fixed.destinations[0]!, makeRequest('GET a/', { 'x-user': 'ann' }), '', state, out);
    expect(out.version?.name).toBe('v2');
    expect(before()).toEqual(empty);
    visit(V1);
    expect(visit(pool({ v1: 0, v2: 1 }, { overrides: [qa] }), 'ann', { 'x-qa': '1' })).toBe('v2 override');
    expect(visit(V2)).toBe('v1 remembered');
  });

  it('are not touched for requests without a key, nor in a pool that remembers no users', () => {
    const empty = new Int32Array(state.sessions!.memory).slice();
    const out = new Choice();
    choose(V1, makeRequest('GET a/'), '', state, out);
    expect(CHOICE_REASONS[out.reason]).toBe('weight');
    expect(visit(makePoolTable({ v1: 1 }, { affinity: { kind: 'header', name: 'x-user', remember: undefined } }))).toBe('v1 affinity');
    expect(new Int32Array(state.sessions!.memory)).toEqual(empty);
  });

  it('may be missing: then the weights decide', () => {
    state.sessions = undefined;
    expect([visit(V1), visit(V2)]).toEqual(['v1 affinity', 'v2 affinity']);
  });

  it('are left alone when somebody only asks', () => {
    visit(V1);
    const before = new Int32Array(state.sessions!.memory).slice();
    state.sessions = new SessionReader(state.sessions!.memory);
    expect([visit(V2), visit(V2, 'bob')]).toEqual(['v1 remembered', 'v2 affinity']);
    expect(new Int32Array(state.sessions.memory)).toEqual(before);
  });
});
