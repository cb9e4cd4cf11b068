import { describe, expect, test } from 'vitest';
import type { ArmCounts } from '../../../src/rollout/model.ts';
import { SEEN, World, arm, begun } from './fakes.ts';

function running(checks: readonly object[], steps: readonly object[] = [{ weight: '50%', for: '1h' }], more: object = {}): World {
  const world = new World(begun({ checks, steps, ...more }));
  world.settle();
  return world;
}

const verdictOf = (world: World, name = 'c') => world.state.verdicts[name];

describe('checks', () => {
  test('errors are harmless by ratio or by an absolute bound', () => {
    const world = running(
      [{ name: 'c', errors: {} }],
      [
        { weight: '5%', until: 'evidence' },
        { weight: '50%', for: '1h' },
      ],
    );
    world.count({ finished: 1900, errors: 9 }, { finished: 100 }).tick();
    expect(verdictOf(world)).toMatchObject({ verdict: 'inconclusive', counts: { baseline: [9, 1900], canary: [0, 100] } });
    expect(verdictOf(world)!.needs).toBeGreaterThan(100);
    expect(verdictOf(world)!.sentence).toMatch(/not enough to tell, about \d+ more requests of the canary are needed$/);
    expect(verdictOf(world)!.interval![0]).toBeLessThan(1);
    world.count({ finished: 190_000, errors: 950 }, { finished: 10_000, errors: 50 }).tick();
    expect(verdictOf(world)).toMatchObject({ verdict: 'pass', needs: 0 });
    world.settle();
    expect(world.state.step).toBe(1);
    world.count({ finished: 1 }, { finished: 1 }).tick();
    expect(verdictOf(world)!.verdict).toBe('inconclusive');
  });

  test('what is still needed does not grow while nothing changes, and is not said where nobody knows', () => {
    const world = running([{ name: 'c', errors: {} }], [{ weight: '50%', until: 'evidence' }]);
    world.count({ finished: 3 }, { finished: 3 }).tick();
    expect(verdictOf(world)!.needs).toBeUndefined();
    expect(verdictOf(world)!.sentence).toMatch(/: not enough to tell$/);
    const totals: number[] = [];
    for (const finished of [200, 300, 400, 500]) {
      world.count({ finished }, { finished }).tick();
      const { needs, verdict } = verdictOf(world)!;
      if (verdict === 'pass' || needs === undefined) continue;
      totals.push(finished + needs);
    }
    expect(totals.length).toBeGreaterThan(1);
    expect(totals.every((total) => total <= 1.05 * totals[0]!)).toBe(true);
  });

  test('latency tells the bound that decided', () => {
    const world = running([
      { name: 'e', errors: {} },
      { name: 'c', latency: {} },
    ]);
    world.count({ finished: 1000, slow: [400, 80, 8] }, { finished: 1000, slow: [900, 80, 0] }).tick();
    expect(world.state.status).toBe('rolled-back');
    expect(verdictOf(world)).toMatchObject({ verdict: 'fail', counts: { baseline: [400, 1000], canary: [900, 1000] } });
    expect(verdictOf(world)!.sentence).toMatch(
      /^v2 was slower than the median of the moment in 900 of 1,000 requests \(90 %\), v1 400 of 1,000 /,
    );
    const upper = running([
      { name: 'e', errors: {} },
      { name: 'c', latency: {} },
    ]);
    upper.count({ finished: 1000, slow: [400, 80, 8] }, { finished: 1000, slow: [400, 380, 0] }).tick();
    expect(verdictOf(upper)!.sentence).toMatch(/^v2 was slower than the 90th percentile of the moment in 380 of 1,000/);
  });

  test('latency fails by any of its three bounds', () => {
    const world = running([
      { name: 'e', errors: {} },
      { name: 'c', latency: {} },
    ]);
    world.count({ finished: 1000, slow: [400, 80, 8] }, { finished: 1000, slow: [390, 80, 60] }).tick();
    expect(world.state.status).toBe('rolled-back');
    expect(verdictOf(world)!.sentence).toContain('slower than 1.3 x is shown');
  });

  test('statuses are looked at in both directions', () => {
    for (const [baseline, canary] of [
      [200, 10],
      [10, 200],
    ] as const) {
      const world = running([
        { name: 'e', errors: {} },
        { name: 'c', clientErrors: {} },
      ]);
      world.count({ finished: 1000, clientErrors: baseline }, { finished: 1000, clientErrors: canary }).tick();
      expect(world.state).toMatchObject({ status: 'held', held: 'check' });
    }
  });

  test('so are redirects, responses without a body and much smaller ones, each in its place among the events', () => {
    for (const [redirects, empty, small] of [
      [200, 10, 10],
      [10, 200, 10],
      [10, 10, 200],
      [10, 10, 0],
    ] as const) {
      const checks = [
        { name: 'e', errors: {} },
        { name: 'c', event: { told: 'buy' } },
        { name: 'r', redirects: {} },
        { name: 'b', emptyBodies: {} },
        { name: 's', smallBodies: {} },
      ];
      const world = running(checks);
      const before = small === 0 ? 90 : 10;
      world.count({ finished: 1000, events: [50, 10, 10, before] }, { finished: 1000, events: [50, redirects, empty, small] }).tick();
      expect(world.state).toMatchObject({ status: 'held', held: 'check' });
      const failed = Object.entries(world.state.verdicts).filter(([, { verdict }]) => verdict === 'fail');
      expect(failed.map(([name]) => name)).toEqual([redirects > 10 ? 'r' : empty > 10 ? 'b' : 's']);
    }
  });

  test('a loss of good events holds; clients that leave only warn', () => {
    const world = running([
      { name: 'e', errors: {} },
      { name: 'c', event: { told: 'buy' } },
      { name: 'w', gaveUp: {} },
    ]);
    world.count({ finished: 9000, gaveUp: 2 }, { finished: 9000, gaveUp: 90 }).tick();
    expect([verdictOf(world, 'w')!.verdict, world.state.status]).toEqual(['fail', 'running']);
    world.count({ finished: 9000, events: [900] }, { finished: 9000, events: [500] }).tick();
    expect(world.state).toMatchObject({ status: 'held', held: 'check' });
    expect(verdictOf(world)!.sentence).toContain('a loss of more than 5 % is shown');
  });

  test('a value per user needs a thousand users', () => {
    const world = running([
      { name: 'e', errors: {} },
      { name: 'c', value: { event: 'revenue', cap: 100 } },
    ]);
    const drawn = (users: number, mean: number): Partial<ArmCounts> => ({
      finished: users,
      values: [[users * mean, users * (mean * mean + 4)]],
    });
    world.count(drawn(900, 10), drawn(900, 5)).tick();
    expect(verdictOf(world)).toMatchObject({ verdict: 'no-data', needs: 100 });
    world.see({ lostValues: 3 }).count(drawn(9000, 10), drawn(9000, 5)).tick();
    expect(verdictOf(world)).toMatchObject({ verdict: 'fail', counts: { canary: [9000, 9000] } });
    expect(verdictOf(world)!.sentence).toBe(
      'v2 has 5 per user of 9,000, v1 10 of 9,000: a loss of more than 5 % is shown (3 values did not count: no amounts, or too many at once)',
    );
  });

  test('what others judge holds without a result, and never passes', () => {
    const prometheus = { name: 'c', prometheus: { address: 'http://a', query: 'up', max: 1 } };
    const steps = [{ weight: '50%', for: '1s' }, { weight: '100%' }];
    const world = running([{ name: 'e', errors: {} }, prometheus], steps);
    world.count({ finished: 50 }, { finished: 50 }).pass(60_000);
    expect(world.state).toMatchObject({ status: 'held', held: 'no-data', step: 0, why: 'c has no result: nobody has said anything yet' });
    world.see({ outside: { c: { result: 'no-data', sentence: 'the query gave NaN', forMs: 120_000 } } }).pass(60_000);
    expect(world.state).toMatchObject({ status: 'held', step: 0, why: 'c has no result: the query gave NaN' });
    world.see({ outside: { c: { result: 'pass', value: 0.5, sentence: '0.5' } } }).settle();
    expect(world.state.status).toBe('succeeded');
  });

  test('a result that is gone may take it back, where the check says so', () => {
    const world = running([
      { name: 'e', errors: {} },
      { name: 'c', webhook: { url: 'http://a/', whenGone: 'rollback' }, onFail: 'rollback' },
    ]);
    world.see({ outside: { c: { result: 'no-data', sentence: 'no connection', forMs: 59_000 } } }).tick();
    expect(world.state.status).toBe('running');
    world.see({ outside: { c: { result: 'no-data', sentence: 'no connection', forMs: 60_000 } } }).tick();
    expect(world.state.status).toBe('rolled-back');
  });

  test('records that do not fit the weights are not judged', () => {
    const world = running([{ name: 'c', errors: {} }]);
    world.count({ finished: 1000, errors: 1 }, { assigned: 700, finished: 700, errors: 60 });
    world.tick();
    expect(world.state).toMatchObject({ status: 'held', held: 'uneven' });
    expect(world.state.why).toContain('v2 was drawn 700 times and v1 1,000 times');
  });

  test('while the canary warms up nothing is compared', () => {
    const world = running([{ name: 'c', errors: {} }], [{ weight: '50%', for: '1h' }], { warmup: '30s' });
    world.count({ finished: 100 }, { finished: 100, errors: 90 }).pass(29_000);
    expect(world.state.status).toBe('running');
    world.pass(3_000);
    world.count({ finished: 100 }, { finished: 100, errors: 90 }).tick();
    expect(world.state.status).toBe('rolled-back');
  });

  test('users that are too many to remember, and one that has most failures, are told', () => {
    const world = running([{ name: 'c', errors: {} }]);
    world
      .see({ saturated: true, topUserShares: { errors: 0.9 } })
      .count({ finished: 10 }, { finished: 10 })
      .tick();
    expect(verdictOf(world)!.sentence).toMatch(/\(saturated: .*; one user has 90 % of these requests\)$/);
  });
});

describe('where nothing is compared any more', () => {
  const enough = (world: World): World => world.count({ finished: 20_000, errors: 100 }, { finished: 20_000, errors: 100 });

  test('checks keep the verdict with which the last weight passed', () => {
    const steps = [{ weight: '50%', until: 'evidence' }, { weight: '100%', for: '30s' }, { watch: { for: '20s' } }];
    const world = running([{ name: 'c', errors: {} }], steps);
    const passed = enough(world).tick().verdicts['c'];
    expect(passed).toMatchObject({ verdict: 'pass', towards: { harmless: 1 } });
    world.settle();
    expect(world.state).toMatchObject({ step: 1, wanted: { v1: 0, v2: 100 } });
    // Drawn before the weights were in force.
    const late = { segment: world.state.segment, share: 0.5, baseline: arm({ finished: 3 }), canary: arm({ finished: 3 }) };
    world.see({ segments: [...world.seen.segments, late] }).pass(29_000);
    expect(verdictOf(world)).toEqual(passed);
    world.pass(10_000);
    expect(world.state.status).toBe('watching');
    expect(verdictOf(world)).toEqual(passed);
    world.pass(20_000);
    expect(world.state.status).toBe('succeeded');
    expect(verdictOf(world)).toEqual(passed);
  });

  test('a failure is seen all the same', () => {
    const world = running(
      [{ name: 'c', errors: {} }],
      [
        { weight: '50%', until: 'evidence' },
        { weight: '100%', for: '30s' },
      ],
    );
    enough(world).settle();
    const late = {
      segment: world.state.segment,
      share: 0.5,
      baseline: arm({ finished: 900 }),
      canary: arm({ finished: 900, errors: 800 }),
    };
    world.see({ segments: [...world.seen.segments, late] }).tick();
    expect(world.state.status).toBe('rolled-back');
  });

  test('a new weight is shown to be harmless anew', () => {
    const steps = [{ weight: '50%', until: 'evidence' }, { weight: '60%', until: 'evidence' }, { weight: '100%' }];
    const world = running([{ name: 'c', event: { told: 'buy' }, critical: true }], steps);
    world.count({ finished: 900_000, events: [90_000] }, { finished: 900_000, events: [90_000] }).settle();
    expect(world.state.step).toBe(1);
    world.pass(60_000);
    expect(world.state.step).toBe(1);
    expect(verdictOf(world)!.verdict).not.toBe('pass');
  });

  test('an approval at a weight keeps what was shown at it', () => {
    const world = running([{ name: 'c', errors: {} }], [{ weight: '50%', until: 'evidence' }, { approve: {} }, { weight: '100%' }]);
    enough(world).settle();
    world.count({ finished: 9 }, { finished: 9 }).tick();
    expect(world.state.step).toBe(1);
    expect(verdictOf(world)).toMatchObject({ verdict: 'pass', towards: { harmless: 1 } });
  });
});

describe('an A/B test', () => {
  const written = {
    strategy: 'ab-test',
    checks: [
      { name: 'errors', errors: {} },
      { name: 'buys', event: { told: 'buy' }, onFail: 'rollback' },
    ],
  };
  const ab = (): World => {
    const world = new World(begun(written));
    world.settle();
    return world;
  };
  const week = 7 * 86_400_000;

  test('names the winner after its time, and a person decides', () => {
    const world = ab();
    world.count({ finished: 9000, events: [500] }, { finished: 9000, events: [900] });
    world.state = { ...world.state, stepRanMs: week - 1000 };
    world.tick();
    expect(world.state.step).toBe(0);
    world.pass(2000);
    expect(world.state).toMatchObject({ step: 1, status: 'running' });
    expect(world.last!.wants.weights).toEqual({ v1: 50, v2: 50, v3: 7 });
  });

  test('has no early loser, and goes back to the winner afterwards', () => {
    const world = ab();
    world.count({ finished: 9000, events: [900] }, { finished: 9000, events: [500] }).tick();
    expect(world.state).toMatchObject({ status: 'running', step: 0 });
    world.state = { ...world.state, stepRanMs: week };
    world.tick();
    expect(world.state.status).toBe('rolled-back');
  });
});

test('a freeze stops starts and promotions, never the way back', () => {
  const world = new World(begun({ steps: [{ weight: '50%', for: '1s' }, { weight: '100%' }] }));
  world.see({ frozen: true }).settle();
  expect(world.state).toMatchObject({ status: 'held', held: 'frozen', started: false });
  world.see({ frozen: false }).settle();
  world.count({ finished: 50 }, { finished: 50 }).see({ frozen: true }).pass(3000);
  expect(world.state).toMatchObject({ status: 'held', held: 'frozen', step: 1, wanted: { v1: 50, v2: 50 } });
  world.count({ finished: 500 }, { finished: 500, errors: 400 }).tick();
  expect(world.state.status).toBe('rolled-back');
  expect(SEEN.frozen).toBe(false);
});
