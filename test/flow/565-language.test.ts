// What the config language offers, through the real process: what is written reaches the wire.

import { statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { ask, get, post } from './scaffold/client.ts';
import { eventually } from './scaffold/eventually.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import { ok, responding, responseText, startUpstream } from './scaffold/upstream.ts';

afterEach(closeAll);

const YAML = (port: number): string => `
x-defaults: &defaults
  outlier: { consecutive: 0 }
  timeouts: { connect: 1s500ms }
listeners:
  - name: web
    address: \${HOST:-127.0.0.1}:0
    limits: { bodyBytes: 1KB }
admin: { address: 127.0.0.1:0 }
state: memory
pools:
  shop:
    <<: *defaults
    versions:
      v1: { endpoints: [127.0.0.1:\${PORT}] }
      v2: { endpoints: [127.0.0.1:${port}] }
    split: { v1: 100%, v2: 0% }
routes:
  - name: turn
    hosts: [turn.sluice.test]
    respond: { status: 204 }
  - name: shop
    pool: shop
    requestHeaders: { set: { x-stage: "\${STAGE}", x-literal: "$\${STAGE}" } }
`;

test('variables, merge keys, keys of other tools, and units', async () => {
  const upstream = await startUpstream(responding((request) => ok(`${request.field('x-stage')} ${request.field('x-literal')}`)));
  const sluice = await startSluice(YAML(upstream.port), { env: { PORT: `${upstream.port}`, STAGE: '007' } });
  expect((await ask(sluice, get('/'))).body).toBe('007 ${STAGE}');
  expect((await ask(sluice, post('/', 'x'.repeat(1001)))).status).toBe(413);
  expect((await ask(sluice, post('/', 'x'.repeat(1000)))).status).toBe(200);
});

test('a status that is named is tried again, another is not', async () => {
  const seen: string[] = [];
  const upstream = await startUpstream(
    responding((request) => {
      const path = request.line.split(' ')[1] ?? '';
      seen.push(path);
      const first = seen.filter((each) => each === path).length === 1;
      return first ? responseText(Number(path.slice(1)), 'X', '') : ok('again');
    }),
  );
  const sluice = await startSluice(
    configFor({
      endpoints: [upstream.address],
      pool: { retries: { attempts: 1, on: [503, 429], budget: '100%' }, outlier: { consecutive: 1 } },
    }),
  );
  for (const [status, expected] of [
    [503, 200],
    [429, 200],
    [500, 500],
    [404, 404],
  ])
    expect((await ask(sluice, get(`/${status}`))).status).toBe(expected);
  expect((await ask(sluice, post('/503', 'once'))).status).toBe(200);
  expect(seen).toEqual(['/503', '/503', '/429', '/429', '/500', '/404', '/503']);
  expect(await sluice.metric('sluice_retries_total', { pool: 'shop', reason: 'status' })).toBe(2);
});

test('attributes of an own cookie, and no shared cache keeps what carries it', async () => {
  const upstream = await startUpstream(responding(() => responseText(200, 'OK', '', 'cache-control: public, max-age=60')));
  const cookie = { name: 'who', sameSite: 'none', domain: 'example.com', partitioned: true };
  const sluice = await startSluice(
    configFor({ endpoints: [upstream.address], listener: { trustedProxies: ['127.0.0.0/8'] }, pool: { affinity: { cookie } } }),
  );
  const first = await ask(sluice, get('/'));
  expect(first.field('set-cookie')).toMatch(
    /^who=[\w-]+; Path=\/; Domain=example\.com; Max-Age=86400; HttpOnly; Secure; SameSite=None; Partitioned$/,
  );
  expect(first.field('cache-control')).toBe('max-age=60, private');
  const again = await ask(sluice, get('/', `cookie: ${first.field('set-cookie')?.split(';')[0] ?? ''}`));
  expect([again.field('set-cookie'), again.field('cache-control')]).toEqual([undefined, 'public, max-age=60']);
});

test('an own cookie is secure where a trusted proxy says https', async () => {
  const upstream = await startUpstream(responding(() => ok('')));
  const listener = { trustedProxies: ['127.0.0.0/8'] };
  const sluice = await startSluice(configFor({ endpoints: [upstream.address], listener, pool: { affinity: { cookie: {} } } }));
  expect((await ask(sluice, get('/', 'x-forwarded-proto: https'))).field('set-cookie')).toContain('; HttpOnly; Secure; SameSite=Lax');
  expect((await ask(sluice, get('/'))).field('set-cookie')).toContain('; HttpOnly; SameSite=Lax');
});

test('the mode of a Unix socket, also after a reload', async () => {
  const upstream = await startUpstream(responding(() => ok('')));
  const config = configFor(upstream) as { listeners: object[] };
  const listening = (path: string, mode: string): object => ({
    ...config,
    listeners: [...config.listeners, { name: 'path', address: `unix:${path}`, mode }],
  });
  const path = join('/tmp', `sluice-mode-${process.pid}.sock`);
  const sluice = await startSluice(listening(path, '0600'));
  expect(statSync(path).mode & 0o777).toBe(0o600);
  sluice.writeConfig(listening(path, '0660'));
  await eventually('the mode', () => (statSync(path).mode & 0o777) === 0o660);
});

test('probes go to a port, a host and with fields of their own', async () => {
  const upstream = await startUpstream(responding(() => ok('well')));
  const asked: string[] = [];
  const probed = await startUpstream(
    responding((request) => {
      asked.push(`${request.line} ${request.field('host')} ${request.field('x-probe')}`);
      return responseText(503, 'X', '');
    }),
  );
  const health = {
    path: '/up',
    host: 'shop.internal',
    headers: { 'x-probe': '1' },
    port: probed.port,
    interval: '50ms',
    timeout: '50ms',
    unhealthyAfter: 1,
  };
  const sluice = await startSluice(configFor({ endpoints: [upstream.address], pool: { health } }));
  sluice.expectLog(/an endpoint is unhealthy/);
  await eventually('it is unhealthy', async () => (await sluice.metric('sluice_endpoint_ready', { endpoint: upstream.address })) === 0);
  expect(asked[0]).toBe('GET /up HTTP/1.1 shop.internal 1');
});
