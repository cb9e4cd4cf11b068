// Hostile and broken responses: 502 before a byte of them went out, the upstream connection destroyed, the next request served.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectTo, get } from './scaffold/client.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';
import { ok, scripted, startUpstream } from './scaffold/upstream.ts';
import type { Upstream } from './scaffold/upstream.ts';

let upstream: Upstream;
let sluice: Sluice;
let bad = '';

beforeAll(async () => {
  upstream = await startUpstream(
    scripted(() => async (wire) => {
      const request = await wire.readMessage();
      await wire.write(request.line.includes('/bad') ? bad : ok('well'));
    }),
  );
  sluice = await startSluice(configFor({ endpoints: [upstream.address], pool: { limits: { headerBytes: '4KiB', headerCount: 20 } } }));
});
afterAll(closeAll);

const head = (...lines: string[]): string => `${lines.join('\r\n')}\r\n\r\n`;
const OK = 'HTTP/1.1 200 OK';

const responses: readonly (readonly [string, string])[] = [
  ['no status line', 'hello\r\n\r\n'],
  ['HTTP/0.9', '<html>'],
  ['HTTP/2.0', head('HTTP/2.0 200 OK')],
  ['HTTP/1.2', head('HTTP/1.2 200 OK')],
  ['lower case http', head('http/1.1 200 OK')],
  ['no status', head('HTTP/1.1 OK')],
  ['status of two digits', head('HTTP/1.1 20 OK')],
  ['status of four digits', head('HTTP/1.1 2000 OK')],
  ['status 099', head('HTTP/1.1 099 OK')],
  ['status 600', head('HTTP/1.1 600 OK')],
  ['status 999', head('HTTP/1.1 999 OK')],
  ['status with sign', head('HTTP/1.1 +20 OK')],
  ['two spaces', head('HTTP/1.1  200 OK')],
  ['an empty line first', `\r\n${head(OK, 'content-length: 0')}`],
  ['NUL in the reason', head('HTTP/1.1 200 O\0K', 'content-length: 0')],
  ['bare LF', 'HTTP/1.1 200 OK\ncontent-length: 0\n\n'],
  ['bare CR', 'HTTP/1.1 200 OK\rcontent-length: 0\r\n\r\n'],
  ['field without colon', head(OK, 'content-length 0')],
  ['space in a field name', head(OK, 'content length : 0')],
  ['folded field', head(OK, 'a: b', ' c', 'content-length: 0')],
  ['folded first field', head(OK, ' a: b', 'content-length: 0')],
  ['empty name', head(OK, ': b', 'content-length: 0')],
  ['NUL in a value', head(OK, 'a: b\0', 'content-length: 0')],
  ['CR in a value', head(OK, 'a: b\rset-cookie: c', 'content-length: 0')],
  ['control byte in a value', head(OK, 'a: \x01', 'content-length: 0')],
  ['both framings', `${head(OK, 'content-length: 5', 'transfer-encoding: chunked')}0\r\n\r\n`],
  ['lengths that differ', head(OK, 'content-length: 5', 'content-length: 6')],
  ['length twice', head(OK, 'content-length: 0', 'content-length: 0')],
  ['length in a list', head(OK, 'content-length: 5, 5')],
  ['length with sign', head(OK, 'content-length: +5')],
  ['length negative', head(OK, 'content-length: -1')],
  ['length empty', head(OK, 'content-length:')],
  ['length hexadecimal', head(OK, 'content-length: 0x5')],
  ['length of 2^64', head(OK, 'content-length: 18446744073709551616')],
  ['coding gzip', head(OK, 'transfer-encoding: gzip')],
  ['coding gzip, chunked', head(OK, 'transfer-encoding: gzip, chunked')],
  ['coding chunked twice', head(OK, 'transfer-encoding: chunked', 'transfer-encoding: chunked')],
  ['coding identity', head(OK, 'transfer-encoding: identity')],
  ['coding in HTTP/1.0', `${head('HTTP/1.0 200 OK', 'transfer-encoding: chunked')}0\r\n\r\n`],
  ['chunk size with sign', `${head(OK, 'transfer-encoding: chunked')}+5\r\nhello\r\n0\r\n\r\n`],
  ['chunk size with prefix', `${head(OK, 'transfer-encoding: chunked')}0x5\r\nhello\r\n0\r\n\r\n`],
  ['chunk size with space inside', `${head(OK, 'transfer-encoding: chunked')}5 5\r\nhello\r\n0\r\n\r\n`],
  ['chunk size too long', `${head(OK, 'transfer-encoding: chunked')}fffffffffffffffff\r\nhello\r\n0\r\n\r\n`],
  ['chunk with bare LF', `${head(OK, 'transfer-encoding: chunked')}5\nhello\r\n0\r\n\r\n`],
  ['chunk extension too long', `${head(OK, 'transfer-encoding: chunked')}5;${'a'.repeat(300)}\r\nhello\r\n0\r\n\r\n`],
  ['malformed connection', head(OK, 'connection: a b', 'content-length: 0')],
  ['101 not asked for', head('HTTP/1.1 101 Switching Protocols', 'upgrade: websocket', 'connection: upgrade')],
  ['100 with a length', head('HTTP/1.1 100 Continue', 'content-length: 5') + ok()],
  ['17 interim responses', 'HTTP/1.1 102 Processing\r\n\r\n'.repeat(17) + ok()],
  ['1,000 interim responses', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(1000) + ok()],
  ['head too large', head(OK, `a: ${'x'.repeat(4096)}`, 'content-length: 0')],
  ['head too large and never ending', `${OK}\r\na: ${'x'.repeat(8192)}`],
  ['head too large, in many lines', `${OK}\r\n${`a: ${'x'.repeat(1000)}\r\n`.repeat(5)}`],
  ['too many fields', head(OK, ...Array<string>(21).fill('a: b'), 'content-length: 0')],
  ['a status line that never ends', `HTTP/1.1 200 ${'x'.repeat(5000)}`],
];

test.each(responses)('%s', async (what, text) => {
  const outcome = /^(head too large|too many|a status line that)/.test(what) ? 'upstream_header_too_large' : 'upstream_malformed';
  bad = text;
  const before = await sluice.metric('sluice_attempts_total', { outcome });
  const wire = await connectTo(sluice);
  await wire.write(get('/bad', 'TE: trailers'));
  let response = await wire.readMessage();
  while (response.status < 200) response = await wire.readMessage();
  expect([response.status, response.field('x-sluice-outcome')]).toEqual([502, outcome]);
  await upstream.wires.at(-1)!.closed;
  await wire.write(get('/well'));
  expect((await wire.readMessage()).body).toBe('well');
  wire.destroy();
  expect(await sluice.metric('sluice_attempts_total', { outcome })).toBe(before + 1);
});

test('leaves nothing in flight', async () => {
  await sluice.untilQuiet(1);
  expect(await sluice.metric('sluice_internal_errors_total')).toBe(0);
});
