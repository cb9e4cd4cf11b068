// What a change of weights would mean, against what the choice itself makes of it.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../scaffold/seeded-random.ts';
import { choose } from '../../../src/routing/choose.ts';
import { compileTable } from '../../../src/routing/compile.ts';
import type { Side } from '../../../src/routing/expected-versions.ts';
import { foreseeImpact } from '../../../src/routing/impact.ts';
import { Choice } from '../../../src/routing/choice.ts';
import type { PoolTable } from '../../../src/routing/table.ts';
import type { AffinityConfig, PoolConfig } from '../../../src/config/model.ts';
import { FakeState, makeConfig, makePool, makeRequest, makeRoute } from '../../unit/routing/make-table.ts';

const USERS: AffinityConfig = { kind: 'header', name: 'x-user', remember: undefined };
const KEYS = 4000;

type Weights = Readonly<Record<string, number>>;

const weights = fc.record({ v0: fc.nat(100), v1: fc.nat(100), v2: fc.nat(100) }).filter(({ v0, v1, v2 }) => v0 + v1 + v2 > 0);
const unready = fc.uniqueArray(fc.constantFrom('v0', 'v1', 'v2'), { maxLength: 2 });
const affinity = fc.constantFrom(USERS, undefined);

function side(split: Weights, pool: Partial<PoolConfig> = {}, lost: readonly string[] = []): Side {
  const route = makeRoute('shop', { action: { kind: 'pool', pool: 'shop', version: undefined } });
  const table = compileTable(makeConfig([route], [makePool(split, pool)]), 1);
  return { table, ready: ({ versions }, version) => !lost.includes(versions[version]!.name) };
}

function usersMoved(before: Side, after: Side): number {
  return foreseeImpact(before, after, []).pools[0]?.users ?? 0;
}

function stateOf(side: Side, pool: PoolTable): FakeState {
  const state = new FakeState();
  for (const { index } of pool.versions) if (!side.ready(pool, index)) state.unready.add(index);
  return state;
}

/** Which version each of many users gets. */
function ballot(side: Side, random: () => number): readonly (string | undefined)[] {
  const pool = side.table.pools[0]!;
  const state = stateOf(side, pool);
  const choice = new Choice();
  return Array.from({ length: KEYS }, () => {
    choose(pool, makeRequest('GET a/', { 'x-user': `user-${Math.floor(random() * 2 ** 40)}` }), '', state, choice);
    return choice.version?.name;
  });
}

describe('users', () => {
  it('are moved in the share that is said, when versions get other salts', () => {
    const salts = fc.record({ v0: fc.constantFrom('', 'a'), v1: fc.constantFrom('', 'b'), v2: fc.constantFrom('', 'c') });
    fc.assert(
      fc.property(weights, weights, salts, fc.nat(), (one, other, salt, seed) => {
        const versions = makePool(other).versions.map((version) => ({ ...version, salt: salt[version.name as keyof typeof salt] }));
        const [before, after] = [side(one, { affinity: USERS }), side(other, { affinity: USERS, versions })];
        const [was, is] = [ballot(before, seededRandom(seed)), ballot(after, seededRandom(seed))];
        const moved = was.filter((version, index) => version !== is[index]).length / KEYS;
        const foreseen = usersMoved(before, after);
        expect(Math.abs(moved - foreseen)).toBeLessThanOrEqual(6.5 * Math.sqrt((foreseen * (1 - foreseen)) / KEYS) + 5 / KEYS);
      }),
      { numRuns: 60 },
    );
  });

  it('are moved in the share that is said', () => {
    const policy = fc.record({ fallback: fc.constant({ whenNoneReady: 'split' as const }), holdMs: fc.constantFrom(0, 1000) });
    fc.assert(
      fc.property(weights, weights, unready, unready, policy, fc.nat(), (one, other, lost, lostThen, more, seed) => {
        const [before, after] = [side(one, { affinity: USERS, ...more }, lost), side(other, { affinity: USERS, ...more }, lostThen)];
        const [was, is] = [ballot(before, seededRandom(seed)), ballot(after, seededRandom(seed))];
        const moved = was.filter((version, index) => version !== is[index]).length / KEYS;
        const foreseen = usersMoved(before, after);
        expect(Math.abs(moved - foreseen)).toBeLessThanOrEqual(6.5 * Math.sqrt((foreseen * (1 - foreseen)) / KEYS) + 5 / KEYS);
      }),
      { numRuns: 60 },
    );
  });

  it('are moved to the version that is raised, in the difference of the shares, and to no other', () => {
    fc.assert(
      fc.property(weights, fc.integer({ min: 1, max: 100 }), affinity, (split, more, by) => {
        const raised = { ...split, v1: split.v1 + more };
        const share = (of: typeof split): number => of.v1 / (of.v0 + of.v1 + of.v2);
        const moved = usersMoved(side(split, { affinity: by }), side(raised, { affinity: by }));
        expect(moved).toBeCloseTo(share(raised) - share(split), 3);
      }),
    );
  });

  it('are as many on the way back, and none without a change', () => {
    fc.assert(
      fc.property(weights, weights, unready, affinity, (one, other, lost, by) => {
        const [before, after] = [side(one, { affinity: by }, lost), side(other, { affinity: by }, lost)];
        expect(usersMoved(after, before)).toBeCloseTo(usersMoved(before, after), 3);
        expect(foreseeImpact(before, side(one, { affinity: by }, lost), []).pools).toEqual([]);
      }),
    );
  });

  it('never are fewer than the split alone moves', () => {
    fc.assert(
      fc.property(weights, weights, (one, other) => {
        const keyed = usersMoved(side(one, { affinity: USERS }), side(other, { affinity: USERS }));
        expect(keyed).toBeGreaterThanOrEqual(usersMoved(side(one), side(other)) - 0.0005);
      }),
    );
  });

  it('are taken for strangers when their key becomes another', () => {
    fc.assert(
      fc.property(weights, weights, (one, other) => {
        const sum = (of: typeof one): number => of.v0 + of.v1 + of.v2;
        const alike = (one.v0 * other.v0 + one.v1 * other.v1 + one.v2 * other.v2) / (sum(one) * sum(other));
        const then = side(other, { affinity: { kind: 'clientIp', remember: undefined } });
        for (const before of [side(one), side(one, { affinity: USERS })]) expect(usersMoved(before, then)).toBeCloseTo(1 - alike, 3);
      }),
    );
  });
});

describe('requests', () => {
  it('of users are decided one by one', () => {
    fc.assert(
      fc.property(weights, weights, unready, (one, other, lost) => {
        const [before, after] = [side(one, { affinity: USERS }, lost), side(other, { affinity: USERS }, lost)];
        const [was, is] = [ballot(before, seededRandom(1)).slice(0, 500), ballot(after, seededRandom(1)).slice(0, 500)];
        const random = seededRandom(1);
        const seen = was.map(() => ({
          listener: 'web',
          client: '',
          standsFor: 3,
          request: makeRequest('GET a/', { 'x-user': `user-${Math.floor(random() * 2 ** 40)}` }),
        }));
        const { requests } = foreseeImpact(before, after, seen);
        expect(requests).toMatchObject({ compared: 500, otherwise: was.filter((version, index) => version !== is[index]).length });
      }),
      { numRuns: 30 },
    );
  });

  it('without a key differ as the split does', () => {
    fc.assert(
      fc.property(weights, weights, unready, (one, other, lost) => {
        const [before, after] = [side(one, {}, lost), side(other, {}, lost)];
        const seen = [{ listener: 'web', client: '', standsFor: 1, request: makeRequest('GET a/') }];
        expect(foreseeImpact(before, after, seen).requests.share).toBeCloseTo(usersMoved(before, after), 3);
      }),
    );
  });
});
