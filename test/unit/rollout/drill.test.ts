// What a drill does to a pool in each phase, and when it leaves something out or is refused.

import { expect, it } from 'vitest';
import { decodeText } from '../../../src/config/decode.ts';
import type { PoolConfig } from '../../../src/config/model.ts';
import { formatProblem } from '../../../src/config/problem.ts';
import { isSplitOf, phasesOf, planOfDrill, shiftOfDrill, startDrill } from '../../../src/rollout/drill.ts';
import type { DrillRequest, DrillState } from '../../../src/rollout/drill.ts';

function pool(more: object = {}): PoolConfig {
  const shop = {
    versions: { v1: { endpoints: ['127.0.0.1:1'] }, v2: { endpoints: ['127.0.0.1:2', '127.0.0.1:3'], salt: 'old' } },
    split: { v1: 100, v2: 0 },
    ...more,
  };
  const config = { listeners: [{ name: 'web', address: '127.0.0.1:8080' }], pools: { shop }, routes: [{ name: 'all', pool: 'shop' }] };
  const { config: decoded, problems } = decodeText('a.yaml', JSON.stringify(config));
  if (decoded === undefined) throw new Error(problems.map(formatProblem).join('\n'));
  return decoded.pools[0]!;
}

const request: DrillRequest = {
  ...{ id: 'drill-1', to: undefined, share: 0, forMs: 1000, author: 'ann', reason: '', salt: 'new', wallMs: 1 },
  ready: () => 1,
  namedBy: () => undefined,
};

function begun(of = pool(), more: Partial<DrillRequest> = {}): DrillState {
  const started = startDrill(of, { ...request, ...more });
  if ('refusal' in started) throw new Error(started.refusal);
  return started.state;
}

it('moves no weight with a mirror, and takes away what it has put there', () => {
  const state = begun();
  const phases = phasesOf(state).map((phase) => shiftOfDrill({ ...state, phase }, pool(), true));
  expect(phases.map(({ weights }) => weights)).toEqual([undefined, undefined, undefined, undefined]);
  expect(phases.map(({ mirrors }) => Object.keys(mirrors).length)).toEqual([1, 1, 1, 0]);
  expect(phases[1]!.drains.map(({ endpoint, drained }) => [endpoint, drained])).toEqual([
    ['127.0.0.1:2', true],
    ['127.0.0.1:3', true],
  ]);
  const drained = pool({ versions: { v1: { endpoints: ['127.0.0.1:1'] }, v2: { endpoints: [{ address: '127.0.0.1:2', drain: true }] } } });
  expect(shiftOfDrill({ ...state, phase: 'back' }, drained, true).drains).toMatchObject([{ endpoint: '127.0.0.1:2', drained: false }]);
});

it('gives a share, and puts back weights and salt; the split of somebody else stays', () => {
  const state = begun(pool(), { share: 0.001 });
  expect(shiftOfDrill(state, pool(), true)).toMatchObject({
    weights: { v1: 99.9, v2: 0.1 },
    salts: { v2: 'new' },
    canary: 'v2',
    mirrors: {},
  });
  const back = { ...state, phase: 'back' } as const;
  expect(shiftOfDrill(back, pool(), true)).toMatchObject({ weights: { v1: 100, v2: 0 }, salts: { v2: 'old' }, canary: '', isBack: true });
  expect(shiftOfDrill(back, pool(), false)).toMatchObject({ weights: undefined, salts: {} });
  expect(
    [
      { v1: 100, v2: 0 },
      { v1: 99.9, v2: 0.1 },
      { v1: 90, v2: 10 },
    ].map((split) => isSplitOf(back, pool({ split }))),
  ).toEqual([true, true, false]);
});

it.each([
  [{ versions: { v1: { endpoints: ['127.0.0.1:1'] } }, split: { v1: 1 } }, {}, 'a second version'],
  [{}, { to: 'v9' }, 'no version v9'],
  [{}, { to: 'v1' }, 'greatest weight'],
  [{}, { ready: () => 0 }, 'no endpoint that is ready'],
  [{ split: { v1: 90, v2: 10 } }, { share: 0.01 }, 'has weight 10 already'],
  [{ mirrors: [{ name: 'sluice-drill', version: 'v2' }] }, {}, 'remove it first'],
  [{ affinity: { cookie: { name: 'c' }, remember: '1h' } }, { share: 0.01 }, 'affinity.remember'],
] as const)('refuses %j with %j', (more, asked, refusal) => {
  const started = startDrill(pool(more), { ...request, ...asked });
  expect('refusal' in started && started.refusal).toContain(refusal);
});

it.each([
  [{ split: { v1: 90, v2: 10 } }, {}, 'requests of users'],
  [{ fallback: { whenNoneReady: 'fail' } }, { share: 0.01 }, 'whenNoneReady'],
  [{ overrides: [{ name: 'qa', header: { name: 'x-v', value: 'v2' }, version: 'v2' }] }, {}, 'override qa'],
  [{ mirrors: [{ name: 'dark', version: 'v2' }] }, {}, 'another mirror'],
  [{}, { namedBy: () => 'a route' }, 'a route leads'],
] as const)('leaves the failover out with %j and %j, and says so', (more, asked, why) => {
  const state = begun(pool(more), asked);
  expect(phasesOf(state)).toEqual(['begin', 'back']);
  expect(planOfDrill(state).join()).toContain(why);
});
