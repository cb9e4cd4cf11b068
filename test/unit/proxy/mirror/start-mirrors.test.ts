import { describe, expect, test } from 'vitest';
import { copyBody, leaveMirrored, mirror, tellBody } from '../../../../src/proxy/mirror/start-mirrors.ts';
import type { MirroredRequest } from '../../../../src/proxy/mirror/mirrored-request.ts';
import type { PrimaryEnd, ResponseTap } from '../../../../src/proxy/mirror/response-tap.ts';
import { OUTCOME } from '../../../../src/telemetry/outcomes.ts';
import { makeRouted } from '../fakes.ts';

/** A copy that writes down what it is told, and fails where it is to. */
function chained(told: string[], name: string, fails = false): MirroredRequest {
  const tell = (what: string): void => {
    told.push(`${name} ${what}`);
    if (fails) throw new Error('a fault');
  };
  return {
    next: undefined,
    push: (bytes: Buffer, from: number, to: number) => tell(bytes.toString('latin1', from, to)),
    requestEnded: () => tell('ended'),
    detach: (aborted: boolean) => void told.push(`${name} left ${aborted}`),
    fail: (error: Error) => void told.push(`${name} ${error.message}`),
  } as unknown as MirroredRequest;
}

const tap = (told: string[], fails = false): ResponseTap => ({
  wantsSecondary: false,
  onHead: () => undefined,
  onBody: (_, bytes, from, to) => {
    if (fails) throw new Error('a fault');
    told.push(bytes.toString('latin1', from, to));
  },
  onPrimaryEnd: ({ outcome, status, requestDone }: PrimaryEnd) => {
    if (fails) throw new Error('a fault');
    told.push(`${outcome.code} ${status} ${requestDone}`);
  },
  onCopyEnd: () => undefined,
});

describe('body bytes', () => {
  test('go to all copies; one that fails is ended alone', () => {
    const told: string[] = [];
    const { exchange, state } = makeRouted();
    const [first, second] = [chained(told, 'first', true), chained(told, 'second')];
    first.next = second;
    state.shadow = first;
    copyBody(exchange, Buffer.from('..abc'), 2, 5);
    expect(told).toEqual(['first abc', 'first a fault', 'second abc', 'second ended']);
    told.length = 0;
    state.body.done = false;
    copyBody(exchange, Buffer.from('d'), 0, 1);
    expect(told).toEqual(['first d', 'first a fault', 'second d']);
  });

  test('of the response go to all taps; one that fails harms none', () => {
    const told: string[] = [];
    const { exchange, state, upstream } = makeRouted();
    state.taps = [tap(told, true), tap(told)];
    upstream.memory.write('bytes', 512);
    tellBody(exchange, upstream.real, 512, 517);
    tellBody(exchange, upstream.real, 517, 517);
    expect(told).toEqual(['bytes']);
    expect(exchange.fakeContext.faults).toHaveLength(1);
  });
});

describe('the end of the exchange', () => {
  test.each([
    ['ok', false],
    ['downstream_closed', true],
    ['upstream_reset', false],
  ] as const)('with %s leaves its copies alone; aborted: %s', (code, aborted) => {
    const told: string[] = [];
    const { exchange, state } = makeRouted();
    const [first, second] = [chained(told, 'first'), chained(told, 'second')];
    first.next = second;
    Object.assign(state, { shadow: first, outcome: OUTCOME[code], status: 200, taps: [tap(told, true), tap(told)] });
    leaveMirrored(exchange);
    expect(told).toEqual([`${code} 200 true`, `first left ${aborted}`, `second left ${aborted}`]);
    expect([state.shadow, state.taps]).toEqual([undefined, undefined]);
  });
});

test('a fault in the making of copies is ours alone, and is not met again by the next attempt', () => {
  const { exchange, state } = makeRouted();
  // A pool without mirrors: to copy for each of them is a fault here.
  mirror(exchange);
  expect(exchange.fakeContext.faults).toHaveLength(1);
  expect(state.mirrored).toBe(true);
});

test('a copy is not copied again', () => {
  const { exchange, state } = makeRouted('GET / HTTP/1.1\r\nhost: a.example\r\nx-sluice-shadow: dark\r\n\r\n');
  mirror(exchange);
  expect([exchange.fakeContext.faults, state.shadow, state.mirrored]).toEqual([[], undefined, true]);
});
