import { expect, test } from 'vitest';
import { BODY_CHUNKED, BODY_LENGTH, BODY_NONE } from '../../../src/http/body-kind.ts';
import { readRequestHead } from '../../../src/http1/read-request-head.ts';
import { RequestHead } from '../../../src/http1/request-head.ts';
import { LIMITS, lines, parseRequest, verdict } from './heads.ts';

const GET = 'GET / HTTP/1.1';
const HOST = 'Host: a.example';

const everything = lines(
  'POST /a/b?c=d?e HTTP/1.1',
  'Accept: */*',
  'HOST:a.example:8080',
  'Connection: Keep-Alive, TE , x-hop,, upgrade,Cookie, X-Forwarded-For',
  'X-Hop: 1',
  'X-Hop-Not: 1',
  'keep-alive: timeout=5',
  'Proxy-Connection: keep-alive',
  'TE: gzip;q=0.5, Trailers',
  'Upgrade: websocket',
  'Cookie: a=b',
  'x-forwarded-for: 192.0.2.1',
  'X-Forwarded-For: 192.0.2.2',
  'X-Forwarded-Proto: https',
  'X-Forwarded-Host: b.example',
  'Forwarded: for=192.0.2.1',
  'Via: 1.1 one',
  'Via:1.1 two',
  'X-Request-ID: \t r1 \t',
  'X_Forwarded_For: 192.0.2.3',
  'Transfer-Encoding: Chunked',
  'Expect: 100-Continue',
  '__proto__: x',
  'X-Text: caf\xe9\t\x80 ',
  'X-Empty:',
);

test('sorts every kind of field', () => {
  const { head, end } = parseRequest(everything);
  expect(end).toBe(everything.length);
  expect({ ...head }).toEqual({
    method: 'POST',
    target: '/a/b?c=d?e',
    path: '/a/b',
    query: 'c=d?e',
    minor: 1,
    scheme: 'http',
    authority: 'a.example:8080',
    block: 'Accept: */*\r\nX-Hop-Not: 1\r\nCookie: a=b\r\nExpect: 100-Continue\r\n__proto__: x\r\nX-Text: caf\xe9\t\x80 \r\nX-Empty:\r\n',
    body: BODY_CHUNKED,
    contentLength: -1,
    keepAlive: true,
    expectsContinue: true,
    acceptsTrailers: true,
    forwarded: 'for=192.0.2.1',
    cdnLoop: '',
    clientCert: '',
    maxForwards: -1,
    forwardedFor: '192.0.2.1, 192.0.2.2',
    forwardedProto: 'https',
    forwardedHost: 'b.example',
    forwardedOther: false,
    via: '1.1 one, 1.1 two',
    requestId: 'r1',
    upgrade: '',
    connects: false,
    refusal: '',
  });
});

test('gives the same result wherever the bytes were split, and asks for more until then', () => {
  const whole = parseRequest(everything).head;
  const head = new RequestHead();
  for (let length = 0; length < everything.length; length++) {
    expect(readRequestHead(everything.slice(0, length), 0, head, LIMITS)).toBe(0);
    expect(readRequestHead(everything, 0, head, LIMITS)).toBe(everything.length);
    expect(head).toEqual(whole);
  }
});

test('takes pipelined requests one by one and leaves nothing of the one before', () => {
  const first = everything;
  const second = lines('GET /second HTTP/1.0');
  const text = first + second + 'GET /thi';
  const head = new RequestHead();
  expect(readRequestHead(text, 0, head, LIMITS)).toBe(first.length);
  expect(readRequestHead(text, first.length, head, LIMITS)).toBe(first.length + second.length);
  expect(head).toEqual(Object.assign(new RequestHead(), { method: 'GET', target: '/second', path: '/second', minor: 0, keepAlive: false }));
  expect(readRequestHead(text, first.length + second.length, head, LIMITS)).toBe(0);
  expect(head).toEqual(new RequestHead());
});

test.each([
  ['a.example:443', 'HTTP/1.1', 'a.example'],
  ['A.example:00443', 'HTTP/1.1', 'a.example:443'],
  ['[2001:db8::1]:1', 'HTTP/1.1', 'other.example'],
  ['10.0.0.1:65535', 'HTTP/1.0', ''],
])('CONNECT %s %s names a place, and closes where it is refused', (target, version, host) => {
  const fields = host === '' ? [] : [`Host: ${host}`];
  const { head, end } = parseRequest(
    lines(`CONNECT ${target} ${version}`, ...fields, 'Upgrade: x', 'Connection: upgrade', 'A: 1', 'Content-Length: 0'),
  );
  expect(end).toBeGreaterThan(0);
  expect(head).toMatchObject({
    method: 'CONNECT',
    connects: true,
    authority: target,
    target,
    path: '',
    query: '',
    block: 'A: 1\r\nContent-Length: 0\r\n',
  });
  expect(head).toMatchObject({ opensTunnel: true, upgrade: '', keepAlive: false, body: BODY_NONE });
});

test('a refused request leaves nothing to the next one', () => {
  const head = new RequestHead();
  expect(readRequestHead(lines(GET), 0, head, LIMITS)).toBeLessThan(0);
  expect(head).toMatchObject({ refusal: 'missing host', keepAlive: false });
  readRequestHead(lines(GET, HOST), 0, head, LIMITS);
  expect(head).toMatchObject({ refusal: '', keepAlive: true });
});

test('an untouched run of lines is one slice, without the cut ones', () => {
  expect(parseRequest(lines(GET, HOST, 'A: 1', 'B: 2')).head.block).toBe('A: 1\r\nB: 2\r\n');
  expect(parseRequest(lines(GET, 'A: 1', HOST, 'B: 2', 'Via: x')).head.block).toBe('A: 1\r\nB: 2\r\n');
  expect(parseRequest(lines(GET, HOST)).head.block).toBe('');
});

test.each([
  ['/a', '/a', '/a', ''],
  ['/a?', '/a?', '/a', ''],
  ['//b.example/a', '//b.example/a', '//b.example/a', ''],
  ['/../a%2e\\b|"<>', '/../a%2e\\b|"<>', '/../a%2e\\b|"<>', ''],
  ['http://a.example', '/', '/', ''],
  ['HTTP://A.EXAMPLE:80/b?c', '/b?c', '/b', 'c'],
  ['http://a.example?c', '/?c', '/', 'c'],
])('forwards the target %s as %s', (written, target, path, query) => {
  expect(parseRequest(lines(`GET ${written} HTTP/1.1`, HOST)).head).toMatchObject({ target, path, query, refusal: '' });
});

test('an absolute-form target names the authority, and OPTIONS without path becomes *', () => {
  expect(parseRequest(lines('GET http://A.example:80/ HTTP/1.1', HOST)).head.authority).toBe('A.example:80');
  expect(parseRequest(lines('GET https://a.example:443/ HTTP/1.1', HOST)).head.authority).toBe('a.example:443');
  expect(parseRequest(lines('GET http://a.example/ HTTP/1.0')).head.authority).toBe('a.example');
  expect(parseRequest(lines('OPTIONS http://a.example HTTP/1.1', HOST)).head.target).toBe('*');
  expect(parseRequest(lines('OPTIONS * HTTP/1.1', HOST)).head).toMatchObject({ target: '*', path: '*', authority: 'a.example' });
});

test.each([
  'a',
  'a.example.',
  'a_b.example',
  '192.0.2.1',
  '192.0.2.1:80',
  'a:0',
  'a:65535',
  '[::1]',
  '[::1]:8080',
  '[2001:DB8::192.0.2.1]',
  'xn--a-b',
])('accepts the host %s', (host) => {
  expect(parseRequest(lines(GET, `Host: ${host}`)).head.authority).toBe(host);
});

test.each([
  ['HTTP/1.1', [], true],
  ['HTTP/1.1', ['Connection: close'], false],
  ['HTTP/1.1', ['Connection: keep-alive, CLOSE'], false],
  ['HTTP/1.1', ['Connection: close', 'Connection: keep-alive'], false],
  ['HTTP/1.1', ['Connection: x-close'], true],
  ['HTTP/1.1', ['Proxy-Connection: close'], true],
  ['HTTP/1.0', [], false],
  ['HTTP/1.0', ['Connection: keep-alive'], true],
  ['HTTP/1.0', ['Connection: Keep-Alive, close'], false],
])('%s with %j is kept alive: %s', (version, fields, keepAlive) => {
  expect(parseRequest(lines(`GET / ${version}`, HOST, ...fields)).head.keepAlive).toBe(keepAlive);
});

test.each([
  [[], BODY_NONE, -1],
  [['Content-Length: 0'], BODY_NONE, 0],
  [['Content-Length: 5'], BODY_LENGTH, 5],
  [['content-length:\t5 '], BODY_LENGTH, 5],
  [['Content-Length: 9007199254740991'], BODY_LENGTH, 9007199254740991],
  [['Transfer-Encoding: chunked'], BODY_CHUNKED, -1],
  [['TRANSFER-ENCODING:chunKed'], BODY_CHUNKED, -1],
])('%j frames body %s of %s bytes', (fields, body, contentLength) => {
  expect(parseRequest(lines('GET / HTTP/1.1', HOST, ...fields)).head).toMatchObject({ body, contentLength, refusal: '' });
});

test('fields that everybody needs cannot be stripped by naming them in Connection', () => {
  const fields = ['Content-Length: 3', 'Cookie: a', 'Authorization: b', 'X-Real-IP: c', 'traceparent: d'];
  const named = 'Connection: content-length, cookie, authorization, x-real-ip, traceparent, host, x-forwarded-for, x-request-id, x-own';
  const { head } = parseRequest(lines(GET, HOST, ...fields, 'X-Own: e', 'X-Forwarded-For: f', named));
  expect(head.block).toBe(fields.map((line) => `${line}\r\n`).join(''));
  expect(head).toMatchObject({ contentLength: 3, authority: 'a.example', forwardedFor: 'f' });
});

test('an offered upgrade leaves the message and changes nothing', () => {
  const upgrade = ['Upgrade: websocket', 'Connection: Upgrade'];
  for (const version of ['1.0', '1.1']) {
    expect(parseRequest(lines(`GET / HTTP/${version}`, HOST, ...upgrade)).head).toMatchObject({ block: '', keepAlive: version === '1.1' });
  }
  expect(parseRequest(lines(GET, HOST, 'Upgrade: websocket')).head.block).toBe('');
});

test('the one expectation that is known goes on to the upstream; in HTTP/1.0 any is ignored and dropped', () => {
  const expecting = 'Expect: 100-continue';
  expect(parseRequest(lines('PUT / HTTP/1.0', HOST, 'Content-Length: 1', expecting)).head.block).toBe('Content-Length: 1\r\n');
  expect(verdict(parseRequest(lines('PUT / HTTP/1.0', 'Expect: anything')))).toBe('accepted');
  expect(parseRequest(lines(GET, HOST, 'Content-Length: 1', expecting)).head.block).toBe(`Content-Length: 1\r\n${expecting}\r\n`);
  expect(verdict(parseRequest(lines(GET, HOST, 'Expect: anything')))).toBe('expectation_failed: unknown expectation');
});

test('skips up to two empty lines before a request', () => {
  for (const before of ['\r\n', '\r\n\r\n']) {
    const text = before + lines(GET, HOST);
    expect(parseRequest(text).end).toBe(text.length);
    expect(verdict(parseRequest(before))).toBe('incomplete');
  }
  expect(verdict(parseRequest('\r'))).toBe('incomplete');
});

test('names that differ from ours only by an underscore leave the block and mean nothing', () => {
  const { head } = parseRequest(lines(GET, HOST, 'content_length: 5', 'Transfer_Encoding: chunked', 'x_request_id: r', 'x_own: kept'));
  expect(head).toMatchObject({ block: 'x_own: kept\r\n', body: BODY_NONE, contentLength: -1, requestId: '' });
});

test('many names of a family with lookalikes cost no more each than few', () => {
  const head = new RequestHead();
  const limits = { ...LIMITS, headerBytes: 1024 * 1024 };
  const text = lines(GET, HOST, ...Array.from({ length: 60_000 }, () => 'x-forwarded-a:'));
  const beganMs = performance.now();
  readRequestHead(text, 0, head, limits);
  expect(performance.now() - beganMs).toBeLessThan(400);
});

test.each(['OPTIONS', 'TRACE'])('counts how far %s may go, and takes the field out', (method) => {
  const read = (value: string) => parseRequest(lines(`${method} / HTTP/1.1`, 'Host: a', `Max-Forwards: ${value}`, 'x: y'));
  expect(read('10').head).toMatchObject({ maxForwards: 10, block: 'x: y\r\n' });
  expect(read('007').head.maxForwards).toBe(7);
  for (const value of ['', '-1', '1.5', 'x', '1, 2', '9999999999']) expect(read(value).head.refusal).toBe('malformed max-forwards');
});

test('passes the same field on as it is with other methods', () => {
  const { head } = parseRequest(lines('GET / HTTP/1.1', 'Host: a', 'Max-Forwards: x'));
  expect(head).toMatchObject({ maxForwards: -1, block: 'Max-Forwards: x\r\n' });
});

test.each([
  ['GET http://b.example/x HTTP/1.1', 'Host: a.example', 'b.example', '/x'],
  ['GET http://a.example:81/ HTTP/1.1', 'Host: a.example', 'a.example:81', '/'],
  ['GET http://b.example:/x HTTP/1.1', 'Host: a.example:', 'b.example', '/x'],
  ['GET /x HTTP/1.1', 'Host: a.example:', 'a.example', '/x'],
  ['GET /x HTTP/1.1', 'Host: [::1]:', '[::1]', '/x'],
])('the host of %s, %s is %s', (line, host, authority, target) => {
  expect(parseRequest(lines(line, host)).head).toMatchObject({ authority, target });
});
