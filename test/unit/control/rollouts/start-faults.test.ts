import { expect, it } from 'vitest';
import { awaitedBy } from '../../../../src/control/rollouts/awaited-by.ts';
import { begin } from '../../../../src/control/rollouts/begin.ts';
import type { StartRequest } from '../../../../src/control/rollouts/rollouts-api.ts';
import { Drills } from '../../../../src/control/rollouts/drills.ts';
import type { DrillsDeps } from '../../../../src/control/rollouts/drills.ts';
import { unreadableDrills } from '../../../../src/control/rollouts/drill-lines.ts';
import type { PoolConfig } from '../../../../src/config/model.ts';
import { rolloutFindings } from '../../../../src/control/rollouts/rollout-findings.ts';
import { start } from '../../../../src/rollout/start.ts';
import { begun, startInput, template } from '../../rollout/fakes.ts';
import type { RolloutState } from '../../../../src/rollout/model.ts';

it.each([
  [{ to: 'v9' }, 'pool shop has no version v9', 'to'],
  [{ to: 'v2', from: 'v8' }, 'pool shop has no version v8', 'from'],
  [{ to: 'v4' }, 'version v4 has no endpoints', 'to'],
  [{ to: 'v2', from: 'v2' }, 'which is the baseline as well', 'to'],
  [{ to: 'v1' }, 'which has the greatest weight already', 'to'],
  [{ weights: { v1: 0, v2: 0 } }, 'no version of pool shop has any weight', undefined],
] as const)('names the key that is wrong in %j', (more, refusal, key) => {
  const weights = { v1: 100, v2: 0, v4: 0 };
  const started = start(startInput({}, { weights, endpoints: { v1: 1, v2: 1, v4: 0 }, ...more }));
  expect('refusal' in started && [started.refusal.includes(refusal), started.key]).toEqual([true, key]);
});

it.each(['v2 is worse', 'v2 is worse.'])('ends "%s" with one stop before it says where to look', (why) => {
  const state = { id: 'shop-1', pool: 'shop', status: 'rolled-back', why, endedWallMs: 0 } as unknown as RolloutState;
  const [finding] = rolloutFindings([{ state, fault: undefined }], 1);
  expect(finding?.message).toBe('Rollout shop-1 was taken back: v2 is worse. See: sluice rollout status shop-1');
});

it('refuses a preview at the start, on both ends, also within a group', () => {
  const versions = [
    { name: 'v1', endpoints: [{}] },
    { name: 'v2', endpoints: [{}] },
    { name: 'pr-1', endpoints: [{}], previewUntilMs: 9 },
  ];
  const shop = { name: 'shop', versions, split: { v1: 100, v2: 0, 'pr-1': 0 } } as unknown as PoolConfig;
  const problemOf = (...targets: readonly { to: string; from?: string }[]) => {
    const pools = targets.map(({ to, from }) => ({ pool: 'shop', to, from }));
    const request: StartRequest = { pools, template: undefined, force: false, author: 'ann', role: 'operator', reason: '' };
    const deps = { current: { served: undefined }, newWord: () => 'w', wallMs: 1, earlier: [] } as unknown as Parameters<typeof begin>[0];
    const found = begin(deps, request, { pools: pools.map(() => shop), template: template({}) });
    return 'result' in found && found.result === 'rejected' ? found.problems[0] : undefined;
  };
  expect(problemOf({ to: 'pr-1' })).toEqual({ path: 'to', message: expect.stringMatching(/^pr-1 is a preview/) });
  expect(problemOf({ to: 'v2', from: 'pr-1' })).toMatchObject({ path: 'from' });
  expect(problemOf({ to: 'v2' }, { to: 'pr-1' })).toMatchObject({ path: 'pools[1].to' });
  expect(problemOf({ to: 'v2' })).toBeUndefined();
});

it('says when a pool has more users than are remembered, while the rollout runs', () => {
  const state = { ...begun({}), status: 'running' } as RolloutState;
  const codes = (shown: RolloutState, saturated: boolean) =>
    rolloutFindings([{ state: shown, fault: undefined, saturated }], 1).map(({ code, severity }) => `${severity} ${code}`);
  expect(codes(state, true)).toEqual(['warning rollout-saturated']);
  expect(codes(state, false)).toEqual([]);
  expect(codes({ ...state, status: 'succeeded' }, true)).toEqual([]);
  expect(codes({ ...state, status: 'held' }, true)).toEqual(['warning rollout-held', 'warning rollout-saturated']);
});

it('knows which rollout waits for the verdict of a mirror', () => {
  const step = begun({ steps: [{ mirror: { percent: 10, compare: {}, until: 'verdict', atMost: '1h' } }, { weight: '100%' }] });
  const waits: RolloutState = { ...step, status: 'running', begun: true };
  expect(awaitedBy([waits], 'shop', 'r1-mirror')).toBe('r1');
  expect(awaitedBy([waits], 'shop', 'dark')).toBeUndefined();
  expect(awaitedBy([waits], 'cart', 'r1-mirror')).toBeUndefined();
  expect(awaitedBy([{ ...waits, step: 1 }], 'shop', 'r1-mirror')).toBeUndefined();
  const checked = begun({ checks: [{ name: 'same', critical: true, comparison: { mirror: 'dark' } }] });
  expect(awaitedBy([checked], 'shop', 'dark')).toBe('r1');
  expect(awaitedBy([{ ...checked, status: 'aborted' }], 'shop', 'dark')).toBeUndefined();
});

it('tells of a drill that cannot be read', () => {
  const log = { error: () => undefined };
  const drills = new Drills({ log } as unknown as DrillsDeps, [{ name: 'rollouts-drill shop', text: '{' }]);
  expect(drills.unreadable).toEqual(['shop']);
  expect(unreadableDrills(['shop'])).toMatchObject([{ severity: 'error', code: 'drill-unreadable', place: 'pools.shop', pool: 'shop' }]);
});
