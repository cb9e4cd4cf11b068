// Connections over TLS that are not what they should be: ended at any point, cut into bytes, followed by what nobody asked for. The process lives,
// everybody else is served, and nothing of them is left.

import { once } from 'node:events';
import { connect, createServer } from 'node:net';
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
import { secureTo, tlsFailure } from './scaffold/secure-client.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';
import { startUpstream } from './scaffold/upstream.ts';

afterEach(closeAll);

let authority: Authority;
let pair: Pair;
let hello: Buffer;

beforeAll(async () => {
  authority = await makeAuthority();
  pair = await authority.issue({ names: ['a.test'] });
  hello = await firstMessage();
});

/** The ClientHello of a client that asks for a.test. */
async function firstMessage(): Promise<Buffer> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const client = connectTls({ host: '127.0.0.1', port, servername: 'a.test' });
  client.on('error', () => undefined);
  const [socket] = (await once(server, 'connection')) as [Socket];
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  client.destroy();
  socket.destroy();
  server.close();
  return bytes;
}

function write(folder: Folder, name: string, { cert, key }: Pair): { certFile: string; keyFile: string } {
  return { certFile: folder.write(`${name}.pem`, cert), keyFile: folder.write(`${name}.key`, key) };
}

async function startSecure(more: { tls?: object; endpoints?: readonly string[]; top?: object } = {}): Promise<Sluice> {
  const certificates = [write(makeFolder(), 'a', pair)];
  return startSluice(
    configFor({
      endpoints: [...(more.endpoints ?? ['127.0.0.1:1'])],
      listener: { tls: { certificates, ...more.tls } },
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

/** A record of data that nobody has a key for. */
const FOREIGN_RECORD = Buffer.concat([Buffer.from('1703034000', 'hex'), Buffer.alloc(16_384, 7)]);

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
    wire.write(FOREIGN_RECORD);
    await within('end of a broken connection', end, 4000);
    await sluice.untilQuiet();
  }
});

test('an upstream that breaks TLS in the middle of an exchange fails it at once', async () => {
  const server = createTlsServer(pair);
  let raw: Socket | undefined;
  server.on('connection', (socket: Socket) => (raw = socket.on('error', () => undefined)));
  server.on('secureConnection', (socket) => socket.on('error', () => undefined).once('data', () => raw!.write(FOREIGN_RECORD)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  keepOpen({ close: () => new Promise<void>((resolve) => (raw?.destroy(), server.close(() => resolve()))) });
  const { port } = server.address() as { port: number };
  const version = { endpoints: [`127.0.0.1:${port}`], tls: { verify: false } };
  const sluice = await startSluice(configFor({ endpoints: [], pool: { versions: { v1: version }, retries: { attempts: 1 } } }));
  const { status } = await within('answer', ask(sluice, get('/x')), 4000);
  expect(status).toBe(502);
});
