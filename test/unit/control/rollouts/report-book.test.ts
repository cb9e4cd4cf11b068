// Whom a canary met, over restarts and retries, and which of its requests stand as examples.

import { expect, it } from 'vitest';
import type { ShownExchange } from '../../../../src/api/exchanges.ts';
import { chooseExamples, ReportBook } from '../../../../src/control/rollouts/report-book.ts';
import type { ReportBookDeps } from '../../../../src/control/rollouts/report-book.ts';
import type { RolloutState } from '../../../../src/rollout/model.ts';
import type { Note } from '../../../../src/store/store.ts';
import { begun } from '../../rollout/fakes.ts';

const served = (more: Partial<ShownExchange>): ShownExchange => ({
  ...{ atMs: 2_000_000, listener: 'web', client: '203.0.113.9', method: 'GET', authority: 'shop', target: '/', cut: false, keyed: false },
  ...{ fields: [{ name: 'x-name', value: 'ann' }], version: 'v2', status: 200, outcome: 'ok', attempts: 1, durationMs: 5 },
  ...{ firstByteMs: 4, bytesIn: 0, bytesOut: 0 },
  ...more,
});

function bookOn(notes: readonly Note[], exchanges: readonly ShownExchange[] = []) {
  const kept = new Map<string, string>();
  let exposed = { requests: 0, users: 0 };
  const journal: ReportBookDeps['journal'] = {
    keepNote: async ({ name, text }) => void kept.set(name, text),
    lines: async () => [],
    dropNotes: async (names) => names.forEach((name) => kept.delete(name)),
  };
  const workers = { responded: 1, total: 1 };
  const deps = { journal, exposed: () => exposed, exchanges: async () => ({ workers, exchanges }), nowMs: () => 0 };
  const meet = (requests: number, users: number): void => void (exposed = { requests, users });
  return { book: new ReportBook(deps, notes), meet, notes: () => [...kept].map(([name, text]) => ({ name, text })) };
}

const state = begun({ steps: [{ weight: '20%' }] });
const bad = { ...state, status: 'rolled-back', endedWallMs: 1 } as RolloutState;

it('adds up who met the canary before a retry, and before a restart', () => {
  const one = bookOn([]);
  one.meet(100, 30);
  one.book.saw(state);
  one.meet(0, 0);
  one.book.saw({ ...state, epoch: 1 });
  one.meet(5, 2);
  one.book.saw(bad);
  expect(one.book.find(state.id).exposed).toEqual({ requests: 105, users: 32 });
  const two = bookOn(one.notes());
  two.meet(1, 1);
  two.book.saw(bad);
  expect(two.book.find(state.id).exposed).toEqual({ requests: 106, users: 33 });
  two.book.forget([state.id]);
  expect(two.notes()).toEqual([]);
  expect(bookOn([{ name: `rollouts-report ${state.id}`, text: 'no JSON' }]).book.find(state.id).examples).toEqual([]);
});

it('keeps three examples of what failed, of the time of the rollout, without fields and client', async () => {
  const failed = [3, 2, 1].map((ms) => served({ status: 500, durationMs: ms, firstByteMs: ms }));
  const { book, notes } = bookOn([], [served({ status: 500, atMs: 1 }), served({}), ...failed]);
  book.saw(state);
  expect(book.find(state.id).examples).toEqual([]);
  book.saw(bad);
  await Promise.resolve();
  await Promise.resolve();
  const { examples } = book.find(state.id);
  expect(examples.map(({ status, durationMs }) => [status, durationMs])).toEqual([3, 2, 1].map((ms) => [500, ms]));
  expect(JSON.stringify(notes())).not.toMatch(/ann|203\.0\.113/);
  expect(bookOn(notes()).book.find(state.id).examples).toEqual(examples);
});

it('takes those that failed before the slow, and these before the others', () => {
  const all = [
    served({ target: '/quick' }),
    served({ target: '/slow', firstByteMs: 900 }),
    served({ target: '/cut', outcome: 'upstream_reset' }),
  ];
  expect(chooseExamples(all).map(({ target }) => target)).toEqual(['/cut', '/slow', '/quick']);
});
