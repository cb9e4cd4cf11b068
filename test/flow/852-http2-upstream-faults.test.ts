// Upstreams of HTTP/2 that go away, refuse, or break the protocol: what becomes of the exchange, of its neighbours and of the connection.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { CANCEL, ENHANCE_YOUR_CALM, NO_ERROR, PROTOCOL_ERROR, REFUSED_STREAM } from '../../src/http2/error-codes.ts';
import {
  ACK,
  DATA,
  END_HEADERS,
  END_STREAM,
  GOAWAY,
  HEADERS,
  PING,
  PUSH_PROMISE,
  RST_STREAM,
  SETTINGS,
  WINDOW_UPDATE,
} from '../../src/http2/frames.ts';
import { ask, connectTo, get, post, requestText } from './scaffold/client.ts';
import { eventually } from './scaffold/eventually.ts';
import { closeAll } from './scaffold/open.ts';
import { block, frame, number32, startRawHttp2 } from './scaffold/raw-http2.ts';
import type { RawPeer } from './scaffold/raw-http2.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';
import type { Upstream } from './scaffold/upstream.ts';

const END = END_HEADERS | END_STREAM;

let script: (peer: RawPeer, index: number) => Promise<void>;
let upstream: Upstream;
let sluice: Sluice;

beforeAll(async () => {
  upstream = await startRawHttp2((peer, index) => script(peer, index));
  const pool = { versions: { v1: { endpoints: [upstream.address], protocol: 'http2' } }, retries: { budget: '100%' } };
  sluice = await startSluice(configFor({ pool }));
});
afterAll(closeAll);
/** Each case has connections of its own. */
beforeEach(async () => {
  for (const wire of upstream.wires) wire.destroy();
  await eventually('no connection', async () => (await sluice.metric('sluice_endpoint_connections')) === 0);
});

/** The whole response to the request on this stream. */
const fine = (streamId: number): Buffer => frame(HEADERS, END, streamId, block(200, 'x-fine: yes\r\n'));

describe('what was not processed is sent again, whatever its method', () => {
  test('a stream that is refused', async () => {
    script = async (peer) => {
      const refused = await peer.request();
      await peer.wire.write(frame(RST_STREAM, 0, refused, number32(REFUSED_STREAM)));
      await peer.wire.write(fine(await peer.request()));
      await peer.next(GOAWAY);
    };
    const before = await sluice.metric('sluice_retries_total', { reason: 'refused-stream' });
    expect((await ask(sluice, post('/', 'body'))).status).toBe(200);
    expect(await sluice.counted('sluice_retries_total', { reason: 'refused-stream' })).toBe(before + 1);
  });

  test('streams above the last of a GOAWAY, while the one below it finishes', async () => {
    const { promise: isMoved, resolve: moved } = Promise.withResolvers<void>();
    const open = upstream.wires.length;
    script = async (peer, index) => {
      const first = await peer.request();
      if (index > open) {
        await peer.wire.write(fine(first));
        return moved();
      }
      await peer.request();
      await peer.wire.write(frame(GOAWAY, 0, 0, Buffer.concat([number32(first), number32(NO_ERROR)])));
      await isMoved;
      await peer.wire.write(fine(first));
      await peer.next(GOAWAY);
    };
    const both = [ask(sluice, post('/1', 'x')), ask(sluice, post('/2', 'x'))];
    expect((await Promise.all(both)).map(({ status }) => status)).toEqual([200, 200]);
    expect(upstream.wires.length).toBe(open + 2);
  });
});

describe('a fault of a stream', () => {
  test.each<[string, (streamId: number) => Buffer, number]>([
    ['a status that is none', (id) => frame(HEADERS, END, id, block(42)), PROTOCOL_ERROR],
    [
      'a field of a connection',
      (id) => frame(HEADERS, END, id, Buffer.concat([block(200), Buffer.from('\0\nconnection\x05close', 'latin1')])),
      PROTOCOL_ERROR,
    ],
    [
      'a name in upper case',
      (id) => frame(HEADERS, END, id, Buffer.concat([block(200), Buffer.from('\0\x01X\x01a', 'latin1')])),
      PROTOCOL_ERROR,
    ],
    ['content before a head', (id) => frame(DATA, END_STREAM, id, 'early'), PROTOCOL_ERROR],
    ['a window by nothing', (id) => frame(WINDOW_UPDATE, 0, id, number32(0)), PROTOCOL_ERROR],
  ])('%s: 502, and the others go on', async (_what, made, code) => {
    let reset: number | undefined;
    script = async (peer) => {
      const [bad, good] = [await peer.request(), await peer.request()];
      await peer.wire.write(made(bad));
      const { payload, streamId } = await peer.next(RST_STREAM);
      reset = streamId === bad ? payload.readUInt32BE() : -1;
      await peer.wire.write(fine(good));
      await peer.next(GOAWAY);
    };
    const count = upstream.wires.length;
    const both = await Promise.all([ask(sluice, post('/', 'x')), ask(sluice, post('/', 'x'))]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 502]);
    expect(both.find(({ status }) => status === 502)!.field('x-sluice-outcome')).toBe('upstream_malformed');
    expect(reset).toBe(code);
    expect(upstream.wires.length).toBe(count + 1);
  });

  test('more interim responses than anybody needs', async () => {
    script = async (peer) => {
      const id = await peer.request();
      await peer.wire.write(Buffer.concat(Array.from({ length: 20 }, () => frame(HEADERS, END_HEADERS, id, block(103)))));
      await peer.next(RST_STREAM);
    };
    const wire = await connectTo(sluice);
    await wire.write(get('/'));
    expect((await wire.readTo('HTTP/1.1 502')).split('HTTP/1.1 103').length).toBe(17);
    wire.destroy();
  });

  test('less content than its length, behind a head that has left: the client sees a cut', async () => {
    script = async (peer) => {
      const id = await peer.request();
      await peer.wire.write(frame(HEADERS, END_HEADERS, id, block(200, 'content-length: 10\r\n')));
      await peer.wire.write(frame(DATA, 0, id, 'four'));
      await eventually('the first of it', () => seen);
      await peer.wire.write(frame(DATA, END_STREAM, id, 'more'));
      await peer.next(RST_STREAM);
    };
    let seen = false;
    const wire = await connectTo(sluice);
    await wire.write(get('/'));
    await wire.readTo('four');
    seen = true;
    await eventually('the end', () => wire.ended);
    expect(wire.unread).toBe('');
  });

  test('more content than its window', async () => {
    script = async (peer) => {
      const id = await peer.request();
      await peer.wire.write(frame(HEADERS, END_HEADERS, id, block(200)));
      const piece = frame(DATA, 0, id, Buffer.alloc(16_384));
      await peer.wire.write(Buffer.concat(Array.from({ length: 40 }, () => piece)));
      await peer.next(RST_STREAM);
    };
    const wire = await connectTo(sluice);
    wire.pause();
    await wire.write(get('/'));
    const count = upstream.wires.length;
    await upstream.wire(count - 1);
    wire.resume();
    await eventually('the end', () => wire.ended || wire.total > 0);
    wire.destroy();
  });
});

describe('a fault of the connection', () => {
  test.each<[string, () => Buffer, number]>([
    ['a push', () => frame(PUSH_PROMISE, END_HEADERS, 1, Buffer.concat([number32(2), block(200)])), PROTOCOL_ERROR],
    ['a stream of its own', () => frame(HEADERS, END, 2, block(200)), PROTOCOL_ERROR],
    ['a stream that we have not opened', () => frame(HEADERS, END, 99, block(200)), PROTOCOL_ERROR],
    ['settings without end', () => Buffer.concat(Array.from({ length: 100 }, () => frame(SETTINGS, 0, 0))), ENHANCE_YOUR_CALM],
    ['pings without end', () => Buffer.concat(Array.from({ length: 1000 }, () => frame(PING, 0, 0, '12345678'))), ENHANCE_YOUR_CALM],
    ['fields that cannot be read', () => frame(HEADERS, END, 1, '\xff\xff\xff\xff\xff\xff'), 9],
  ])('%s: 502 for all of it, and a new connection', async (_what, made, code) => {
    let told: number | undefined;
    script = async (peer) => {
      await peer.request();
      await peer.wire.write(made());
      told = (await peer.next(GOAWAY)).payload.readUInt32BE(4);
    };
    expect((await ask(sluice, post('/', 'x'))).field('x-sluice-outcome')).toBe('upstream_malformed');
    await eventually('the reason', () => told !== undefined);
    expect(told).toBe(code);
    script = async (peer) => peer.wire.write(fine(await peer.request()));
    expect((await ask(sluice, get('/'))).status).toBe(200);
  });

  test('a peer that does not speak HTTP/2: nothing is sent to it', async () => {
    const count = upstream.wires.length;
    script = async () => undefined;
    const { promise, resolve } = Promise.withResolvers<string>();
    const plain = await (
      await import('./scaffold/upstream.ts')
    ).startUpstream(async (wire) => {
      await wire.readTo('SM\r\n\r\n');
      resolve(wire.unread);
      await wire.write('HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n');
    });
    const pool = { versions: { v1: { endpoints: [plain.address], protocol: 'http2' } } };
    const other = await startSluice(configFor({ pool }));
    const response = await ask(other, get('/secret'));
    expect([response.status, response.field('x-sluice-outcome')]).toEqual([502, 'upstream_malformed']);
    expect(await promise).not.toContain('secret');
    expect(plain.wires[0]!.unread).not.toContain('secret');
    expect(upstream.wires.length).toBe(count);
  });
});

test('pings are responded to', async () => {
  let echoed = '';
  script = async (peer) => {
    const id = await peer.request();
    await peer.wire.write(frame(PING, 0, 0, '8 octets'));
    const { payload, flags } = await peer.next(PING);
    echoed = flags === ACK ? payload.toString('latin1') : '';
    await peer.wire.write(fine(id));
  };
  expect((await ask(sluice, get('/'))).status).toBe(200);
  expect(echoed).toBe('8 octets');
});

test('a connection that closes with requests on it: those that may be repeated are', async () => {
  const count = upstream.wires.length;
  script = async (peer, index) => {
    const id = await peer.request();
    if (index > count) await peer.wire.write(fine(id));
    if (index > count) await peer.request();
    peer.wire.destroy();
  };
  expect((await ask(sluice, get('/'))).status).toBe(200);
  expect((await ask(sluice, post('/', 'x'))).status).toBe(502);
});

test('an upload that the upstream ends early with its response', async () => {
  script = async (peer) => {
    const id = await peer.request();
    await peer.wire.write(Buffer.concat([frame(HEADERS, END, id, block(413)), frame(RST_STREAM, 0, id, number32(NO_ERROR))]));
    const { payload } = await peer.next(GOAWAY);
    expect(payload.readUInt32BE(4)).toBe(CANCEL);
  };
  const wire = await connectTo(sluice);
  await wire.write(requestText('POST', '/', ['content-length: 1000000']));
  expect((await wire.readMessage()).status).toBe(413);
  wire.destroy();
});

test('leaves nothing in flight', () => sluice.untilQuiet());
