import { expect, it } from 'vitest';
import { EXAMPLES } from '../../../src/api/contract.ts';
import type { RolloutReport } from '../../../src/api/rollout-report.ts';
import { markdownOfReport, viewRolloutReport } from '../../../src/cli/view-rollout-report.ts';

const report = EXAMPLES.RolloutReport as RolloutReport;

it('has who was exposed, the bound of each check with its counts, what changed, and examples', () => {
  const text = viewRolloutReport(report, (_, plain) => plain).join('\n');
  expect(text).toContain('1,040 requests of 312 users met v2');
  expect(text).toMatch(/v2 1 event of 1,040 requests; v1 11 events of 19,870 requests; ratio between 0\.1 and 4\.2/);
  expect(text).toMatch(/bound: fails when v2 is shown to fail more than 1\.5 times/);
  expect(text).toContain('revision 12: pools.shop.split.v2: 0 -> 5');
  expect(text).toContain('status 500 from v2 at 127.0.0.1:9003');
});

it('says at which step it ended, and which versions of several pools were met', () => {
  const moved = { state: 'aborted', why: 'aborted', share: { desired: 0 }, exposed: { requests: 3 } } as const;
  const pools = ['shop', 'cart'].map((pool, index) => ({ pool, baseline: 'v1', canary: `v${index + 2}`, ...moved }));
  const rollout = { ...report.rollout, state: 'aborted' as const, step: 1, pools };
  const text = viewRolloutReport({ ...report, rollout }, (_, plain) => plain).join('\n');
  expect(text).toContain('met v2 of shop or v3 of cart');
  expect(text).toMatch(/1\. .*: done\n.*2\. .*: ended here\n.*3\. .*: not reached/);
});

it('lets nobody write markup into a post-mortem', () => {
  const rollout = { ...report.rollout, reason: '[click](http://evil.example) <img src=x> | **now**' };
  const text = markdownOfReport({ ...report, rollout }).join('\n');
  expect(text).toContain('\\[click\\](http://evil.example) \\<img src=x\\> \\| \\*\\*now\\*\\*');
});
