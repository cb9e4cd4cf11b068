import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import type { IncomingHttpHeaders, RequestOptions } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { AdminServer } from '../../../src/admin/admin-server.ts';
import type { Readiness } from '../../../src/admin/admin-options.ts';
import { allowedHosts } from '../../../src/admin/allowed-hosts.ts';
import type { Address } from '../../../src/config/model.ts';

const servers: AdminServer[] = [];
afterEach(() => Promise.all(servers.splice(0).map((server) => server.close())));

interface Parts {
  readonly address?: Address;
  readonly probesAddress?: Address;
  readonly ready?: () => Readiness;
  readonly metrics?: () => Promise<Buffer>;
  readonly errors?: Error[];
}

async function open(parts: Parts = {}) {
  const { address = { kind: 'tcp', host: '127.0.0.1', port: 0 }, errors = [] } = parts;
  const ports = {
    ready: parts.ready ?? (() => ({ ok: true, reason: '' })),
    metrics: parts.metrics ?? (() => Promise.resolve(Buffer.from('a 1\n'))),
    onError: (error: Error) => void errors.push(error),
  };
  const server = new AdminServer({
    address,
    probesAddress: parts.probesAddress,
    ports,
    metricsType: 'text/plain; version=0.0.4; charset=utf-8',
  });
  servers.push(server);
  const bound = await server.listen();
  const where: RequestOptions =
    bound.kind === 'unix' ? { socketPath: bound.path } : { host: '127.0.0.1', port: bound.kind === 'tcp' ? bound.port : 0 };
  return {
    server,
    bound,
    port: where.port as number,
    ask: (path: string, options: RequestOptions = {}) => ask({ ...where, path, agent: false, ...options }),
  };
}

interface ReceivedResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

function ask(options: RequestOptions): Promise<ReceivedResponse> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
    });
    request.on('error', reject);
    request.end();
  });
}

/** Sends bytes as they are; resolves with all that comes back until the other side closes. */
async function send(port: number, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.setEncoding('latin1').on('data', (part: string) => (text += part));
  socket.on('error', () => undefined);
  socket.write(bytes, 'latin1');
  await once(socket, 'close');
  return text;
}

function problem(response: ReceivedResponse): Record<string, unknown> {
  expect(response.headers['content-type']).toMatch(/^application\/problem\+json/);
  const body = JSON.parse(response.text) as Record<string, unknown>;
  expect(body).toMatchObject({ type: 'about:blank', status: response.status, title: expect.any(String), detail: expect.any(String) });
  return body;
}

describe('AdminServer', () => {
  it('is alive', async () => {
    const { ask } = await open();
    const response = await ask('/livez');
    expect(response).toMatchObject({ status: 200, text: '{"status":"ok"}' });
    expect(response.headers).toMatchObject({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
    expect(await ask('/livez', { method: 'HEAD' })).toMatchObject({ status: 200, text: '' });
  });

  it.each(['starting', 'draining', 'no workers'])('is not ready while %s, and ready afterwards', async (reason) => {
    let state: Readiness = { ok: false, reason };
    const { ask } = await open({ ready: () => state });
    const response = await ask('/readyz');
    expect(response.status).toBe(503);
    expect(problem(response)['reason']).toBe(reason);
    state = { ok: true, reason: '' };
    expect((await ask('/readyz')).status).toBe(200);
  });

  it('serves metrics in their own type', async () => {
    const { ask } = await open({ metrics: () => Promise.resolve(Buffer.from('x{a="b"} 1\n')) });
    expect(await ask('/metrics')).toMatchObject({
      status: 200,
      text: 'x{a="b"} 1\n',
      headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' },
    });
  });

  it('tells the fault of a failed scrape to its owner, not to the caller', async () => {
    const errors: Error[] = [];
    const { ask } = await open({ metrics: () => Promise.reject(new Error('secret path /a/b')), errors });
    const response = await ask('/metrics');
    expect(response.status).toBe(500);
    expect(JSON.stringify(problem(response))).not.toContain('secret');
    expect(errors.map(({ message }) => message)).toEqual(['secret path /a/b']);
  });

  it.each([
    '/',
    '/livez/',
    '/LIVEZ',
    '/metrics/../livez',
    '/v1/pools',
    '//livez',
    '/%2e%2e/etc/passwd',
    '/__proto__',
    `/${'x'.repeat(5000)}`,
  ])('has nothing at %s', async (path) => {
    const { ask } = await open();
    const response = await ask(path);
    expect(response.status).toBe(404);
    problem(response);
  });

  it('says so when a path is not validly encoded', async () => {
    const { ask } = await open();
    const response = await ask('/%zz');
    expect(response.status).toBe(400);
    problem(response);
  });

  it.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND', 'QUERY'])('does not do %s', async (method) => {
    const { ask } = await open();
    const response = await ask('/livez', { method });
    expect(response.status).toBe(405);
    expect(response.headers['allow']).toBe('GET, HEAD');
    problem(response);
    expect((await ask('/nothing', { method })).status).toBe(404);
  });

  it.each(['sluice.default.svc:9901', 'evil.example', '127.0.0.2', '', 'localhost:99999999'])(
    'responds to probes and scrapes by any name, such as %j',
    async (host) => {
      const { ask } = await open();
      for (const path of ['/livez', '/readyz', '/metrics']) expect((await ask(path, { headers: { host } })).status).toBe(200);
    },
  );

  it('serves probes and metrics on an address of their own, and nothing else there', async () => {
    const probesAddress: Address = { kind: 'tcp', host: '127.0.0.1', port: 0 };
    let ok = true;
    const { server } = await open({ probesAddress, ready: () => ({ ok, reason: ok ? '' : 'draining' }) });
    const bound = await server.listenForProbes();
    const port = bound?.kind === 'tcp' ? bound.port : 0;
    const at = (path: string, options: RequestOptions = {}) => ask({ host: '127.0.0.1', port, path, agent: false, ...options });
    for (const path of ['/livez', '/readyz?verbose', '/metrics']) expect((await at(path, { headers: { host: 'any' } })).status).toBe(200);
    expect(await at('/metrics')).toMatchObject({ text: 'a 1\n', headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' } });
    expect(await at('/metrics', { method: 'HEAD' })).toMatchObject({ status: 200, text: '', headers: { 'content-length': '4' } });
    for (const path of ['/', '/v1/pools', '/openapi.json', '/v1/events']) problem(await at(path));
    expect((await at('/v1/pools')).status).toBe(404);
    expect(await at('/livez', { method: 'POST' })).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } });
    expect((await at('/metrics', { headers: { 'sec-fetch-site': 'cross-site' } })).status).toBe(403);
    ok = false;
    expect(problem(await at('/readyz'))['reason']).toBe('draining');
    expect(await send(port, '\x00\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
  });

  it('listens on a Unix socket', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'sluice-admin-'));
    const { ask, bound } = await open({ address: { kind: 'unix', path: join(dir, 'admin.sock') } });
    expect(bound).toEqual({ kind: 'unix', path: join(dir, 'admin.sock') });
    expect((await ask('/livez', { headers: { host: 'anything' } })).status).toBe(200);
    await servers.pop()!.close();
    rmSync(dir, { recursive: true });
  });

  it('rejects when the address is taken', async () => {
    const { port } = await open();
    await expect(open({ address: { kind: 'tcp', host: '127.0.0.1', port } })).rejects.toThrow(/EADDRINUSE/);
  });

  it.each([
    ['garbage', '\x00\x01\x02\r\n\r\n', /^HTTP\/1\.1 400 /],
    ['two lengths', 'GET /livez HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n', /^HTTP\/1\.1 400 /],
    ['a huge header', `GET /livez HTTP/1.1\r\nhost: localhost\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`, /^HTTP\/1\.1 431 /],
    ['two hosts', 'GET /livez HTTP/1.1\r\nhost: localhost\r\nhost: evil.example\r\nconnection: close\r\n\r\n', /^HTTP\/1\.1 400 /],
    ['an empty host', 'GET /v1/pools HTTP/1.1\r\nhost:\r\nconnection: close\r\n\r\n', /^HTTP\/1\.1 421 /],
    ['no host', 'GET /v1/pools HTTP/1.0\r\n\r\n', /^HTTP\/1\.1 421 /],
    ['a scrape without a host', 'GET /metrics HTTP/1.0\r\n\r\n', /^HTTP\/1\.1 200 /],
  ])('responds to %s and closes', async (_, bytes, expected) => {
    const { port, ask } = await open();
    expect(await send(port, bytes)).toMatch(expected);
    expect((await ask('/livez')).status).toBe(200);
  });

  it('does not read a body that no call takes', async () => {
    const { port } = await open();
    const text = await send(
      port,
      `POST /livez HTTP/1.1\r\nhost: localhost\r\ncontent-length: 999999999\r\nconnection: close\r\n\r\n${'x'.repeat(1000)}`,
    );
    expect(text).toMatch(/^HTTP\/1\.1 405 /);
  });

  it('closes at once, even with clients connected', async () => {
    let release: (text: Buffer) => void = () => undefined;
    const slow = new Promise<Buffer>((resolve) => (release = resolve));
    const { server, port, ask } = await open({ metrics: () => slow });
    const idle = connect(port, '127.0.0.1');
    const kept = connect(port, '127.0.0.1');
    kept.write('GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n');
    await once(kept, 'data');
    const scrape = ask('/metrics').catch((error: Error) => error);
    // One round trip, so that the scrape has arrived.
    await ask('/livez');
    const closed = [once(idle, 'close'), once(kept, 'close')];
    const started = performance.now();
    await server.close();
    expect(performance.now() - started).toBeLessThan(3000);
    await Promise.all(closed);
    expect(await scrape).toBeInstanceOf(Error);
    release(Buffer.from(''));
    await server.close();
  });
});

describe('allowedHosts', () => {
  const tcp = (host: string): Address => ({ kind: 'tcp', host, port: 9901 });

  it('takes the configured address, whatever its form', () => {
    expect(allowedHosts(tcp('admin.internal'))('Admin.Internal:9901')).toBe(true);
    expect(allowedHosts(tcp('2001:db8::1'))('[2001:db8::1]:9901')).toBe(true);
    expect(allowedHosts(tcp('10.0.0.1'))('10.0.0.2')).toBe(false);
  });

  it('takes configured names, and all names below one', () => {
    const allowed = allowedHosts(tcp('10.0.0.1'), ['sluice.default.svc', '*.internal', '[2001:db8::2]']);
    for (const host of [
      'sluice.default.svc:9901',
      'Sluice.Default.Svc',
      'sluice.default.svc.:1',
      'a.internal',
      'a.b.internal',
      '[2001:db8::2]:1',
    ])
      expect([host, allowed(host)]).toEqual([host, true]);
    for (const host of [
      'default.svc',
      'x.sluice.default.svc',
      'internal',
      '.internal',
      'ainternal',
      'a.internal.evil.example',
      '*.internal.x',
    ])
      expect([host, allowed(host)]).toEqual([host, false]);
  });

  it.each(['0.0.0.0', '::', '[::]'])('on the wildcard %s takes any literal and no name', (host) => {
    const allowed = allowedHosts(tcp(host));
    expect([allowed('10.1.2.3:9901'), allowed('[fe80::1]'), allowed('localhost')]).toEqual([true, true, true]);
    expect([allowed('evil.example'), allowed('10.1.2.3.evil.example'), allowed('')]).toEqual([false, false, false]);
  });
});
