// What is refused leaves a trace: requests whose head could not be used, and responses that could not be passed on.

import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask, connectTo, get, requestText } from './scaffold/client.ts';
import { eventually } from './scaffold/eventually.ts';
import { makeFolder } from './scaffold/folder.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';
import { startUpstream } from './scaffold/upstream.ts';

interface Recorded {
  readonly method: string;
  readonly target: string;
  readonly status: number;
  readonly outcome: string;
  readonly detail?: string;
  readonly listener: string;
  readonly client: string;
}

let sluice: Sluice;
let logPath: string;
let response = '';

beforeAll(async () => {
  logPath = makeFolder().file('access.log');
  const upstream = await startUpstream(async (wire) => {
    for (;;) {
      await wire.readMessage();
      await wire.write(response);
    }
  });
  const limits = { headerTimeout: '300ms', headerBytes: '1KiB', requestLine: '200B', bodyBytes: '10B' };
  const config = configFor({
    endpoints: [upstream.address],
    pool: { retries: { attempts: 0 }, limits: { headerBytes: '1KiB', headerCount: 5 } },
    listener: { limits },
    top: { accessLog: { path: logPath } },
  });
  sluice = await startSluice(config);
});
afterAll(closeAll);

/** The only exchange of this target, or with this outcome, in the access log and among the recent ones. */
async function recorded(isWanted: (each: Recorded) => boolean): Promise<Recorded> {
  const line = await eventually('the line in the access log', () => {
    const lines = existsSync(logPath) ? readFileSync(logPath, 'utf8').split('\n').slice(0, -1) : [];
    return lines.map((each) => JSON.parse(each) as Recorded).find(isWanted);
  });
  const listed = await fetch(`http://127.0.0.1:${sluice.adminPort}/v1/exchanges?limit=100`);
  const { exchanges } = (await listed.json()) as { exchanges: readonly Recorded[] };
  const found = exchanges.filter(isWanted);
  expect(found).toHaveLength(1);
  expect(found[0]).toMatchObject({ status: line.status, outcome: line.outcome, listener: 'web', client: '127.0.0.1' });
  expect(found[0]!.detail).toBe(line.detail);
  return line;
}

const REFUSED: readonly [what: string, request: string, status: number, method: string, target: string, detail: string][] = [
  ['malformed', 'GET /r1?a=b HTTP/1.1\r\n\r\n', 400, 'GET', '/r1', 'missing host'],
  ['a line that is too long', `GET /r2${'x'.repeat(300)} HTTP/1.1\r\n\r\n`, 414, 'GET', '/r2', 'request line too long'],
  ['an expectation', requestText('POST', '/r3', ['expect: more', 'content-length: 1']), 417, 'POST', '/r3', 'unknown expectation'],
  ['a header that is too large', get('/r4', `x: ${'y'.repeat(2000)}`), 431, 'GET', '/r4', 'header too large'],
  ['a coding', requestText('POST', '/r5', ['transfer-encoding: gzip, chunked']), 501, 'POST', '/r5', 'unknown transfer coding'],
  ['a version', 'GET /r6 HTTP/3.0\r\nhost: a\r\n\r\n', 505, 'GET', '/r6', 'version other than HTTP/1.0 and HTTP/1.1'],
  ['a slow head', 'GET /r7 HTTP/1.1\r\nhost', 408, 'GET', '/r7', 'head not complete in time'],
  ['a path', get('/r8/../x'), 400, 'GET', '/r8', 'path with two readings'],
  ['a body that is too large', requestText('POST', '/r9', ['transfer-encoding: chunked']) + 'ff\r\n', 413, 'POST', '/r9', 'body too large'],
  ['a chunk', requestText('POST', '/ra', ['transfer-encoding: chunked']) + 'x\r\n', 400, 'POST', '/ra', 'malformed chunk size'],
];

test.each(REFUSED)('%s is recorded once', async (_what, request, status, method, target, detail) => {
  expect((await ask(sluice, request)).status).toBe(status);
  const line = await recorded((each) => each.target.startsWith(target));
  expect(line).toMatchObject({ method, status, detail });
});

test('bytes that are no request are recorded without a target', async () => {
  const wire = await connectTo(sluice);
  await wire.write('\x17\x03\x01\x02\x00\x01\x00\r\n\r\n');
  expect((await wire.readMessage()).status).toBe(400);
  const line = await recorded((each) => each.method === '' && each.status === 400);
  expect(line).toMatchObject({ target: '', outcome: 'bad_request' });
  await wire.close();
});

test('a client that speaks TLS is recorded, and hears nothing', async () => {
  const wire = await connectTo(sluice);
  await wire.write('\x16\x03\x01\x02\x00\x01\x00\r\n\r\n');
  expect(await wire.readRest().catch(() => '')).toBe('');
  expect(await recorded((each) => each.outcome === 'tls_not_spoken')).toMatchObject({ target: '', method: '' });
});

const OK = 'HTTP/1.1 200 OK\r\n';
const MALFORMED: readonly [target: string, response: string, outcome: string, detail: string][] = [
  ['/m1', 'HTTP/9 hello\r\n\r\n', 'upstream_malformed', 'malformed status line, in the head of the response'],
  [
    '/m2',
    `${OK}x: ${'y'.repeat(1100)}\r\n\r\n`,
    'upstream_header_too_large',
    'header too large, above limits.headerBytes 1024, in the head of the response',
  ],
  [
    '/m3',
    `${OK}${'x: y\r\n'.repeat(6)}\r\n`,
    'upstream_header_too_large',
    'too many fields, above limits.headerCount 5, in the head of the response',
  ],
  ['/m4', 'HTTP/1.1 101 Switching\r\n\r\n', 'upstream_malformed', 'switch of protocols that nobody asked for, in an interim response'],
  [
    '/m5',
    `${OK}content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n`,
    'upstream_malformed',
    'content-length with transfer-encoding, in the head of the response',
  ],
  [
    '/m6',
    `${OK}transfer-encoding: chunked\r\n\r\nx\r\n`,
    'upstream_malformed',
    'malformed chunk size, in the body of the response, after 0 bytes of data',
  ],
];

test.each(MALFORMED)('a response that cannot be passed on says why: %s', async (target, reply, outcome, detail) => {
  response = reply;
  const got = await ask(sluice, get(target));
  expect([got.status, got.field('x-sluice-outcome')]).toEqual([502, outcome]);
  expect(got.body).not.toContain('limits');
  expect(await recorded((each) => each.target === target)).toMatchObject({ status: 502, outcome, detail });
});

test('the log names the reason and the place, and not more than once a second', async () => {
  response = 'HTTP/9\r\n\r\n';
  const lines = () => sluice.logs.filter(({ msg }) => msg === 'malformed response');
  const since = performance.now();
  for (let count = 0; count < 20; count++) await ask(sluice, get('/many'));
  await sluice.turn();
  const seconds = (performance.now() - since) / 1000;
  expect(lines().length).toBeLessThanOrEqual(MALFORMED.length + Math.ceil(seconds) + 1);
  await eventually('a line', async () => {
    await ask(sluice, get('/many'));
    return lines().some(
      ({ fields }) => fields['pool'] === 'shop' && fields['reason'] === 'malformed status line, in the head of the response',
    );
  });
  expect(lines().at(-1)!.fields).toMatchObject({
    pool: 'shop',
    version: 'v1',
    endpoint: expect.stringMatching(/^127\.0\.0\.1:\d+$/) as string,
  });
});
