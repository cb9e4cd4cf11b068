// Responses of shadows compared by a real instance: what is found, what is not taken for a difference, and what comparing must never do.

import { gzipSync } from 'node:zlib';
import { afterEach, expect, test, vi } from 'vitest';
import { call } from './scaffold/admin.ts';
import { ask, connectTo, get, post } from './scaffold/client.ts';
import { eventually } from './scaffold/eventually.ts';
import { freePort } from '../scaffold/free-port.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';
import { responding, responseText, ok, startUpstream } from './scaffold/upstream.ts';
import type { Upstream } from './scaffold/upstream.ts';
import type { Message } from './scaffold/wire.ts';

vi.setConfig({ testTimeout: 60_000 });
afterEach(closeAll);

const JSON_TYPE = 'content-type: application/json';

interface Report {
  readonly verdict: { readonly verdict: string; readonly reason: string; readonly compared: number; readonly withSecondary: number };
  readonly fields: readonly { readonly template: string; readonly path: string; readonly kinds: Readonly<Record<string, number>> }[];
  readonly templates: readonly { readonly template: string; readonly exchanges: number; readonly uncompared: object }[];
}

type Responding = (request: Message) => string;

/** Two endpoints of v1, and v2, which is compared with them. */
async function startShop(primary: Responding, candidate: Responding | string, mirror: object = {}) {
  const seen: Message[] = [];
  const start = (): Promise<Upstream> => startUpstream(responding((request) => (seen.push(request), primary(request))));
  const [one, two] = [await start(), await start()];
  const shadow = typeof candidate === 'string' ? candidate : (await startUpstream(responding(candidate))).address;
  const mirrors = [{ name: 'dark', version: 'v2', compare: {}, ...mirror }];
  const endpoints = { v1: [one.address, two.address], v2: [shadow] };
  const sluice = await startSluice(configFor({ endpoints, pool: { split: { v1: 1, v2: 0 }, mirrors } }), { workers: 1 });
  return { sluice, seen };
}

async function reportOf(sluice: Sluice): Promise<Report> {
  return (await call(sluice, 'GET', '/v1/pools/shop/mirrors/dark/report')).body as unknown as Report;
}

function reported(sluice: Sluice, what: string, isSo: (report: Report) => boolean): Promise<Report> {
  let last: unknown;
  const look = async (): Promise<Report | undefined> => {
    const report = await reportOf(sluice);
    last = report;
    return 'verdict' in report && isSo(report) ? report : undefined;
  };
  return eventually(what, look).catch((error: unknown) => {
    throw new Error(JSON.stringify(last), { cause: error });
  });
}

/** On one connection, one after the other. */
async function askFor(sluice: Sluice, paths: readonly string[]): Promise<void> {
  const wire = await connectTo(sluice);
  for (const path of paths) {
    await wire.write(get(path));
    expect((await wire.readMessage()).status).toBe(200);
  }
  await wire.close();
}

const times = (count: number, path: string): readonly string[] => Array.from({ length: count }, (_, n) => path.replace('N', String(n)));

test('a write never gets a secondary copy, no matter what the mirror allows', async () => {
  const { sluice, seen } = await startShop(
    () => ok('{}', JSON_TYPE),
    () => ok('{}', JSON_TYPE),
    { sideEffects: 'allow' },
  );
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'])
    for (let n = 0; n < 5; n++) await ask(sluice, post(`/${method}`, 'x').replace('POST', method));
  await ask(sluice, get('/'));
  await reported(sluice, 'all of them', ({ verdict }) => verdict.compared === 21 && verdict.withSecondary === 1);
  expect(seen.filter(({ line }) => !line.startsWith('GET'))).toHaveLength(20);
  expect(seen.filter(({ line }) => line.startsWith('GET'))).toHaveLength(2);
});

test('a candidate that is dead fails in seconds, although its breaker keeps most requests from it', async () => {
  const { sluice } = await startShop(() => ok('{}', JSON_TYPE), `127.0.0.1:${await freePort()}`, { compare: { perTemplate: 10_000 } });
  await askFor(sluice, times(400, '/items/N'));
  const { verdict } = await reported(sluice, 'the verdict', ({ verdict: each }) => each.verdict === 'fail');
  expect(verdict.reason).toMatch(/^the candidate gives no response to (\d+) of \1 requests/);
});

test('a candidate that returns 500 for everything fails, by its status', async () => {
  const { sluice } = await startShop(
    () => ok('{"a":1}', JSON_TYPE),
    () => responseText(500, 'Internal Server Error', 'oops'),
  );
  await askFor(sluice, times(60, '/items/N'));
  const { verdict, fields } = await reported(sluice, 'the verdict', ({ verdict: each }) => each.verdict === 'fail');
  expect(fields.map(({ path }) => path)).toEqual(['status']);
  expect(verdict.reason).toContain('500 where the primary says 200');
});

test('rare paths are seen beside busy ones', async () => {
  const compare = { perTemplate: 20, noise: 'off' };
  const response: Responding = () => ok('{}', JSON_TYPE);
  const { sluice } = await startShop(response, response, { compare });
  await askFor(sluice, [...times(1500, '/busy/N'), ...times(3, '/rare/N'), ...times(500, '/busy/N')]);
  const { templates } = await reported(sluice, 'the rare ones', (report) => report.templates.some(({ exchanges }) => exchanges === 3));
  const [busy, rare] = ['/busy/{id}', '/rare/{id}'].map((name) => templates.find(({ template }) => template === name)!.exchanges);
  expect(rare).toBe(3);
  // Some seconds of 20 each, and no more.
  expect(busy).toBeLessThan(1000);
});

const VALUE = JSON.stringify({ a: 1, list: [1, 2, 3] });
const LARGE = JSON.stringify({ filler: 'x'.repeat(300_000) });

/** What primary and candidate respond, by path, and how that differs. */
const CASES: Readonly<Record<string, readonly [primary: string, candidate: string, differs?: readonly [path: string, kind: string]]>> = {
  '/same/json': [ok(VALUE, JSON_TYPE), ok('{ "list": [1, 2, 3],\n "a": 1.0 }', JSON_TYPE)],
  '/same/coding': [ok(VALUE, JSON_TYPE), ok(gzipSync(VALUE).toString('latin1'), JSON_TYPE, 'content-encoding: gzip')],
  '/same/chunks': [ok(VALUE, JSON_TYPE), chunked(VALUE)],
  '/same/large': [ok(LARGE, JSON_TYPE), ok(LARGE, JSON_TYPE)],
  '/same/error': [responseText(404, 'Not Found', 'nothing'), responseText(404, 'Gone', 'nothing')],
  '/other/large': [ok('x'.repeat(300_000)), ok('y'.repeat(300_000)), ['body', 'bytes']],
  '/other/endless': [ok('x'), ok('y'.repeat(2_000_000)), ['body', 'bytes']],
  '/other/status': [ok(), responseText(404, 'Not Found', ''), ['status', 'status']],
  '/other/header': [ok('a', 'content-type: text/plain'), ok('a', 'content-type: text/html'), ['header:content-type', 'header']],
  '/other/json': [ok('{"a":{"b":[1]}}', JSON_TYPE), ok('{"a":{"b":["1"]}}', JSON_TYPE), ['$.a.b[*]', 'type']],
};

test('what is the same in another form is no difference; what differs is reported by its place', async () => {
  const paths = Object.keys(CASES);
  const responseOf =
    (side: 0 | 1): Responding =>
    ({ line }) =>
      CASES[line.split(' ')[1]!]![side];
  const { sluice } = await startShop(responseOf(0), responseOf(1));
  for (const path of paths) await ask(sluice, get(path));
  const report = await reported(sluice, 'all comparisons', ({ verdict }) => verdict.compared === paths.length);
  const told = report.fields.map(({ template, path, kinds }) => [template, path, kinds]);
  const expected = paths.flatMap((path) => {
    const differs = CASES[path]![2];
    return differs === undefined ? [] : [[path, differs[0], { [differs[1]]: 1 }]];
  });
  expect(told.toSorted()).toEqual(expected.toSorted());
  expect(report.templates.flatMap(({ uncompared }) => Object.keys(uncompared))).toEqual([]);
});

function chunked(text: string): string {
  const half = Math.floor(text.length / 2);
  const chunks = [text.slice(0, half), text.slice(half)].map((part) => `${part.length.toString(16)}\r\n${part}\r\n`);
  return `HTTP/1.1 200 OK\r\n${JSON_TYPE}\r\ntransfer-encoding: chunked\r\n\r\n${chunks.join('')}0\r\nx-end: 1\r\n\r\n`;
}
