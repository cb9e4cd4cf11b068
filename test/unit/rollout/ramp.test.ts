// A weight that rises in parts.

import { describe, expect, test } from 'vitest';
import { World, begun } from './fakes.ts';

const share = (world: World): number => world.state.wanted['v2']!;

function rising(step: object, written: object = {}): World {
  const world = new World(begun({ steps: [step, { watch: { for: '1s' } }], checks: [{ name: 'errors', errors: {} }], ...written }));
  world.settle();
  return world;
}

describe('ramp', () => {
  test('raises the weight in ten parts, and the step waits for the last one', () => {
    const world = rising({ weight: '100%', ramp: '10s' });
    const seen = new Set<number>([share(world)]);
    for (let second = 0; second < 9; second++) seen.add((world.tick(1000), share(world)));
    expect([...seen]).toEqual([10, 20, 30, 40, 50, 60, 70, 80, 90, 100]);
    expect(world.state.step).toBe(0);
    world.tick(500);
    expect(world.state.why).toContain('the weight rises to 100 % for 10s');
    world.pass(1500);
    expect(world.state.step).toBe(1);
  });

  test('begins at the share of the step before, and keeps what the canary has', () => {
    const world = rising(
      { weight: '20%', for: '1s' },
      {
        steps: [
          { weight: '20%', for: '1s' },
          { weight: '60%', ramp: '10s' },
        ],
      },
    );
    world.count({ finished: 80 }, { finished: 20 }).pass(2000).valueOf();
    expect([world.state.step, share(world)]).toEqual([1, 24]);
    const more = new World(begun({ steps: [{ weight: '60%', ramp: '10s' }] }, { weights: { v1: 50, v2: 50 } }));
    more.settle();
    expect(share(more)).toBe(51);
  });

  test('stands while a person must decide, and goes back at once', () => {
    const world = rising({ weight: '100%', ramp: '10s' });
    world.ask({ kind: 'pause', author: 'bob', reason: '' });
    world.pass(20_000);
    expect(share(world)).toBe(10);
    world.ask({ kind: 'resume', author: 'bob', reason: '' });
    world.pass(3000);
    expect(share(world)).toBe(40);
    world.count({ finished: 600 }, { finished: 400, errors: 300 }).tick();
    expect([world.state.status, share(world)]).toEqual(['rolled-back', 0]);
  });

  test('what was shown at less is not taken for the whole of it', () => {
    const world = rising({ weight: '50%', ramp: '10s', until: 'evidence' });
    world.count({ finished: 95_000, errors: 950 }, { finished: 5_000, errors: 50 }).tick();
    world.pass(11_000);
    expect([world.state.step, share(world)]).toEqual([0, 50]);
    world.count({ finished: 50_000, errors: 500 }, { finished: 50_000, errors: 500 }).pass(1000);
    expect(world.state.step).toBe(1);
  });
});

describe('slow start', () => {
  const starts = (world: World, endpoints: number, version = 1): World =>
    world.see({ rampShares: { ...world.seen.rampShares, canary: { endpoints, version } } });

  function starting(steps: readonly object[], endpoints: number, version = 1): World {
    const world = starts(new World(begun({ steps, checks: [{ name: 'errors', errors: {} }] })), endpoints, version);
    world.settle();
    return world;
  }

  test('the weight rises with the endpoints of the canary, and the step waits for it', () => {
    const world = starting([{ weight: '100%' }, { watch: { for: '1h' } }], 0.1);
    expect([world.state.step, share(world)]).toEqual([0, 10]);
    expect(world.state.why).toBe('the weight rises to 100 % as the endpoints of v2 start');
    expect(starts(world, 0.37).tick().wanted).toMatchObject({ v1: 70, v2: 30 });
    expect([world.tick().step, share(world)]).toEqual([0, 30]);
    const { segment } = world.state;
    // Within a part nothing changes.
    starts(world, 0.39).tick();
    expect(world.state.segment).toBe(segment);
    starts(world, 1).settle();
    expect([world.state.step, share(world)]).toEqual([1, 100]);
  });

  test('gives a small step its part, never takes what the canary has, and ends at the gate', () => {
    const world = starting(
      [
        { weight: '20%', for: '1s', atMost: '5s' },
        { weight: '60%', atMost: '5s' },
      ],
      1,
    );
    world.count({ finished: 80 }, { finished: 20 });
    starts(world, 0.2).pass(2000);
    expect([world.state.step, share(world)]).toEqual([1, 20]);
    starts(world, 0.5).tick();
    expect(share(world)).toBe(30);
    world.pass(6000);
    expect(world.state).toMatchObject({ status: 'held', held: 'timeout' });
    expect(world.state.why).toContain('its time of 5s is up: the weight rises to 60 % as the endpoints of v2 start');
    expect(share(starting([{ weight: '1%', for: '1s' }], 0.1))).toBe(0.1);
  });

  test('a ramp of the step and the slow start: the slower one counts', () => {
    const world = starting([{ weight: '100%', ramp: '10s' }, { watch: { for: '1s' } }], 0.5);
    world.pass(3000);
    expect(share(world)).toBe(40);
    world.pass(6000);
    expect(share(world)).toBe(50);
    starts(world, 1).tick();
    expect(share(world)).toBe(100);
  });

  test('the slow start of the version is left to the workers, who need another one beside it', () => {
    const world = starting([{ weight: '50%', for: '1s' }, { weight: '100%' }, { watch: { for: '1h' } }], 1, 0.1);
    expect(share(world)).toBe(50);
    world.count({ finished: 50 }, { finished: 50 }).pass(2000);
    expect([world.state.step, share(world)]).toEqual([1, 99.9]);
    starts(world, 1, 1).settle();
    expect([world.state.step, share(world)]).toEqual([2, 100]);
    // Both at once are no square of it.
    expect(share(starting([{ weight: '50%', for: '1h' }], 0.4, 0.4))).toBe(50);
    expect(share(starting([{ weight: '50%', for: '1h' }], 0.2, 0.4))).toBe(25);
  });

  test('also what a promotion and the end of all steps give the canary comes with it', () => {
    const world = starting([{ weight: '20%', for: '1h' }], 1);
    starts(world, 0.5).ask({ kind: 'promote', author: 'bob', reason: '' });
    world.settle();
    expect([world.state.status, share(world)]).toEqual(['promoting', 50]);
    starts(world, 1).settle();
    expect([world.state.status, share(world)]).toEqual(['succeeded', 100]);
  });

  test('a share that no binary fraction holds is reached once', () => {
    for (const percent of [1, 3, 7, 29, 33, 57, 99]) {
      const world = new World(begun({ steps: [{ weight: `${percent}%`, for: '1h' }] }, { weights: { v1: 90, v2: 0 } }));
      for (let part = 1; part <= 10; part++) starts(world, part / 10).settle();
      const { segment } = world.state;
      world.settle();
      expect([percent, world.state.segment]).toEqual([percent, segment]);
    }
  });
});
