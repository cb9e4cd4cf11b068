// What a strict proxy refuses: a definite response, the connection closed, and not one byte reaches an upstream.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask, connectTo, get } from './scaffold/client.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';
import { responding, ok, startUpstream } from './scaffold/upstream.ts';
import type { Upstream } from './scaffold/upstream.ts';

let upstream: Upstream;
let sluice: Sluice;

beforeAll(async () => {
  upstream = await startUpstream(responding(() => ok()));
  sluice = await startSluice(configFor(upstream));
});
afterAll(closeAll);

const H = 'Host: a.example';
const lines = (...all: readonly string[]): string => `${all.join('\r\n')}\r\n\r\n`;
const field = (...fields: readonly string[]): string => lines('POST / HTTP/1.1', H, ...fields);
const line = (text: string): string => lines(text, H);
const host = (value: string): string => lines('GET / HTTP/1.1', `Host: ${value}`);
const chunked = (body: string): string => field('Transfer-Encoding: chunked') + body;
const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: a.example\r\n\r\n';

type Row = readonly [what: string, text: string, status: number];

const framing: readonly Row[] = [
  ['length and coding', `${field('Content-Length: 5', 'Transfer-Encoding: chunked')}0\r\n\r\n${SMUGGLED}`, 400],
  ['coding and length', `${field('Transfer-Encoding: chunked', 'Content-Length: 5')}0\r\n\r\n${SMUGGLED}`, 400],
  ['coding and length 0', `${field('Transfer-Encoding: chunked', 'Content-Length: 0')}0\r\n\r\n`, 400],
  ['length twice, equal', `${field('Content-Length: 5', 'Content-Length: 5')}hello`, 400],
  ['length twice, different', `${field('Content-Length: 5', 'content-length: 6')}hello!`, 400],
  ['length in a list', `${field('Content-Length: 5, 5')}hello`, 400],
  ['length empty', field('Content-Length:'), 400],
  ['length with plus', `${field('Content-Length: +5')}hello`, 400],
  ['length negative', field('Content-Length: -5'), 400],
  ['length hexadecimal', field('Content-Length: 0x5'), 400],
  ['length padded', `${field('Content-Length: 005')}hello`, 400],
  ['length with inner space', field('Content-Length: 5 5'), 400],
  ['length beyond 2^53', field('Content-Length: 9007199254740993'), 400],
  ['length beyond 2^64', field('Content-Length: 18446744073709551621'), 400],
  ['length with NUL', field('Content-Length: 5\0'), 400],
  ['length name with space', field('Content-Length : 5'), 400],
  ['coding gzip', field('Transfer-Encoding: gzip'), 501],
  ['coding gzip, chunked', field('Transfer-Encoding: gzip, chunked'), 501],
  ['coding identity', field('Transfer-Encoding: identity'), 501],
  ['coding chunked, identity', field('Transfer-Encoding: chunked, identity'), 400],
  ['coding xchunked', field('Transfer-Encoding: xchunked'), 501],
  ['coding twice', field('Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'), 400],
  ['coding in quotes', field('Transfer-Encoding: "chunked"'), 400],
  ['coding with vertical tab', field('Transfer-Encoding: \x0bchunked'), 400],
  ['coding with trailing tab', field('Transfer-Encoding: chunked\t'), 400],
  ['coding empty', field('Transfer-Encoding:'), 400],
  ['coding folded', field('Transfer-Encoding:', ' chunked'), 400],
  ['coding after bare LF', field('X: y\nTransfer-Encoding: chunked'), 400],
  ['coding in HTTP/1.0', lines('POST / HTTP/1.0', H, 'Transfer-Encoding: chunked'), 400],
];

const chunks: readonly Row[] = [
  ['size empty', chunked('\r\nhello\r\n0\r\n\r\n'), 400],
  ['size with plus', chunked('+5\r\nhello\r\n0\r\n\r\n'), 400],
  ['size negative', chunked('-5\r\nhello\r\n0\r\n\r\n'), 400],
  ['size with prefix', chunked('0x5\r\nhello\r\n0\r\n\r\n'), 400],
  ['size with leading space', chunked(' 5\r\nhello\r\n0\r\n\r\n'), 400],
  ['size with trailing space', chunked('5 \r\nhello\r\n0\r\n\r\n'), 400],
  ['size with underscore', chunked('1_0\r\nhello\r\n0\r\n\r\n'), 400],
  ['size too long', chunked('00000000000000005\r\nhello\r\n0\r\n\r\n'), 400],
  ['size that overflows', chunked('ffffffffffffffff1\r\nhello\r\n0\r\n\r\n'), 400],
  ['size not hexadecimal', chunked('g\r\nhello\r\n0\r\n\r\n'), 400],
  ['bare LF after the size', chunked('5\nhello\r\n0\r\n\r\n'), 400],
  ['bare CR after the size', chunked('5\rhello\r\n0\r\n\r\n'), 400],
  ['bare LF after the chunk', chunked('5\r\nhello\n0\r\n\r\n'), 400],
  ['no CRLF after the chunk', chunked('5\r\nhello0\r\n\r\n'), 400],
  ['chunk longer than its size', chunked('4\r\nhello\r\n0\r\n\r\n'), 400],
  ['extension with LF', chunked('5;a\nb\r\nhello\r\n0\r\n\r\n'), 400],
  ['extension with CR', chunked('5;a\rb\r\nhello\r\n0\r\n\r\n'), 400],
  ['extension too long', chunked(`5;${'a'.repeat(300)}\r\nhello\r\n0\r\n\r\n`), 400],
  ['extension malformed', chunked('5;;\r\nhello\r\n0\r\n\r\n'), 400],
  ['bare LF at the end', chunked('5\r\nhello\r\n0\n\n'), 400],
  ['trailer content-length', chunked('0\r\nContent-Length: 5\r\n\r\n'), 400],
  ['trailer transfer-encoding', chunked('0\r\nTransfer-Encoding: chunked\r\n\r\n'), 400],
  ['trailer host', chunked('0\r\nHost: b\r\n\r\n'), 400],
  ['trailer authorization', chunked('0\r\nAuthorization: x\r\n\r\n'), 400],
  ['trailer x-forwarded-for', chunked('0\r\nX-Forwarded-For: x\r\n\r\n'), 400],
  ['trailer without colon', chunked('0\r\nGET / HTTP/1.1\r\n\r\n'), 400],
  ['trailers too large', chunked(`0\r\n${`a: ${'b'.repeat(1000)}\r\n`.repeat(20)}\r\n`), 431],
  ['too many trailers', chunked(`0\r\n${'a: b\r\n'.repeat(70)}\r\n`), 431],
];

const requestLines: readonly Row[] = [
  ['bare LF', 'GET / HTTP/1.1\nHost: a.example\n\n', 400],
  ['bare CR', 'GET / HTTP/1.1\rHost: a.example\r\n\r\n', 400],
  ['two spaces', line('GET  / HTTP/1.1'), 400],
  ['trailing space', line('GET / HTTP/1.1 '), 400],
  ['leading space', line(' GET / HTTP/1.1'), 400],
  ['tabs', line('GET\t/\tHTTP/1.1'), 400],
  ['space in the target', line('GET /a b HTTP/1.1'), 400],
  ['no version', line('GET /'), 400],
  ['no target', line('GET HTTP/1.1'), 400],
  ['method in brackets', line('[GET] / HTTP/1.1'), 400],
  ['NUL', line('GET /\0 HTTP/1.1'), 400],
  ['DEL', line('GET /\x7f HTTP/1.1'), 400],
  ['byte beyond ASCII', line('GET /\xe9 HTTP/1.1'), 400],
  ['fragment', line('GET /a#b HTTP/1.1'), 400],
  ['relative target', line('GET a HTTP/1.1'), 400],
  ['asterisk with GET', line('GET * HTTP/1.1'), 400],
  ['authority form', line('GET a.example:80 HTTP/1.1'), 400],
  ['CONNECT', line('CONNECT a.example:443 HTTP/1.1'), 501],
  ['a very long method', line(`${'A'.repeat(40)} / HTTP/1.1`), 501],
  ['HTTP/0.9', line('GET / HTTP/0.9'), 505],
  ['HTTP/2.0', line('GET / HTTP/2.0'), 505],
  ['HTTP/1.2', line('GET / HTTP/1.2'), 505],
  ['HTTP/1.10', line('GET / HTTP/1.10'), 400],
  ['lower case version', line('GET / http/1.1'), 400],
  ['many empty lines', `\r\n\r\n\r\n\r\n${get('/')}`, 400],
];

const hosts: readonly Row[] = [
  ['host missing', lines('GET / HTTP/1.1'), 400],
  ['host twice', lines('GET / HTTP/1.1', H, H), 400],
  ['host twice, different', lines('GET / HTTP/1.1', H, 'host: b.example'), 400],
  ['host empty', host(''), 400],
  ['host with path', host('a/b'), 400],
  ['host with userinfo', host('u@a'), 400],
  ['host with space', host('a b'), 400],
  ['host in a list', host('a,b'), 400],
  ['host with bad port', host('a:99999'), 400],
  ['host with two colons', host('a::'), 400],
  ['host with bad IPv6', host('[1::2::3]'), 400],
  ['host with percent', host('a%2eb'), 400],
  ['host with backslash', host('a\\b'), 400],
  ['absolute form without a name', line('GET http://:/ HTTP/1.1'), 400],
  ['method PRI', line('PRI / HTTP/1.1'), 400],
  ['absolute form without host', lines('GET http://a.example/ HTTP/1.1'), 400],
  ['absolute form with userinfo', line('GET http://u@a.example/ HTTP/1.1'), 400],
  ['absolute form of another scheme', line('GET ftp://a.example/ HTTP/1.1'), 400],
];

const fields: readonly Row[] = [
  ['space before colon', field('X : y'), 400],
  ['tab before colon', field('X\t: y'), 400],
  ['folded', field('X: y', ' z'), 400],
  ['folded first line', lines('GET / HTTP/1.1', ` ${H}`), 400],
  ['NUL in a value', field('X: a\0b'), 400],
  ['bare CR in a value', field('X: a\rb'), 400],
  ['bare LF in a value', field('X: a\nb'), 400],
  ['CR CR LF', field('X: a\r'), 400],
  ['CR where the empty line should be', `GET / HTTP/1.1\r\n${H}\r\n\rX`, 400],
  ['empty name', field(': y'), 400],
  ['no colon', field('X'), 400],
  ['bad name', field('X(y): z'), 400],
  ['name beyond ASCII', field('X\xe9: z'), 400],
  ['expectation unknown', field('Expect: 200-ok'), 417],
  ['connection malformed', field('Connection: close, a b'), 400],
  ['connection of many options', field(`Connection: ${'a,'.repeat(40)}`), 400],
  ['too many fields', field(...Array<string>(100).fill('a: b')), 431],
  ['too large a field', field(`a: ${'b'.repeat(20_000)}`), 431],
  ['too long a target', line(`GET /${'a'.repeat(9_000)} HTTP/1.1`), 414],
];

const paths: readonly Row[] = ['/a/../b', '/%2e%2e/a', '/./a', '/a/%2E/b'].map((path): Row => [`path ${path}`, get(path), 400]);

test.each([...framing, ...chunks, ...requestLines, ...hosts, ...fields, ...paths])('%s', async (_what, text, status) => {
  const bytes = upstream.bytes;
  const before = await sluice.metric('sluice_refused_total');
  const wire = await connectTo(sluice);
  await wire.write(text);
  const response = await wire.readMessage();
  expect(response.status).toBe(status);
  expect(response.field('x-sluice-outcome')).toBeDefined();
  expect(response.field('connection')).toBe('close');
  expect(await wire.readRest(), 'nothing after it').toBe('');
  wire.destroy();
  expect(upstream.bytes, 'bytes that reached the upstream').toBe(bytes);
  expect(await sluice.metric('sluice_refused_total')).toBe(before + 1);
});

test.each(framing)('%s, in two pieces', async (_what, text) => {
  const bytes = upstream.bytes;
  const wire = await connectTo(sluice);
  const middle = Math.floor(text.length / 2);
  await wire.write(text.slice(0, middle));
  await sluice.turn();
  await wire.write(text.slice(middle)).catch(() => undefined);
  expect((await wire.readMessage()).status).toBeGreaterThanOrEqual(400);
  expect(await wire.readRest()).toBe('');
  wire.destroy();
  expect(upstream.bytes).toBe(bytes);
});

test('__proto__ and its kin are names like any other', async () => {
  const response = await ask(sluice, get('/', '__proto__: x', 'constructor: y', 'toString: z'));
  expect(response.status).toBe(200);
});

test('serves on, with nothing in flight and no fault of its own', async () => {
  expect((await ask(sluice, get('/'))).status).toBe(200);
  await sluice.untilQuiet();
  expect(await sluice.metric('sluice_internal_errors_total')).toBe(0);
});
