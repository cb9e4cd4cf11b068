import { expect, it } from 'vitest';
import { EXAMPLES } from '../../../src/api/contract.ts';
import type { RolloutView } from '../../../src/api/rollouts.ts';
import { viewRollout } from '../../../src/cli/view-rollout.ts';

const rollout = EXAMPLES.Rollout as RolloutView;
const draw = (more: Partial<RolloutView>) => viewRollout({ ...rollout, ...more }, { paint: (_, text) => text, nowMs: rollout.startedMs });

it.each(['rolled-back', 'aborted', 'superseded', 'failed'] as const)('marks where one that is %s has ended', (state) => {
  const steps = rollout.steps.map((step, index) => ({ ...step, state: index === 0 ? ('done' as const) : ('next' as const) }));
  const marks = draw({ state, steps }).filter((line) => /^[✓●○✗]/.test(line));
  expect(marks.map((line) => line[0])).toEqual(['✓', '✗', '○']);
});

it('marks what was passed over', () => {
  const steps = rollout.steps.map((step, index) => ({ ...step, state: index === 0 ? ('skipped' as const) : ('next' as const) }));
  expect(draw({ steps }).find((line) => line.startsWith('»'))).toBe(`» ${steps[0]!.text} (skipped)`);
});

it('writes thousands apart, and who asked once', () => {
  const history = ['asked for by ops', 'asked for by ops: release', 'paused'].map((text) => ({ atMs: 0, author: 'ops', text }));
  const lines = draw({ history, exposed: { requests: 1_234_567 }, needs: { requests: 6_400 } }).join('\n');
  expect(lines).toContain('1,234,567 requests so far');
  expect(lines).toContain('6,400 more requests');
  expect(lines).not.toContain('asked for by ops (ops)');
  expect(lines).not.toContain('release (ops)');
  expect(lines).toContain('paused (ops)');
  expect(lines).toContain('alpha 0.05');
});
