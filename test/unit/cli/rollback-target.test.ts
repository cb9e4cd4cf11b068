import { describe, expect, test } from 'vitest';
import { findUndo, poolsOf, restoredOf, touchesTraffic } from '../../../src/cli/rollback-target.ts';
import type { Restored } from '../../../src/cli/rollback-target.ts';
import type { RevisionSummary } from '../../../src/api/revisions.ts';

describe('touchesTraffic', () => {
  test.each([
    'pools.shop.split.v1',
    'pools.shop.split',
    'pools.shop',
    'pools["my.shop"].split.v1',
    'pools["my.shop"]',
    'pools.shop.overrides.qa.version',
    'pools.shop.mirrors.dark',
    'pools.shop.versions.v1.endpoints["127.0.0.1:9001"].drain',
    'pools.shop.versions.v2',
    'pools.shop.affinity.remember',
    'routes.shop.version',
    'routes (order)',
    'routes["a.b"].hosts',
  ])('%s', (path) => expect(touchesTraffic(path)).toBe(true));

  test.each([
    'accessLog',
    'pools.shop.limits.pending',
    'pools.shop.splitter',
    'pools["a"].timeouts.connect',
    'listeners.web.limits.connections',
    'admin.auth',
    'workers',
    'routesX',
  ])('not %s', (path) => expect(touchesTraffic(path)).toBe(false));
});

const HOUR_MS = 3_600_000;

/** A pool whose split is written down as it goes; each step is one revision, an hour after the one before. */
class Story {
  readonly revisions: RevisionSummary[] = [];
  readonly restored = new Map<number, Restored>();
  #hours = 0;
  /** By revision: the weights of each pool. */
  readonly states: Readonly<Record<string, Readonly<Record<string, number>>>>[] = [{}];

  constructor(pools: Readonly<Record<string, Readonly<Record<string, number>>>>) {
    this.states.push(pools);
    this.#add('start', []);
  }

  get now() {
    return this.states.at(-1)!;
  }

  /** Returns the number of the revision. */
  split(pool: string, weights: Readonly<Record<string, number>>, hoursLater = 1): number {
    this.#hours += hoursLater - 1;
    const before = this.now[pool] ?? {};
    this.states.push({ ...this.now, [pool]: weights });
    return this.#add('api', differ(pool, before, weights));
  }

  other(path: string): number {
    this.states.push(this.now);
    return this.#add('api', [{ path, before: 'a', after: 'b' }]);
  }

  /** A step of a rollout; the first one draws a salt as well. */
  rollout(id: string, weights: Readonly<Record<string, number>>, more: RevisionSummary['differences'] = []): number {
    const before = this.now['shop'] ?? {};
    this.states.push({ ...this.now, shop: weights });
    return this.#add('rollout', [...more, ...differ('shop', before, weights)], `rollout ${id}: so much`);
  }

  restore(to: number, pools?: readonly string[]): number {
    const then = this.states[to]!;
    const next = pools === undefined ? then : { ...this.now, ...Object.fromEntries(pools.map((pool) => [pool, then[pool] ?? {}])) };
    const differences = Object.keys(next).flatMap((pool) => differ(pool, this.now[pool] ?? {}, next[pool] ?? {}));
    this.states.push(next);
    const revision = this.#add('restore', differences);
    this.restored.set(revision, { to, pools });
    return revision;
  }

  undo(isStep = false) {
    const { revisions, restored, now } = this;
    return findUndo({ revisions: revisions.toReversed(), restored, weightsOf: (pool) => now[pool], isStep });
  }

  /** Does what `undo` says, and says what it undid. */
  rollback(isStep = false): string {
    const undo = this.undo(isStep);
    if (undo.kind !== 'undo') return undo.kind;
    this.restore(undo.before.revision, undo.pools);
    return undo.changes.map(({ revision }) => revision).join(' ');
  }

  #add(cause: string, differences: RevisionSummary['differences'], reason = ''): number {
    const revision = this.revisions.length + 1;
    this.revisions.push({ revision, atMs: ++this.#hours * HOUR_MS, author: 'x', reason, cause, differences });
    return revision;
  }
}

function differ(pool: string, before: Readonly<Record<string, number>>, after: Readonly<Record<string, number>>) {
  return Object.keys({ ...before, ...after })
    .filter((name) => before[name] !== after[name])
    .map((name) => ({ path: `pools.${pool}.split.${name}`, before: before[name]?.toString(), after: after[name]?.toString() }));
}

const ramp = (story: Story, ...shares: readonly number[]): void =>
  shares.forEach((share) => void story.split('shop', { v1: 100 - share, v2: share }));

describe('a rollback', () => {
  test('undoes a ramp whole, and again nothing', () => {
    const story = new Story({ shop: { v1: 100, v2: 0 } });
    ramp(story, 5, 25, 50);
    expect(story.rollback()).toBe('4 3 2');
    expect(story.now['shop']).toEqual({ v1: 100, v2: 0 });
    for (let again = 0; again < 3; again++) expect(story.rollback()).toBe('undone');
    expect(story.now['shop']).toEqual({ v1: 100, v2: 0 });
  });

  test('undoes a rollout whole, whatever it changed beside the weights, and not the one before it', () => {
    const story = new Story({ shop: { v1: 100, v2: 0, v3: 0 } });
    const salt = { path: 'pools.shop.versions.v2.salt', after: 'x' };
    const staff = { path: 'pools.shop.overrides.shop-b-staff', after: 'x' };
    story.rollout('shop-a', { v1: 0, v2: 100, v3: 0 }, [salt]);
    story.rollout('shop-b', { v1: 0, v2: 99, v3: 1 }, [staff]);
    story.other('accessLog');
    story.rollout('shop-b', { v1: 0, v2: 90, v3: 10 });
    expect(story.undo()).toMatchObject({ pools: ['shop'], before: { revision: 2 } });
    expect(story.rollback()).toBe('5 3');
    expect(story.now['shop']).toEqual({ v1: 0, v2: 100, v3: 0 });
    expect(story.rollback()).toBe('undone');
  });

  test('knows a ramp by shares, whatever the weights add up to', () => {
    const story = new Story({ shop: { v1: 100, v2: 0 } });
    story.split('shop', { v1: 95, v2: 5 });
    story.split('shop', { v1: 9, v2: 1 });
    story.split('shop', { v1: 1, v2: 1 });
    expect(story.rollback()).toBe('4 3 2');
  });

  test('goes one step with --step, each time one further, and the rest without', () => {
    const story = new Story({ shop: { v1: 100, v2: 0 } });
    ramp(story, 5, 25, 50);
    expect(story.rollback(true)).toBe('4');
    expect(story.now['shop']).toEqual({ v1: 75, v2: 25 });
    expect(story.rollback(true)).toBe('3');
    expect(story.now['shop']).toEqual({ v1: 95, v2: 5 });
    expect(story.rollback()).toBe('4 3 2');
    expect(story.now['shop']).toEqual({ v1: 100, v2: 0 });
    expect([story.rollback(), story.rollback(true)]).toEqual(['undone', 'undone']);
  });

  test('ends a ramp where the direction changes, and at a pause of more than a day', () => {
    const story = new Story({ shop: { v1: 0, v2: 0, v3: 100 } });
    ramp(story, 50, 100);
    story.split('shop', { v1: 30, v2: 70 });
    story.split('shop', { v1: 60, v2: 40 });
    expect(story.rollback()).toBe('5 4');
    expect(story.now['shop']).toEqual({ v1: 0, v2: 100 });
    const slow = new Story({ shop: { v1: 100, v2: 0 } });
    slow.split('shop', { v1: 50, v2: 50 });
    slow.split('shop', { v1: 40, v2: 60 }, 30);
    expect(slow.rollback()).toBe('3');
  });

  test('leaves what others did to other pools, and finds the ramp between', () => {
    const story = new Story({ shop: { v1: 100, v2: 0 }, api: { a: 1, b: 0 } });
    ramp(story, 5);
    story.split('api', { a: 1, b: 1 });
    story.other('workers');
    ramp(story, 25);
    expect(story.rollback()).toBe('5 2');
    expect(story.now).toEqual({ shop: { v1: 100, v2: 0 }, api: { a: 1, b: 1 } });
    // The latest change is the one that was taken back; the next one is a step further.
    expect(story.rollback()).toBe('undone');
    expect(story.rollback(true)).toBe('3');
  });

  test('does not reach over another change of the traffic of the pool', () => {
    const story = new Story({ shop: { v1: 100, v2: 0 } });
    ramp(story, 5);
    story.other('pools.shop.overrides.qa');
    ramp(story, 25);
    expect(story.rollback()).toBe('4');
  });

  test('undoes a ramp that was begun again, with what was before it', () => {
    const story = new Story({ shop: { v1: 100, v2: 0 } });
    ramp(story, 5, 25);
    expect(story.rollback()).toBe('3 2');
    ramp(story, 10, 20);
    expect(story.rollback()).toBe('6 5');
    expect(story.now['shop']).toEqual({ v1: 100, v2: 0 });
    const steps = new Story({ shop: { v1: 100, v2: 0 } });
    ramp(steps, 5, 25);
    expect(steps.rollback(true)).toBe('3');
    ramp(steps, 30);
    expect(steps.rollback()).toBe('5 2');
    expect(steps.now['shop']).toEqual({ v1: 100, v2: 0 });
  });

  test('of what somebody restored on purpose after a rollback undoes it again', () => {
    const story = new Story({ shop: { v1: 100, v2: 0 } });
    ramp(story, 50);
    expect(story.rollback()).toBe('2');
    story.restore(2);
    expect(story.now['shop']).toEqual({ v1: 50, v2: 50 });
    expect(story.rollback()).toBe('2');
    expect(story.now['shop']).toEqual({ v1: 100, v2: 0 });
  });

  test('takes all of it where more than the traffic of pools changed', () => {
    const story = new Story({ shop: { v1: 100, v2: 0 } });
    story.other('routes.main.pool');
    expect(story.undo()).toMatchObject({ kind: 'undo', pools: undefined, before: { revision: 1 } });
  });

  test('finds nothing where nothing was changed', () => {
    const story = new Story({ shop: { v1: 100 } });
    expect(story.undo()).toEqual({ kind: 'none' });
    story.other('accessLog');
    expect(story.undo()).toEqual({ kind: 'none' });
  });
});

test.each([
  ['pools.shop.split.v1', ['shop']],
  ['pools["my.shop"].versions["v.1"].endpoints["127.0.0.1:1"].drain', ['my.shop']],
  ['pools.shop.versions.v1.drain', ['shop']],
  ['pools.shop.versions.v2', undefined],
  ['pools.shop.fallback.whenNoneReady', undefined],
  ['pools.shop', undefined],
  ['routes (order)', undefined],
])('a change of %s is about %j', (path, pools) => {
  expect(poolsOf({ differences: [{ path: 'workers' }, { path }] } as unknown as RevisionSummary)).toEqual(pools);
});

test('what a line of the journal says of a restore', () => {
  expect(restoredOf({ change: { kind: 'restore', revision: 3 } })).toEqual({ to: 3, pools: undefined });
  expect(restoredOf({ change: { kind: 'restore', revision: 3, pools: ['a'] } })).toEqual({ to: 3, pools: ['a'] });
  for (const change of [undefined, { kind: 'split' }, { kind: 'restore' }, 'restore']) expect(restoredOf({ change })).toBeUndefined();
});
