import { expect, test } from 'vitest';
import { FileState } from '../../../src/control/file-state.ts';

function open() {
  const events: string[] = [];
  const metric: string[] = [];
  const clock = { wallMs: 1000 };
  const journal = {
    record: async (kind: string, { author, revision }: { author: string; revision: number }, detail: object) =>
      void events.push(`${kind} by ${author} at ${revision} ${JSON.stringify(detail)}`),
  };
  const state = new FileState({ journal, exposition: { fileIs: (is) => void metric.push(is) }, wallMs: () => clock.wallMs });
  return { state, events, metric, clock };
}

const problem = (message: string) => ({ file: 's.yaml', line: 3, column: 5, path: '', message });
const rejected = (...messages: string[]) => ({ result: 'rejected', revision: 4, problems: messages.map(problem) }) as const;
const unchanged = { result: 'unchanged', revision: 4 } as const;

test('a refusal is told once, with its first problems, and stands until a file is taken', () => {
  const { state, events, metric, clock } = open();
  state.ended(unchanged, 4);
  state.ended(rejected('no', 'neither'), 4);
  clock.wallMs = 2000;
  state.ended(rejected('no', 'neither'), 4);
  expect(state.shown).toEqual({ state: 'refused', sinceMs: 1000, problems: ['s.yaml:3:5: no', 's.yaml:3:5: neither'], problemCount: 2 });
  expect(events).toEqual(['file-refused by file at 4 {"problems":["s.yaml:3:5: no","s.yaml:3:5: neither"],"problemCount":2}']);
  state.ended(rejected('other'), 4);
  expect(events).toHaveLength(2);
  clock.wallMs = 3000;
  state.ended(unchanged, 4);
  expect(state.shown).toEqual({ state: 'taken', sinceMs: 3000, problems: [], problemCount: 0 });
  expect(events.at(-1)).toBe('file-taken by file at 4 {}');
  expect(metric).toEqual(['taken', 'refused', 'refused', 'refused', 'taken']);
});

test('what could not be put in force is refused as well, and a superseded file says nothing', () => {
  const { state, events } = open();
  state.ended({ result: 'superseded', revision: 4 }, 4);
  expect(events).toEqual([]);
  state.ended({ result: 'failed', revision: 4, error: new Error('the address is taken') }, 4);
  expect(state.shown).toMatchObject({ state: 'refused', problems: ['the address is taken'] });
});

test('keeps few of many problems', () => {
  const { state } = open();
  state.ended(rejected(...Array.from({ length: 500 }, (_, index) => `no ${index}`)), 4);
  expect(state.shown.problems).toHaveLength(10);
  expect(state.shown.problemCount).toBe(500);
});

test('a file that is gone is told, and its return', () => {
  const { state, events, clock } = open();
  clock.wallMs = 5000;
  state.vanish(4);
  expect(state.shown).toMatchObject({ state: 'missing', sinceMs: 5000 });
  state.reappear(4);
  expect(state.shown).toMatchObject({ state: 'taken' });
  expect(events).toEqual(['file-missing by file at 4 {}', 'file-taken by file at 4 {}']);
});
