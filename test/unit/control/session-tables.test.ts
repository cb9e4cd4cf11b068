import { beforeEach, describe, expect, it } from 'vitest';
import type { AffinityConfig, PoolConfig } from '../../../src/config/model.ts';
import { SessionTables } from '../../../src/control/session-tables.ts';
import type { KeptSessions } from '../../../src/control/session-tables.ts';
import { seededRandom } from '../../scaffold/seeded-random.ts';
import { makePool } from '../routing/make-table.ts';

const HOLD = { timeMs: 100_000, quietMs: 60_000, users: 1000 };
const HEADER: AffinityConfig = { kind: 'header', name: 'x-user', remember: HOLD };

let nowMs: number;
let kept: Map<string, KeptSessions>;
let tables: SessionTables;

beforeEach(() => {
  nowMs = 1_800_000_000_000;
  kept = new Map();
  tables = new SessionTables({ wallMs: () => nowMs, chance: seededRandom(1), load: (pool) => kept.get(pool) });
});

const shop = (affinity: AffinityConfig = HEADER, more: Partial<PoolConfig> = {}) => makePool({ v1: 1, v2: 0 }, { affinity, ...more });

function serve(...pools: readonly PoolConfig[]): void {
  tables.commit(tables.plan(pools));
}

/** A user of `shop` comes and has the version at `index`. */
function come(user: string, index: number): void {
  const { sessions, rule } = tables.all!.find(({ pool }) => pool === 'shop')!;
  sessions.name(user);
  sessions.add(rule.marks[index]!, tables.wallSeconds(), rule.quietS);
}

const users = () => Object.fromEntries(tables.users('shop') ?? []);

/** Whatever was counted before is too old. */
const later = () => void (nowMs += 5000);

describe('tables', () => {
  it('are there for pools that remember users alone, when they are in force', () => {
    expect(tables.all).toBeUndefined();
    const plan = tables.plan([
      shop(),
      shop(HEADER, { name: 'plain', affinity: undefined }),
      shop({ ...HEADER, remember: undefined }, { name: 'free' }),
    ]);
    expect([[...plan.keys()], tables.all, tables.users('shop')]).toEqual([['shop'], undefined, undefined]);
    tables.commit(plan);
    expect([users(), tables.users('plain')]).toEqual([{ v1: 0, v2: 0 }, undefined]);
    serve();
    expect([tables.all, tables.users('shop'), tables.find('shop')]).toEqual([[], undefined, undefined]);
  });

  it('stay as long as the keys and the size do', () => {
    serve(shop());
    come('ann', 0);
    const [before] = tables.all!;
    serve(shop({ ...HEADER, remember: { timeMs: 5000, quietMs: 30_000, users: 1000 } }, { split: { v1: 0, v2: 1 } }));
    expect(tables.all![0]!.sessions).toBe(before!.sessions);
    expect([users(), tables.all![0]!.rule.quietS]).toEqual([{ v1: 1, v2: 0 }, 30]);
  });

  it('of another size take the users along; those of other keys begin anew', () => {
    serve(shop());
    come('ann', 1);
    const [before] = tables.all!;
    serve(shop({ ...HEADER, remember: { ...HOLD, users: 2000 } }));
    expect(tables.all![0]!.sessions).not.toBe(before!.sessions);
    expect(tables.all![0]!.sessions.find('ann', tables.wallSeconds(), 60)).toBeGreaterThan(0);
    expect(users()).toEqual({ v1: 0, v2: 1 });
    serve(shop({ kind: 'header', name: 'x-other', remember: HOLD }));
    expect(users()).toEqual({ v1: 0, v2: 0 });
  });

  it('that were only planned change nothing', () => {
    serve(shop());
    come('ann', 0);
    tables.plan([shop({ kind: 'clientIp', remember: HOLD })]);
    expect(users()).toEqual({ v1: 1, v2: 0 });
  });

  it('have seeds that nobody knows in advance', () => {
    serve(shop(), shop(HEADER, { name: 'other' }));
    const seeds = tables.all!.flatMap(({ sessions }) => sessions.seeds);
    expect(new Set(seeds).size).toBe(4);
  });

  it('begin with what an earlier process kept of the same keys, and only at the start', () => {
    const earlier = new SessionTables({ wallMs: () => nowMs, chance: seededRandom(2), load: () => undefined });
    earlier.commit(earlier.plan([shop()]));
    const [table] = earlier.all!;
    table!.sessions.name('ann');
    table!.sessions.add(table!.rule.marks[1]!, earlier.wallSeconds(), 60);
    const { seeds, sets } = table!.sessions;
    const copied = table!.sessions.copy(0, sets, earlier.wallSeconds(), 60);
    kept.set('shop', { keys: table!.keys, seeds, copied });
    kept.set('foreign', { keys: 'cookie sid', seeds, copied });
    kept.set('late', { keys: table!.keys, seeds, copied });
    nowMs += 60_000;
    serve(shop(), shop(HEADER, { name: 'foreign' }));
    expect([users(), Object.fromEntries(tables.users('foreign')!)]).toEqual([
      { v1: 0, v2: 1 },
      { v1: 0, v2: 0 },
    ]);
    serve(shop(), shop(HEADER, { name: 'late' }));
    expect(Object.fromEntries(tables.users('late')!)).toEqual({ v1: 0, v2: 0 });
    nowMs += 1000;
    const tooLate = new SessionTables({ wallMs: () => nowMs, chance: seededRandom(3), load: (pool) => kept.get(pool) });
    tooLate.commit(tooLate.plan([shop()]));
    expect(Object.fromEntries(tooLate.users('shop')!)).toEqual({ v1: 0, v2: 0 });
  });
});

describe('users', () => {
  it('are counted anew once in a second', () => {
    serve(shop());
    come('ann', 0);
    expect(users()).toEqual({ v1: 1, v2: 0 });
    come('bob', 1);
    nowMs += 900;
    expect(users()).toEqual({ v1: 1, v2: 0 });
    nowMs += 100;
    expect(users()).toEqual({ v1: 1, v2: 1 });
    expect([...tables.lines()]).toEqual([
      [{ pool: 'shop', version: 'v1' }, 1],
      [{ pool: 'shop', version: 'v2' }, 1],
    ]);
    come('eve', 1);
    // A clock that is set back does not keep an old count.
    nowMs -= 3_600_000;
    expect(users()).toEqual({ v1: 1, v2: 2 });
  });

  it('are gone when they are moved or quiet', () => {
    serve(shop());
    come('ann', 0);
    tables.move(['shop', 'none']);
    expect(users()).toEqual({ v1: 0, v2: 0 });
    come('ann', 1);
    later();
    expect(users()).toEqual({ v1: 0, v2: 1 });
    nowMs += 60_000;
    expect(users()).toEqual({ v1: 0, v2: 0 });
  });
});
