import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readState } from '../../../src/rollout/read-state.ts';
import type { RolloutState } from '../../../src/rollout/model.ts';
import { World, begun } from './fakes.ts';

const kept = (() => {
  const world = new World(begun({ steps: [{ weight: '5%', for: '1m' }], hooks: [{ on: ['start'], url: 'http://a/' }] }));
  world.settle();
  world.count({ finished: 95, errors: 1 }, { finished: 5 }).tick();
  return JSON.parse(JSON.stringify(world.state)) as Record<string, unknown>;
})();

function faultOf(value: unknown): string {
  const read = readState(typeof value === 'string' ? value : JSON.stringify(value));
  return 'fault' in read ? read.fault : 'none';
}

describe('a state that was kept', () => {
  test('is read back', () => {
    expect(JSON.parse(JSON.stringify(readState(JSON.stringify(kept))))).toEqual(kept);
  });

  test('may have two shares within one segment', () => {
    const [first] = kept['evidence'] as [object];
    expect(faultOf({ ...kept, evidence: [{ ...first, share: 0.01 }, first] })).toBe('none');
  });

  test.each([
    ['no JSON', '{', 'not JSON'],
    ['nothing', 'null', 'no map'],
    ['a list', '[]', 'no map'],
    ['of a later version', { ...kept, form: 2 }, 'has the form 2, and this release reads 1'],
    ['without a form', { ...kept, form: undefined }, 'has the form'],
    ['with a key that nobody knows', { ...kept, more: 1 }, 'the key "more"'],
    ['with an unknown status', { ...kept, status: 'well' }, 'status of the state'],
    ['with a weight below nothing', { ...kept, wanted: { v1: -1, v2: 1 } }, 'wanted of the state'],
    ['without the canary in its weights', { ...kept, wanted: { v1: 1 } }, 'no version "v2"'],
    ['with a step that it does not have', { ...kept, step: 7 }, 'fewer steps'],
    ['with evidence twice', { ...kept, evidence: [...(kept['evidence'] as []), ...(kept['evidence'] as [])] }, 'not in order'],
    ['with evidence to come', { ...kept, segment: 0, stepSegment: 0 }, 'not in order'],
    ['with more than all of alpha', { ...kept, alphaShare: 1.5 }, 'alphaShare'],
    [
      'with evidence that is no number',
      { ...kept, judged: { errors: { tests: [{ events: 1, logs: [] }], failed: false, harmless: false } } },
      'judged',
    ],
    ['with another template', { ...kept, template: { ...(kept['template'] as object), alpha: 7 } }, 'none that a config could have'],
    ['with a template of more', { ...kept, template: { ...(kept['template'] as object), run: 'rm' } }, 'more or other'],
    ['with a template of less', { ...kept, template: { name: 'x' } }, 'of another form'],
  ])('%s is refused', (_, value, fault) => {
    expect(faultOf(value)).toContain(fault);
  });

  test('is refused or right with any field replaced by anything', () => {
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(kept)), fc.jsonValue(), (key, value) => {
        const changed = { ...kept, [key]: value };
        const read = readState(JSON.stringify(changed));
        if (!('fault' in read)) expect(JSON.parse(JSON.stringify(read))).toEqual(JSON.parse(JSON.stringify(changed)));
      }),
      { numRuns: 500 },
    );
  });

  test('may be anything at all', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(faultOf(text)).not.toBe('none');
      }),
    );
  });
});

test('what a release kept that knew no windows, no force and no weights that rise is read', () => {
  const state = begun({ steps: [{ weight: '50%', for: '1m' }, { weight: '100%' }] });
  const { forced, template, ...others } = JSON.parse(JSON.stringify(state)) as RolloutState;
  const { windows, steps, ...more } = template;
  const plain = steps.map((step) => Object.fromEntries(Object.entries(step).filter(([key]) => key !== 'rampMs')));
  expect([forced, windows]).toEqual([false, []]);
  expect(readState(JSON.stringify({ ...others, template: { ...more, steps: plain } }))).toEqual(state);
});
