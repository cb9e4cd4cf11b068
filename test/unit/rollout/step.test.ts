import { describe, expect, test } from 'vitest';
import { World, begun } from './fakes.ts';

const BY_TIME = { steps: [{ weight: '5%', for: '5m' }, { weight: '50%', for: '5m' }, { weight: '100%' }] };

describe('a canary by time', () => {
  test('goes up step by step, promotes and succeeds', () => {
    const world = new World(begun(BY_TIME));
    world.settle();
    expect(world.state).toMatchObject({ status: 'running', step: 0, applied: { v1: 95, v2: 5, v3: 7 } });
    world.count({ finished: 950 }, { finished: 50 }).pass(299_000);
    expect(world.state.step).toBe(0);
    world.pass(2_000);
    expect(world.state).toMatchObject({ step: 1, applied: { v1: 50, v2: 50, v3: 7 } });
    world.count({ finished: 500 }, { finished: 500 }).pass(305_000);
    expect(world.state).toMatchObject({ status: 'succeeded', applied: { v1: 0, v2: 100, v3: 7 } });
    world.tick();
    expect(world.last!.wants).toMatchObject({ settled: true, weights: undefined });
    expect(world.state.history.map(({ what }) => what).at(-1)).toBe('succeeded: v2 has 100 % of what it shares with v1');
  });

  test('waits for the first request of a step, and is held when none comes', () => {
    const world = new World(begun({ steps: [{ weight: '5%', until: 'evidence' }, { weight: '100%' }] }));
    world.settle();
    world.pass(9_000);
    expect(world.state).toMatchObject({ status: 'running', held: undefined, step: 0 });
    expect(world.state.why).toBe('waits for the first request of v2 in this step');
    world.pass(2_000);
    expect(world.state).toMatchObject({ status: 'held', held: 'no-data', step: 0 });
    expect(world.state.history.filter(({ what }) => what.startsWith('held'))).toHaveLength(1);
  });

  test('whose time is shorter says at its end that no request came', () => {
    const world = new World(
      begun({ steps: [{ weight: '5%', until: 'evidence', atMost: '2s' }, { weight: '100%' }], checks: [{ name: 'errors', errors: {} }] }),
    );
    world.settle();
    world.pass(2_500);
    expect(world.state).toMatchObject({ status: 'held', held: 'timeout' });
    expect(world.state.why).toMatch(/no request of v2 has been counted in this step$/);
    // Nobody has decided yet, and that is true no more.
    world.count({ finished: 95 }, { finished: 5 }).tick();
    expect(world.state).toMatchObject({ status: 'held', held: 'timeout' });
    expect(world.state.why).toMatch(/^its time of 2s is up: errors is not yet shown to be harmless: v2 failed 0 of 5 requests/);
    world.count({ finished: 950_000, errors: 5000 }, { finished: 50_000, errors: 250 }).tick();
    expect(world.state.why).toBe('its time of 2s is up: what it waited for has come since');
    expect(world.state.history.filter(({ what }) => what.startsWith('held'))).toHaveLength(1);
    world.ask({ kind: 'pause', author: 'bob', reason: '' });
    world.tick();
    expect(world.state.why).toBe('paused by bob');
  });

  test('waits for the first request after the warmup as well', () => {
    const world = new World(begun({ warmup: '20s', steps: [{ weight: '5%', until: 'evidence' }, { weight: '100%' }] }));
    world.settle();
    world.count({ finished: 95 }, { finished: 5 }).pass(24_000);
    expect(world.state).toMatchObject({ status: 'running', step: 0 });
    expect(world.state.why).toBe('waits for the first request of v2 in this step');
    world.pass(10_000);
    expect(world.state).toMatchObject({ status: 'held', held: 'no-data', step: 0 });
  });

  test('waits for the first result of what others judge', () => {
    const prometheus = { name: 'c', prometheus: { address: 'http://a', query: 'up', max: 1 } };
    const world = new World(begun({ checks: [{ name: 'e', errors: {} }, prometheus], steps: [{ weight: '50%' }, { weight: '100%' }] }));
    world.settle();
    world.count({ finished: 50 }, { finished: 50 }).pass(9_000);
    expect(world.state).toMatchObject({ status: 'running', step: 0, why: 'c has no result: nobody has said anything yet' });
    world.pass(2_000);
    expect(world.state).toMatchObject({ status: 'held', held: 'no-data', step: 0 });
  });

  test('does not go on without a request of the canary, and is held when its time is up', () => {
    const world = new World(begun(BY_TIME));
    world.settle();
    world.pass(301_000);
    expect(world.state).toMatchObject({ status: 'held', held: 'no-data', step: 0 });
    expect(world.state.why).toBe('no request of v2 has been counted in this step');
    world.count({ finished: 95 }, { finished: 5 }).settle();
    expect(world.state.step).toBe(1);
  });

  test('a comparison that has not enough yet is waited for, by a step and by a check; one that has nothing holds', () => {
    const checks = [
      { name: 'c', comparison: { mirror: 'dark' } },
      { name: 'e', errorRate: { max: '5%' } },
    ];
    const world = new World(begun({ checks, steps: [{ mirror: { compare: {} } }, { weight: '100%' }] }));
    const early = { result: 'inconclusive', sentence: '3 of 1,000' } as const;
    world.settle();
    world.pass(11_000);
    expect(world.state).toMatchObject({ status: 'held', held: 'no-data' });
    world.see({ outside: { 'mirror of step 1': early, c: early } }).pass(30_000);
    expect(world.state).toMatchObject({ status: 'running', step: 0, why: 'the comparison has no verdict yet: 3 of 1,000' });
    const pass = { result: 'pass', value: undefined, sentence: 'alike' } as const;
    world.see({ outside: { 'mirror of step 1': pass, c: early } }).pass(30_000);
    expect(world.state).toMatchObject({ status: 'running', step: 0, why: 'c has no verdict yet: 3 of 1,000' });
    world.see({ outside: { 'mirror of step 1': pass, c: pass } }).settle();
    expect(world.state.status).toBe('succeeded');
  });

  test('a gate whose time is up is held until somebody decides', () => {
    const world = new World(begun({ steps: [{ weight: '5%', for: '1m', atMost: '2m' }] }));
    world.settle();
    world.pass(121_000);
    expect(world.state).toMatchObject({ status: 'held', held: 'timeout' });
    world.count({ finished: 95 }, { finished: 5 }).pass(200_000);
    expect(world.state.held).toBe('timeout');
    expect(world.ask({ kind: 'resume', author: 'bob', reason: 'traffic is back' })).toBeUndefined();
    world.pass(61_000);
    world.settle();
    expect(world.state.status).toBe('succeeded');
  });
});

describe('a canary that fails', () => {
  test('is taken back in the look in which the evidence suffices', () => {
    const world = new World(begun(BY_TIME));
    world.settle();
    world.count({ finished: 820, errors: 3 }, { finished: 41, errors: 1 }).tick();
    expect(world.state.status).toBe('running');
    world.count({ finished: 820, errors: 3 }, { finished: 41, errors: 20 }).tick();
    expect(world.state).toMatchObject({ status: 'rolled-back', wanted: { v1: 100, v2: 0, v3: 7 } });
    expect(world.last!.wants).toMatchObject({ weights: { v1: 100, v2: 0, v3: 7 }, moveUsers: true });
    expect(world.state.why).toMatch(
      /^check errors failed: v2 failed 20 of 41 requests \(49 %\), v1 3 of 820 \(0\.37 %\): worse than 1\.5 x is shown \(E .*, needed 45\)$/,
    );
  });

  test('by an absolute guard, also while it warms up', () => {
    const world = new World(begun({ ...BY_TIME, warmup: '30s' }));
    world.settle();
    const counts = { requests: 4, failures: 4, slow: 0 };
    world.see({ windows: { 'error-rate': { baseline: { requests: 90, failures: 0, slow: 0 }, canary: counts, start: 0 } } }).tick();
    expect(world.state.status).toBe('rolled-back');
  });

  test('by an absolute guard, which says of a few that they are past it by chance only', () => {
    const world = new World(begun(BY_TIME));
    world.settle();
    const sentenceOf = (failures: number): string => {
      const windows = {
        'error-rate': { baseline: { requests: 90, failures: 0, slow: 0 }, canary: { requests: 4, failures, slow: 0 }, start: 0 },
      };
      world.see({ windows }).tick();
      return world.state.verdicts['error-rate']!.sentence;
    };
    expect(sentenceOf(1)).toMatch(/failed 1 of 4 requests .*: not yet shown to be past 5 %$/);
    expect(sentenceOf(0)).toMatch(/failed 0 of 4 requests .*: within 5 %$/);
  });

  test('is held, not taken back, when both got worse', () => {
    const world = new World(begun(BY_TIME));
    world.settle();
    const bad = { requests: 100, failures: 50, slow: 0 };
    world.see({ windows: { 'error-rate': { baseline: bad, canary: bad, start: 0 } } }).tick();
    expect(world.state).toMatchObject({ status: 'held', held: 'both' });
    expect(world.state.why).toContain('both got worse');
    world.see({ windows: {} }).tick();
    expect(world.state.status).toBe('running');
    // The canary has too few requests to be shown past the bound by itself.
    const [few, none] = [12, 2].map((failures) => ({ requests: 100, failures, slow: 0 }));
    const baseline = { requests: 5000, failures: 600, slow: 0 };
    world.see({ windows: { 'error-rate': { baseline, canary: none!, start: 100 } } }).tick();
    expect(world.state.status).toBe('running');
    world.see({ windows: { 'error-rate': { baseline, canary: few!, start: 100 } } }).tick();
    expect(world.state).toMatchObject({ status: 'held', held: 'both' });
  });
});
