import { expect, test } from 'vitest';
import { BODY_CHUNKED, BODY_LENGTH, BODY_NONE, BODY_UNTIL_CLOSE } from '../../../src/http/body-kind.ts';
import { readResponseHead } from '../../../src/http1/read-response-head.ts';
import { ResponseHead } from '../../../src/http1/response-head.ts';
import { LIMITS, lines, parseResponse, verdict } from './heads.ts';

const OK = 'HTTP/1.1 200 OK';

const everything = lines(
  'HTTP/1.1 200 Fine, caf\xe9',
  'Date: x',
  'Connection: keep-alive, x-hop, Set-Cookie',
  'Keep-Alive: timeout=5',
  'X-Hop: 1',
  'Set-Cookie: a=b',
  'Set-Cookie: c=d',
  'Transfer-Encoding: chunked',
  'Via: 1.1 one',
  'Host: odd',
);

test('sorts every kind of field', () => {
  const { head, end } = parseResponse(everything);
  expect(end).toBe(everything.length);
  expect({ ...head }).toEqual({
    status: 200,
    reason: 'Fine, caf\xe9',
    minor: 1,
    block: 'Date: x\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\nVia: 1.1 one\r\nHost: odd\r\n',
    isEmpty: false,
    dated: true,
    body: BODY_CHUNKED,
    contentLength: -1,
    keepAlive: true,
    upgrade: '',
    refusal: '',
  });
});

test('gives the same result wherever the bytes were split, and asks for more until then', () => {
  const whole = parseResponse(everything).head;
  const head = new ResponseHead();
  for (let length = 0; length < everything.length; length++) {
    expect(readResponseHead(everything.slice(0, length), 0, head, LIMITS, 'GET')).toBe(0);
    expect(readResponseHead(everything, 0, head, LIMITS, 'GET')).toBe(everything.length);
    expect(head).toEqual(whole);
  }
});

test.each([' ', '\t', ' \t '])('takes blanks before a colon off: %j', (blank) => {
  const text = lines('HTTP/1.1 200 OK', `Content-Length${blank}: 5`, `X-A${blank}: b : c`, `x-sluice-outcome${blank}: ok`) + 'hello';
  const { head, end } = parseResponse(text);
  expect(end).toBe(text.length - 5);
  expect(head).toMatchObject({ block: 'Content-Length: 5\r\nX-A: b : c\r\n', contentLength: 5, dated: false });
});

test('takes an interim response and the final one from the same bytes', () => {
  const interim = lines('HTTP/1.1 103 Early Hints', 'Link: </a>');
  const text = interim + lines('HTTP/1.0 404');
  const head = new ResponseHead();
  expect(readResponseHead(text, 0, head, LIMITS, 'GET')).toBe(interim.length);
  expect(head).toMatchObject({ status: 103, block: 'Link: </a>\r\n', body: BODY_NONE });
  expect(readResponseHead(text, interim.length, head, LIMITS, 'GET')).toBe(text.length);
  expect(head).toMatchObject({ status: 404, reason: '', minor: 0, block: '', body: BODY_UNTIL_CLOSE, keepAlive: false });
});

const LENGTH = 'Content-Length: 5';
const CHUNKED = 'Transfer-Encoding: chunked';

test.each([
  ['GET', OK, [LENGTH], BODY_LENGTH, 5, true],
  ['GET', OK, ['Content-Length: 0'], BODY_NONE, 0, true],
  ['GET', OK, [CHUNKED], BODY_CHUNKED, -1, true],
  ['GET', OK, [CHUNKED, 'Connection: close'], BODY_CHUNKED, -1, false],
  ['GET', OK, [], BODY_UNTIL_CLOSE, -1, false],
  ['GET', 'HTTP/1.0 200 OK', [LENGTH], BODY_LENGTH, 5, false],
  ['GET', 'HTTP/1.0 200 OK', [LENGTH, 'Connection: keep-alive'], BODY_LENGTH, 5, true],
  ['HEAD', OK, [LENGTH], BODY_NONE, 5, true],
  ['HEAD', OK, [CHUNKED], BODY_NONE, -1, true],
  ['HEAD', OK, [], BODY_NONE, -1, true],
  ['GET', 'HTTP/1.1 304 Not Modified', [LENGTH], BODY_NONE, 5, true],
  ['GET', 'HTTP/1.1 204 No Content', [], BODY_NONE, -1, true],
  ['GET', 'HTTP/1.1 204 No Content', ['Content-Length: 0'], BODY_NONE, -1, true],
  ['GET', 'HTTP/1.1 204 No Content', [LENGTH], BODY_NONE, -1, false],
  ['GET', 'HTTP/1.1 204 No Content', [CHUNKED], BODY_NONE, -1, false],
  ['GET', 'HTTP/1.1 100 Continue', ['Content-Length: 0'], BODY_NONE, -1, true],
])('%s with the response %s and %j has body %s of %s bytes, kept alive: %s', (method, status, fields, body, contentLength, keepAlive) => {
  expect(parseResponse(lines(status, ...fields), method).head).toMatchObject({ body, contentLength, keepAlive, refusal: '' });
});

test('keeps content-length in the block, save where it must not stand', () => {
  expect(parseResponse(lines(OK, LENGTH)).head.block).toBe(`${LENGTH}\r\n`);
  expect(parseResponse(lines('HTTP/1.1 304 Not Modified', LENGTH)).head.block).toBe(`${LENGTH}\r\n`);
  expect(parseResponse(lines('HTTP/1.1 204 No Content', 'A: b', LENGTH)).head.block).toBe('A: b\r\n');
});

test('drops an upgrade', () => {
  const { head } = parseResponse(
    lines('HTTP/1.1 101 Switching Protocols', 'Connection: upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Accept: x'),
  );
  expect(head).toMatchObject({ status: 101, body: BODY_NONE, block: 'Sec-WebSocket-Accept: x\r\n' });
});

test.each([
  ['HTTP/2.0', 'HTTP/2.0 200 OK', 'malformed status line'],
  ['HTTP/0.9', 'HTTP/0.9 200 OK', 'malformed status line'],
  ['HTTP/1.2', 'HTTP/1.2 200 OK', 'malformed status line'],
  ['lower case', 'http/1.1 200 OK', 'malformed status line'],
  ['status 000', 'HTTP/1.1 000 OK', 'malformed status line'],
  ['status 099', 'HTTP/1.1 099 OK', 'malformed status line'],
  ['status 600', 'HTTP/1.1 600 OK', 'malformed status line'],
  ['status 999', 'HTTP/1.1 999 OK', 'malformed status line'],
  ['two digits', 'HTTP/1.1 20 OK', 'malformed status line'],
  ['four digits', 'HTTP/1.1 2000 OK', 'malformed status line'],
  ['two spaces', 'HTTP/1.1  200 OK', 'malformed status line'],
  ['no status', 'HTTP/1.1 OK', 'malformed status line'],
  ['a request', 'GET / HTTP/1.1', 'malformed status line'],
  ['garbage', '\0\x01\x02', 'malformed status line'],
  ['an empty line first', `\r\n${OK}`, 'malformed status line'],
  ['control byte in the reason', 'HTTP/1.1 200 O\x01K', 'malformed status line'],
  ['bare LF after the line', `${OK}\nA: b`, 'malformed status line'],
  ['both framing fields', `${OK}\r\n${LENGTH}\r\n${CHUNKED}`, 'content-length with transfer-encoding'],
  ['length repeated', `${OK}\r\n${LENGTH}\r\n${LENGTH}`, 'repeated content-length'],
  ['length as a list', `${OK}\r\nContent-Length: 5, 5`, 'malformed content-length'],
  ['length with sign', `${OK}\r\nContent-Length: -1`, 'malformed content-length'],
  ['length overflow', `${OK}\r\nContent-Length: 99999999999999999999`, 'malformed content-length'],
  ['malformed length with 304', `HTTP/1.1 304 Not Modified\r\nContent-Length: x`, 'malformed content-length'],
  ['coding in 1.0', `HTTP/1.0 200 OK\r\n${CHUNKED}`, 'transfer-encoding in HTTP/1.0'],
  ['coding gzip', `${OK}\r\nTransfer-Encoding: gzip, chunked`, 'unknown transfer coding'],
  ['coding twice', `${OK}\r\n${CHUNKED}\r\n${CHUNKED}`, 'malformed transfer-encoding'],
  ['coding malformed for HEAD', `${OK}\r\nTransfer-Encoding: chunked;`, 'malformed transfer-encoding'],
  ['interim with length', `HTTP/1.1 103 Early Hints\r\n${LENGTH}`, 'interim response with a body'],
  ['interim with coding', `HTTP/1.1 101 Switching\r\n${CHUNKED}`, 'interim response with a body'],
  ['folded field', `${OK}\r\nA: b\r\n c`, 'folded field line'],
  ['space in a name', `${OK}\r\nA b : c`, 'space before colon'],
  ['space before colon, and a length', `${OK}\r\nContent-Length : 1\r\n${LENGTH}`, 'repeated content-length'],
  ['space before colon, and a fold', `${OK}\r\nA : b\r\n c: d`, 'folded field line'],
  ['NUL in value', `${OK}\r\nA: \0`, 'NUL in field value'],
  ['bare LF', `${OK}\r\nA: b\nC: d`, 'bare LF'],
  ['empty name', `${OK}\r\n: b`, 'empty field name'],
  ['malformed connection', `${OK}\r\nConnection: a b`, 'malformed connection'],
])('refuses %s, however it arrives', (_what, text, reason) => {
  const whole = `${text}\r\n\r\n`;
  expect(verdict(parseResponse(whole))).toBe(`upstream_malformed: ${reason}`);
  const head = new ResponseHead();
  for (let length = 0; length <= whole.length; length++) {
    expect(readResponseHead(whole.slice(0, length), 0, head, LIMITS, 'GET')).toBeLessThanOrEqual(0);
  }
});

test('bounds the head and the number of fields', () => {
  const small = { headerBytes: 100, headerCount: 2, requestLineBytes: 1 };
  const rest = 100 - lines(OK, 'A: ').length;
  expect(verdict(parseResponse(lines(OK, `A: ${'x'.repeat(rest)}`), 'GET', small))).toBe('accepted');
  expect(verdict(parseResponse(lines(OK, `A: ${'x'.repeat(rest + 1)}`), 'GET', small))).toBe('upstream_header_too_large: header too large');
  expect(verdict(parseResponse(`${OK}${'x'.repeat(100)}`, 'GET', small))).toBe('upstream_header_too_large: header too large');
  expect(verdict(parseResponse(`${OK}\r\nA: ${'x'.repeat(100)}`, 'GET', small))).toBe('upstream_header_too_large: header too large');
  expect(verdict(parseResponse(lines(OK, 'A: b', 'A: b', 'A: b'), 'GET', small))).toBe('upstream_header_too_large: too many fields');
});
