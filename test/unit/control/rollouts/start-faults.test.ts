import { expect, it } from 'vitest';
import { rolloutFindings } from '../../../../src/control/rollouts/rollout-findings.ts';
import { start } from '../../../../src/rollout/start.ts';
import { startInput } from '../../rollout/fakes.ts';
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
