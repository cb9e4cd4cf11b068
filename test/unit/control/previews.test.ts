// A preview whose time is over and that cannot be taken away: said in the findings and once in the journal, until it is gone.

import { expect, it } from 'vitest';
import type { Config } from '../../../src/config/model.ts';
import { Previews } from '../../../src/control/previews.ts';
import type { PreviewsDeps } from '../../../src/control/previews.ts';
import { ManualClock } from '../../scaffold/manual-clock.ts';

function world() {
  const clock = new ManualClock();
  const config = (previewUntilMs?: number) =>
    ({ pools: [{ name: 'shop', versions: [{ name: 'pr-1', previewUntilMs }] }] }) as unknown as Config;
  const current = { config: config(clock.wallMs() + 1000), revision: 3 };
  const outcomes: unknown[] = [];
  const recorded: unknown[] = [];
  const submit = () => {
    const outcome = outcomes.shift() ?? { result: 'applied' };
    if ((outcome as { result: string }).result === 'applied') current.config = config();
    return Promise.resolve(outcome);
  };
  const record = (kind: string, by: unknown, detail: unknown) => Promise.resolve(void recorded.push([kind, by, detail]));
  const previews = new Previews({
    ...{ clock, current, controller: { submit }, journal: { record }, log: { warn: () => undefined } },
  } as unknown as PreviewsDeps);
  const pass = async (ms: number): Promise<void> => {
    clock.advance(ms);
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  };
  return { previews, outcomes, recorded, current, config, clock, pass };
}

it('is a finding and one line of the journal, however often it is tried again, and neither once it is gone', async () => {
  const { previews, outcomes, recorded, pass } = world();
  outcomes.push({ result: 'failed', message: 'no space' }, { result: 'failed', message: 'no space' });
  previews.wake();
  await pass(999);
  expect(previews.findings()).toEqual([]);
  await pass(1);
  expect(previews.findings()).toMatchObject([
    { severity: 'error', code: 'preview-stuck', place: 'pools.shop.versions.pr-1', pool: 'shop', version: 'pr-1' },
  ]);
  expect(previews.findings()[0]!.message).toMatch(/pr-1.*no space.*sluice preview remove shop pr-1/);
  await pass(5000);
  expect(previews.findings()).toHaveLength(1);
  const detail = { pool: 'shop', preview: 'pr-1', fault: 'no space' };
  expect(recorded).toEqual([['preview-stuck', { author: '', revision: 3 }, detail]]);
  await pass(5000);
  expect(previews.findings()).toEqual([]);
  previews.close();
});

it('says anew what fails for another reason, and forgets what somebody else took away', async () => {
  const { previews, outcomes, recorded, current, config, pass } = world();
  outcomes.push({ result: 'failed', message: 'no space' }, { result: 'rejected', problems: [{ message: 'a route leads to it' }] });
  previews.wake();
  await pass(1000);
  await pass(5000);
  expect(recorded).toHaveLength(2);
  expect(previews.findings()[0]!.message).toContain('a route leads to it');
  current.config = config();
  expect(previews.findings()).toEqual([]);
  previews.close();
});

it('tells nothing of what fails because it was closed, and tries nothing again', async () => {
  const { previews, outcomes, recorded, clock, pass } = world();
  outcomes.push({ result: 'failed', message: 'Sluice is stopping.' }, { result: 'failed', message: 'Sluice is stopping.' });
  previews.wake();
  clock.advance(1000);
  previews.close();
  await pass(60_000);
  previews.wake();
  await pass(60_000);
  expect(recorded).toEqual([]);
  expect(outcomes).toHaveLength(1);
});
