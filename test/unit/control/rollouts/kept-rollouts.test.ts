import { expect, it } from 'vitest';
import { KeptRollouts } from '../../../../src/control/rollouts/kept-rollouts.ts';
import type { RolloutState } from '../../../../src/rollout/model.ts';

const state = { id: 'shop-1', pool: 'shop', baseline: 'v1', canary: 'v2', status: 'running', step: 1 } as unknown as RolloutState;
const line = (what: string) => ({ wallMs: 1, what, author: 'ops' });

function open(fails = false) {
  const calls: (readonly [string, unknown])[] = [];
  const journal = {
    note: async (_note: unknown, { detail }: { readonly detail: { readonly what: string } }) => {
      if (fails) throw new Error('the disk is full');
      calls.push(['note', detail.what]);
    },
    keepNote: async () => void calls.push(['keepNote', '']),
    record: async (_kind: unknown, _by: unknown, { what }: { readonly what: string }) => void calls.push(['record', what]),
    dropNotes: async () => undefined,
  };
  return { calls, kept: new KeptRollouts({ journal, revision: () => 3, log: console } as never) };
}

it('waits for the disk once, however much there is to tell', async () => {
  const { kept, calls } = open();
  await kept.keep(state, [line('a'), line('b'), line('c')]);
  await kept.keep(state, []);
  expect(calls).toEqual([
    ['note', 'a'],
    ['record', 'b'],
    ['record', 'c'],
    ['keepNote', ''],
  ]);
});

it('tells nothing of what could not be kept, so that it is not told twice', async () => {
  const { kept, calls } = open(true);
  await expect(kept.keep(state, [line('a'), line('b')])).rejects.toThrow('the disk is full');
  expect(calls).toEqual([]);
});
