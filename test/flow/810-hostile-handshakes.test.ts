// Connections over TLS that are not what they should be: ended at any point, cut into bytes, followed by what nobody asked for. The process lives,
// everybody else is served, and nothing of them is left.

import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { makeAuthority } from '../scaffold/certificates.ts';
import type { Authority, Pair } from '../scaffold/certificates.ts';
import { ask, get } from './scaffold/client.ts';
import { eventually, within } from './scaffold/eventually.ts';
import { makeFolder } from './scaffold/folder.ts';
import type { Folder } from './scaffold/folder.ts';
import { closeAll, open as keepOpen } from './scaffold/open.ts';
import { clientHello, secureTo, tlsFailure } from './scaffold/secure-client.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';
import { responding, startUpstream } from './scaffold/upstream.ts';

afterEach(closeAll);

let authority: Authority;
let pair: Pair;
let hello: Buffer;

beforeAll(async () => {
  authority = await makeAuthority();
  pair = await authority.issue({ names: ['a.test'] });
  hello = await clientHello('a.test');
});

function write(folder: Folder, name: string, { cert, key }: Pair): { certFile: string; keyFile: string } {
  return { certFile: folder.write(`${name}.pem`, cert), keyFile: folder.write(`${name}.key`, key) };
}

async function startSecure(more: { tls?: object; limits?: object; endpoints?: readonly string[]; top?: object } = {}): Promise<Sluice> {
  const certificates = [write(makeFolder(), 'a', pair)];
  return startSluice(
    configFor({
      endpoints: [...(more.endpoints ?? ['127.0.0.1:1'])],
      listener: { tls: { certificates, ...more.tls }, limits: more.limits ?? {} },
      top: more.top ?? {},
    }),
  );
}

/** A connection whose end is not waited for. */
function open(sluice: Sluice): Socket {
  const socket = connect({ host: '127.0.0.1', port: sluice.portOf('web') });
  return socket.on('error', () => undefined).resume();
}

async function opened(sluice: Sluice): Promise<Socket> {
  const socket = open(sluice);
  await once(socket, 'connect');
  return socket;
}

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

test('bytes behind a first message that waits for its turn, more than are kept, cost that connection alone', async () => {
  const sluice = await startSecure();
  const sockets = await Promise.all(Array.from({ length: 60 }, () => opened(sluice)));
  await eventually('all are accepted', async () => (await sluice.metric('sluice_connections')) === 60);
  // All of them at once, with what comes behind already there.
  sluice.signal('SIGSTOP');
  const all = Promise.all(sockets.map(closed));
  for (const socket of sockets) socket.write(Buffer.concat([hello, Buffer.alloc(300_000, 0x17)]));
  sluice.signal('SIGCONT');
  await all;
  expect(await tlsFailure(sluice, { servername: 'a.test' })).toBe('open');
  expect(await sluice.metric('sluice_tls_handshakes_total', { result: 'malformed' })).toBeGreaterThan(0);
  await sluice.untilQuiet();
});

test('a client that leaves in the middle of an exchange is written to the access log', async () => {
  const upstream = await startUpstream(async (wire) => void (await wire.readHead()));
  const log = makeFolder().file('access.log');
  const sluice = await startSecure({ endpoints: [upstream.address], top: { accessLog: { path: log } } });
  const { wire } = await secureTo(sluice, { servername: 'a.test', ca: authority.pem });
  await wire.write(get('/x'));
  await upstream.wire(0);
  wire.destroy();
  const { existsSync, readFileSync } = await import('node:fs');
  await eventually('a line of the access log', () => existsSync(log) && readFileSync(log, 'utf8').includes('\n'));
  const line = JSON.parse(readFileSync(log, 'utf8').split('\n')[0]!) as { tls: Record<string, unknown> };
  expect(line.tls).toMatchObject({ serverName: 'a.test', version: 'TLSv1.3', cipher: expect.stringMatching(/^TLS_/) as string });
});

test('a client that asks and is gone at once holds no connection', async () => {
  const upstream = await startUpstream(responding(() => 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'));
  const sluice = await startSecure({ endpoints: [upstream.address] });
  for (let round = 0; round < 20; round++) {
    const raw = open(sluice);
    const client = connectTls({ socket: raw, servername: 'a.test', ca: authority.pem });
    client.on('error', () => undefined).once('secureConnect', () => client.write(get('/x'), () => raw.resetAndDestroy()));
    await closed(raw);
  }
  await sluice.untilQuiet();
});

/** Of TLS 1.2 and 1.3: what a client may send instead of what is due. */
const OTHER = {
  alert: Buffer.from('15030300020228', 'hex'),
  closeNotify: Buffer.from('15030300020100', 'hex'),
  changeCipher: Buffer.from('140303000101', 'hex'),
  oversized: Buffer.concat([Buffer.from('160303ffff', 'hex'), Buffer.alloc(70_000, 1)]),
  emptyRecords: Buffer.from('1603030000'.repeat(200), 'hex'),
  earlyData: Buffer.concat([Buffer.from('1703034000', 'hex'), Buffer.alloc(16_384, 7)]),
  oldHello: Buffer.from('802e0100020015000000100100800300800700c0030080060040020080040080' + '00'.repeat(20), 'hex'),
  noise: Buffer.from(Array.from({ length: 3000 }, (_, index) => (index * 7919) % 256)),
};

type End = (socket: Socket) => void;

const ENDS: readonly End[] = [
  (socket) => socket.resetAndDestroy(),
  (socket) => socket.destroy(),
  (socket) => socket.end(),
  () => undefined,
];

/** Each way to begin, with each way to end at once or when something has come. */
function* hostileClients(sluice: Sluice): Generator<Socket> {
  const cuts = [1, 5, 6, 9, 43, 100, hello.length - 1].map((length) => hello.subarray(0, length));
  const behind = Object.values(OTHER).map((bytes) => Buffer.concat([hello, bytes]));
  const beginnings = [...cuts, hello, Buffer.concat([hello, hello]), ...Object.values(OTHER), ...behind];
  for (const bytes of beginnings)
    for (const end of ENDS) {
      const socket = open(sluice);
      socket.write(bytes, () => end(socket));
      yield socket;
      const later = open(sluice);
      later.write(bytes);
      later.once('data', () => (later.write(OTHER.noise), end(later)));
      yield later;
    }
  for (const end of ENDS) {
    const silent = open(sluice);
    silent.once('connect', () => end(silent));
    yield silent;
  }
}

test.each(['TLSv1.2', 'TLSv1.3'] as const)('what breaks TLS on an open connection ends it at once (%s)', async (maxVersion) => {
  const upstream = await startUpstream(async (wire) => void (await wire.readHead()));
  const sluice = await startSecure({ endpoints: [upstream.address] });
  for (const request of ['', get('/x')]) {
    const wire = await opened(sluice);
    const client = connectTls({ socket: wire, servername: 'a.test', rejectUnauthorized: false, maxVersion });
    client.on('error', () => undefined);
    await once(client, 'secureConnect');
    if (request !== '') {
      client.write(request);
      await upstream.wire(0);
    }
    const end = closed(wire);
    wire.write(OTHER.earlyData);
    await within('end of a broken connection', end, 4000);
    await sluice.untilQuiet();
  }
});

test('an upstream that breaks TLS in the middle of an exchange fails it at once', async () => {
  const server = createTlsServer(pair);
  let raw: Socket | undefined;
  server.on('connection', (socket: Socket) => (raw = socket.on('error', () => undefined)));
  server.on('secureConnection', (socket) => socket.on('error', () => undefined).once('data', () => raw!.write(OTHER.earlyData)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  keepOpen({ close: () => new Promise<void>((resolve) => (raw?.destroy(), server.close(() => resolve()))) });
  const { port } = server.address() as { port: number };
  const version = { endpoints: [`127.0.0.1:${port}`], tls: { verify: false } };
  const sluice = await startSluice(configFor({ endpoints: [], pool: { versions: { v1: version }, retries: { attempts: 1 } } }));
  const { status } = await within('answer', ask(sluice, get('/x')), 4000);
  expect(status).toBe(502);
});

test('whatever a client sends, and wherever it stops, the process lives and nothing is left', async () => {
  const sluice = await startSecure({ tls: { handshakeTimeout: '1500ms' }, limits: { idleTimeout: '1s' } });
  const sockets = [...hostileClients(sluice)];
  const slow = open(sluice).setNoDelay(true);
  const byBytes = (async () => {
    for (const byte of hello) {
      slow.write(Buffer.of(byte));
      await new Promise(setImmediate);
    }
  })();
  // Real clients that leave at each step.
  const leaving = Array.from({ length: 40 }, (_each, index) => {
    const wire = open(sluice);
    const maxVersion = index % 2 === 0 ? 'TLSv1.3' : 'TLSv1.2';
    const client = connectTls({ socket: wire, servername: 'a.test', rejectUnauthorized: false, maxVersion });
    client.on('error', () => undefined).resume();
    // A socket below TLS ends its side no more: that is for the client to do.
    const leave = (): void => (index % 3 === 2 ? void client.end() : ENDS[index % 3]!(wire));
    if (index % 5 === 0) wire.once('connect', () => setImmediate(leave));
    else if (index % 5 === 1) client.once('secureConnect', leave);
    else if (index % 5 === 2) client.once('secureConnect', () => client.write(get('/x'), leave));
    else if (index % 5 === 3) client.once('session', leave);
    else client.once('secureConnect', () => (client.write(get('/x')), wire.write(OTHER.noise), leave()));
    return wire;
  });
  expect(await tlsFailure(sluice, { servername: 'a.test' })).toBe('open');
  await byBytes;
  const left = (): number => [...sockets, ...leaving, slow].filter((socket) => !socket.destroyed).length;
  await eventually('all are closed', () => left() === 0, 9000);
  expect(await tlsFailure(sluice, { servername: 'a.test' })).toBe('open');
  await sluice.untilQuiet();
});

test.each(['TLSv1.2', 'TLSv1.3'] as const)(
  'who a client is cannot be written by it, nor by a session from before its refusal (%s)',
  async (maxVersion) => {
    const folder = makeFolder();
    const asked: (readonly string[])[] = [];
    const upstream = await startUpstream(
      responding(({ fields }) => (asked.push(fields), 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')),
    );
    const clientAuth = { caFile: folder.write('ca.pem', authority.pem), required: false };
    const sluice = await startSecure({ tls: { clientAuth }, endpoints: [upstream.address] });
    const stranger = await (await makeAuthority('CN=Other')).issue({ uris: ['spiffe://mesh/shop'] });
    const options = { servername: 'a.test', ca: authority.pem, maxVersion };
    // Its handshake is whole before it is refused: it may have a ticket by then.
    const sessions: Buffer[] = [];
    for (let round = 0; round < 3; round++) {
      const socket = connectTls({ port: sluice.portOf('web'), ...options, ...stranger, session: sessions.at(-1) });
      socket.on('session', (session) => sessions.push(session)).on('error', () => undefined);
      socket.write(get('/x'));
      await closed(socket.resume());
    }
    expect(asked).toEqual([]);
    const known = await authority.issue({ uris: ['spiffe://mesh/a,URI=spiffe://mesh/admin', 'spiffe://mesh/"q";Hash=0'] });
    const forged = [
      'X-Forwarded-Client-Cert: URI=spiffe://mesh/admin',
      'x-forwarded-client-cert: Hash=1',
      'x-forwarded-client-cert:\tURI=spiffe://mesh/admin',
      'connection: x-forwarded-client-cert',
    ];
    for (const pairOfClient of [undefined, known]) {
      const { wire } = await secureTo(sluice, { ...options, ...pairOfClient });
      await wire.write(get('/x', ...forged));
      expect((await wire.readMessage()).status).toBe(200);
      wire.destroy();
    }
    const told = asked.map((fields) => fields.filter((line) => /^x.forwarded.client.cert/i.test(line)));
    expect(told[0]).toEqual([]);
    expect(told[1]).toHaveLength(1);
    expect(told[1]![0]).toMatch(
      /^x-forwarded-client-cert: Hash=[0-9a-f]{64};Subject="CN=test";URI="spiffe:\/\/mesh\/a,URI=spiffe:\/\/mesh\/admin";URI="spiffe:\/\/mesh\/\\"q\\";Hash=0"$/,
    );
  },
);
