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
