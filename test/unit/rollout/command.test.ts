import { describe, expect, test } from 'vitest';
import { start } from '../../../src/rollout/start.ts';
import { showRollout } from '../../../src/control/rollouts/show-rollout.ts';
import { SEEN, World, begun, startInput } from './fakes.ts';

const said = { author: 'bob', reason: 'so' };
const LONG = { steps: [{ weight: '5%', for: '1m' }, { weight: '50%', for: '1m' }, { weight: '100%' }, { watch: { for: '1m' } }] };

function running(written: object = LONG): World {
  const world = new World(begun(written));
  world.settle();
  return world;
}

describe('start', () => {
  test.each([
    ['an unknown version', { to: 'v9' }, 'has no version v9: there are v1, v2, v3'],
    ['a version without endpoints', { endpoints: { v1: 1 } }, 'v2 has no endpoints'],
    ['a preview', { previews: ['v2'] }, 'v2 is a preview, which never has a weight'],
    ['a preview as the baseline', { from: 'v3', previews: ['v3'] }, 'v3 is a preview, which never has a weight'],
    ['the version that has the most', { to: 'v1' }, 'has the greatest weight already'],
    ['the baseline itself', { from: 'v2' }, 'which is the baseline as well'],
    ['an unknown baseline', { from: 'v9' }, 'no version v9'],
    ['a pool without weights', { weights: { v1: 0, v2: 0 } }, 'no version of pool shop has any weight'],
    ['a pair without weights', { from: 'v1', weights: { v1: 0, v2: 0, v3: 1 } }, 'neither v1 nor v2 has any weight'],
  ])('%s is refused', (_, more, refusal) => {
    const started = start(startInput(LONG, more));
    expect('refusal' in started ? started.refusal : '').toContain(refusal);
  });

  test('draws a salt for a canary of weight 0 alone, and never takes from it what it has', () => {
    expect(begun(LONG).salt).toBe('pepper');
    const world = new World(begun(LONG, { weights: { v1: 80, v2: 20 } }));
    world.settle();
    expect(world.state).toMatchObject({ salt: undefined, wanted: { v1: 80, v2: 20 } });
  });

  test('of a pair that was tried within a day has half of alpha', () => {
    const world = running();
    world.count({ finished: 95 }, { finished: 5 }).tick();
    world.ask({ kind: 'abort', ...said });
    world.tick();
    expect(world.state.status).toBe('aborted');
    const wallMs = world.wallMs + 3_600_000;
    expect(begun(LONG, { earlier: [world.state], wallMs }).alphaShare).toBe(0.5);
    expect(begun(LONG, { earlier: [world.state], wallMs: wallMs + 86_400_000 }).alphaShare).toBe(1);
    expect(begun(LONG, { earlier: [world.state], wallMs, from: 'v3' }).alphaShare).toBe(1);
  });
});

describe('commands', () => {
  test('pause stops time and moves; a failure still goes back', () => {
    const world = running();
    world.count({ finished: 95 }, { finished: 5 });
    expect(world.ask({ kind: 'pause', ...said })).toBeUndefined();
    world.pass(70_000);
    expect(world.state).toMatchObject({ status: 'paused', step: 0, why: 'paused by bob: so' });
    expect(world.ask({ kind: 'pause', ...said })).toContain('already');
    expect(world.ask({ kind: 'resume', ...said })).toBeUndefined();
    expect(world.tick().status).toBe('running');
    world.ask({ kind: 'pause', ...said });
    world.count({ finished: 950 }, { finished: 50, errors: 40 }).tick();
    expect(world.state.status).toBe('rolled-back');
  });

  test('promote goes to the end at once, and ends a watch', () => {
    const world = running();
    expect(world.ask({ kind: 'promote', ...said })).toBeUndefined();
    world.settle(3);
    expect(world.state.wanted).toEqual({ v1: 0, v2: 100, v3: 7 });
    world.settle();
    expect(world.state.status).toBe('watching');
    world.ask({ kind: 'promote', ...said });
    expect(world.settle().status).toBe('succeeded');
    expect(world.ask({ kind: 'promote', ...said })).toBe('the rollout has ended: it is succeeded');
  });

  test('approve takes the role, and perhaps somebody else', () => {
    const world = running({ steps: [{ approve: { by: 'admin', notStarter: true } }, { weight: '5%', for: '1m' }] });
    expect(world.ask({ kind: 'approve', author: 'bob', role: 'operator', reason: '' })).toContain('role admin');
    expect(world.ask({ kind: 'approve', author: 'ann', role: 'admin', reason: '' })).toContain('other than ann');
    expect(world.state.step).toBe(0);
    expect(world.ask({ kind: 'approve', author: 'bob', role: 'admin', reason: '' })).toBeUndefined();
    world.settle();
    expect(world.state).toMatchObject({ step: 1, wanted: { v1: 95, v2: 5 } });
    expect(world.ask({ kind: 'approve', author: 'bob', role: 'admin', reason: '' })).toContain('does not wait');
  });

  test('abort is legal while a gate waits, and retry begins anew with half of alpha', () => {
    const world = running({ steps: [{ weight: '5%' }, { approve: {} }] });
    expect(world.state.step).toBe(1);
    expect(world.ask({ kind: 'retry', ...said, salt: 'x' })).toContain('has not ended');
    expect(world.ask({ kind: 'abort', ...said })).toBeUndefined();
    world.tick();
    expect(world.state).toMatchObject({ status: 'aborted', applied: { v1: 100, v2: 0, v3: 7 }, why: 'aborted by bob: so' });
    expect(world.ask({ kind: 'abort', ...said })).toBe('the rollout has ended: it is aborted');
    expect(world.ask({ kind: 'retry', ...said, salt: 'x' })).toBeUndefined();
    expect(world.state).toMatchObject({ status: 'pending', epoch: 1, alphaShare: 0.5, salt: 'x', step: 0 });
    world.settle();
    expect(world.state.step).toBe(1);
  });

  test('what a promotion passes over is skipped, and not done', () => {
    const steps = [
      { weight: '5%', for: '1s' },
      { weight: '20%', for: '1h' },
      { approve: {} },
      { weight: '100%' },
      { watch: { for: '1h' } },
    ];
    const world = new World(begun({ steps }));
    world.settle();
    world.count({ finished: 95 }, { finished: 5 }).pass(2000);
    expect([world.state.step, world.state.skipped]).toEqual([1, []]);
    world.ask({ kind: 'promote', ...said });
    world.settle();
    expect([world.state.step, world.state.skipped]).toEqual([4, [1, 2]]);
    const shown = showRollout(world.state, undefined, { perSecond: 1, wallMs: 2 }).steps.map(({ state }) => state);
    expect(shown).toEqual(['done', 'skipped', 'skipped', 'done', 'running']);
    world.ask({ kind: 'promote', ...said });
    world.settle();
    expect([world.state.status, world.state.skipped]).toEqual(['succeeded', [1, 2, 4]]);
    const again = running();
    again.ask({ kind: 'promote', ...said });
    again.ask({ kind: 'abort', ...said });
    again.settle();
    again.ask({ kind: 'retry', ...said, salt: 'x' });
    expect(again.state.skipped).toEqual([]);
  });

  test('a retry after a day is a new rollout', () => {
    const world = running();
    world.ask({ kind: 'abort', ...said });
    world.tick();
    world.wallMs += 86_400_001;
    expect(world.ask({ kind: 'retry', ...said, salt: 'x' })).toContain('more than a day ago');
  });

  test('superseded asserts nothing any more', () => {
    const world = running();
    world.ask({ kind: 'supersede', author: 'file', reason: 'the split was changed' });
    world.tick();
    expect(world.last!.wants).toMatchObject({ weights: undefined, settled: true, overrides: {}, counting: false });
  });
});

describe('going back', () => {
  test('to a cold baseline happens as far as it is ready, and says so', () => {
    const world = running();
    world.ask({ kind: 'promote', ...said });
    world.settle();
    world.see({ readyEndpoints: { ...SEEN.readyEndpoints, baseline: 0 } });
    world.ask({ kind: 'abort', ...said });
    world.tick();
    expect(world.state).toMatchObject({ status: 'held', held: 'cold', wanted: { v1: 0, v2: 100 } });
    expect(world.state.why).toContain('0 of 4 are, so v2 keeps 100 %');
    world.see({ readyEndpoints: { ...SEEN.readyEndpoints, baseline: 1 } }).tick();
    expect(world.state.wanted).toEqual({ v1: 25, v2: 75, v3: 7 });
    world.see({ readyEndpoints: { ...SEEN.readyEndpoints, baseline: 2 } }).tick();
    expect(world.state).toMatchObject({ status: 'aborted', wanted: { v1: 100, v2: 0 } });
  });

  test('to endpoints that only start happens as far as they can take it, and all at once when they can take half', () => {
    const world = running();
    world.ask({ kind: 'promote', ...said });
    world.settle();
    const starts = (endpoints: number, version: number): void => {
      world.see({ rampShares: { ...SEEN.rampShares, baseline: { endpoints, version } } });
      world.tick();
    };
    world.ask({ kind: 'abort', ...said });
    starts(0.1, 0.14);
    expect(world.state).toMatchObject({ status: 'held', held: 'cold', wanted: { v1: 10, v2: 90 } });
    expect(world.state.why).toContain('4 of 4 are, which start slowly and can take 10 % of their share, so v2 keeps 90 %');
    const { segment } = world.state;
    starts(0.19, 1);
    expect([world.state.segment, world.state.wanted]).toMatchObject([segment, { v1: 10, v2: 90 }]);
    starts(1, 0.4);
    expect(world.state.wanted).toMatchObject({ v1: 40, v2: 60 });
    starts(0.5, 1);
    expect(world.state).toMatchObject({ status: 'aborted', wanted: { v1: 100, v2: 0 } });
  });

  test('from a small weight asks for nothing but one ready endpoint; said twice it asks for none', () => {
    const world = running();
    world.see({ readyEndpoints: { ...SEEN.readyEndpoints, baseline: 1 } });
    world.ask({ kind: 'abort', ...said });
    expect(world.tick().status).toBe('aborted');
    const other = running();
    other.see({ readyEndpoints: { ...SEEN.readyEndpoints, baseline: 0 } });
    other.ask({ kind: 'abort', ...said });
    expect(other.tick().status).toBe('held');
    other.ask({ kind: 'abort', ...said });
    expect(other.state.status).toBe('aborted');
  });

  test('by one step happens once, then to the start', () => {
    const world = running({ ...LONG, onFail: 'previous' });
    world.count({ finished: 95 }, { finished: 5 }).pass(61_000);
    expect(world.state.step).toBe(1);
    world.count({ finished: 500 }, { finished: 500, errors: 90 }).tick();
    expect(world.state).toMatchObject({ status: 'running', step: 0, alphaShare: 0.5, wanted: { v1: 95, v2: 5 } });
    world.count({ finished: 95 }, { finished: 5 }).pass(62_000);
    expect(world.state.step).toBe(1);
    world.count({ finished: 500 }, { finished: 500, errors: 90 }).tick();
    expect(world.state.status).toBe('rolled-back');
  });

  test('may be left to a person, who goes on with half of alpha', () => {
    const world = running({ ...LONG, onFail: 'hold' });
    world.count({ finished: 950 }, { finished: 50, errors: 30 }).tick();
    expect(world.state).toMatchObject({ status: 'held', held: 'check', wanted: { v1: 95, v2: 5 } });
    const lines = world.state.history.length;
    world.pass(10_000);
    expect(world.state.history).toHaveLength(lines);
    world.ask({ kind: 'resume', ...said });
    world.tick();
    expect(world.state).toMatchObject({ status: 'running', alphaShare: 0.5, epoch: 1 });
  });
});
