// The whole table of outcomes: each row that a client can see has its status, its code, its text, and its line in the metrics.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { OUTCOMES } from '../../src/telemetry/outcomes.ts';
import { startBlackhole } from './scaffold/blackhole.ts';
import { ask, get, requestText } from './scaffold/client.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';
import { startUpstream } from './scaffold/upstream.ts';

let sluice: Sluice;

beforeAll(async () => {
  const dead = await startUpstream(() => undefined);
  await dead.close();
  const hole = await startBlackhole();
  const silent = await startUpstream(() => undefined);
  const resets = await startUpstream(async (wire) => {
    await wire.readHead();
    wire.reset();
  });
  const garbage = await startUpstream(async (wire) => {
    await wire.readHead();
    await wire.write('garbage\r\n\r\n');
  });
  const wordy = await startUpstream(async (wire) => {
    await wire.readHead();
    await wire.write(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(40_000)}\r\n\r\n`);
  });
  const retries = { attempts: 0 };
  const to = (endpoint: string | object, more: object = {}): object => ({ versions: { v1: { endpoints: [endpoint] } }, retries, ...more });
  const pools: Record<string, object> = {
    no_endpoint: to({ address: dead.address, weight: 0 }),
    connect_refused: to(dead.address),
    connect_timeout: to(hole.address, { timeouts: { connect: '100ms' } }),
    response_timeout: to(silent.address, { timeouts: { response: '100ms' } }),
    exchange_timeout: to(silent.address),
    downstream_stalled: to(silent.address, { timeouts: { stall: '100ms' } }),
    upstream_reset: to(resets.address),
    upstream_malformed: to(garbage.address),
    upstream_header_too_large: to(wordy.address),
  };
  const routes = Object.keys(pools).map((pool) => ({
    name: pool,
    match: [{ path: { prefix: `/${pool}` } }],
    pool,
    timeout: pool === 'exchange_timeout' ? '100ms' : '10s',
  }));
  const limits = { headerTimeout: '200ms', bodyBytes: '10B' };
  const listener = { limits, connect: [{ authority: 'a.example:443', pool: 'shop' }] };
  const config = configFor({ endpoints: [silent.address], listener, routes, route: { hosts: ['shop.example'] } }) as {
    pools: object;
  };
  sluice = await startSluice({ ...config, pools: { ...config.pools, ...pools } });
});
afterAll(closeAll);

/** By outcome: the request that leads to it. */
const REQUESTS: Readonly<Record<string, string>> = {
  bad_request: 'GET / HTTP/1.1\r\n\r\n',
  header_too_large: get('/', `x: ${'y'.repeat(20_000)}`),
  uri_too_long: get(`/${'a'.repeat(9_000)}`),
  body_too_large: requestText('POST', '/no_endpoint', ['content-length: 11']),
  request_timeout: 'GET / HTTP/1.1\r\n',
  downstream_stalled: requestText('POST', '/downstream_stalled', ['content-length: 4']),
  expectation_failed: requestText('POST', '/', ['expect: more', 'content-length: 1']),
  not_implemented: requestText('A'.repeat(33), '/'),
  authority_not_allowed: requestText('CONNECT', 'a.example:80'),
  version_not_supported: 'GET / HTTP/3.0\r\nhost: a\r\n\r\n',
  no_route: get('/nowhere'),
  too_many_proxies: get('/', `via: ${'1.1 a, '.repeat(16)}1.1 b`),
};

/** Not to be seen by one client alone, or not at all: success, fixed answers, a client that has gone; the others have tests of their own. */
const ELSEWHERE = [
  'loop_detected',
  'ok',
  'replied',
  'downstream_closed',
  'overload',
  'drain_timeout',
  'upstream_stalled',
  'upstream_error',
  'internal',
  // Of TLS: flows 800 and 805.
  'tls_not_spoken',
  'tls_expected',
  'misdirected',
  'connect_tls',
];

const rows = OUTCOMES.filter((outcome) => !ELSEWHERE.includes(outcome.code));

test.each(rows)('$code', async ({ code, status, text }) => {
  const request = REQUESTS[code] ?? get(`/${code}`);
  const response = await ask(sluice, request);
  expect(response.status).toBe(status);
  expect(response.field('x-sluice-outcome')).toBe(code);
  expect(response.field('content-type')).toBe('text/plain; charset=utf-8');
  expect(response.body).toBe(`${text}\n`);
  expect(response.field('retry-after')).toBe(status === 503 ? '1' : undefined);
  await sluice.turn();
  const metrics = await sluice.metrics();
  const counted =
    metrics.sum('sluice_refused_total', { outcome: code }) +
    metrics.sum('sluice_attempts_total', { pool: code, outcome: code }) +
    metrics.sum('sluice_requests_total', { status: String(status) });
  expect(counted).toBeGreaterThan(0);
});

test('leaves nothing in flight', () => sluice.untilQuiet(0));
