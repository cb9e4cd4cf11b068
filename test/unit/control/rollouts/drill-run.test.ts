// A drill between fakes: what it asks of the pool, in which order, and that it goes on putting things back until it is done.

import { expect, it } from 'vitest';
import { decodeText } from '../../../../src/config/decode.ts';
import type { Shift } from '../../../../src/config/shift.ts';
import { DrillRun } from '../../../../src/control/rollouts/drill-run.ts';
import type { DrillRunDeps } from '../../../../src/control/rollouts/drill-run.ts';
import { startDrill } from '../../../../src/rollout/drill.ts';
import { ManualClock } from '../../../scaffold/manual-clock.ts';

function world(share: number) {
  let split: Readonly<Record<string, number>> = { v1: 100, v2: 0 };
  const [asked, halted, told] = [[] as Shift[], [] as string[], [] as unknown[]];
  const faults: string[] = [];
  const clock = new ManualClock();
  const config = () => {
    const shop = { versions: { v1: { endpoints: ['127.0.0.1:1'] }, v2: { endpoints: ['127.0.0.1:2'] } }, split };
    const written = { listeners: [{ name: 'web', address: '127.0.0.1:8080' }], pools: { shop }, routes: [{ name: 'all', pool: 'shop' }] };
    return decodeText('a.yaml', JSON.stringify(written)).config!;
  };
  const current = {
    get config() {
      return config();
    },
    revision: 1,
  };
  const submit = (({ change }: { readonly change: Shift }) => {
    const message = faults.shift();
    if (message !== undefined) return Promise.resolve({ result: 'failed', message });
    asked.push(change);
    split = change.weights ?? split;
    return Promise.resolve({ result: 'applied', workers: { applied: 2, total: 2 } });
  }) as unknown as DrillRunDeps['controller']['submit'];
  const started = startDrill(config().pools[0]!, {
    ...{ id: 'drill-1', to: undefined, share, forMs: 0, author: '', reason: '', salt: 's', wallMs: 1 },
    ...{ ready: () => 1, namedBy: () => undefined },
  });
  if ('refusal' in started) throw new Error(started.refusal);
  const run = new DrillRun(started.state, {
    clock,
    current: current as unknown as DrillRunDeps['current'],
    controller: { submit },
    counts: { open: () => undefined, halt: (id) => halted.push(id), close: () => undefined } as DrillRunDeps['counts'],
    keep: async (state, isTold) => void (isTold && told.push(state.result)),
    log: { warn: () => undefined } as unknown as DrillRunDeps['log'],
  });
  return { run, clock, asked, halted, told, faults, move: (to: typeof split) => void (split = to), split: () => split };
}

it('goes through its phases and back, with a halt before it', async () => {
  const { run, asked, halted, told, split } = world(0.01);
  expect(await run.run()).toMatchObject({ phase: 'over', result: 'passed' });
  expect(asked.map(({ weights }) => weights?.['v2'])).toEqual([1, 1, 1, 0]);
  expect(asked.map(({ drains }) => drains.length)).toEqual([0, 1, 0, 0]);
  expect([halted, told, split()]).toEqual([['drill-1'], ['passed'], { v1: 100, v2: 0 }]);
});

it('puts back what failed in between, and tries that again each second', async () => {
  const { run, clock, asked, faults, told } = world(0.01);
  faults.push('no space', 'no space', 'still none');
  const ended = run.run();
  for (let second = 0; second < 5; second++) {
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    clock.advance(1000);
  }
  expect(await ended).toMatchObject({ phase: 'over', result: 'failed', why: expect.stringContaining('no space') });
  expect([asked.length, asked[0]!.isBack, told]).toEqual([1, true, ['failed']]);
});

it('leaves the split to whoever changed it', async () => {
  const { run, asked, move, split } = world(0.01);
  move({ v1: 50, v2: 50 });
  expect(await run.run()).toMatchObject({ result: 'superseded' });
  expect([asked.map(({ weights }) => weights), split()]).toEqual([[undefined], { v1: 50, v2: 50 }]);
});
