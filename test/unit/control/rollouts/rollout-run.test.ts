// A rollout between fakes: what it looks at, what it moves, and a store that may fail.

import { expect, it } from 'vitest';
import { decodeText } from '../../../../src/config/decode.ts';
import type { Shift } from '../../../../src/config/shift.ts';
import { RolloutRun } from '../../../../src/control/rollouts/rollout-run.ts';
import type { RolloutRunDeps } from '../../../../src/control/rollouts/rollout-run.ts';
import type { RolloutState } from '../../../../src/rollout/model.ts';
import { ManualClock } from '../../../scaffold/manual-clock.ts';
import { begun, SEEN } from '../../rollout/fakes.ts';

interface World {
  readonly run: RolloutRun;
  readonly clock: ManualClock;
  readonly halted: string[];
  readonly split: () => Readonly<Record<string, number>>;
  /** Fails from now on, and so do changes that do not go back: the same store keeps them. */
  breakStore(): void;
  mendStore(): void;
}

function world(
  written: object,
  effects: RolloutRunDeps['effects'] = { run: () => new Promise(() => undefined), close: () => undefined },
): World {
  let split: Readonly<Record<string, number>> = { v1: 100, v2: 0 };
  let works = true;
  const halted: string[] = [];
  const clock = new ManualClock();
  const config = () =>
    decodeText(
      'a.yaml',
      JSON.stringify({
        listeners: [{ name: 'web', address: '127.0.0.1:8080' }],
        pools: { shop: { versions: { v1: { endpoints: ['127.0.0.1:1'] }, v2: { endpoints: ['127.0.0.1:2'] } }, split } },
        routes: [{ name: 'all', pool: 'shop' }],
      }),
    ).config!;
  const current = {
    get config() {
      return config();
    },
    revision: 1,
  };
  const submit = (({ change }: { readonly change: Shift }) => {
    if (!works && !change.isBack) return Promise.resolve({ result: 'failed', message: 'no space left on the device' });
    split = change.weights ?? split;
    return Promise.resolve({ result: 'applied' });
  }) as unknown as RolloutRunDeps['controller']['submit'];
  const run = new RolloutRun([begun(written, { weights: { v1: 100, v2: 0 } })], {
    clock,
    current: current as unknown as RolloutRunDeps['current'],
    controller: { submit },
    counts: {
      halt: (id: string) => halted.push(id),
      halted: () => halted.length > 0,
      lift: () => void halted.splice(0),
      arm: () => true,
      segment: () => undefined,
    } as unknown as RolloutRunDeps['counts'],
    effects,
    look: { seenOf: () => SEEN } as unknown as RolloutRunDeps['look'],
    keep: () => (works ? Promise.resolve() : Promise.reject(new Error('no space left on the device'))),
    onEnded: () => undefined,
    log: { warn: () => undefined } as unknown as RolloutRunDeps['log'],
  });
  return { run, clock, halted, split: () => split, breakStore: () => void (works = false), mendStore: () => void (works = true) };
}

async function until(run: RolloutRun, what: (state: RolloutState) => boolean): Promise<void> {
  for (let turns = 0; turns < 50 && !what(run.states[0]!); turns++) {
    run.wake();
    await run.settled();
  }
  expect(what(run.states[0]!)).toBe(true);
}

const LONG = { steps: [{ weight: '20%', for: '1h' }, { weight: '100%' }] };
const by = { author: 'ann', reason: 'it burns' };

it('takes the canary from everybody on an abort, also while the store fails', async () => {
  const { run, clock, halted, split, breakStore, mendStore } = world(LONG);
  await until(run, ({ applied }) => applied['v2'] === 20);
  breakStore();
  expect(await run.command({ kind: 'abort', ...by })).toMatchObject([{ status: 'aborted' }]);
  expect(halted).toContain('r1');
  expect(run.fault).toContain('no space left');
  expect(split()).toEqual({ v1: 100, v2: 0 });
  mendStore();
  clock.advance(1000);
  expect(await run.command({ kind: 'pause', ...by })).toContain('ended');
  await until(run, ({ applied }) => applied['v2'] === 0);
  expect(run.fault).toBeUndefined();
});

it('refuses what would go on while the store fails', async () => {
  const { run, breakStore, halted } = world(LONG);
  await until(run, ({ applied }) => applied['v2'] === 20);
  breakStore();
  for (const kind of ['promote', 'pause'] as const) await expect(run.command({ kind, ...by })).rejects.toThrow('no space left');
  expect([run.states[0]!.status, run.states[0]!.step, halted]).toEqual(['running', 0, []]);
});

it('goes on to a result where an effect breaks', async () => {
  const broken = { run: () => Promise.reject(new Error('Invalid URL')), close: () => undefined };
  const { run } = world({ steps: [{ smoke: [{ path: '/' }] }, { weight: '100%' }] }, broken);
  await until(run, ({ done }) => Object.keys(done).length > 0);
  expect(Object.values(run.states[0]!.done)[0]).toMatchObject({ ok: false, sentence: expect.stringContaining('Invalid URL') });
});
