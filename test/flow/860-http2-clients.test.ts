// Clients that speak HTTP/2: the same cases over plaintext and TLS, then what only frames made by hand can say, and how connections end.

import { createHash, randomBytes } from 'node:crypto';
import type { ClientHttp2Session } from 'node:http2';
import { connect as connectTls } from 'node:tls';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { acceptOf } from '../../src/http1/upgrade.ts';
import { HeaderEncoder } from '../../src/http2/hpack/header-encoder.ts';
import * as codes from '../../src/http2/error-codes.ts';
import * as frames from '../../src/http2/frames.ts';
import { makeAuthority } from '../scaffold/certificates.ts';
import { ask, connectTo, get } from './scaffold/client.ts';
import { eventually } from './scaffold/eventually.ts';
import { makeFolder } from './scaffold/folder.ts';
import { askOn, rawTo, requestFrame, sessionTo } from './scaffold/http2-client.ts';
import { closeAll, open } from './scaffold/open.ts';
import { frame, number32 } from './scaffold/raw-http2.ts';
import type { RawPeer } from './scaffold/raw-http2.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';

const LARGE = randomBytes(3 * 1024 * 1024);
const digestOf = (text: string): string => createHash('sha256').update(text, 'latin1').digest('hex');

let sluice: Sluice;
let ca: string;
/** Responses that the upstream has yet to give, and those whose connection closed before. */
let held = 0;
let left = 0;

async function startApplication(): Promise<string> {
  const server = createServer((request, response) => {
    const { url = '', method, headers } = request;
    if (url === '/large') return void response.end(LARGE);
    if (url === '/held') {
      held++;
      request.socket.once('close', () => left++);
      return;
    }
    if (url === '/cut') {
      response.writeHead(200, { 'content-length': 10 });
      return void response.write('abc', () => request.socket.destroy());
    }
    if (url === '/early') {
      response.writeHead(403, { 'content-length': 2 });
      return void response.end('no');
    }
    if (url === '/empty') return void response.writeHead(204).end();
    if (url === '/hints') response.writeEarlyHints({ link: '</a.css>; rel=preload' });
    if (url === '/chunks') {
      response.writeHead(200, { trailer: 'x-sum' });
      response.write('one,');
      return void setTimeout(() => {
        response.addTrailers({ 'x-sum': '2' });
        response.end('two');
      }, 5);
    }
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      response.setHeader('x-got', `${method} ${url} ${headers['content-length'] ?? headers['transfer-encoding'] ?? ''}`);
      response.setHeader('x-cookie', headers.cookie ?? '');
      response.setHeader('x-trailers', JSON.stringify(request.trailers));
      response.setHeader('x-proto', String(headers['x-forwarded-proto']));
      response.end(Buffer.concat(pieces));
    });
  });
  server.on('upgrade', (request, socket) => {
    const accept = acceptOf(String(request.headers['sec-websocket-key']));
    socket.on('error', () => undefined);
    if (request.url === '/held') {
      held++;
      // It sees that its client goes only where it reads.
      socket.on('end', () => socket.destroy());
      return void socket.resume();
    }
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: ${accept}\r\n\r\n`,
    );
    socket.pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  open({
    close: async () => {
      server.closeAllConnections();
      server.close();
    },
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

beforeAll(async () => {
  const authority = await makeAuthority();
  ca = authority.pem;
  const { cert, key } = await authority.issue({ names: ['a.test'] });
  const other = await authority.issue({ names: ['b.test'] });
  const folder = makeFolder();
  const certificates = [
    { certFile: folder.write('a.pem', cert), keyFile: folder.write('a.key', key) },
    { certFile: folder.write('b.pem', other.cert), keyFile: folder.write('b.key', other.key) },
  ];
  const routes = [{ name: 'hi', match: [{ path: { exact: '/hi' } }], respond: { status: 200, body: 'hi' } }];
  const config = configFor({ endpoints: [await startApplication()], routes, pool: { timeouts: { stall: '700ms' } } }) as {
    listeners: object[];
  };
  config.listeners.push(
    { name: 'secure', address: '127.0.0.1:0', tls: { certificates } },
    { name: 'second', address: '127.0.0.1:0', protocols: ['http2'] },
    { name: 'first', address: '127.0.0.1:0', protocols: ['http1'] },
    { name: 'small', address: '127.0.0.1:0', limits: { streams: 2, bodyBytes: '1KiB', requestsPerConnection: 3, headerBytes: '1KiB' } },
  );
  sluice = await startSluice(config);
});
afterAll(closeAll);

describe.each(['plaintext', 'TLS'])('over %s', (over) => {
  let session: ClientHttp2Session;

  beforeAll(async () => {
    session = over === 'TLS' ? await sessionTo(sluice, { ca, servername: 'a.test' }, 'secure') : await sessionTo(sluice);
  });

  test('requests and responses with and without content', async () => {
    const got = await askOn(session, { ':path': '/x?y', cookie: 'a=1; b=2' });
    expect([got.status, got.fields['x-got'], got.body]).toEqual([200, 'GET /x?y', '']);
    expect([got.fields['x-cookie'], got.fields['x-proto']]).toEqual(['a=1; b=2', over === 'TLS' ? 'https' : 'http']);
    expect(await askOn(session, { ':path': '/p', ':method': 'POST' }, 'abc')).toMatchObject({ body: 'abc' });
    const sized = await askOn(session, { ':path': '/p', ':method': 'POST', 'content-length': 3 }, 'abc');
    expect([sized.fields['x-got'], sized.body]).toEqual(['POST /p 3', 'abc']);
    expect(await askOn(session, { ':path': '/empty' })).toMatchObject({ status: 204, body: '' });
    expect(await askOn(session, { ':path': '/x', ':method': 'HEAD' })).toMatchObject({ status: 200, body: '' });
    expect(await askOn(session, { ':path': '/hi' })).toMatchObject({ status: 200, body: 'hi' });
  });

  test('large content in both directions, on many streams at once', async () => {
    const want = digestOf(LARGE.toString('latin1'));
    const all = await Promise.all(
      Array.from({ length: 6 }, (_, index) =>
        index % 2 === 0 ? askOn(session, { ':path': '/large' }) : askOn(session, { ':path': '/p', ':method': 'POST' }, LARGE),
      ),
    );
    expect(new Set(all.map(({ body }) => digestOf(body)))).toEqual(new Set([want]));
  });

  test('interim responses, and trailers both ways', async () => {
    expect((await askOn(session, { ':path': '/hints' })).interim).toEqual([103]);
    const got = await askOn(session, { ':path': '/chunks' });
    expect([got.body, got.trailers?.['x-sum']]).toEqual(['one,two', '2']);
    const stream = session.request(
      { ':path': '/p', ':method': 'POST', ':authority': 'a.test' },
      { endStream: false, waitForTrailers: true },
    );
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-end': 'yes' }));
    stream.end('abc');
    const [fields] = (await once(stream, 'response')) as [Record<string, string>];
    expect(fields['x-trailers']).toBe('{"x-end":"yes"}');
    stream.resume();
  });

  test('an early response to an upload ends it, and leaves the connection', async () => {
    const got = await askOn(session, { ':path': '/early', ':method': 'POST' }, LARGE);
    expect(got).toMatchObject({ status: 403, body: 'no' });
    expect((await askOn(session, { ':path': '/hi' })).status).toBe(200);
  });

  test('a response that breaks off is reset', async () => {
    await expect(askOn(session, { ':path': '/cut' })).rejects.toThrow('NGHTTP2_INTERNAL_ERROR');
    expect((await askOn(session, { ':path': '/hi' })).status).toBe(200);
  });

  test('WebSocket by an extended CONNECT', async () => {
    const fields = {
      ':method': 'CONNECT',
      ':protocol': 'websocket',
      ':path': '/chat',
      ':authority': 'a.test',
      'sec-websocket-version': '13',
    };
    const stream = session.request(fields, { endStream: false });
    const [head] = (await once(stream, 'response')) as [Record<string, unknown>];
    expect([head[':status'], head['sec-websocket-accept']]).toEqual([200, undefined]);
    const message = randomBytes(300_000);
    const frameOf = Buffer.concat([Buffer.from([0x82, 0x7f, 0, 0, 0, 0, 0, 4, 0x93, 0xe0]), message]);
    stream.write(frameOf);
    let got = Buffer.alloc(0);
    stream.on('data', (piece: Buffer) => (got = Buffer.concat([got, piece])));
    await eventually('all of it is back', () => got.length === frameOf.length);
    expect(got.equals(frameOf)).toBe(true);
    stream.end();
    await once(stream, 'close');
    expect((await askOn(session, { ':path': '/hi' })).status).toBe(200);
    await eventually('no tunnel is open', async () => (await sluice.metric('sluice_listener_tunnels')) === 0);
  });

  test('a stream that its client gives up ends its upstream work', async () => {
    const before = left;
    const stream = session.request({ ':path': '/held', ':authority': 'a.test' });
    stream.on('error', () => undefined);
    await eventually('the request is there', () => held > before);
    stream.close(codes.CANCEL);
    await eventually('its connection is closed', () => left === before + 1);
    await eventually('no stream is open', async () => (await sluice.metric('sluice_http2_streams')) === 0);
  });
});

describe('which protocol', () => {
  test('TLS agrees on it, and knows for whom the connection is', async () => {
    const socket = connectTls({ port: sluice.portOf('secure'), ca, servername: 'a.test', ALPNProtocols: ['http/1.1', 'h2'] });
    await once(socket, 'secureConnect');
    expect(socket.alpnProtocol).toBe('h2');
    socket.destroy();
    const session = await sessionTo(sluice, { ca, servername: 'a.test' }, 'secure');
    expect((await askOn(session, { ':path': '/hi', ':authority': 'b.test' })).status).toBe(421);
    expect((await askOn(session, { ':path': '/hi', ':authority': 'a.test' })).status).toBe(200);
  });

  test('the preface tells it on plaintext, however it is cut, and HTTP/1 goes on beside it', async () => {
    const whole = Buffer.concat([frames.CLIENT_PREFACE, frame(frames.SETTINGS, 0, 0), requestFrame(new HeaderEncoder(true), 1, '/hi')]);
    for (const cut of [1, 3, 15, 16, 17, 23, 24, 30, whole.length - 3]) {
      const wire = await connectTo(sluice);
      await wire.write(whole.subarray(0, cut));
      await sluice.turn();
      await wire.write(whole.subarray(cut));
      expect(await wire.read(9), String(cut)).toContain('\x04\x00');
      wire.destroy();
    }
    expect((await ask(sluice, get('/hi'))).body).toBe('hi');
  });

  test('a listener of one protocol refuses the other one', async () => {
    const refused = await ask(sluice, get('/hi'), 'second');
    expect([refused.status, refused.field('x-sluice-outcome')]).toEqual([505, 'version_not_supported']);
    expect((await askOn(await sessionTo(sluice, undefined, 'second'), { ':path': '/hi' })).body).toBe('hi');
    expect((await ask(sluice, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'first')).status).toBe(505);
  });
});

async function refusal(peer: RawPeer): Promise<number> {
  const { payload } = await peer.next(frames.GOAWAY);
  return payload.readUInt32BE(4);
}

describe('limits', () => {
  test('streams beyond the limit are refused, and the others go on', async () => {
    const peer = await rawTo(sluice, 'small');
    const encoder = new HeaderEncoder(true);
    await peer.wire.write(Buffer.concat([1, 3, 5].map((id) => requestFrame(encoder, id, '/held'))));
    const { streamId, payload } = await peer.next(frames.RST_STREAM);
    expect([streamId, payload.readUInt32BE(0)]).toEqual([5, codes.REFUSED_STREAM]);
    peer.wire.destroy();
  });

  test('a body that is too large gets 413, a head 431', async () => {
    const session = await sessionTo(sluice, undefined, 'small');
    expect((await askOn(session, { ':path': '/p', ':method': 'POST' }, 'a'.repeat(5000))).status).toBe(413);
    expect((await askOn(session, { ':path': '/p', 'x-large': 'a'.repeat(5000) })).status).toBe(431);
  });

  test('a connection that has served enough is left in two steps', async () => {
    const peer = await rawTo(sluice, 'small');
    const encoder = new HeaderEncoder(true);
    await peer.wire.write(Buffer.concat([1, 3].map((id) => requestFrame(encoder, id, '/hi'))));
    await peer.next(frames.DATA);
    await peer.next(frames.DATA);
    await peer.wire.write(requestFrame(encoder, 5, '/hi'));
    expect((await peer.next(frames.GOAWAY)).payload.readUInt32BE(0)).toBe(frames.MAX_31_BITS);
    const ping = await peer.next(frames.PING);
    await peer.wire.write(frame(frames.PING, frames.ACK, 0, ping.payload));
    expect((await peer.next(frames.GOAWAY)).payload.readUInt32BE(0)).toBe(5);
    await peer.wire.readRest();
  });

  test('what comes before a tunnel is open is kept within the window of its stream', async () => {
    const peer = await rawTo(sluice);
    const fields = { ':method': 'CONNECT', ':protocol': 'websocket', ':scheme': 'http', ':path': '/held', ':authority': 'a.test' };
    const lines = Object.entries({ ...fields, 'sec-websocket-version': '13' }).map(
      ([name, value]) => `\0${String.fromCharCode(name.length)}${name}${String.fromCharCode(value.length)}${value}`,
    );
    const before = held;
    await peer.wire.write(frame(frames.HEADERS, frames.END_HEADERS, 1, lines.join('')));
    await eventually('the handshake is there', () => held > before);
    for (let sent = 0; sent < 6; sent++) await peer.wire.write(frame(frames.DATA, 0, 1, 'x'.repeat(10_000)));
    await peer.wire.write(ping);
    const updated: number[] = [];
    for (let got = await peer.frame(); got.type !== frames.PING; got = await peer.frame())
      if (got.type === frames.WINDOW_UPDATE) updated.push(got.streamId);
    expect(updated).not.toContain(1);
    peer.wire.destroy();
  });

  test('a client that gives no window is let go, alone', async () => {
    const session = await sessionTo(sluice);
    const peer = await rawTo(sluice);
    const encoder = new HeaderEncoder(true);
    await peer.wire.write(frame(frames.SETTINGS, 0, 0, Buffer.from([0, 4, 0, 0, 0, 0])));
    await peer.wire.write(requestFrame(encoder, 1, '/large'));
    const { streamId, payload } = await peer.next(frames.RST_STREAM);
    expect([streamId, payload.readUInt32BE(0)]).toEqual([1, codes.CANCEL]);
    expect((await askOn(session, { ':path': '/hi' })).status).toBe(200);
    peer.wire.destroy();
  });
});

const settings = frame(frames.SETTINGS, 0, 0, Buffer.from([0, 4, 0, 0, 0xff, 0xff]));
const ping = frame(frames.PING, 0, 0, 'abcdefgh');
const cancel = number32(codes.CANCEL);

/** Each is sent 400 times. */
const FLOODS: readonly [string, string, (encoder: HeaderEncoder, turn: number) => Buffer][] = [
  [
    'streams that are reset',
    'reset_streams',
    (encoder, turn) => Buffer.concat([requestFrame(encoder, 2 * turn + 1, '/held'), frame(frames.RST_STREAM, 0, 2 * turn + 1, cancel)]),
  ],
  [
    'streams that we are made to reset',
    'reset_streams',
    (encoder, turn) =>
      Buffer.concat([requestFrame(encoder, 2 * turn + 1, '/held'), frame(frames.WINDOW_UPDATE, 0, 2 * turn + 1, number32(0))]),
  ],
  ['malformed requests', 'reset_streams', (encoder, turn) => requestFrame(encoder, 2 * turn + 1, '/held', { lines: 'te: gzip\r\n' })],
  ['SETTINGS', 'settings_flood', () => settings],
  ['PING', 'ping_flood', () => ping],
  [
    'WINDOW_UPDATE',
    'window_update_flood',
    () => Buffer.concat(Array.from({ length: 4 }, () => frame(frames.WINDOW_UPDATE, 0, 0, number32(1)))),
  ],
  ['PRIORITY', 'useless_frames', () => Buffer.concat(Array.from({ length: 4 }, () => frame(frames.PRIORITY, 0, 1, Buffer.alloc(5))))],
  [
    'empty DATA',
    'empty_data_flood',
    (encoder, turn) => (turn === 0 ? requestFrame(encoder, 1, '/p', { ends: false, method: 'POST' }) : frame(frames.DATA, 0, 1)),
  ],
  ['CONTINUATION', 'field_block', (_, turn) => (turn === 0 ? frame(frames.HEADERS, 0, 1, '') : frame(frames.CONTINUATION, 0, 1, ''))],
];

describe('floods', () => {
  test.each(FLOODS)('of %s end the connection as %s', async (_what, reason, make) => {
    const before = await sluice.metric('sluice_http2_errors_total', { reason });
    const peer = await rawTo(sluice);
    const encoder = new HeaderEncoder(true);
    await peer.wire.write(Buffer.concat(Array.from({ length: 400 }, (_each, turn) => make(encoder, turn))));
    expect(await refusal(peer)).toBe(codes.ENHANCE_YOUR_CALM);
    expect(await sluice.metric('sluice_http2_errors_total', { reason })).toBe(before + 1);
    peer.wire.destroy();
    await eventually('no stream is open', async () => (await sluice.metric('sluice_http2_streams')) === 0);
  });
});

describe('what breaks the rules', () => {
  test.each([
    ['a first frame that is no SETTINGS', codes.PROTOCOL_ERROR, Buffer.concat([frames.CLIENT_PREFACE, ping])],
    [
      'a frame that is too large',
      codes.FRAME_SIZE_ERROR,
      Buffer.concat([frames.CLIENT_PREFACE, settings, frame(frames.DATA, 0, 1, 'a'.repeat(16_385))]),
    ],
    [
      'a block that HPACK cannot read',
      codes.COMPRESSION_ERROR,
      Buffer.concat([frames.CLIENT_PREFACE, settings, frame(frames.HEADERS, 5, 1, '\xff\xff\xff\xff\xff\xff')]),
    ],
    ['DATA on an idle stream', codes.PROTOCOL_ERROR, Buffer.concat([frames.CLIENT_PREFACE, settings, frame(frames.DATA, 0, 1, 'a')])],
  ])('%s ends the connection', async (_what, code, bytes) => {
    const wire = await connectTo(sluice);
    await wire.write(bytes);
    const { RawPeer: Peer } = await import('./scaffold/raw-http2.ts');
    expect(await refusal(new Peer(wire))).toBe(code);
    wire.destroy();
  });

  test('content other than was declared resets its stream', async () => {
    const peer = await rawTo(sluice);
    const encoder = new HeaderEncoder(true);
    const head = requestFrame(encoder, 1, '/p', { ends: false, method: 'POST', lines: 'content-length: 3\r\n' });
    await peer.wire.write(Buffer.concat([head, frame(frames.DATA, frames.END_STREAM, 1, 'abcd'), requestFrame(encoder, 3, '/hi')]));
    const { streamId, payload } = await peer.next(frames.RST_STREAM);
    expect([streamId, payload.readUInt32BE(0)]).toEqual([1, codes.PROTOCOL_ERROR]);
    expect((await peer.next(frames.HEADERS)).streamId).toBe(3);
    peer.wire.destroy();
  });
});

test('a drain lets streams end, and refuses none that was on its way', async () => {
  const own = await startSluice(configFor({ endpoints: [await startApplication()] }));
  const session = await sessionTo(own);
  const slow = askOn(session, { ':path': '/chunks' });
  const upload = session.request({ ':path': '/p', ':method': 'POST', ':authority': 'a.test' }, { endStream: false });
  upload.write('abc');
  await slow;
  const told = once(session, 'goaway');
  own.signal('SIGTERM');
  await told;
  upload.end('def');
  let body = '';
  upload.on('data', (piece: Buffer) => (body += String(piece)));
  await once(upload, 'close');
  expect(body).toBe('abcdef');
  expect((await own.exited).code).toBe(0);
});
