// Nothing of one exchange may be left when the object serves another: every field, however deep, is made dirty, and the reset is compared
// with a new state. The fields are found by walking the object, so that one that is added later is looked at without a word here.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ChunkedDecoder } from '../../../src/http1/chunked-decoder.ts';
import { BODY_CHUNKED } from '../../../src/http/body-kind.ts';
import { Deadline, Deadlines } from '../../../src/lib/deadlines.ts';
import { ExchangeState, resetExchangeState } from '../../../src/proxy/exchange-state.ts';

const owner = { onDeadline: () => undefined };
/** Has private parts that cannot be walked; what it does after a reset is looked at below. */
const OPAQUE = [ChunkedDecoder];
/** What an earlier client left; looked for as text wherever it may be. */
const SECRET = 'left-by-another-client';

type Fields = Record<string, unknown>;

function isPart(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Deadline);
}

/** Paths of all fields below `from` that hold no part of the state itself. */
function leavesOf(from: Fields, path: readonly string[] = []): readonly (readonly string[])[] {
  return Object.keys(from).flatMap((key) => {
    const value = from[key];
    const here = [...path, key];
    if (OPAQUE.some((each) => value instanceof each)) return [];
    // An outcome is a constant: the field that names it is dirty, not the constant.
    return isPart(value) && !Object.isFrozen(value) && !('source' in value) ? leavesOf(value, here) : [here];
  });
}

function parentOf(state: ExchangeState, path: readonly string[]): Fields {
  return path.slice(0, -1).reduce((at, key) => at[key] as Fields, state as unknown as Fields);
}

/** A value that is not the first one, of the same kind where there is one. */
function dirtyFrom(clean: unknown, seed: number): unknown {
  if (typeof clean === 'boolean') return !clean;
  if (typeof clean === 'number') return clean + 1 + Math.abs(seed);
  if (typeof clean === 'string') return `${SECRET}${seed}`;
  if (Array.isArray(clean)) return [Buffer.from(SECRET)];
  return { secret: SECRET };
}

function dirty(state: ExchangeState, path: readonly string[], seed: number, deadlines: Deadlines): void {
  const parent = parentOf(state, path);
  const key = path.at(-1)!;
  const value = parent[key];
  if (value instanceof Deadline) deadlines.arm(value, 1000 + seed);
  else parent[key] = dirtyFrom(value, seed);
}

/** The state as data. A deadline counts as armed or not: when it was due is of no use to anyone. */
function dataOf(value: unknown): unknown {
  if (value instanceof Deadline)
    return { armed: value.list !== undefined, linked: value.next !== undefined || value.previous !== undefined };
  if (!isPart(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, dataOf(each)]));
}

const fresh = (): ExchangeState => new ExchangeState(owner);
const LEAVES = leavesOf(fresh() as unknown as Fields);

function withDeadlines(run: (deadlines: Deadlines) => void): void {
  const deadlines = new Deadlines();
  try {
    run(deadlines);
  } finally {
    deadlines.close();
  }
}

describe('a reset', () => {
  test('undoes whatever was changed', () => {
    withDeadlines((deadlines) => {
      const some = fc.subarray([...LEAVES], { minLength: 1 });
      fc.assert(
        fc.property(some, fc.integer({ min: -1000, max: 1000 }), (paths, seed) => {
          const state = fresh();
          // The scanner of a body is used, and so put back, where the body is chunked.
          for (const path of paths) dirty(state, path, seed, deadlines);
          if (paths.some((path) => path.includes('scanner'))) state.body.kind = BODY_CHUNKED;
          resetExchangeState(state);
          expect(dataOf(state)).toEqual(dataOf(fresh()));
        }),
      );
    });
  });

  test('leaves nothing of the former request, when all of it was there', () => {
    withDeadlines((deadlines) => {
      const state = fresh();
      for (const path of LEAVES) dirty(state, path, 7, deadlines);
      state.body.kind = BODY_CHUNKED;
      for (const path of LEAVES.filter((each) => !each.includes('body')))
        expect(dataOf(parentOf(state, path)[path.at(-1)!]), path.join('.')).not.toEqual(dataOf(parentOf(fresh(), path)[path.at(-1)!]));
      resetExchangeState(state);
      expect(dataOf(state)).toEqual(dataOf(fresh()));
      expect(JSON.stringify(dataOf(state))).not.toContain(SECRET);
    });
  });

  test('forgets a trailer that was cut in the middle', () => {
    const state = fresh();
    const announced = { body: BODY_CHUNKED, contentLength: -1 } as typeof state.head;
    state.body.begin(announced, 0);
    const cut = Buffer.from(`0\r\nx-secret: ${SECRET}`);
    expect(state.body.advance(cut, 0, cut.length)).toBe(cut.length);
    resetExchangeState(state);
    state.body.begin(announced, 0);
    const next = Buffer.from('0\r\n\r\n');
    expect([state.body.advance(next, 0, next.length), state.body.done]).toEqual([next.length, true]);
  });

  test('finds the fields that it is about', () => {
    const names = LEAVES.map((path) => path.join('.'));
    expect(names).toContain('bodyText');
    expect(names).toContain('attempt.connection');
    expect(names).toContain('head.block');
    expect(names).toContain('choice.key');
    expect(names).toContain('outgoing.block');
    expect(names).toContain('taps');
    expect(names).toContain('exchangeDeadline');
  });
});

describe('a field that the reset forgets', () => {
  class Forgetful extends ExchangeState {
    lastToken = '';
  }

  test('is found', () => {
    const state = new Forgetful(owner);
    const added = leavesOf(state as unknown as Fields).filter((path) => path.join('.') === 'lastToken');
    expect(added).toHaveLength(1);
    withDeadlines((deadlines) => dirty(state, added[0]!, 1, deadlines));
    resetExchangeState(state);
    expect(dataOf(state)).not.toEqual(dataOf(new Forgetful(owner)));
  });
});
