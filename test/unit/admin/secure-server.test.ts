// What comes before HTTP where the admin API speaks TLS: how long it may take, and how many may be at it.

import { once } from 'node:events';
import { request } from 'node:https';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectSecure } from 'node:tls';
import { afterEach, beforeAll, expect, it } from 'vitest';
import { makeAuthority } from '../../scaffold/certificates.ts';
import type { Authority, Pair } from '../../scaffold/certificates.ts';
import { freePort } from '../../scaffold/free-port.ts';
import { ManualClock } from '../../scaffold/manual-clock.ts';
import { eventually, within } from '../../flow/scaffold/eventually.ts';
import { clientHello } from '../../flow/scaffold/secure-client.ts';
import { closeAdmins, openAdmin } from './open-admin.ts';
import type { Admin } from './open-admin.ts';

const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await closeAdmins();
});

let authority: Authority;
let pair: Pair;

beforeAll(async () => {
  authority = await makeAuthority();
  pair = await authority.issue({ names: ['localhost'] });
});

const TOKEN = { name: 'ci', role: 'viewer', source: { kind: 'env', name: 'CI_TOKEN' } } as const;

function openSecure(clock: ManualClock, parts: Parameters<typeof openAdmin>[0] = {}): Promise<Admin> {
  const tls = {
    certificates: [{ certFile: 'a', keyFile: 'b' }],
    minVersion: '1.2',
    policy: 'intermediate',
    clientAuth: undefined,
  } as const;
  return openAdmin({
    clock,
    config: { tokens: [TOKEN], limits: { writesPerSecond: 500 }, tls },
    readTls: () => Promise.resolve({ certificates: [pair], clientAuthorities: undefined }),
    ...parts,
  });
}

async function open(port: number, first = ''): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port });
  sockets.push(socket);
  socket.on('error', () => undefined).resume();
  await once(socket, 'connect');
  if (first !== '') socket.write(first, 'latin1');
  return socket;
}

function status(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, servername: 'localhost', ca: authority.pem, path: '/livez', agent: false });
    asked.once('response', (response) => resolve(response.resume().statusCode ?? 0)).once('error', reject);
    asked.end();
  });
}

const counted = ({ server }: Admin, reason: string): number => [...server.refused()].find(([labels]) => labels['reason'] === reason)![1];

it('closes a connection that has not become one in time, and one that speaks something else at once', async () => {
  const clock = new ManualClock();
  const admin = await openSecure(clock);
  const silent = [await open(admin.port), await open(admin.port, '\x16\x03\x01\x02\x00\x01\x00')];
  const strange = await open(admin.port, '\x00\x01\x02');
  await eventually('the end of the strange one', () => strange.closed);
  expect(await status(admin.port)).toBe(200);
  clock.advance(4999);
  expect(await status(admin.port)).toBe(200);
  expect(silent.map(({ closed }) => closed)).toEqual([false, false]);
  clock.advance(1);
  await eventually('the end of the silent ones', () => silent.every(({ closed }) => closed));
  expect(counted(admin, 'handshake')).toBe(3);
});

it('lets a crowd that never says anything keep nobody out', async () => {
  const clock = new ManualClock();
  const admin = await openSecure(clock);
  const crowd = await Promise.all(Array.from({ length: 128 }, () => open(admin.port)));
  clock.advance(1500);
  expect(await status(admin.port)).toBe(200);
  await eventually('room', () => crowd.some(({ closed }) => closed));
  expect(counted(admin, 'connections')).toBe(1);
});

it('serves others beside a crowd that begins handshakes and finishes none', async () => {
  const admin = await openSecure(new ManualClock());
  const hello = (await clientHello('localhost')).toString('latin1');
  const crowd = await Promise.all(Array.from({ length: 100 }, () => open(admin.port, hello)));
  expect(await within('a good client', status(admin.port), 3000)).toBe(200);
  // They have given way to those that came after them.
  expect(crowd.some(({ closed }) => closed)).toBe(true);
});

it('ends at once, whatever its connections have said so far', async () => {
  const admin = await openSecure(new ManualClock());
  const coming = [await open(admin.port), await open(admin.port, '\x16\x03\x01\x02\x00\x01\x00')];
  expect(await status(admin.port)).toBe(200);
  await within('the end of the server', admin.server.close(), 2000);
  await eventually('the end of its connections', () => coming.every(({ closed }) => closed));
});

it('tells connections apart that come from one port to two of its addresses', async () => {
  const admin = await openSecure(new ManualClock(), { address: { kind: 'tcp', host: '0.0.0.0', port: 0 } });
  const localPort = await freePort();
  const both = ['127.0.0.1', '127.0.0.2'].map((host) => {
    const socket = connect({ host, port: admin.port, localAddress: '127.0.0.1', localPort });
    const secure = connectSecure({ socket, ca: authority.pem, servername: 'localhost' });
    sockets.push(socket, secure);
    secure.on('error', () => undefined).write('GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n');
    return secure;
  });
  const heads = await within('both responses', Promise.all(both.map((secure) => once(secure, 'data'))), 2000);
  expect(heads.map(([data]) => String(data).slice(0, 15))).toEqual(['HTTP/1.1 200 OK', 'HTTP/1.1 200 OK']);
});
