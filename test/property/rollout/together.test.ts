// Pools that one rollout moves, whatever is seen of each: none is ahead of the others, and what goes back goes back with all.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RolloutState } from '../../../src/rollout/model.ts';
import { ENDED } from '../../../src/rollout/model.ts';
import { Together } from '../../unit/rollout/fakes.ts';

const STEPS = [
  { weight: '10%', for: '1s' },
  { approve: {} },
  { weight: '50%', until: 'evidence' },
  { weight: '100%', ramp: '2s' },
  { watch: {} },
];
const said = { author: 'ann', reason: '' };
const event = fc.oneof(
  fc.record({ is: fc.constant('count' as const), pool: fc.nat(1), errors: fc.constantFrom(0, 0, 0, 0, 3, 400) }),
  fc.record({ is: fc.constant('pass' as const), ms: fc.integer({ min: 100, max: 4000 }) }),
  fc.record({ is: fc.constant('cold' as const), pool: fc.nat(1), ready: fc.integer({ min: 0, max: 4 }) }),
  fc.record({ is: fc.constant('ask' as const), kind: fc.constantFrom('pause', 'resume', 'promote', 'abort', 'approve', 'approve') }),
);
const place = ({ started, step, begun }: RolloutState): string => `${started} ${step} ${begun}`;
const isBack = ({ leaving, status }: RolloutState): boolean => leaving !== undefined || (ENDED.has(status) && status !== 'succeeded');

test('none is ahead, and back goes one with all', () => {
  fc.assert(
    fc.property(fc.constantFrom('rollback', 'previous', 'hold'), fc.array(event, { maxLength: 60 }), (onFail, events) => {
      const group = new Together({ steps: STEPS, checks: [{ name: 'errors', errors: {} }], onFail }, { shop: {}, cart: {} });
      for (const happens of events) {
        if (happens.is === 'pass') group.pass(happens.ms);
        else if (happens.is === 'ask') group.ask({ kind: happens.kind, role: 'operator', ...said } as Parameters<Together['ask']>[0]);
        else {
          const world = group.worlds[happens.pool]!;
          const canary = 10 * world.state.wanted['v2']!;
          if (happens.is === 'cold')
            world.see({ readyEndpoints: { baseline: happens.ready, baselineTotal: 4, canary: 4, canaryTotal: 4 } });
          else if (canary > 0 && canary < 1000)
            world.count({ finished: 1000 - canary }, { finished: canary, errors: Math.min(canary, happens.errors) });
        }
        group.tick();
        const states = group.each((state) => state);
        if (states.some(isBack)) {
          expect(states.every(isBack)).toBe(true);
          return;
        }
        expect(new Set(states.map(place)).size).toBe(1);
        expect(new Set(states.map(({ wentBack }) => wentBack.join())).size).toBe(1);
        expect(new Set(states.map(({ status }) => ENDED.has(status))).size).toBe(1);
      }
    }),
    { numRuns: 150 },
  );
});
