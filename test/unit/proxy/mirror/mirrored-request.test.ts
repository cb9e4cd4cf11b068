// One copy between its owner and a connection that are made by hand.

import { beforeEach, describe, expect, test } from 'vitest';
import { MirroredRequest } from '../../../../src/proxy/mirror/mirrored-request.ts';
import type { MirroredRequestOwner } from '../../../../src/proxy/mirror/mirrored-request.ts';
import type { ResponseTap } from '../../../../src/proxy/mirror/response-tap.ts';
import type { MirrorTable } from '../../../../src/routing/table.ts';
import { MIRRORED } from '../../../../src/telemetry/mirror-outcomes.ts';
import type { MirrorOutcome } from '../../../../src/telemetry/mirror-outcomes.ts';
import { OUTCOME } from '../../../../src/telemetry/outcomes.ts';
import type { OutcomeCode } from '../../../../src/telemetry/outcomes.ts';
import type { MirrorRuntime } from '../../../../src/upstream/mirror-runtime.ts';
import type { MirrorTarget } from '../../../../src/upstream/mirror-target.ts';
import { BODY_NONE, BODY_STREAM } from '../../../../src/http/body-kind.ts';
import type { BodyKind } from '../../../../src/http/body-kind.ts';
import { OutgoingRequest } from '../../../../src/http/request.ts';
import { FakeUpstream, counting } from '../fakes.ts';

/** What comes before the body of a copy. */
const HEAD = 'PUT / HTTP/1.1\r\nhost: a\r\n\r\n';

class ShadowConnection extends FakeUpstream {
  unsent = 0;
  /** What the kernel does not take of the next write. */
  refuses = 0;

  override send(text: string): boolean {
    this.unsent += this.refuses;
    this.refuses = 0;
    return super.send(text);
  }

  tellDrained(): void {
    this.calls.push('tellDrained');
  }
}

let calls: string[];
let owner: MirroredRequestOwner & { isFull: boolean; waiting: number; put: (copy: MirroredRequest) => void };
let live: { settings: { responseBytes: number; lagBytes: number }; dropped: MirrorOutcome | undefined; isOverloaded: boolean };
let connection: ShadowConnection;
let copy: MirroredRequest;
const faults: unknown[] = [];

const table = (fields: Partial<MirrorTable> = {}): MirrorTable => ({ finishesAborted: false, timeoutMs: 900, ...fields }) as MirrorTable;
const shadow = (): MirrorTarget => ({ counters: counting(calls, 'dark') }) as unknown as MirrorTarget;

beforeEach(() => {
  calls = [];
  faults.length = 0;
  const deadlines = { nowMs: 10, refresh: () => 10, arm: (_: unknown, ms: number) => void calls.push(`arm ${ms}`) };
  const made = {
    ...{ deadlines, isFull: false, waiting: 0, onFault: (error: unknown) => void faults.push(error) },
    began: () => void calls.push('began'),
    ended: () => void calls.push('ended'),
    waits: (bytes: number) => void (owner.waiting += bytes),
    put: () => void calls.push('put'),
    tellEnd: (tap: ResponseTap, side: 'candidate', outcome: MirrorOutcome) => tap.onCopyEnd(side, outcome),
  };
  owner = made as unknown as typeof owner;
  live = { settings: { responseBytes: 100, lagBytes: 50 }, dropped: undefined, isOverloaded: false };
  connection = new ShadowConnection(calls);
  copy = new MirroredRequest(owner);
});

/** Starts a copy. `at once`: a used connection is there; `later`: one is being made. */
function start(
  when: 'at once' | 'later' = 'at once',
  mirror: Partial<MirrorTable> = {},
  body: BodyKind = BODY_NONE,
): MirrorOutcome | undefined {
  const runtime = {
    ...live,
    acquire: () => {
      if (live.dropped !== undefined) return live.dropped;
      if (when === 'at once') copy.onConnected(connection.real, connection.endpoint);
      else copy.onConnecting(connection.real, connection.endpoint);
      return undefined;
    },
    leave: (_: unknown, outcome: MirrorOutcome) => {
      calls.push(`leave ${outcome.code}`);
      return live.isOverloaded;
    },
  };
  const request = Object.assign(new OutgoingRequest(), { method: 'PUT', target: '/', body });
  copy.prepare(table(mirror), request, '', 'a', 10);
  copy.attached = true;
  return copy.start(runtime as unknown as MirrorRuntime, shadow(), 'key', undefined);
}

const ends = (): string[] => calls.filter((call) => call.startsWith('leave ')).map((call) => call.slice(6));
const bytes = (text: string): [Buffer, number, number] => [Buffer.from(text), 0, text.length];

function respond(response = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok', done = true): boolean {
  const { from, to } = connection.respond(response, { requestMethod: 'PUT' });
  return copy.onResponse(connection.real, from, to, done);
}

describe('a copy', () => {
  test('is sent with what waited, and what comes later', () => {
    copy.queueBody('first ', [Buffer.from('early ')]);
    start();
    copy.push(...bytes('late'));
    copy.requestEnded('');
    expect(connection.received).toBe(`${HEAD}first early late`);
    expect(calls).toEqual(['dark.began()', 'began', 'begin PUT', 'arm 900']);
  });

  test('of a request whose end is told beside it tells it, once, behind all that waited', () => {
    for (const when of ['at once', 'later'] as const) {
      connection = new ShadowConnection(calls);
      copy = new MirroredRequest(owner);
      start(when, {}, BODY_STREAM);
      copy.push(...bytes('body'));
      copy.requestEnded('x: y\r\n');
      expect(calls.filter((call) => call.startsWith('sendEnd'))).toEqual(when === 'at once' ? ['sendEnd(x: y\r\n)'] : []);
      if (when === 'later') copy.onConnected(connection.real, connection.endpoint);
      expect(connection.received.endsWith('body')).toBe(true);
      expect(calls.splice(0).filter((call) => call.startsWith('sendEnd'))).toEqual(['sendEnd(x: y\r\n)']);
    }
  });

  test('waits for its connection, and is kept meanwhile', () => {
    start('later');
    copy.push(...bytes('body'));
    expect([connection.received, owner.waiting > 0]).toEqual(['', true]);
    copy.onConnected(connection.real, connection.endpoint);
    expect([connection.received, owner.waiting]).toEqual([`${HEAD}body`, 0]);
  });

  test('ends well with the whole of request and response, and gives its connection back', () => {
    start();
    copy.requestEnded('');
    expect(respond()).toBe(true);
    expect(calls.slice(-4)).toEqual([`dark.ended(${MIRRORED.ok.index})`, 'leave ok', 'ended', 'release']);
    expect(copy.active).toBe(false);
    copy.detach(false);
    expect(calls.at(-1)).toBe('put');
  });

  test('closes its connection where the response came before the end of the request', () => {
    start();
    respond();
    expect([ends(), calls.at(-1)]).toEqual([['ok'], 'destroy']);
  });

  test('with an error as response is counted as such', () => {
    start();
    copy.requestEnded('');
    respond('HTTP/1.1 500 Oh\r\ncontent-length: 0\r\n\r\n');
    expect(ends()).toEqual(['upstream_error']);
  });

  test('that is dropped at once says why, and keeps nothing', () => {
    live.dropped = MIRRORED.limit;
    expect(start()).toBe(MIRRORED.limit);
    expect([copy.active, calls, owner.waiting]).toEqual([false, [], 0]);
  });

  test('is put back by the last that refers to it', () => {
    start();
    copy.detach(false);
    expect(calls.filter((call) => call === 'put')).toHaveLength(1);
    expect(ends()).toEqual(['incomplete']);
  });
});

describe('a shadow that is slow', () => {
  test('with a body may lag behind the primary so far and no further', () => {
    start();
    connection.refuses = 40;
    copy.push(...bytes('x'));
    expect([calls.slice(-2), owner.waiting]).toEqual([['tellDrained', 'dark.waits(40)'], 40]);
    copy.push(...bytes('y'.repeat(10)));
    expect([copy.active, owner.waiting > 40]).toEqual([true, true]);
    copy.push(...bytes('z'));
    expect([ends(), owner.waiting, copy.active]).toEqual([['lag'], 0, false]);
    expect(calls.at(-1)).toBe('destroy');
  });

  test('gets what waits when it has taken what was sent', () => {
    start();
    connection.refuses = 40;
    copy.push(...bytes('a'));
    copy.push(...bytes('b'));
    expect(connection.received).toBe(`${HEAD}a`);
    copy.onUpstreamDrained(connection.real);
    expect(connection.received).toBe(`${HEAD}a`);
    connection.unsent = 0;
    copy.onUpstreamDrained(connection.real);
    expect([connection.received, owner.waiting]).toEqual([`${HEAD}ab`, 0]);
  });

  test('costs its copy where all copies together keep too much', () => {
    start();
    owner.isFull = true;
    connection.refuses = 1;
    copy.push(...bytes('a'));
    expect(ends()).toEqual(['memory']);
  });

  test('costs its copy when memory is needed, if the copy keeps any', () => {
    start();
    copy.freeMemory();
    expect(copy.active).toBe(true);
    connection.refuses = 1;
    copy.push(...bytes('a'));
    copy.freeMemory();
    expect(ends()).toEqual(['memory']);
  });

  test('to respond has the time of the mirror', () => {
    start();
    copy.requestEnded('');
    copy.onDeadline();
    expect([ends(), calls.at(-1)]).toEqual([['response_timeout'], 'destroy']);
  });
});

describe('a response that is larger than is read', () => {
  test('by its own word is not begun', () => {
    start();
    expect(respond('HTTP/1.1 200 OK\r\ncontent-length: 101\r\n\r\n', false)).toBe(false);
    expect(ends()).toEqual(['response_too_large']);
  });

  test('as it comes is cut', () => {
    start();
    expect(respond('HTTP/1.1 200 OK\r\n\r\nab', false)).toBe(true);
    expect(copy.onResponseBytes(connection.real, 0, 98, false)).toBe(true);
    expect(copy.onResponseBytes(connection.real, 0, 1, false)).toBe(false);
    expect(ends()).toEqual(['response_too_large']);
  });
});

describe('its client went away', () => {
  test.each([
    [false, true, 'aborted'],
    [true, true, undefined],
    [true, false, 'incomplete'],
  ])('mirror finishes aborted requests: %s, request whole: %s', (finishesAborted, requestDone, ended) => {
    start('at once', { finishesAborted });
    if (requestDone) copy.requestEnded('');
    copy.detach(true);
    expect(ends()).toEqual(ended === undefined ? [] : [ended]);
    expect(copy.active).toBe(ended === undefined);
  });
});

test.each<[OutcomeCode, keyof typeof MIRRORED]>([
  ['connect_refused', 'connect_refused'],
  ['connect_timeout', 'connect_timeout'],
  ['upstream_malformed', 'upstream_malformed'],
  ['drain_timeout', 'removed'],
  ['overload', 'overload'],
  ['internal', 'internal'],
  ['upstream_reset', 'upstream_reset'],
])('a connection that fails with %s ends the copy with %s', (code, ended) => {
  start('later');
  copy.onUpstreamFailure(connection.real, OUTCOME[code]);
  expect(ends()).toEqual([ended]);
});

test('a used connection that the shadow had closed meanwhile is nobody’s failure', () => {
  start();
  connection.responses = 2;
  copy.onUpstreamFailure(connection.real, OUTCOME.upstream_reset);
  expect(ends()).toEqual(['stale']);
});

describe('its tap', () => {
  test('hears head, body and end', () => {
    const heard: string[] = [];
    copy.side = 'candidate';
    copy.tap = {
      wantsSecondary: false,
      onHead: (side, { status }, latencyMs) => void heard.push(`${side} ${status} ${latencyMs}`),
      onBody: (side, memory, from, to) => void heard.push(`${side} ${memory.toString('latin1', from, to)}`),
      onPrimaryEnd: () => undefined,
      onCopyEnd: (side, { code }) => void heard.push(`${side} ended ${code}`),
    };
    start();
    copy.requestEnded('');
    respond();
    expect(heard).toEqual(['candidate 200 0', 'candidate ok', 'candidate ended ok']);
  });

  test('hears that the end was ours where this machine was the slow one', () => {
    const heard: string[] = [];
    live.isOverloaded = true;
    copy.tap = { onCopyEnd: (_: string, { code }: MirrorOutcome) => void heard.push(code) } as unknown as ResponseTap;
    start();
    copy.onDeadline();
    expect(heard).toEqual(['internal']);
  });
});

test('a fault of ours ends the copy and goes no further', () => {
  connection.begin = () => {
    throw new Error('a fault');
  };
  start();
  expect([ends(), faults]).toEqual([['internal'], [new Error('a fault')]]);
});

test('one that was used serves the next as if it were new', () => {
  start();
  copy.requestEnded('');
  respond();
  copy.detach(false);
  calls.length = 0;
  connection = new ShadowConnection(calls);
  start();
  copy.requestEnded('');
  expect([connection.received, calls]).toEqual([`${HEAD}`, ['dark.began()', 'began', 'begin PUT', 'arm 900']]);
});
