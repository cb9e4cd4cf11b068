import { expect, it } from 'vitest';
import { KeptRollouts } from '../../../../src/control/rollouts/kept-rollouts.ts';
import type { RolloutState } from '../../../../src/rollout/model.ts';
import { readStates } from '../../../../src/rollout/read-states.ts';
import { begun } from '../../rollout/fakes.ts';

const state = { id: 'shop-1', pool: 'shop', baseline: 'v1', canary: 'v2', status: 'running', step: 1 } as unknown as RolloutState;
const line = (what: string) => ({ of: 'shop-1', line: { wallMs: 1, what, author: 'ops' } });

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
  await kept.keep([state], [line('a'), line('b'), line('c')]);
  await kept.keep([state], []);
  expect(calls).toEqual([
    ['note', 'a'],
    ['record', 'b'],
    ['record', 'c'],
    ['keepNote', ''],
  ]);
});

it('tells nothing of what could not be kept, so that it is not told twice', async () => {
  const { kept, calls } = open(true);
  await expect(kept.keep([state], [line('a'), line('b')])).rejects.toThrow('the disk is full');
  expect(calls).toEqual([]);
});

const pools = (more: object = {}): readonly RolloutState[] => [
  begun({ steps: [{ weight: '100%' }] }, { id: 'shop-1', group: 'group-1' }),
  { ...begun({ steps: [{ weight: '100%' }] }, { id: 'cart-1', pool: 'cart', group: 'group-1' }), ...more },
];

it('keeps the pools of a rollout in one note, and reads them back; one pool is kept as ever', async () => {
  const notes: { readonly name: string; readonly text: string }[] = [];
  const { kept } = open();
  const journal = { keepNote: async (note: (typeof notes)[number]) => void notes.push(note) };
  const keeping = new KeptRollouts({ journal, revision: () => 3, log: console } as never);
  const [alone] = pools();
  await keeping.keep(pools(), []);
  await keeping.keep([{ ...alone!, group: undefined, startedWallMs: 2_000_000 }], []);
  expect(notes.map(({ name }) => name)).toEqual(['rollout group-1', 'rollout shop-1']);
  expect(JSON.parse(notes[1]!.text)).toMatchObject({ form: 1, pool: 'shop' });
  expect(kept.read(notes as never).map((states) => states.map(({ pool }) => pool))).toEqual([['shop', 'cart'], ['shop']]);
});

it.each([
  ['of another rollout', { group: 'group-2' }],
  ['that is there twice', { pool: 'shop' }],
  ['that is further', { started: true }],
  ['of another template', { template: begun({ steps: [{ weight: '50%' }, { weight: '100%' }] }).template }],
])('refuses a pool %s', (_, more) => {
  const text = JSON.stringify({ form: 'pools-1', pools: pools(more) });
  expect(readStates(text)).toMatchObject({ fault: expect.any(String) });
});

it('refuses a list of one, and a state in it that is none', () => {
  expect(readStates(JSON.stringify({ form: 'pools-1', pools: pools().slice(1) }))).toMatchObject({
    fault: expect.stringContaining('1 pools'),
  });
  expect(readStates(JSON.stringify({ form: 'pools-1', pools: [...pools(), {}] }))).toMatchObject({
    fault: expect.stringContaining('form'),
  });
});
