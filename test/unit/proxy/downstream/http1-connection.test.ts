import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RequestHead } from '../../../../src/http1/request-head.ts';
import type { Deadline } from '../../../../src/lib/deadlines.ts';
import type { ByteStream, StreamOwner } from '../../../../src/net/byte-stream.ts';
import type { ConnectionEnds } from '../../../../src/net/connection-ends.ts';
import type { ProxyContext } from '../../../../src/proxy/context.ts';
import { RecentExchanges } from '../../../../src/telemetry/recent-exchanges.ts';
import type { Downstream } from '../../../../src/proxy/downstream/downstream.ts';
import type { ConnectionOwner } from '../../../../src/proxy/downstream/client-connection.ts';
import { Http1Connection, IDLE_GRACE_MS } from '../../../../src/proxy/downstream/http1-connection.ts';
import { MAX_EARLY_BYTES, MIN_EARLY_BYTES } from '../../../../src/proxy/downstream/early-bytes.ts';
import type { RequestSink } from '../../../../src/proxy/downstream/request-sink.ts';
import type { TurnTaker } from '../../../../src/proxy/turns.ts';
import { ExchangePool } from '../../../../src/proxy/exchange-pool.ts';
import { FakeUpstream, SETTINGS, counting } from '../fakes.ts';

class FakeStream implements ByteStream {
  readonly calls: string[];
  readonly peer: string;
  ends: ConnectionEnds | undefined = undefined;
  owner: StreamOwner | undefined = undefined;
  written = '';
  /** What the kernel has yet to take. */
  unsentBytes = 0;
  needsDrain = false;
  readonly flushed: (() => void)[] = [];

  get borrows(): boolean {
    return this.unsentBytes > 0;
  }

  constructor(calls: string[], peer: string) {
    this.calls = calls;
    this.peer = peer;
  }

  writeText(text: string, encoding: 'latin1' | 'utf8', onFlushed?: () => void): boolean {
    return this.writeBytes(Buffer.from(text, encoding), onFlushed);
  }

  writeBytes(bytes: Buffer, onFlushed?: () => void): boolean {
    this.written += bytes.toString('latin1');
    if (onFlushed !== undefined) this.flushed.push(onFlushed);
    return this.unsentBytes === 0;
  }

  /** The kernel has taken everything. */
  flush(): void {
    this.unsentBytes = 0;
    for (const each of this.flushed.splice(0)) each();
  }

  end(): void {
    this.calls.push('end');
  }

  cork(): void {
    this.calls.push('cork');
  }

  uncork(): void {
    this.calls.push('uncork');
  }

  growRead(): void {
    this.calls.push('grow');
  }

  keepHalfOpen(): void {
    this.calls.push('keepHalfOpen');
  }

  probe(): void {
    this.calls.push('probe');
  }

  pause(): void {
    this.calls.push('pause');
  }

  resume(): void {
    this.calls.push('resume');
  }

  destroy(): void {
    this.calls.push('destroy');
  }

  abort(): void {
    this.calls.push('reset');
  }
}

/** An exchange that does as the test says; it takes no body unless told to. */
class FakeSink implements RequestSink {
  readonly head = new RequestHead();
  requestDone = true;
  responded = false;
  unflushed = false;
  passesBody = false;
  downstream: Downstream | undefined = undefined;
  bodyBytes = 0;

  begin(downstream: Downstream, bytes: Buffer, from: number, to: number): number {
    this.downstream = downstream;
    calls.push(`begin ${this.head.method} ${this.head.target}`);
    const end = Math.min(to, from + this.bodyBytes);
    onBegin(this, bytes.toString('latin1', from, to));
    return end;
  }

  onRequestBytes(bytes: Buffer, from: number, to: number): number {
    const end = this.requestDone ? from : Math.min(to, from + this.bodyBytes);
    calls.push(`body ${bytes.toString('latin1', from, end)}`);
    return end;
  }

  onRequestEnd(): void {
    calls.push('request ended');
  }

  onDownstreamFlushed(): void {
    calls.push('flushed');
  }

  onDownstreamStalled(): void {
    calls.push('stalled');
  }

  onDownstreamClosed(): void {
    calls.push('closed');
  }

  reset(): void {
    calls.push('back');
  }
}

let calls: string[] = [];
let onBegin: (sink: FakeSink, rest: string) => void = () => undefined;
let sinks: FakeSink[] = [];
let stream: FakeStream;
let armed: Map<Deadline, number>;
let owner: { closing: boolean; settings: typeof SETTINGS };
let context: { allowsKeepAlive: boolean; faults: unknown[] };
let connection: Http1Connection;
let recent: RecentExchanges;
/** Whether a request behind the first of a read may be served, and who waits for that. */
let mayServe: () => boolean = () => true;
let takers: TurnTaker[] = [];

function connect(settings = SETTINGS, peer = '192.0.2.7'): Http1Connection {
  stream = new FakeStream(calls, peer);
  armed = new Map();
  recent = new RecentExchanges();
  const arm = (deadline: Deadline, ms: number): void => {
    armed.set(deadline, ms);
    deadline.disarm = () => void armed.delete(deadline);
  };
  const deadlines = { arm, armQuietly: arm, refresh: () => 100 };
  context = { allowsKeepAlive: true, faults: [] };
  const turns = { mayServe: () => mayServe(), wait: (taker: TurnTaker) => void takers.push(taker) };
  const failed = (error: unknown): void => void context.faults.push(error);
  const shared = Object.assign(context, { deadlines, turns, recent, failed });
  const exchanges = new ExchangePool(() => {
    const sink = new FakeSink();
    sinks.push(sink);
    return sink;
  });
  const made = {
    ...{ settings, counters: counting(calls, 'listener'), lastServing: undefined, closing: false, exchanges },
    ...{ tunnelsFull: false, onTunnelOpened: () => undefined, onTunnelClosed: () => undefined },
    ...{ context: shared as unknown as ProxyContext, onConnectionClosed: () => void calls.push('gone') },
    ...{ onHttp2: () => void calls.push('http2'), onStreamOpened: () => undefined, onStreamClosed: () => undefined },
  };
  owner = made;
  connection = new Http1Connection(made as ConnectionOwner, stream, stream.peer, undefined);
  return connection;
}

function read(text: string): void {
  const bytes = Buffer.from(text, 'latin1');
  connection.onRead(bytes, bytes.length);
  // The buffer is shared by all connections.
  bytes.fill('#');
}

const timeMs = (): number | undefined => [...armed.values()][0];
const fire = (): void => {
  armed.clear();
  connection.onDeadline();
};
/** All calls since the last time it was asked. */
const told = (): string[] => calls.splice(0).filter((call) => !/^(back|cork|uncork)$/.test(call));
const get = (target: string): string => `GET ${target} HTTP/1.1\r\nhost: a.example\r\n\r\n`;

/** Begins a response of nine bytes with these. Returns whether all has left. */
function send(body: string, { done = false, small = true, framing = 'content-length: 9\r\n' } = {}): boolean {
  const upstream = new FakeUpstream();
  const { from, to } = upstream.respond(`HTTP/1.1 200 OK\r\n${framing}\r\n${body}`, { small });
  return connection.sendHead(upstream.real, upstream.head.block, from, to, done);
}

/** Whether a response of our own says that the connection is closed behind it. */
function saysClose(): boolean {
  stream.written = '';
  connection.sendReply(204, '', '');
  return stream.written.includes('connection: close\r\n');
}

beforeEach(() => {
  calls = [];
  sinks = [];
  onBegin = () => undefined;
  mayServe = () => true;
  takers = [];
  connect();
});

afterEach(() => {
  expect(context.faults).toEqual([]);
});

describe('a request is found', () => {
  test('in one read', () => {
    read(get('/a'));
    expect([told(), connection.requests, connection.busy]).toEqual([['listener.requested()', 'begin GET /a'], 1, true]);
    expect(timeMs()).toBeUndefined();
  });

  test('byte by byte, with the time for a head counted from the first', () => {
    for (const byte of get('/slow').slice(0, -1)) read(byte);
    expect([told(), connection.busy, timeMs()]).toEqual([[], true, SETTINGS.headerTimeoutMs]);
    read('\n');
    expect(told()).toEqual(['listener.requested()', 'begin GET /slow']);
  });

  test('larger than what is looked at first', () => {
    read(`GET /a HTTP/1.1\r\nhost: a.example\r\nx: ${'y'.repeat(5000)}\r\n\r\n`);
    expect(told()).toContain('begin GET /a');
  });

  test('behind empty lines, for which nobody waits', () => {
    read('\r\n');
    expect([connection.busy, timeMs()]).toEqual([false, SETTINGS.headerTimeoutMs]);
    read(`\r\n${get('/a')}`);
    expect(told()).toContain('begin GET /a');
  });

  test('or refused, with the connection', () => {
    read('GET /a HTTP/1.1\r\nbad field\r\n\r\n');
    expect(stream.written).toMatch(/^HTTP\/1\.1 400 .*connection: close\r\n/s);
    expect(told()).toEqual([expect.stringMatching(/^listener\.refused/), 'end', 'resume']);
    read(get('/late'));
    expect(told()).toEqual([]);
  });

  test('too large, when that is certain', () => {
    read(`GET /a HTTP/1.1\r\nhost: a.example\r\nx: ${'y'.repeat(17_000)}`);
    expect(stream.written).toMatch(/^HTTP\/1\.1 431 /);
  });

  test('not in time', () => {
    read('GET /a HT');
    fire();
    expect(stream.written).toMatch(/^HTTP\/1\.1 408 /);
    expect(told()).toContain('end');
    const wanted = { listener: 'web', client: '192.0.2.7', method: 'GET', target: '/a', status: 408, outcome: 'request_timeout' };
    expect(recent.list()).toEqual([expect.objectContaining({ ...wanted, detail: 'head not complete in time' })]);
  });
});

describe('requests that come early', () => {
  test('wait until the one before has ended, and are then served in order', () => {
    read(get('/1') + get('/2') + get('/3'));
    expect(told()).toEqual(['listener.requested()', 'begin GET /1']);
    connection.end(true);
    expect(told()).toEqual(['listener.requested()', 'begin GET /2']);
    connection.end(true);
    expect(told()).toEqual(['listener.requested()', 'begin GET /3']);
    connection.end(true);
    expect([told(), connection.busy, connection.requests]).toEqual([[], false, 3]);
  });

  test('are served one after the other where each ends at once', () => {
    onBegin = (sink) => sink.downstream!.end(true);
    read(
      Array.from({ length: 2000 }, (_, index) => get(`/${index}`))
        .join('')
        .slice(0, 60_000),
    );
    expect(connection.requests).toBeGreaterThan(1000);
    expect(sinks).toHaveLength(1);
  });

  test('are kept up to a bound; what is beyond is read and thrown away, and the connection closes after the response', () => {
    read(get('/1'));
    told();
    for (let kept = 0; kept < MAX_EARLY_BYTES; kept += 65_536) read(get('/2').padEnd(65_536));
    expect(told()).not.toContain('pause');
    read('x');
    expect(told()).toEqual(['body ']);
    expect(saysClose()).toBe(true);
    connection.end(true);
    expect([told(), connection.busy]).toEqual([['end', 'resume'], false]);
  });

  test('are not read for ever: a client that sends on and on is looked at now and then', () => {
    read(get('/1'));
    for (let sent = 0; sent < 1_400_000; sent += 65_536) read('x'.repeat(65_536));
    expect(told()).toContain('pause');
    expect(timeMs()).toBe(500);
    fire();
    expect([told(), timeMs()]).toEqual([['probe'], 500]);
    connection.onGone();
    expect(told()).toEqual(['destroy', 'gone', 'closed']);
  });

  test('of a client that takes no responses wait in the kernel beyond a small bound', () => {
    read(get('/1'));
    stream.needsDrain = true;
    connection.end(true);
    told();
    read('x'.repeat(MIN_EARLY_BYTES - 1));
    expect(told()).toEqual([]);
    read('x');
    expect(told()).toEqual(['pause']);
  });

  test('wait for a later turn when others come first, and nothing is read until then', () => {
    onBegin = (sink) => sink.downstream!.end(true);
    mayServe = () => false;
    read(get('/1') + get('/2') + get('/3'));
    expect([told(), takers, connection.busy]).toEqual([['listener.requested()', 'begin GET /1', 'pause'], [connection], true]);
    expect(timeMs()).toBeUndefined();
    connection.onTurn();
    expect([told(), takers.length]).toEqual([['listener.requested()', 'begin GET /2', 'pause'], 2]);
    mayServe = () => true;
    connection.onTurn();
    expect([told(), connection.busy]).toEqual([['listener.requested()', 'begin GET /3', 'resume'], false]);
  });

  test('and wait for their turn get their responses after the client has ended its side, and none after it has gone', () => {
    onBegin = (sink) => sink.downstream!.end(true);
    mayServe = () => false;
    read(get('/1') + get('/2'));
    connection.onEnd();
    told();
    connection.onTurn();
    expect(told()).toEqual(['listener.requested()', 'begin GET /2', 'resume', 'end', 'resume']);
    connect();
    read(get('/1') + get('/2'));
    told();
    connection.onGone();
    connection.onTurn();
    expect(told()).toEqual(['destroy', 'gone']);
  });

  test('and are responded to at once: their responses leave in one write', () => {
    onBegin = (sink) => {
      sink.downstream!.sendReply(200, '', sink.head.target);
      calls.push('write');
      sink.downstream!.end(true);
    };
    read(get('/1') + get('/2'));
    const written = calls.splice(0).filter((call) => /cork|write/.test(call));
    expect(written).toEqual(['cork', 'write', 'write', 'uncork']);
    read(get('/3'));
    expect(calls).not.toContain('cork');
  });

  test('are forgotten when the connection is not kept', () => {
    read(get('/1') + get('/2'));
    told();
    connection.end(false);
    expect([told(), connection.busy]).toEqual([['end', 'resume'], false]);
  });
});

describe('a body', () => {
  test('goes to the exchange, and what follows it waits', () => {
    onBegin = (sink) => Object.assign(sink, { requestDone: false, bodyBytes: 4 });
    read('PUT /a HTTP/1.1\r\nhost: a.example\r\ncontent-length: 4\r\n\r\n');
    read(`body${get('/next')}`);
    expect(told().slice(1)).toEqual(['begin PUT /a', 'body body']);
    onBegin = () => undefined;
    connection.end(true);
    expect(told()).toEqual(['listener.requested()', 'begin GET /next']);
  });
});

describe('the connection is kept', () => {
  test.each([
    [true, {}, {}, 0],
    [false, { closing: true }, {}, 0],
    [false, {}, { allowsKeepAlive: false }, 0],
    [false, {}, {}, 1],
    [true, {}, {}, 2],
  ])('%s: listener %j, context %j, requests %i', (kept, listener, shared, requestsPerConnection) => {
    connect({ ...SETTINGS, requestsPerConnection });
    read(get('/'));
    Object.assign(owner, listener);
    Object.assign(context, shared);
    expect(saysClose()).toBe(!kept);
  });

  test('for the idle timeout, or for a moment where its listener has begun to leave', () => {
    for (const closing of [false, true]) {
      connect();
      read(get('/'));
      owner.closing = closing;
      connection.end(true);
      expect(timeMs()).toBe(closing ? IDLE_GRACE_MS : SETTINGS.idleTimeoutMs);
      told();
      fire();
      expect(told()).toEqual(['destroy', 'gone']);
    }
  });

  test('but gets no further request served while it takes no responses', () => {
    read(get('/1') + get('/2'));
    told();
    stream.needsDrain = true;
    connection.end(true);
    expect([told(), connection.busy, timeMs()]).toEqual([[], true, SETTINGS.idleTimeoutMs]);
    read(get('/3'));
    stream.needsDrain = false;
    connection.onDrain();
    expect(told()).toEqual(['listener.requested()', 'begin GET /2']);
  });
});

describe('writing', () => {
  test('what is the last of a response need not be waited for', () => {
    read(get('/'));
    stream.unsentBytes = 9;
    expect(send('last', { done: true })).toBe(true);
    expect([stream.written.endsWith('\r\n\r\nlast'), stream.flushed]).toEqual([true, []]);
  });

  test.each(['text', 'bytes'])('tells the exchange when %s that waits has left', (kind) => {
    read(get('/'));
    told();
    stream.unsentBytes = 9;
    const flushed = send('\xe9more', { small: kind === 'text' });
    expect([flushed, stream.written.endsWith('\r\n\r\n\xe9more')]).toEqual([false, true]);
    expect(told()).toEqual([]);
    stream.flush();
    expect(told()).toEqual(['flushed']);
  });

  test('is done at once where the kernel takes it', () => {
    read(get('/'));
    expect([send('a', { small: true }), send('b', { small: false })]).toEqual([true, true]);
  });
});

describe('a client that ends its side', () => {
  test('before a request, is gone', () => {
    connection.onEnd();
    expect(told()).toEqual(['destroy', 'gone']);
  });

  test('in the middle of a request, is gone', () => {
    onBegin = (sink) => (sink.requestDone = false);
    read('PUT /a HTTP/1.1\r\nhost: a.example\r\ncontent-length: 4\r\n\r\n');
    told();
    connection.onEnd();
    expect(told()).toEqual(['destroy', 'gone', 'closed']);
  });

  test('after a whole request, still gets a response that comes soon', () => {
    read(get('/'));
    connection.onEnd();
    expect(timeMs()).toBe(250);
    send('response', { done: true });
    told();
    connection.end(true);
    expect(told()).toEqual(['end', 'resume']);
  });

  test('after a whole request, is given up when the response takes longer', () => {
    read(get('/'));
    connection.onEnd();
    told();
    fire();
    expect(told()).toEqual(['destroy', 'gone', 'closed']);
  });

  test('has more time between two pieces of a response that has begun', () => {
    read(get('/'));
    sinks[0]!.responded = true;
    connection.onEnd();
    send('piece', { small: false });
    expect(timeMs()).toBe(2000);
    connection.unwatchProgress();
    expect(timeMs()).toBe(2000);
  });

  test('with a request behind the one under way gets both', () => {
    read(get('/1') + get('/2'));
    connection.onEnd();
    told();
    connection.end(true);
    expect(told()).toEqual(['listener.requested()', 'begin GET /2']);
    connection.end(true);
    expect(told()).toEqual(['end', 'resume']);
  });
});

describe('time', () => {
  test('of a client that is not read is used to find out whether it has gone', () => {
    onBegin = (sink) => (sink.requestDone = false);
    read('PUT /a HTTP/1.1\r\nhost: a.example\r\ncontent-length: 4\r\n\r\n');
    connection.pause();
    connection.unwatchProgress();
    told();
    fire();
    expect([told(), timeMs()]).toEqual([['probe'], 500]);
    connection.resume();
    connection.unwatchProgress();
    expect(timeMs()).toBeUndefined();
    connection.pause();
    stream.unsentBytes = 1;
    connection.watchProgress(5_000);
    told();
    fire();
    expect(told()).toEqual(['stalled']);
  });

  test('runs while the exchange says that it is the client’s', () => {
    read(get('/'));
    connection.watchProgress(300_000);
    expect(timeMs()).toBe(300_000);
    told();
    fire();
    expect(told()).toEqual(['stalled']);
    connection.watchProgress(300_000);
    connection.unwatchProgress();
    expect(timeMs()).toBeUndefined();
  });

  test('for the rest of a response, when it lingers', () => {
    read(get('/'));
    stream.unsentBytes = 100;
    connection.end(false);
    expect(timeMs()).toBe(SETTINGS.idleTimeoutMs);
    fire();
    expect(told().slice(-2)).toEqual(['destroy', 'gone']);
  });
});

describe('the end', () => {
  test('comes once, however it comes', () => {
    read(get('/'));
    told();
    connection.onGone();
    connection.onGone();
    connection.destroy();
    connection.linger();
    connection.end(true);
    expect(told()).toEqual(['destroy', 'gone', 'closed']);
  });

  test('by an abort is a reset, so that a response without a length does not look whole', () => {
    read(get('/'));
    told();
    connection.abort();
    connection.abort();
    expect(told()).toEqual(['reset', 'destroy', 'gone']);
  });

  test('of a response that is cut off comes after what is written: by its framing the client sees that it is not whole', () => {
    read(get('/'));
    stream.unsentBytes = 9;
    send('some', { small: false });
    told();
    connection.cutOff(false);
    connection.unwatchProgress();
    expect([told(), timeMs()]).toEqual([['end', 'resume'], SETTINGS.idleTimeoutMs]);
    connection.end(false);
    expect([told(), timeMs()]).toEqual([[], SETTINGS.idleTimeoutMs]);
  });

  test('of a response without framing that is cut off is a reset, once what is written has arrived', () => {
    read(get('/'));
    stream.unsentBytes = 9;
    send('some', { small: false, framing: '' });
    told();
    connection.cutOff(false);
    connection.unwatchProgress();
    connection.end(false);
    connection.onEnd();
    expect([told(), timeMs()]).toEqual([['resume'], SETTINGS.idleTimeoutMs]);
    stream.flush();
    expect([told(), timeMs()]).toEqual([[], 250]);
    fire();
    expect(told()).toEqual(['reset', 'destroy', 'gone']);
  });

  test('of a response without framing that is cut off is a reset also when everything has to go', () => {
    read(get('/'));
    connection.cutOff(false);
    connection.end(false);
    told();
    connection.onGone();
    expect(told()).toEqual(['reset', 'destroy', 'gone']);
  });

  test('by an abort on a Unix socket, which knows no reset', () => {
    connect(SETTINGS, '');
    expect(connection.peer).toBe('');
    connection.abort();
    expect(told()).toEqual(['destroy', 'gone']);
  });

  test('after a fault of ours is that of this connection alone', () => {
    onBegin = () => {
      throw new Error('a fault');
    };
    read(get('/'));
    expect(context.faults.splice(0)).toEqual([new Error('a fault')]);
    expect(told().slice(-3)).toEqual(['destroy', 'gone', 'closed']);
  });

  test('gives the exchange back', () => {
    read(get('/'));
    calls.length = 0;
    connection.end(true);
    expect(calls).toEqual(['back']);
  });
});

test('a tunnel gives the exchange back at once, and ends without one', () => {
  read(get('/socket') + 'early');
  calls.length = 0;
  expect(connection.openTunnel()).toBe(stream);
  connection.giveBack();
  expect(calls).toEqual(['back']);
  const passed: string[] = [];
  stream.owner = { onRead: (bytes: Buffer, length: number) => passed.push(bytes.toString('latin1', 0, length)) } as unknown as StreamOwner;
  connection.passEarly();
  expect(passed).toEqual(['early']);
  connection.closeTunnel();
  connection.end(false);
  expect(calls).toEqual(['back', 'end', 'resume']);
  connection.onGone();
  expect(calls).toEqual(['back', 'end', 'resume', 'destroy', 'gone']);
});

test('what is of our own making is written as UTF-8', () => {
  read(get('/'));
  connection.sendReply(200, '', 'grüße');
  expect(Buffer.from(stream.written, 'latin1').toString('utf8')).toMatch(/content-length: 7\r\n\r\ngrüße$/);
  connection.end(true);
});

test('reading goes on whatever is read', () => {
  expect([connection.onRead(Buffer.from('x'), 1), connection.peer]).toEqual([true, '192.0.2.7']);
});
