import { expect, it } from 'vitest';
import { Breakers } from '../../../../src/control/rollouts/breakers.ts';
import { Freeze } from '../../../../src/control/rollouts/freeze.ts';
import type { RolloutState } from '../../../../src/rollout/model.ts';
import type { Note } from '../../../../src/store/store.ts';

const MINUTE_MS = 60_000;
const BREAKER = { failures: 3, blockForMs: 60 * MINUTE_MS };
const BY = { author: 'ops', role: 'operator', reason: 'looked' } as const;

function open(notes: readonly Note[] = []) {
  const kept = new Map(notes.map((note) => [note.name, note]));
  const journal = { note: async (note: Note) => void kept.set(note.name, note) } as never;
  const now = { wallMs: 100 * MINUTE_MS };
  const deps = { journal, revision: () => 1, wallMs: () => now.wallMs };
  return { now, notes: () => [...kept.values()], breakers: new Breakers(deps, notes), freeze: new Freeze(deps, notes) };
}

const ended = (status: RolloutState['status'], atMinute: number, pool = 'shop'): RolloutState =>
  ({ status, pool, endedWallMs: atMinute * MINUTE_MS, template: { breaker: BREAKER } }) as unknown as RolloutState;

it('blocks after failures in a row, for its time', () => {
  const { breakers, now } = open();
  const failed = [ended('rolled-back', 90), ended('failed', 91), ended('rolled-back', 92)];
  expect(breakers.fault('shop', BREAKER, failed.slice(0, 2))).toBeUndefined();
  expect(breakers.fault('shop', BREAKER, failed)).toContain('The last 3 rollouts of pool shop failed');
  expect(breakers.show('shop', failed)).toEqual({ pool: 'shop', open: true, failures: 3, untilMs: 152 * MINUTE_MS });
  expect(breakers.fault('shop', { ...BREAKER, failures: 0 }, failed)).toBeUndefined();
  now.wallMs = 152 * MINUTE_MS;
  expect(breakers.fault('shop', BREAKER, failed)).toBeUndefined();
});

it('counts neither what an operator ended, nor other pools, nor what came before a success', () => {
  const { breakers } = open();
  const failed = [ended('rolled-back', 90), ended('rolled-back', 91)];
  for (const more of [ended('aborted', 92), ended('superseded', 92), ended('rolled-back', 92, 'other')])
    expect(breakers.fault('shop', BREAKER, [...failed, more])).toBeUndefined();
  expect(breakers.fault('shop', BREAKER, [...failed, ended('succeeded', 92), ended('rolled-back', 93)])).toBeUndefined();
});

it('forgives when it is reset, also after a restart', async () => {
  const { breakers, notes } = open();
  const failed = [ended('rolled-back', 90), ended('failed', 91), ended('rolled-back', 92)];
  await breakers.reset('shop', BY);
  expect(breakers.fault('shop', BREAKER, failed)).toBeUndefined();
  expect(open(notes()).breakers.fault('shop', BREAKER, failed)).toBeUndefined();
});

it('freezes and says who did, also after a restart', async () => {
  const { freeze, notes } = open();
  expect(freeze.fault()).toBeUndefined();
  await freeze.set(true, { ...BY, reason: 'Black Friday' });
  expect(freeze.fault()).toContain('Rollouts are frozen by ops: Black Friday');
  expect(open(notes()).freeze.show()).toMatchObject({ frozen: true, author: 'ops' });
  await freeze.set(false, BY);
  expect(open(notes()).freeze.fault()).toBeUndefined();
});

it.each(['', 'x', '{}', 'null', '{"frozen":1}'])('takes a kept freeze that cannot be read for one: %j', (text) => {
  expect(open([{ name: 'rollouts-freeze', text }]).freeze.fault()).toContain('cannot be read');
});
