// One probe over HTTP against a raw server on this machine.

import diagnostics from 'node:diagnostics_channel';
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { Address, HealthConfig } from '../../../../src/config/model.ts';
import { formatAddress } from '../../../../src/config/address.ts';
import type { DialManner } from '../../../../src/upstream/probes/dial.ts';
import { probeEndpoint } from '../../../../src/upstream/probes/probe-endpoint.ts';
import { startBlackhole } from '../../../flow/scaffold/blackhole.ts';
import { probeHttp } from '../../../../src/upstream/probes/probe-http.ts';

const open: (() => void)[] = [];
afterEach(() => {
  for (const close of open.splice(0)) close();
});

interface Raw {
  readonly address: Address;
  readonly sockets: Socket[];
  /** All that was received, on all connections. */
  received: string;
  readonly server: Server;
}

async function listen(response: string | undefined, path?: string): Promise<Raw> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      raw.received += bytes.toString('latin1');
      if (response === '') socket.destroy();
      else if (response?.includes('content-length: 99') === true) socket.end(response, 'latin1');
      else if (response !== undefined) socket.write(response, 'latin1');
    });
  });
  await new Promise<void>((resolve) => (path === undefined ? server.listen(0, '127.0.0.1', resolve) : server.listen(path, resolve)));
  const bound = server.address();
  const address: Address =
    typeof bound === 'object' ? { kind: 'tcp', host: '127.0.0.1', port: bound!.port } : { kind: 'unix', path: bound! };
  const raw: Raw = { address, sockets, received: '', server };
  open.push(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return raw;
}

function run(
  address: Address,
  expected: Partial<HealthConfig['expect']> = {},
  path = '/healthz',
  more: Partial<HealthConfig> = {},
): Promise<string> {
  const expectation = { status: [200], body: undefined, json: {}, ...expected };
  const health = {
    grpc: undefined,
    path,
    host: undefined,
    headers: [],
    port: 0,
    intervalMs: 1,
    timeoutMs: 1,
    healthyAfter: 1,
    protocol: 'http' as const,
    idleIntervalMs: 0,
    start: 'healthy' as const,
    unhealthyAfter: 1,
    expect: expectation,
    ...more,
  };
  return new Promise((resolve) => {
    probeHttp(
      { address, key: formatAddress(address), weight: 1, zone: undefined, drain: false },
      health,
      (result) => resolve(result),
      PLAIN,
    );
  });
}

const PLAIN: DialManner = { tls: undefined, proxyProtocol: undefined, protocol: 'http1' };

const HEALTH: HealthConfig = {
  grpc: undefined,
  path: '/',
  host: undefined,
  headers: [],
  port: 0,
  intervalMs: 1,
  timeoutMs: 1,
  healthyAfter: 1,
  protocol: 'http',
  idleIntervalMs: 0,
  start: 'healthy',
  unhealthyAfter: 1,
  expect: { status: [200], body: undefined, json: {} },
};

const response = (status: number, body: string, ...fields: string[]): string =>
  [`HTTP/1.1 ${status} X`, ...fields, `content-length: ${body.length}`, '', body].join('\r\n');

test.each<[string, string, Partial<HealthConfig['expect']>, string]>([
  ['the expected status', response(200, 'hi'), {}, 'ok'],
  ['one of several', response(204, ''), { status: [200, 204] }, 'ok'],
  ['another status', response(503, 'no'), {}, 'status'],
  ['a redirect is not followed', response(302, '', 'location: /ok'), {}, 'status'],
  ['the text in the body', response(200, 'all is fine here'), { body: 'fine' }, 'ok'],
  ['another text', response(200, 'all is lost'), { body: 'fine' }, 'body'],
  ['text beyond ASCII', response(200, Buffer.from('läuft').toString('latin1')), { body: 'läuft' }, 'ok'],
  ['an interim response comes first', `HTTP/1.1 103 Early\r\n\r\n${response(200, 'x')}`, {}, 'ok'],
  ['no HTTP', 'SSH-2.0-x\r\n', {}, 'broken'],
  ['cut off', '', {}, 'broken'],
  ['text within 64 KiB of an endless body', `HTTP/1.1 200 OK\r\n\r\nfine${'x'.repeat(70_000)}`, { body: 'fine' }, 'ok'],
  ['text beyond 64 KiB', `HTTP/1.1 200 OK\r\n\r\n${'x'.repeat(65_536)}fine`, { body: 'fine' }, 'body'],
  ['the fields of a JSON body', response(200, '{"db":{"ok":true},"nodes":[3]}'), { json: { 'db.ok': true, 'nodes.0': 3 } }, 'ok'],
  ['another value in a JSON body', response(200, '{"db":{"ok":false}}'), { json: { 'db.ok': true } }, 'body'],
  ['no JSON', response(200, 'fine'), { json: { ok: true } }, 'body'],
  ['both text and field', response(200, '{"ok":true}'), { body: 'true', json: { ok: true } }, 'ok'],
  ['the field but not the text', response(200, '{"ok":true}'), { body: 'fine', json: { ok: true } }, 'body'],
  ['JSON of 64 KiB', response(200, `{"a":1}${' '.repeat(65_529)}`), { json: { a: 1 } }, 'ok'],
  ['JSON beyond 64 KiB', response(200, `{"a":1,"b":"${'x'.repeat(70_000)}"}`), { json: { a: 1 } }, 'body'],
  ['JSON that is cut off', `HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{"a":1}`, { json: { a: 1 } }, 'broken'],
  ['a head without end', `HTTP/1.1 200 OK\r\nx: ${'x'.repeat(70_000)}`, {}, 'broken'],
])('%s', async (_name, text, expected, result) => {
  const raw = await listen(text);
  expect(await run(raw.address, expected)).toBe(result);
});

test('it asks for the path, with the address as host, and closes its connection', async () => {
  const raw = await listen(response(200, ''));
  expect(await run(raw.address, {}, '/live')).toBe('ok');
  expect(raw.received).toMatch(/^GET \/live HTTP\/1\.1\r\n/);
  expect(raw.received.toLowerCase()).toContain(`\r\nhost: ${formatAddress(raw.address)}\r\n`);
  expect(raw.received.toLowerCase()).toContain('\r\nconnection: close\r\n');
  await expect.poll(() => raw.sockets.every((socket) => socket.readableEnded || socket.destroyed)).toBe(true);
});

test('Host and further fields are those of the config', async () => {
  const raw = await listen(response(200, ''));
  expect(
    await run(raw.address, {}, '/', {
      host: 'shop.internal:81',
      headers: [
        ['X-Token', 'a b'],
        ['User-Agent', 'mine'],
      ],
    }),
  ).toBe('ok');
  expect(raw.received).toContain('\r\nhost: shop.internal:81\r\n');
  expect(raw.received).toContain('\r\nX-Token: a b\r\n');
  expect(raw.received.toLowerCase().match(/user-agent: .*/g)).toEqual(['user-agent: mine\r'.trim()]);
});

test('a port of its own', async () => {
  const raw = await listen(response(200, ''));
  const { port } = raw.address as { port: number };
  const endpoint = {
    address: { kind: 'tcp', host: '127.0.0.1', port: 1 } as const,
    key: '127.0.0.1:1',
    weight: 1,
    zone: undefined,
    drain: false,
  };
  for (const protocol of ['http', 'tcp'] as const) {
    const health = { ...HEALTH, protocol, port };
    expect(await new Promise((resolve) => probeEndpoint(endpoint, health, resolve, PLAIN))).toBe('ok');
    expect(await new Promise((resolve) => probeEndpoint(endpoint, { ...health, port: 0 }, resolve, PLAIN))).toBe('connect');
  }
  expect(raw.received).toContain(`\r\nhost: 127.0.0.1:${port}\r\n`);
});

test('Unix sockets', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-probe-'));
  open.push(() => rmSync(folder, { recursive: true, force: true }));
  const raw = await listen(response(200, ''), join(folder, 'a.sock'));
  expect(await run(raw.address)).toBe('ok');
  expect(await run({ kind: 'unix', path: join(folder, 'none.sock') })).toBe('connect');
});

test('a refused connection', async () => {
  const raw = await listen('');
  await new Promise<void>((resolve) => raw.server.close(() => resolve()));
  expect(await run(raw.address)).toBe('connect');
});

test('a cancelled probe closes its connection and says nothing', async () => {
  const raw = await listen(undefined);
  const health = HEALTH;
  const ended: string[] = [];
  const endpoint = { address: raw.address, key: formatAddress(raw.address), weight: 1, zone: undefined, drain: false };
  const probing = probeHttp(endpoint, health, (result) => ended.push(result), PLAIN);
  await expect.poll(() => raw.received).toContain('GET /');
  probing.cancel();
  probing.cancel();
  await expect.poll(() => raw.sockets[0]!.readableEnded || raw.sockets[0]!.destroyed).toBe(true);
  expect(ended).toEqual([]);
});

test('a probe that is cancelled while it connects leaves nothing behind', async () => {
  const hole = await startBlackhole();
  const sockets = (): number => process.getActiveResourcesInfo().filter((each) => each === 'TCPSocketWrap').length;
  const before = sockets();
  const [host, port] = hole.address.split(':') as [string, string];
  const address = { kind: 'tcp', host, port: Number(port) } as const;
  const probing = probeHttp({ address, key: hole.address, weight: 1, zone: undefined, drain: false }, HEALTH, () => undefined, PLAIN);
  await expect.poll(sockets).toBe(before + 1);
  probing.cancel();
  await expect.poll(sockets).toBe(before);
  await hole.close();
});

test.each([false, true])('a connection that fails more than once costs its probe alone (over TLS: %s)', async (isSecure) => {
  const { address } = await listen(undefined);
  const tls = { authorities: undefined, certificate: undefined, verify: true, minVersion: '1.2', serverName: undefined } as const;
  const manner: DialManner = { tls: isSecure ? tls : undefined, proxyProtocol: 'v2', protocol: 'http1' };
  const endpoint = { address, key: formatAddress(address), weight: 1, zone: undefined, drain: false };
  // Where an endpoint resets at once what it has accepted, Node may tell it of the read and of the write.
  const onSocket = (message: unknown): void => {
    const { socket } = message as { socket: Socket };
    socket.once('connect', () =>
      setImmediate(() => {
        socket.emit('error', new Error('read EINVAL'));
        socket.emit('error', new Error('write EPIPE'));
        socket.destroy();
      }),
    );
  };
  diagnostics.subscribe('net.client.socket', onSocket);
  open.push(() => void diagnostics.unsubscribe('net.client.socket', onSocket));
  const result = await new Promise<string>((resolve) => void probeEndpoint(endpoint, HEALTH, resolve, manner));
  expect(result).toBe(isSecure ? 'connect' : 'broken');
});
