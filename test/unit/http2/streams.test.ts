// States of streams, their identifiers and windows: which frame may come when.

import { describe, expect, it } from 'vitest';
import { PROTOCOL_ERROR, STREAM_CLOSED } from '../../../src/http2/error-codes.ts';
import { FlowControl } from '../../../src/http2/flow-control.ts';
import { CONTINUATION, DATA, HEADERS, MAX_31_BITS, PRIORITY, RST_STREAM, WINDOW_UPDATE } from '../../../src/http2/frames.ts';
import { Stream } from '../../../src/http2/stream.ts';
import { StreamIds } from '../../../src/http2/stream-ids.ts';
import * as states from '../../../src/http2/stream-state.ts';
import type { StreamState, Verdict } from '../../../src/http2/stream-state.ts';

const { CLOSED, CONNECTION_SCOPE, HALF_CLOSED_LOCAL, HALF_CLOSED_REMOTE, IDLE, IGNORE, OPEN, STREAM_SCOPE, TAKE } = states;
const PROTOCOL = CONNECTION_SCOPE | PROTOCOL_ERROR;
const CLOSED_CONNECTION = CONNECTION_SCOPE | STREAM_CLOSED;
const TYPES = [DATA, HEADERS, PRIORITY, RST_STREAM, WINDOW_UPDATE] as const;

function verdicts(judge: (type: number) => Verdict): Verdict[] {
  return TYPES.map(judge);
}

describe('a stream', () => {
  it.each([
    ['idle', IDLE, [PROTOCOL, TAKE, IGNORE, PROTOCOL, PROTOCOL]],
    ['open', OPEN, [TAKE, TAKE, IGNORE, TAKE, TAKE]],
    ['half-closed by us', HALF_CLOSED_LOCAL, [TAKE, TAKE, IGNORE, TAKE, IGNORE]],
    ['half-closed by the peer', HALF_CLOSED_REMOTE, [STREAM_SCOPE | STREAM_CLOSED, STREAM_SCOPE | STREAM_CLOSED, IGNORE, TAKE, TAKE]],
    ['closed', CLOSED, [CLOSED_CONNECTION, CLOSED_CONNECTION, IGNORE, IGNORE, IGNORE]],
  ] as const)('that is %s', (_name, state, expected) => {
    const stream = new Stream();
    stream.begin(1, state, 0, 0);
    stream.hasHead = true;
    expect(verdicts((type) => stream.judge(type))).toEqual(expected);
  });

  it.each([OPEN, HALF_CLOSED_LOCAL] as const)('has no content before its head (state %i)', (state) => {
    const stream = new Stream();
    stream.begin(1, state, 0, 0);
    expect([stream.judge(DATA), stream.judge(HEADERS)]).toEqual([STREAM_SCOPE | PROTOCOL_ERROR, TAKE]);
    stream.hasHead = true;
    expect(stream.judge(DATA)).toBe(TAKE);
    stream.begin(3, state, 0, 0);
    expect(stream.judge(DATA)).not.toBe(TAKE);
  });

  it('is closed when both sides have ended', () => {
    const end = (...sides: readonly ('endLocal' | 'endRemote')[]): StreamState => {
      const stream = new Stream();
      stream.begin(1, OPEN, 0, 0);
      for (const side of sides) stream[side]();
      return stream.state;
    };
    expect([end('endLocal'), end('endRemote')]).toEqual([HALF_CLOSED_LOCAL, HALF_CLOSED_REMOTE]);
    expect([end('endLocal', 'endRemote'), end('endRemote', 'endLocal'), end('endRemote', 'endLocal', 'endLocal')]).toEqual([
      CLOSED,
      CLOSED,
      CLOSED,
    ]);
  });

  it('says the code of what is wrong', () => {
    expect(states.codeOf(PROTOCOL)).toBe(PROTOCOL_ERROR);
    expect(states.codeOf(STREAM_SCOPE | STREAM_CLOSED)).toBe(STREAM_CLOSED);
  });

  it.each([
    [-1, [5, 7], true, true],
    [12, [5, 7], true, true],
    [12, [5, 6], true, false],
    [12, [5, 8], true, false],
    [12, [5, 6], false, true],
    [0, [0], true, true],
    [0, [], true, true],
    [0, [1], false, false],
    [5, [], true, false],
  ])('with content of %i declared octets has %j of them', (declared, pieces, ends, sound) => {
    const stream = new Stream();
    stream.begin(1, OPEN, 0, 0);
    stream.contentLeft = declared;
    const taken = pieces.map((piece, index) => stream.takeContent(piece, ends && index === pieces.length - 1));
    if (pieces.length === 0) taken.push(stream.takeContent(0, ends));
    expect(taken.every((each) => each)).toBe(sound);
    // The next one on the same object knows nothing of it.
    stream.begin(3, OPEN, 0, 0);
    expect(stream.takeContent(1000, true)).toBe(true);
  });
});

describe('identifiers that a server sees', () => {
  it('are those of new streams when they rise, and odd', () => {
    const ids = new StreamIds(true, 100);
    expect(verdicts((type) => ids.judge(1, type))).toEqual([PROTOCOL, TAKE, IGNORE, PROTOCOL, PROTOCOL]);
    ids.opened(1);
    expect(ids.last).toBe(1);
    expect(ids.judge(3, HEADERS)).toBe(TAKE);
    expect(verdicts((type) => ids.judge(2, type))).toEqual([PROTOCOL, PROTOCOL, IGNORE, PROTOCOL, PROTOCOL]);
    expect([ids.stateOf(1), ids.stateOf(2), ids.stateOf(3)]).toEqual([CLOSED, IDLE, IDLE]);
  });

  it('are closed when they are given up', () => {
    const ids = new StreamIds(true, 100);
    ids.opened(1);
    expect(verdicts((type) => ids.judge(1, type))).toEqual([CLOSED_CONNECTION, CLOSED_CONNECTION, IGNORE, IGNORE, IGNORE]);
  });

  it('cannot be used after a higher one', () => {
    const ids = new StreamIds(true, 100);
    ids.opened(1);
    ids.opened(9);
    expect([3, 5, 7].map((id) => ids.judge(id, HEADERS))).toEqual([PROTOCOL, PROTOCOL, PROTOCOL]);
    expect(ids.judge(1, HEADERS)).toBe(CLOSED_CONNECTION);
    expect(ids.judge(5, DATA)).toBe(CLOSED_CONNECTION);
  });

  it('of streams that we have reset are passed over, until the client must have heard of it', () => {
    const ids = new StreamIds(true, 3);
    for (const id of [1, 3, 5, 7]) {
      ids.opened(id);
      ids.noteReset(id);
    }
    expect([1, 3, 5, 7].map((id) => ids.judge(id, DATA))).toEqual([CLOSED_CONNECTION, IGNORE, IGNORE, IGNORE]);
    expect(verdicts((type) => ids.judge(7, type))).toEqual([IGNORE, IGNORE, IGNORE, IGNORE, IGNORE]);
  });
});

describe('identifiers that a client opens', () => {
  it('rise from 1, in steps of two, as long as there are any', () => {
    const ids = new StreamIds(false, 100);
    expect([ids.open(), ids.open(), ids.open()]).toEqual([1, 3, 5]);
    ids.last = MAX_31_BITS - 2;
    expect([ids.open(), ids.open()]).toEqual([MAX_31_BITS, 0]);
  });

  it('may have frames on their way when we have given them up; others may not', () => {
    const ids = new StreamIds(false, 100);
    ids.open();
    expect(verdicts((type) => ids.judge(1, type))).toEqual([IGNORE, IGNORE, IGNORE, IGNORE, IGNORE]);
    for (const id of [2, 3]) expect(verdicts((type) => ids.judge(id, type))).toEqual([PROTOCOL, PROTOCOL, IGNORE, PROTOCOL, PROTOCOL]);
    expect(ids.judge(3, CONTINUATION)).toBe(PROTOCOL);
  });
});

describe('a window', () => {
  const window = (sendSize: number, receiveSize: number): FlowControl => {
    const flow = new FlowControl();
    flow.beginWindows(sendSize, receiveSize);
    return flow;
  };

  it('is what may be sent, and grows by what the peer allows', () => {
    const flow = window(100, 0);
    flow.sent(60);
    expect(flow.sendLeft).toBe(40);
    expect(flow.allow(10)).toBe(true);
    expect(flow.sendLeft).toBe(50);
  });

  it('may shrink below nothing when the peer makes it smaller', () => {
    const flow = window(100, 0);
    flow.sent(60);
    // SETTINGS_INITIAL_WINDOW_SIZE from 100 to 10.
    expect(flow.allow(-90)).toBe(true);
    expect(flow.sendLeft).toBe(-50);
    expect(flow.allow(60)).toBe(true);
    expect(flow.sendLeft).toBe(10);
  });

  it('is never larger than 31 bits', () => {
    expect(window(1, 0).allow(MAX_31_BITS - 1)).toBe(true);
    expect(window(1, 0).allow(MAX_31_BITS)).toBe(false);
    expect(window(MAX_31_BITS, 0).allow(1)).toBe(false);
  });

  it('is what the peer may send, and not more', () => {
    const flow = window(0, 100);
    expect(flow.received(60)).toBe(true);
    expect(flow.received(40)).toBe(true);
    expect(flow.received(1)).toBe(false);
  });

  it('is given back in halves', () => {
    const flow = window(0, 100);
    flow.received(100);
    expect([flow.used(20), flow.used(29)]).toEqual([0, 0]);
    expect(flow.received(1)).toBe(false);
    flow.receiveLeft = 0;
    expect(flow.used(1)).toBe(50);
    expect(flow.receiveLeft).toBe(50);
    expect([flow.used(49), flow.used(1)]).toEqual([0, 50]);
  });

  it('can be made larger', () => {
    const flow = window(0, 100);
    flow.received(80);
    flow.used(30);
    expect(flow.enlarge(1000)).toBe(930);
    expect(flow.receiveLeft).toBe(950);
    expect([flow.used(50), flow.used(449), flow.used(1)]).toEqual([0, 0, 500]);
  });
});
