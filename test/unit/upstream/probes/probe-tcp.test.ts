// One probe that only connects, against servers on this machine.

import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { formatAddress } from '../../../../src/config/address.ts';
import type { Address, HealthConfig } from '../../../../src/config/model.ts';
import type { DialManner } from '../../../../src/upstream/probes/dial.ts';
import { probeEndpoint } from '../../../../src/upstream/probes/probe-endpoint.ts';
import type { Probing } from '../../../../src/upstream/probes/probe.ts';

const open: (() => void)[] = [];
afterEach(() => {
  for (const close of open.splice(0)) close();
});

const PLAIN: DialManner = { tls: undefined, proxyProtocol: undefined, protocol: 'http1' };

const HEALTH: HealthConfig = {
  protocol: 'tcp',
  grpc: undefined,
  path: '/healthz',
  host: undefined,
  headers: [],
  port: 0,
  intervalMs: 1,
  idleIntervalMs: 0,
  timeoutMs: 1,
  healthyAfter: 1,
  unhealthyAfter: 1,
  start: 'healthy',
  expect: { status: [200], body: undefined, json: {} },
};

interface Bound {
  readonly address: Address;
  readonly server: Server;
  readonly sockets: Socket[];
  readonly errors: string[];
}

async function listen(greet: (socket: Socket) => void, path?: string): Promise<Bound> {
  const sockets: Socket[] = [];
  const errors: string[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket);
    socket.on('error', (error) => errors.push(error.message)).on('data', (bytes: Buffer) => errors.push(`received ${bytes.length}`));
    greet(socket);
  });
  open.push(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  await new Promise<void>((resolve) => (path === undefined ? server.listen(0, '127.0.0.1', resolve) : server.listen(path, resolve)));
  const bound = server.address();
  const address: Address =
    typeof bound === 'object' ? { kind: 'tcp', host: '127.0.0.1', port: bound!.port } : { kind: 'unix', path: bound! };
  return { address, server, sockets, errors };
}

function begin(address: Address, onEnd: (result: string) => void): Probing {
  return probeEndpoint({ address, key: formatAddress(address), weight: 1, zone: undefined, drain: false }, HEALTH, onEnd, PLAIN);
}

function run(address: Address): Promise<string> {
  return new Promise((resolve) => void begin(address, resolve));
}

test.each<[string, (socket: Socket) => void]>([
  ['closes with us', (socket) => socket.on('end', () => socket.end())],
  ['speaks first', (socket) => socket.on('end', () => socket.end()).write('220 mail.example ready\r\n')],
])('an endpoint that %s is well, and its side ends without an error', async (_name, greet) => {
  const { address, sockets, errors } = await listen(greet);
  expect(await run(address)).toBe('ok');
  await expect.poll(() => sockets.length === 1 && sockets[0]!.destroyed).toBe(true);
  expect(errors).toEqual([]);
});

test('an endpoint that never closes its side is well, and is not waited for for ever', async () => {
  const { address, sockets } = await listen((socket) => {
    socket.on('end', () => {
      const talk = setInterval(() => socket.write('on and on'), 10);
      socket.on('close', () => clearInterval(talk));
    });
  });
  expect(await run(address)).toBe('ok');
  await expect.poll(() => sockets[0]!.destroyed, { timeout: 3000 }).toBe(true);
});

test('a refused connection', async () => {
  const { address, server } = await listen(() => undefined);
  await new Promise<void>((resolve) => void server.close(() => resolve()));
  expect(await run(address)).toBe('connect');
});

test('Unix sockets', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-probe-'));
  open.push(() => rmSync(folder, { recursive: true, force: true }));
  const { address } = await listen((socket) => socket.on('end', () => socket.end()), join(folder, 'a.sock'));
  expect(await run(address)).toBe('ok');
  expect(await run({ kind: 'unix', path: join(folder, 'none.sock') })).toBe('connect');
  expect(await run({ kind: 'unix', path: join(folder, 'x'.repeat(200)) })).toBe('connect');
});

test('a cancelled probe says nothing', async () => {
  const { address } = await listen(() => undefined);
  const ended: string[] = [];
  const probing = begin(address, (result) => ended.push(result));
  probing.cancel();
  probing.cancel();
  expect(await run(address)).toBe('ok');
  expect(ended).toEqual([]);
});
