// When a rollout asks people, what they may decide without being known, and that each thing is decided once.

import { describe, expect, test } from 'vitest';
import { readState } from '../../../src/rollout/read-state.ts';
import { actionsAt, decidedAt, isStill, knownApproverNeeded, occasionOf } from '../../../src/rollout/occasion.ts';
import type { Occasion } from '../../../src/rollout/occasion.ts';
import { World, begun } from './fakes.ts';

const said = { author: 'bob', reason: 'so' };
const HOOKS = [{ on: ['approve', 'hold'], url: 'http://a/' }];
const GATE = { hooks: HOOKS, steps: [{ approve: { atMost: '2s' } }, { weight: '5%', for: '1m' }] };

function settled(written: object): World {
  const world = new World(begun(written));
  world.settle();
  return world;
}

const hookNames = (world: World): readonly string[] => Object.keys(world.state.done).filter((name) => name.startsWith('hook'));
const at = (world: World, moment: Occasion['moment']): Occasion => occasionOf(world.state, moment)!;
const actions = (world: World, moment: Occasion['moment']) => actionsAt(world.state, at(world, moment));

describe('a step that waits for approval', () => {
  test('asks once, when it has begun, and is over when somebody approved', () => {
    const world = settled(GATE);
    expect(hookNames(world)).toEqual(['hook 0 approve 0.0']);
    const occasion = at(world, 'approve');
    expect([actions(world, 'approve'), occasionOf(world.state, 'hold')]).toEqual([['approve', 'abort'], undefined]);
    expect([isStill(world.state, occasion), decidedAt(world.state, occasion)]).toEqual([true, undefined]);
    world.ask({ kind: 'approve', role: 'operator', ...said });
    for (const when of ['at once', 'later']) {
      expect([when, isStill(world.state, occasion)]).toEqual([when, false]);
      expect(decidedAt(world.state, occasion)).toMatchObject({ what: 'approve', author: 'bob', reason: 'so', wallMs: world.wallMs });
      if (when === 'at once') world.settle(3);
    }
    expect(world.state.step).toBe(1);
  });

  test('is over for others when one of them aborts or promotes, and says who', () => {
    for (const kind of ['abort', 'promote'] as const) {
      const world = settled(GATE);
      const occasion = at(world, 'approve');
      world.ask({ kind, ...said });
      expect([isStill(world.state, occasion), decidedAt(world.state, occasion)?.what]).toEqual([false, kind]);
      world.settle();
      expect(decidedAt(world.state, occasion)?.what).toBe(kind);
    }
  });

  test('goes on while it is paused, and moves by itself where its time is up', () => {
    const world = settled({ ...GATE, steps: [{ approve: { atMost: '2s', onTimeout: 'continue' } }, { weight: '5%', for: '1m' }] });
    const occasion = at(world, 'approve');
    world.ask({ kind: 'pause', ...said });
    expect(isStill(world.state, occasion)).toBe(true);
    world.ask({ kind: 'resume', ...said });
    expect(isStill(world.state, occasion)).toBe(true);
    world.pass(3000);
    expect([isStill(world.state, occasion), decidedAt(world.state, occasion)]).toEqual([false, undefined]);
  });

  test('a retry asks anew: what was decided before is no decision', () => {
    const world = settled(GATE);
    const occasion = at(world, 'approve');
    world.ask({ kind: 'abort', ...said });
    world.settle();
    world.ask({ kind: 'retry', ...said, salt: 'x' });
    world.settle();
    expect(world.state).toMatchObject({ epoch: 1, step: 0, begun: true });
    expect([isStill(world.state, occasion), decidedAt(world.state, occasion)?.what]).toEqual([false, 'abort']);
    expect(hookNames(world)).toContain('hook 0 approve 1.0');
  });

  test.each([
    [{ by: 'admin' }, 'this step takes the approval of somebody with the role admin'],
    [{ notStarter: true }, 'this step takes the approval of somebody other than ann, who started the rollout'],
  ])('%j takes none of somebody who is not known, also when its time is up', (gate, why) => {
    const world = settled({ ...GATE, steps: [{ approve: { ...gate, atMost: '2s' } }, { weight: '5%', for: '1m' }] });
    expect([knownApproverNeeded(world.state), actions(world, 'approve')]).toEqual([why, ['abort']]);
    world.pass(3000);
    expect([world.state.held, actions(world, 'hold')]).toEqual(['timeout', ['abort']]);
  });
});

describe('a rollout that is held', () => {
  test('for want of an approval goes on with it', () => {
    const world = settled(GATE);
    const gate = at(world, 'approve');
    world.pass(3000);
    const held = at(world, 'hold');
    expect(world.state).toMatchObject({ status: 'held', held: 'timeout' });
    expect([actions(world, 'approve'), actions(world, 'hold')]).toEqual([
      ['approve', 'abort'],
      ['approve', 'abort'],
    ]);
    world.ask({ kind: 'approve', role: 'operator', ...said });
    expect(world.state).toMatchObject({ status: 'running', held: undefined });
    for (const occasion of [gate, held]) expect(decidedAt(world.state, occasion)?.what).toBe('approve');
    world.settle();
    expect(world.state.step).toBe(1);
  });

  test('and paused stays so when it is approved', () => {
    const world = settled(GATE);
    world.pass(3000);
    world.ask({ kind: 'pause', ...said });
    world.ask({ kind: 'approve', role: 'operator', ...said });
    expect(world.settle().status).toBe('paused');
    world.ask({ kind: 'resume', ...said });
    expect(world.settle().step).toBe(1);
  });

  test('is resumed once: held for the same reason again people are told again, and decide anew', () => {
    const world = settled({ hooks: HOOKS, steps: [{ weight: '5%', until: 'evidence', atMost: '2s' }, { weight: '100%' }] });
    world.pass(3000);
    const [first, name] = [at(world, 'hold'), hookNames(world)];
    expect([world.state.held, actions(world, 'hold')]).toEqual(['timeout', ['resume', 'abort']]);
    world.ask({ kind: 'resume', ...said });
    expect([isStill(world.state, first), decidedAt(world.state, first)?.what]).toEqual([false, 'resume']);
    world.pass(3000);
    expect(world.state.held).toBe('timeout');
    expect([isStill(world.state, first), at(world, 'hold')]).toEqual([false, { ...first, resumed: 1 }]);
    expect(hookNames(world)).toHaveLength(name.length + 1);
  });

  test('for another reason than before tells people again, and only who is needed decides', () => {
    const world = settled({ hooks: HOOKS, steps: [{ weight: '5%', until: 'evidence', atMost: '20s' }, { weight: '100%' }] });
    world.pass(12_000);
    expect([world.state.held, actions(world, 'hold')]).toEqual(['no-data', ['abort']]);
    const first = at(world, 'hold');
    world.pass(10_000);
    expect([world.state.held, actions(world, 'hold'), isStill(world.state, first)]).toEqual(['timeout', ['resume', 'abort'], false]);
    expect(hookNames(world)).toEqual(['hook 0 hold 0.0 no-data 0', 'hook 0 hold 0.0 timeout 0']);
  });

  test('asks nobody while it goes back, is paused, or has ended', () => {
    const world = settled({ ...GATE, steps: [{ weight: '60%', for: '1h', atMost: '2h' }] });
    world.see({ readyEndpoints: { baseline: 0, canary: 4, baselineTotal: 4, canaryTotal: 4 } });
    world.ask({ kind: 'abort', ...said });
    world.tick();
    expect([world.state.held, occasionOf(world.state, 'hold')]).toEqual(['cold', undefined]);
    expect(hookNames(world)).toEqual(['hook 0 hold 0.0 cold 0']);
  });
});

test('what was decided is kept, bounded, and a state of an earlier release has decided nothing', () => {
  const world = settled({ hooks: HOOKS, steps: [{ weight: '5%', for: '1h' }] });
  for (let time = 0; time < 70; time++) {
    world.ask({ kind: 'pause', author: `a${time}`, reason: 'x'.repeat(500) });
    world.ask({ kind: 'resume', author: `a${time}`, reason: '' });
  }
  const { decided, resumed } = world.state;
  expect([decided.length, decided.at(-1)?.author, decided.at(-2)?.reason.length, resumed]).toEqual([64, 'a69', 200, 70]);
  const read = readState(JSON.stringify(world.state));
  expect(read).toMatchObject({ decided: JSON.parse(JSON.stringify(decided)) as object[], resumed: 70 });
  const { decided: _, resumed: __, ...earlier } = world.state;
  expect(readState(JSON.stringify(earlier))).toMatchObject({ decided: [], resumed: 0 });
  const wrong = { ...world.state, decided: [{ ...decided[0], what: 'explode' }] };
  expect(readState(JSON.stringify(wrong))).toEqual({ fault: 'decided of the state of the rollout is wrong' });
});
