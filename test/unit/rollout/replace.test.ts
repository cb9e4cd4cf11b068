import { describe, expect, test } from 'vitest';
import { World, begun } from './fakes.ts';

const KEYS = ['a', 'b', 'c', 'd'];

interface Not {
  readonly ready?: readonly string[];
  readonly free?: readonly string[];
}

/** As the wanted drains have it. */
function look(world: World, not: Not = {}): World {
  const drained = world.last?.wants.drained ?? [];
  const endpoints = KEYS.map((key) => ({
    key,
    ready: !drained.includes(key) && not.ready?.includes(key) !== true,
    drained: drained.includes(key),
    inFlight: not.free?.includes(key) === true ? 1 : 0,
  }));
  world.see({ endpoints }).tick(0);
  return world;
}

function looks(world: World, times: number, not?: Not): World {
  for (let i = 0; i < times; i++) look(world, not);
  return world;
}
const hooks = [{ on: ['endpoint'], url: 'http://a/' }];

function rolling(step: object = { replace: { minReady: '3s', atMost: '1m' } }): World {
  const world = new World(begun({ strategy: 'rolling', hooks, steps: [step] }, { to: 'v1' }));
  world.obeys = false;
  for (let i = 0; i < 9 && (world.last?.wants.drained.length ?? 0) === 0; i++) look(world);
  return world;
}

function replaceOne(world: World, not?: Not): readonly string[] {
  const { drained } = world.last!.wants;
  look(world, not);
  for (const { name } of world.last!.wants.effects) world.ask({ kind: 'effect', name, result: { ok: true, sentence: '' } });
  looks(world, 3, not);
  world.pass(3_000);
  looks(world, 3, not);
  return drained;
}

describe('endpoints in place', () => {
  test('are drained, replaced and ready again, batch by batch', () => {
    const world = rolling();
    expect(world.last!.wants).toMatchObject({ drained: ['a'], weights: { v1: 100, v2: 0, v3: 7 }, counting: false });
    expect([replaceOne(world), replaceOne(world), replaceOne(world), replaceOne(world)]).toEqual([['a'], ['b'], ['c'], ['d']]);
    looks(world, 5);
    world.ask({ kind: 'applied', weights: world.state.wanted });
    world.settle();
    expect(world.state).toMatchObject({ status: 'succeeded', baseline: 'v1', canary: 'v1' });
  });

  test('are not restarted while they have requests, or may get some', () => {
    const world = rolling();
    world.settle(5);
    expect(world.last!.wants).toMatchObject({ drained: ['a'], effects: [] });
    looks(world, 5, { free: ['a'] });
    expect(world.last!.wants).toMatchObject({ drained: ['a'], effects: [] });
    looks(world, 2);
    expect(world.last!.wants.effects.map(({ name }) => name)).toEqual(['hook 0 endpoint 0.0 a']);
  });

  test('stay as many as must be ready', () => {
    const world = rolling();
    replaceOne(world, { ready: ['d'] });
    expect(world.last!.wants.drained).toEqual([]);
    expect(world.state.why).toContain('waits until enough');
    looks(world, 2);
    expect(world.last!.wants.drained).toEqual(['b']);
  });

  test('get traffic again when their hook fails, and no further one is touched', () => {
    const world = looks(rolling(), 2);
    world.ask({ kind: 'effect', name: 'hook 0 endpoint 0.0 a', result: { ok: false, sentence: '500' } });
    looks(world, 2);
    expect(world.last!.wants.drained).toEqual([]);
    expect(world.state.status).toBe('rolled-back');
    expect(world.state.why).toContain('a hook failed for one of a: 500');
  });

  test('have a time in which they are to be ready', () => {
    const world = looks(rolling(), 2);
    world.ask({ kind: 'effect', name: 'hook 0 endpoint 0.0 a', result: { ok: true, sentence: '' } });
    looks(world, 3, { ready: ['a'] });
    world.pass(61_000);
    expect(world.state).toMatchObject({ status: 'held', held: 'timeout' });
    expect(world.last!.wants.drained).toEqual([]);
  });

  test('are all taken at once by recreate', () => {
    const world = rolling({ recreate: { minReady: '3s' } });
    expect(replaceOne(world)).toEqual(KEYS);
    world.settle();
    expect(world.state.status).toBe('succeeded');
  });
});

describe('more results than are kept', () => {
  const eight = Array.from({ length: 8 }, (_, hook) => ({ on: ['endpoint', 'hold'], url: `http://a/${hook}` }));
  const many = (strategy: string, step: object, endpoints: number): World => {
    const world = new World(begun({ strategy, hooks: eight, steps: [step] }, { to: 'v1' }));
    world.obeys = false;
    const all = Array.from({ length: endpoints }, (_, at) => ({ key: `e${at}`, ready: true, drained: false, inFlight: 0 }));
    world.see({ endpoints: all });
    for (let turn = 0; turn < 9; turn++) world.tick(0);
    return world;
  };

  test('do not come: a batch is as large as there is room, and what must be at once is refused in words', () => {
    const rolled = many('rolling', { replace: { batch: '100%', maxUnavailable: '100%' } }, 600);
    expect(rolled.state.replacing?.batch).toHaveLength(448);
    const recreated = many('recreate', { recreate: {} }, 600);
    expect(recreated.last!.wants.drained).toEqual([]);
    expect(recreated.state.why).toContain('recreate would replace 600 endpoints at once, and with these hooks 448 are the most');
    expect(many('recreate', { recreate: {} }, 448).state.replacing?.batch).toHaveLength(448);
  });

  test('those of earlier holds go', () => {
    const world = rolling();
    const done = Object.fromEntries(
      Array.from({ length: 4096 }, (_, at) => [`hook 0 hold 0.${at + 100} timeout 0`, { ok: true, sentence: '' }]),
    );
    world.state = { ...world.state, done };
    expect(world.ask({ kind: 'effect', name: 'hook 0 endpoint 0.0 a', result: { ok: true, sentence: 'one more' } })).toBeUndefined();
    expect(Object.keys(world.state.done)).toEqual(['hook 0 endpoint 0.0 a']);
  });
});
