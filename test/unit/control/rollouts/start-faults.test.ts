import { expect, it } from 'vitest';
import { keyAtFault } from '../../../../src/control/rollouts/asked.ts';
import { rolloutFindings } from '../../../../src/control/rollouts/rollout-findings.ts';
import type { RolloutState } from '../../../../src/rollout/model.ts';

it.each([
  ['pool shop has no version v9: there are v1, v2', { to: 'v9', from: undefined }, 'to'],
  ['pool shop has no version v8', { to: 'v2', from: 'v8' }, 'from'],
  ['version v2 has no endpoints', { to: 'v2', from: 'v8' }, 'to'],
  ['the rollout leads to v2, which is the baseline as well: name another version', { to: 'v2', from: 'v2' }, 'to'],
  ['no version of pool shop has any weight', { to: 'v2', from: undefined }, ''],
] as const)('finds the key that "%s" is about', (refusal, asked, key) => {
  expect(keyAtFault(refusal, asked)).toBe(key);
});

it.each(['v2 is worse', 'v2 is worse.'])('ends "%s" with one stop before it says where to look', (why) => {
  const state = { id: 'shop-1', pool: 'shop', status: 'rolled-back', why, endedWallMs: 0 } as unknown as RolloutState;
  const [finding] = rolloutFindings([{ state, fault: undefined }], 1);
  expect(finding?.message).toBe('Rollout shop-1 was taken back: v2 is worse. See: sluice rollout status shop-1');
});
