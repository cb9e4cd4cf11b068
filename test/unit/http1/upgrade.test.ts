// Which changes of protocol are passed on, and what a 101 has to say.

import { expect, test } from 'vitest';
import { readRequestHead } from '../../../src/http1/read-request-head.ts';
import { readResponseHead } from '../../../src/http1/read-response-head.ts';
import { RequestHead } from '../../../src/http1/request-head.ts';
import { ResponseHead } from '../../../src/http1/response-head.ts';
import { acceptOf, judgeSwitch } from '../../../src/http1/upgrade.ts';
import { writeRequestHead } from '../../../src/http1/write-request.ts';
import { OutgoingRequest } from '../../../src/http/request.ts';

const LIMITS = { headerBytes: 16_384, headerCount: 100, requestLineBytes: 8192 };
// Those of RFC 6455, section 1.3.
const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const ACCEPT = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=';
const WEBSOCKET = ['connection: keep-alive, Upgrade', 'upgrade: WebSocket', `sec-websocket-key: ${KEY}`, 'sec-websocket-version: 13'];

function ask(line: string, ...fields: string[]): RequestHead {
  const head = new RequestHead();
  const text = [line, 'host: a.example', ...fields, '', ''].join('\r\n');
  expect(readRequestHead(text, 0, head, LIMITS)).toBe(text.length);
  return head;
}

function respond(...fields: string[]): ResponseHead {
  const head = new ResponseHead();
  const text = ['HTTP/1.1 101 Switching Protocols', ...fields, '', ''].join('\r\n');
  expect(readResponseHead(text, 0, head, LIMITS, 'GET')).toBe(text.length);
  return head;
}

test('the key and its answer are those of the RFC', () => {
  expect(acceptOf(KEY)).toBe(ACCEPT);
});

test.each([
  ['GET / HTTP/1.1', WEBSOCKET, 'websocket'],
  ['GET / HTTP/1.1', ['connection: upgrade', 'upgrade: Foo/2, bar'], 'foo/2, bar'],
  ['GET / HTTP/1.1', ['connection: upgrade', 'upgrade: foo', 'upgrade: bar'], 'foo, bar'],
  ['GET / HTTP/1.1', ['connection: upgrade', 'upgrade: h2c, foo, TLS/1.0, HTTP/2.0'], 'foo'],
  ['POST / HTTP/1.1', ['connection: upgrade', 'upgrade: foo', 'content-length: 0'], 'foo'],
  // One like any other.
  ['GET / HTTP/1.1', ['upgrade: websocket', ...WEBSOCKET.slice(2)], ''],
  ['GET / HTTP/1.1', WEBSOCKET.slice(0, 1), ''],
  ['GET / HTTP/1.0', WEBSOCKET, ''],
  ['POST / HTTP/1.1', WEBSOCKET, ''],
  ['GET / HTTP/1.1', [...WEBSOCKET, 'content-length: 3'], ''],
  ['GET / HTTP/1.1', [...WEBSOCKET, 'expect: 100-continue'], ''],
  ['GET / HTTP/1.1', WEBSOCKET.slice(0, 3), ''],
  ['GET / HTTP/1.1', [...WEBSOCKET, 'sec-websocket-version: 13'], ''],
  ['GET / HTTP/1.1', [...WEBSOCKET, `sec-websocket-key: ${KEY}`], ''],
  ['GET / HTTP/1.1', WEBSOCKET.map((line) => line.replace('13', '8')), ''],
  ['GET / HTTP/1.1', WEBSOCKET.map((line) => line.replace('==', '')), ''],
  ['GET / HTTP/1.1', ['connection: upgrade, http2-settings', 'upgrade: h2c', 'http2-settings: AAMAAABkAAQAoAAAAAIAAAAA'], ''],
  ['GET / HTTP/1.1', ['connection: upgrade', 'upgrade: f o'], ''],
  ['GET / HTTP/1.1', ['connection: upgrade', 'upgrade: a,b,c,d,e'], ''],
] as const)('%s with %j asks for %j', (line, fields, upgrade) => {
  const head = ask(line, ...fields);
  expect(head.upgrade).toBe(upgrade);
  expect(head.block).not.toMatch(/^(upgrade|connection|http2-settings):/im);
});

test('what is asked for is written for the next connection', () => {
  const request = Object.assign(new OutgoingRequest(), {
    method: 'GET',
    target: '/',
    block: 'x: y\r\n',
    upgrade: 'websocket',
    acceptsTrailers: true,
  });
  expect(writeRequestHead(request, 'a')).toBe('GET / HTTP/1.1\r\nhost: a\r\nx: y\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n');
});

test.each([
  [['connection: upgrade', 'upgrade: WebSocket', `Sec-WebSocket-Accept: ${ACCEPT}`], ''],
  [['connection: upgrade', 'upgrade: websocket', 'sec-websocket-accept: AAAA'], 'sec-websocket-accept does not fit the key of the request'],
  [['connection: upgrade', 'upgrade: websocket'], 'sec-websocket-accept does not fit the key of the request'],
  [['connection: upgrade', 'upgrade: foo'], 'switch to a protocol that nobody asked for'],
  [['connection: upgrade', 'upgrade: websocket, foo'], 'switch to a protocol that nobody asked for'],
  [['connection: upgrade'], 'switch of protocols that names none'],
  [['upgrade: websocket', `sec-websocket-accept: ${ACCEPT}`], 'switch of protocols that names none'],
] as const)('a 101 with %j is judged %j', (fields, refusal) => {
  expect(judgeSwitch(ask('GET / HTTP/1.1', ...WEBSOCKET), respond(...fields))).toBe(refusal);
  expect(judgeSwitch(ask('GET / HTTP/1.1'), respond(...fields))).toBe('switch of protocols that nobody asked for');
});
