import { afterEach, describe, expect, test, vi } from 'vitest';
import { Deadlines } from '../../../src/lib/deadlines.ts';
import type { Log } from '../../../src/lib/log.ts';
import { ProxyContext } from '../../../src/proxy/context.ts';
import type { ServingState } from '../../../src/proxy/serving-state.ts';
import { counting } from './fakes.ts';

const open: Deadlines[] = [];
afterEach(() => {
  for (const each of open.splice(0)) each.close();
});

function make(calls: string[] = [], log: Partial<Log> = {}): ProxyContext {
  const deadlines = new Deadlines();
  open.push(deadlines);
  return new ProxyContext({} as ServingState, deadlines, counting(calls, 'worker'), log as Log);
}

describe('load is shed in steps', () => {
  test.each([
    [0, true, false, false, false],
    [1, false, false, false, true],
    [2, false, true, false, true],
    [3, false, true, true, true],
  ])('level %i', (level, keepsAlive, rejectsRequests, rejectsConnections, isPressed) => {
    const context = make();
    context.setOverloadLevel(level);
    expect([context.allowsKeepAlive, context.rejectsRequests, context.rejectsConnections, context.shadows.pressed]).toEqual([
      ...[keepsAlive, rejectsRequests, rejectsConnections, isPressed],
    ]);
    context.setOverloadLevel(0);
    expect([context.allowsKeepAlive, context.rejectsRequests, context.rejectsConnections, context.shadows.pressed]).toEqual([
      ...[true, false, false, false],
    ]);
  });
});

test('a context that drains keeps no connection, however little the load', () => {
  const context = make();
  context.drain(1000);
  context.setOverloadLevel(0);
  expect(context.allowsKeepAlive).toBe(false);
});

test('request ids are told apart, over contexts as well', () => {
  const [one, other] = [make(), make()];
  const ids = [one, other].flatMap((context) => Array.from({ length: 500 }, () => context.newRequestId()));
  expect(new Set(ids).size).toBe(1000);
  expect(ids.every((id) => /^[\x21-\x7e]{13,20}$/.test(id))).toBe(true);
});

test('an error that is ours is counted and logged, that of a copy as well', () => {
  const calls: string[] = [];
  const error = vi.fn();
  const context = make(calls, { error });
  context.failed(new Error('one'));
  context.shadows.onFault(new Error('two'));
  expect(calls).toEqual(['worker.internalError()', 'worker.internalError()']);
  expect(error).toHaveBeenCalledTimes(2);
});

test('what is served is swapped as a whole', () => {
  const context = make();
  const next = {} as ServingState;
  context.serve(next);
  expect(context.serving).toBe(next);
});

test('what is served next is served from the moment on at which it is due, and what comes after it at once', () => {
  const context = make();
  const [first, next, last] = [context.serving, {} as ServingState, {} as ServingState];
  let isDue = false;
  context.serveNext(next, () => isDue);
  expect(context.servingNow).toBe(first);
  isDue = true;
  expect([context.servingNow, context.serving]).toEqual([next, next]);
  expect(context.servingNow).toBe(next);
  context.serveNext(last, () => false);
  context.serve(first);
  expect(context.servingNow).toBe(first);
});
