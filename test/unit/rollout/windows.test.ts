import { describe, expect, test } from 'vitest';
import { World, begun } from './fakes.ts';

describe('windows', () => {
  /** A Saturday. */
  const SATURDAY = Date.parse('2026-11-28T12:00Z');
  const OFFICE = [{ days: ['mon-fri'], from: '09:00', to: '16:00', timezone: 'Europe/Berlin' }];
  const MONDAY = 'no window is open; the next one opens mon 2026-11-30 09:00 Europe/Berlin';
  const STEPS = [{ weight: '50%', for: '1s' }, { weight: '100%' }, { watch: { for: '1s', holdback: '1%' } }];

  function inOffice(more: object = {}, weights = { v1: 100, v2: 0, v3: 7 }): World {
    const world = new World(begun({ windows: OFFICE, steps: STEPS, ...more }, { weights }));
    world.wallMs = SATURDAY;
    return world;
  }

  test('outside of them nothing starts or goes on, and it says when it will', () => {
    const world = inOffice();
    world.settle();
    expect(world.state).toMatchObject({ status: 'held', held: 'window', started: false, why: MONDAY });
    world.wallMs = Date.parse('2026-11-30T08:00Z');
    world.settle();
    expect(world.state).toMatchObject({ status: 'running', step: 0, wanted: { v1: 50, v2: 50 } });
    world.wallMs = Date.parse('2026-11-30T14:59:59Z');
    world.count({ finished: 50 }, { finished: 50 }).pass(3000);
    expect(world.state).toMatchObject({ held: 'window', step: 1, wanted: { v1: 50, v2: 50 } });
    expect(world.state.why).toBe('no window is open; the next one opens tue 2026-12-01 09:00 Europe/Berlin');
    // Time that it waits is no time of its steps, and a clock that jumps back in lets it go on where it was.
    world.wallMs = Date.parse('2026-11-30T10:00Z');
    world.settle();
    expect(world.state).toMatchObject({ step: 2, wanted: { v1: 1, v2: 99 } });
  });

  test('never stop the way back', () => {
    const world = inOffice();
    world.wallMs = Date.parse('2026-11-30T14:59:50Z');
    world.settle();
    world.wallMs = SATURDAY;
    world.count({ finished: 500 }, { finished: 500, errors: 400 }).tick();
    expect(world.state.status).toBe('rolled-back');
    const aborted = inOffice();
    expect(aborted.settle().held).toBe('window');
    expect(aborted.ask({ kind: 'abort', author: 'bob', reason: '' })).toBeUndefined();
    expect(aborted.state.status).toBe('aborted');
  });

  test.each(['resume', 'promote'] as const)('%s waits for them unless it is forced', (kind) => {
    const world = inOffice();
    world.settle();
    expect(world.ask({ kind, author: 'bob', reason: 'so' })).toBe(`${MONDAY}. To go on all the same, say why: --force --reason TEXT`);
    expect(world.ask({ kind, author: 'bob', reason: 'so', force: true })).toBeUndefined();
    world.settle();
    expect(world.state).toMatchObject({ forced: true, held: undefined, started: true });
    expect(world.state.wanted['v2']).toBeGreaterThan(0);
  });

  test('a retry waits for them, and what was forced is so no more', () => {
    const world = inOffice();
    world.settle();
    world.ask({ kind: 'resume', author: 'bob', reason: 'so', force: true });
    world.settle();
    world.ask({ kind: 'abort', author: 'bob', reason: '' });
    world.settle();
    const again = { kind: 'retry', author: 'bob', reason: 'so', salt: 'x' } as const;
    expect(world.ask(again)).toContain(MONDAY);
    expect(world.ask({ ...again, force: true })).toBeUndefined();
    expect(world.state.forced).toBe(true);
    world.wallMs = Date.parse('2026-11-30T10:00Z');
    world.ask({ kind: 'abort', author: 'bob', reason: '' });
    world.settle();
    expect(world.ask(again)).toBeUndefined();
    expect(world.state.forced).toBe(false);
  });

  test('the end needs none where nothing is left to move', () => {
    const world = inOffice({ steps: [{ weight: '100%' }, { watch: { for: '1s' } }] });
    world.wallMs = Date.parse('2026-11-30T14:59:58Z');
    world.settle();
    world.wallMs = SATURDAY;
    world.pass(3000);
    expect(world.state.status).toBe('succeeded');
  });

  test('no batch is replaced outside of them', () => {
    const hooks = [{ on: ['endpoint'], url: 'http://127.0.0.1:1/' }];
    const world = inOffice(
      { strategy: 'rolling', steps: undefined, checks: [{ name: 'e', errorRate: {} }], hooks },
      { v1: 0, v2: 100, v3: 0 },
    );
    const endpoint = (key: string) => ({ key, ready: true, drained: false, inFlight: 0 });
    world.see({ endpoints: [endpoint('a'), endpoint('b')] });
    world.wallMs = Date.parse('2026-11-30T14:00Z');
    world.settle(3);
    expect(world.state.replacing?.batch).toEqual(['a']);
    world.state = { ...world.state, replacing: { done: ['a'], batch: [], phase: 'drain', readyMs: 0 } };
    world.wallMs = SATURDAY;
    expect(world.settle()).toMatchObject({ held: 'window', why: MONDAY });
    world.wallMs = Date.parse('2026-11-30T09:00Z');
    expect(world.settle(1).replacing?.batch).toEqual(['b']);
    expect(world.state).toMatchObject({ held: undefined, status: 'running' });
  });
});
