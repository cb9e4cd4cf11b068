// What a rollout is said to be.

import { expect, it } from 'vitest';
import { showRollout } from '../../../../src/control/rollouts/show-rollout.ts';
import { shownState } from '../../../../src/control/rollouts/shown-state.ts';
import { begun } from '../../rollout/fakes.ts';

it('is back when its weights are in force', () => {
  const [now, before] = [
    { v1: 95, v2: 5 },
    { v1: 100, v2: 0 },
  ];
  for (const status of ['rolled-back', 'aborted'] as const) {
    expect(shownState({ status, applied: now, wanted: before })).toBe('rolling-back');
    expect(shownState({ status, applied: before, wanted: before })).toBe(status);
  }
  expect(shownState({ status: 'superseded', applied: now, wanted: before })).toBe('superseded');
  const state = { ...begun({ steps: [{ weight: '5%' }] }), status: 'rolled-back' as const, applied: now, endedWallMs: 1 };
  expect(showRollout(state, undefined, { perSecond: 1, wallMs: 2 }).state).toBe('rolling-back');
});
