// Probes, scrapes and what else reaches the admin address of a running process.

import { request } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import { connectTo, get } from './scaffold/client.ts';
import { eventually } from './scaffold/eventually.ts';
import { figure } from './scaffold/full.ts';
import { startLoadUpstream } from './scaffold/load-upstream.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';

afterEach(closeAll);

interface Asked {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

function askAdmin(sluice: Sluice, path: string, options: { readonly method?: string; readonly host?: string } = {}): Promise<Asked> {
  const { method = 'GET', host = `127.0.0.1:${sluice.adminPort}` } = options;
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port: sluice.adminPort, path, method, headers: { host }, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, type: response.headers['content-type'] ?? '', body }));
    });
    asked.once('error', reject).end();
  });
}

test('probes, metrics and what is none of them', async () => {
  const upstream = await startLoadUpstream();
  const sluice = await startSluice(configFor({ endpoints: [upstream.address] }), { workers: 2 });
  expect(await askAdmin(sluice, '/livez')).toMatchObject({ status: 200, body: '{"status":"ok"}' });
  expect(await askAdmin(sluice, '/readyz')).toMatchObject({ status: 200, body: '{"status":"ok"}' });
  const metrics = await askAdmin(sluice, '/metrics');
  expect(metrics.type).toMatch(/^text\/plain; version=0\.0\.4/);
  expect(metrics.body).toMatch(/^sluice_workers\{state="serving"\} 2$/m);
  expect(metrics.body).toMatch(/^sluice_config_revision 1$/m);
  expect(await askAdmin(sluice, '/none')).toMatchObject({
    status: 404,
    type: expect.stringContaining('application/problem+json') as string,
  });
  expect(await askAdmin(sluice, '/readyz', { method: 'DELETE' })).toMatchObject({ status: expect.not.stringMatching('2') as number });
  expect((await askAdmin(sluice, '/metrics', { host: 'sluice.default.svc' })).status).toBe(200);
  expect((await askAdmin(sluice, '/v1/pools', { host: 'evil.example' })).status).toBe(421);
});

test('10,000 paths, hosts and user agents make no series; a scrape stays under 100 ms', { timeout: 60_000 }, async () => {
  const upstream = await startLoadUpstream();
  const sluice = await startSluice(configFor({ endpoints: [upstream.address] }), { workers: 2 });
  const wires = await Promise.all(Array.from({ length: 4 }, () => connectTo(sluice)));
  let sent = 0;
  const send = async (count: number): Promise<void> => {
    const end = sent + count;
    await Promise.all(
      wires.map(async (wire) => {
        while (sent < end) {
          const batch = Array.from({ length: 25 }, () => sent++);
          await wire.write(
            batch.map((n) => `GET /bytes/1/1?${n} HTTP/1.1\r\nhost: h${n}.example\r\nuser-agent: agent/${n}\r\nx-${n}: y\r\n\r\n`).join(''),
          );
          for (const n of batch) if ((await wire.readMessage()).status !== 200) throw new Error(`request ${n} failed`);
        }
      }),
    );
  };
  await send(100);
  const before = await askAdmin(sluice, '/metrics');
  await send(10_000);
  const scrapes = [];
  let after = before;
  for (let scraped = 0; scraped < 5; scraped++) {
    const began = performance.now();
    after = await askAdmin(sluice, '/metrics');
    scrapes.push(performance.now() - began);
  }
  const fastest = Math.min(...scrapes);
  figure('a scrape', { fastestMs: fastest, slowestMs: Math.max(...scrapes), series: seriesOf(after.body).length });
  const all = new RegExp(`^sluice_requests_total\\{[^}]*status="200"[^}]*\\} ${sent}$`, 'm');
  after = await eventually('all requests to be counted', async () => {
    const scrape = await askAdmin(sluice, '/metrics');
    return all.test(scrape.body) && scrape;
  });
  expect(seriesOf(after.body)).toEqual(seriesOf(before.body));
  expect(fastest).toBeLessThan(100);
  expect(after.body).not.toContain('h77.example');
});

/** Names and labels of all series but those that Node's own garbage collection makes as it goes. */
function seriesOf(text: string): string[] {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#') && !line.startsWith('nodejs_'));
  return lines.map((line) => line.slice(0, line.lastIndexOf(' '))).sort();
}

test('a local reply and a response of an upstream are counted by route, version and status', async () => {
  const upstream = await startLoadUpstream();
  const sluice = await startSluice(configFor({ endpoints: [upstream.address], route: { hosts: ['a.example'] } }));
  const wire = await connectTo(sluice);
  await wire.write(get('/bytes/100/1'));
  await wire.readMessage();
  await wire.write('GET / HTTP/1.1\r\nhost: other.example\r\n\r\n');
  expect((await wire.readMessage()).status).toBe(404);
  await sluice.turn();
  const metrics = await sluice.metrics();
  expect(metrics.sum('sluice_requests_total', { route: 'shop', pool: 'shop', version: 'v1', status: '200' })).toBe(1);
  expect(metrics.sum('sluice_requests_total', { route: '', status: '404' })).toBe(1);
  expect(metrics.sum('sluice_attempts_total', { pool: 'shop', version: 'v1', outcome: 'ok' })).toBe(1);
  expect(metrics.sum('sluice_response_bytes_total', { pool: 'shop', version: 'v1' })).toBe(100);
});
