// A rollout of several pools: they take their steps together, and go back together.

import { describe, expect, test } from 'vitest';
import type { RolloutState } from '../../../src/rollout/model.ts';
import { Together, World, begun } from './fakes.ts';

const POOLS = { shop: {}, cart: {} };
const STEPS = [{ weight: '10%', for: '1s' }, { weight: '50%', for: '1s' }, { weight: '100%' }, { watch: { for: '1s' } }];
const ERRORS = [{ name: 'errors', errors: {} }];
const said = { author: 'bob', reason: 'so' };
const shares = ({ wanted }: RolloutState): number => wanted['v2']!;
const places = ({ step, begun: isBegun }: RolloutState): string => `${step} ${isBegun}`;

function together(more: object = {}, pools: ConstructorParameters<typeof Together>[1] = POOLS): Together {
  return new Together({ steps: STEPS, checks: ERRORS, ...more }, pools).settle();
}

const well = (group: Together): Together => {
  for (const world of group.worlds) counts(world, 0);
  return group;
};
/** 1,000 requests as the weights say, of which so many of the canary's fail. */
const counts = (world: World, errors: number): World => {
  const canary = 1000 * (shares(world.state) / 100);
  return world.count({ finished: 1000 - canary }, { finished: canary, errors });
};

describe('forward', () => {
  test('a step is over when it is over for all of them', () => {
    const group = together();
    expect(group.each(shares)).toEqual([10, 10]);
    group.worlds[0]!.count({ finished: 90 }, { finished: 10 });
    group.pass(20_000);
    expect(group.each(places)).toEqual(['0 true', '0 true']);
    expect(group.worlds[0]!.state).toMatchObject({
      status: 'running',
      held: undefined,
      why: expect.stringContaining('waits for cart: no request'),
    });
    expect(group.worlds[1]!.state).toMatchObject({ status: 'held', held: 'no-data' });
    group.worlds[1]!.count({ finished: 90 }, { finished: 10 });
    group.settle(2);
    expect(group.each(shares)).toEqual([50, 50]);
    for (let steps = 0; steps < 3; steps++) well(group).pass(3000);
    expect(group.each(({ status }) => status)).toEqual(['succeeded', 'succeeded']);
    expect(group.each(shares)).toEqual([100, 100]);
  });

  test('a hook that one waits for holds all back, and an approval is for all', () => {
    const hooks = [{ on: ['step'], url: 'http://127.0.0.1:1/' }];
    const group = new Together({ steps: [{ approve: {} }, ...STEPS], checks: ERRORS, hooks }, POOLS);
    group.worlds[1]!.obeys = false;
    group.settle();
    expect(group.each(places)).toEqual(['0 false', '0 false']);
    expect(group.worlds[0]!.state.why).toBe('waits for cart: waits for its hooks');
    group.worlds[1]!.obeys = true;
    group.settle();
    expect(group.ask({ kind: 'approve', ...said, role: 'operator' })).toBeUndefined();
    group.settle();
    expect(group.each(shares)).toEqual([10, 10]);
  });

  test('while a person must decide about one, no time passes for the others', () => {
    const group = together({
      checks: [{ name: 'errors', errors: {}, onFail: 'hold' }],
      steps: [{ weight: '50%', for: '1m', atMost: '2m' }],
    });
    group.worlds[1]!.count({ finished: 500 }, { finished: 500, errors: 400 });
    group.worlds[0]!.count({ finished: 500 }, { finished: 500 });
    group.tick().pass(300_000);
    expect(group.each(({ held }) => held)).toEqual([undefined, 'check']);
    expect(group.worlds[0]!.state.stepRanMs).toBeLessThan(1000);
    group.worlds[1]!.see({ segments: [] });
    expect(group.ask({ kind: 'resume', ...said })).toBeUndefined();
    expect(group.each(({ held, alphaShare }) => [held, alphaShare])).toEqual([
      [undefined, 1],
      [undefined, 0.5],
    ]);
  });
});

describe('back', () => {
  test('what fails one takes back all in the same look, and says which', () => {
    const group = well(together());
    counts(group.worlds[1]!, 90);
    group.tick();
    expect(group.each(({ status }) => status)).toEqual(['rolled-back', 'rolled-back']);
    expect(group.each(shares)).toEqual([0, 0]);
    expect(group.worlds[0]!.state.why).toMatch(/^together with cart: check errors failed: /);
    expect(group.worlds[1]!.state.why).toMatch(/^check errors failed: /);
    expect(group.worlds.map(({ last }) => last!.wants.weights?.['v2'])).toEqual([0, 0]);
  });

  test('also where another one would have taken its next step in that look', () => {
    const group = together();
    group.pass(900);
    group.worlds[0]!.count({ finished: 900 }, { finished: 100 });
    group.worlds[1]!.count({ finished: 900 }, { finished: 100, errors: 90 });
    group.tick(500);
    expect(group.each(({ status }) => status)).toEqual(['rolled-back', 'rolled-back']);
  });

  test('a baseline that is cold keeps its own pool alone', () => {
    const group = together({ steps: [{ weight: '80%', for: '1h' }] });
    group.worlds[0]!.see({ readyEndpoints: { baseline: 1, baselineTotal: 4, canary: 4, canaryTotal: 4 } });
    expect(group.ask({ kind: 'abort', ...said })).toBeUndefined();
    group.tick();
    expect(group.each(({ status, held }) => [status, held])).toEqual([
      ['held', 'cold'],
      ['aborted', undefined],
    ]);
    group.worlds[0]!.see({ readyEndpoints: { baseline: 4, baselineTotal: 4, canary: 4, canaryTotal: 4 } });
    group.tick();
    expect(group.each(({ status }) => status)).toEqual(['aborted', 'aborted']);
  });

  test('previous: all go back one step, with new evidence and half of alpha, and the second time all the way', () => {
    const group = together({ onFail: 'previous' });
    well(group).pass(2000);
    expect(group.each(shares)).toEqual([50, 50]);
    well(group).worlds[0]!.count({ finished: 500 }, { finished: 500, errors: 400 });
    group.tick();
    expect(group.each(shares)).toEqual([10, 10]);
    expect(group.each(({ step, epoch, alphaShare }) => [step, epoch, alphaShare])).toEqual([
      [0, 1, 0.5],
      [0, 1, 0.5],
    ]);
    expect(group.worlds[1]!.state.why).toMatch(/^back to 10 %: together with shop: back to 10 %: check errors failed/);
    for (const world of group.worlds) world.see({ segments: [] });
    well(group).pass(2000);
    expect(group.each(shares)).toEqual([50, 50]);
    well(group).worlds[1]!.count({ finished: 500 }, { finished: 500, errors: 400 });
    group.tick();
    expect(group.each(({ status }) => status)).toEqual(['rolled-back', 'rolled-back']);
  });

  test('one whose start is refused fails them all, and nothing has begun', () => {
    const hooks = [{ on: ['start'], url: 'http://127.0.0.1:1/' }];
    const group = new Together({ steps: STEPS, checks: ERRORS, hooks }, POOLS);
    group.worlds[1]!.obeys = false;
    group.settle(3);
    expect(group.each(({ started }) => started)).toEqual([false, false]);
    const [effect] = group.worlds[1]!.last!.wants.effects;
    group.worlds[1]!.ask({ kind: 'effect', name: effect!.name, result: { ok: false, sentence: 'no' } });
    group.tick();
    expect(group.each(({ status, started }) => [status, started])).toEqual([
      ['failed', false],
      ['failed', false],
    ]);
    expect(group.worlds[0]!.state.why).toMatch(/^together with cart: a hook did not agree/);
  });
});

describe('commands', () => {
  test('are for all of them', () => {
    const group = well(together());
    expect(group.ask({ kind: 'pause', ...said })).toBeUndefined();
    expect(group.each(({ status }) => status)).toEqual(['paused', 'paused']);
    expect(group.ask({ kind: 'pause', ...said })).toContain('already');
    expect(group.ask({ kind: 'approve', ...said, role: 'admin' })).toContain('does not wait');
    expect(group.ask({ kind: 'resume', ...said })).toBeUndefined();
    expect(group.ask({ kind: 'promote', ...said })).toBeUndefined();
    group.settle();
    expect(group.each(shares)).toEqual([100, 100]);
    expect(group.ask({ kind: 'abort', ...said })).toBeUndefined();
    group.settle();
    expect(group.each(({ status }) => status)).toEqual(['aborted', 'aborted']);
    expect(group.ask({ kind: 'abort', ...said })).toContain('ended');
    expect(group.ask({ kind: 'retry', ...said, salt: 'x' })).toBeUndefined();
    expect(group.settle().each(shares)).toEqual([10, 10]);
    expect(group.ask({ kind: 'supersede', author: '', reason: 'somebody' })).toBeUndefined();
    expect(group.each(({ status }) => status)).toEqual(['superseded', 'superseded']);
  });
});

test('alpha is divided over the pools: what just suffices alone does not suffice in company', () => {
  const fails = (errors: number) => ({ finished: 500, errors });
  const alone = (errors: number): string => {
    const world = new World(begun({ steps: [{ weight: '50%', for: '1h' }], checks: ERRORS }));
    world.settle();
    return world.count({ finished: 500 }, fails(errors)).tick().status;
  };
  const inCompany = (errors: number): string => {
    const group = together({ steps: [{ weight: '50%', for: '1h' }] });
    group.worlds[0]!.count({ finished: 500 }, fails(errors));
    return group.tick().worlds[0]!.state.status;
  };
  const least = (status: (errors: number) => string): number => {
    let errors = 1;
    while (status(errors) !== 'rolled-back') errors++;
    return errors;
  };
  expect(least(inCompany)).toBeGreaterThan(least(alone));
});
