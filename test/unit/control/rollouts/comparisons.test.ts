// Verdicts of shadows: asked now and then, and nobody hears what an earlier one was told.

import { expect, it } from 'vitest';
import type { MirrorReportOutcome } from '../../../../src/control/control-api.ts';
import { Comparisons } from '../../../../src/control/rollouts/comparisons.ts';
import { ManualClock } from '../../../scaffold/manual-clock.ts';

const reported = (verdict: string): MirrorReportOutcome =>
  ({ result: 'report', report: { verdict: { verdict, reason: 'so it is' } } }) as unknown as MirrorReportOutcome;

it('tells each who asks what came since, and a report that cannot be had is no data', async () => {
  const clock = new ManualClock();
  let [outcome, asked] = [() => Promise.resolve(reported('pass')), 0];
  const comparisons = new Comparisons(() => (asked++, outcome()), clock);
  const hear = async (by: string): Promise<unknown> => {
    comparisons.verdict('shop', 'dark', by);
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
    return comparisons.verdict('shop', 'dark', by);
  };
  expect(comparisons.verdict('shop', 'dark', 'one')).toBeUndefined();
  expect(await hear('one')).toMatchObject({ result: 'pass', sentence: 'the comparison of mirror dark: so it is' });
  expect(asked).toBe(1);
  expect(comparisons.verdict('shop', 'dark', 'two')).toBeUndefined();
  outcome = () => Promise.resolve(reported('inconclusive'));
  clock.advance(2000);
  expect(await hear('one')).toMatchObject({ result: 'inconclusive' });
  outcome = () => Promise.reject(new Error('the thread is gone'));
  clock.advance(61_000);
  expect(await hear('one')).toMatchObject({ result: 'no-data', sentence: expect.stringContaining('the thread is gone') });
  expect(comparisons.verdict('shop', 'dark', 'two')).toBeUndefined();
});
