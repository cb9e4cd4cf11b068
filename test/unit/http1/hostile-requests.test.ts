import { expect, test } from 'vitest';
import { readRequestHead } from '../../../src/http1/read-request-head.ts';
import { RequestHead } from '../../../src/http1/request-head.ts';
import { LIMITS, lines, parseRequest, verdict } from './heads.ts';

const GET = 'GET / HTTP/1.1';
const POST = 'POST / HTTP/1.1';
const HOST = 'Host: a.example';

function field(...fields: string[]): string {
  return lines(POST, HOST, ...fields);
}

type Row = readonly [what: string, text: string, verdict: string];

const framing: Row[] = [
  ['both framing fields', field('Content-Length: 5', 'Transfer-Encoding: chunked'), 'bad_request: content-length with transfer-encoding'],
  [
    'both, the other way round',
    field('Transfer-Encoding: chunked', 'Content-Length: 5'),
    'bad_request: content-length with transfer-encoding',
  ],
  ['length repeated, equal', field('Content-Length: 5', 'content-length: 5'), 'bad_request: repeated content-length'],
  ['length repeated, different', field('Content-Length: 5', 'Content-Length: 6'), 'bad_request: repeated content-length'],
  ['length as a list', field('Content-Length: 5, 5'), 'bad_request: malformed content-length'],
  ['length empty', field('Content-Length:'), 'bad_request: malformed content-length'],
  ['length of blanks', field('Content-Length:  \t '), 'bad_request: malformed content-length'],
  ['length with plus', field('Content-Length: +5'), 'bad_request: malformed content-length'],
  ['length with minus', field('Content-Length: -5'), 'bad_request: malformed content-length'],
  ['length padded with zeros', field('Content-Length: 005'), 'bad_request: malformed content-length'],
  ['length hexadecimal', field('Content-Length: 0x5'), 'bad_request: malformed content-length'],
  ['length with inner space', field('Content-Length: 5 5'), 'bad_request: malformed content-length'],
  ['length with fraction', field('Content-Length: 5.0'), 'bad_request: malformed content-length'],
  ['length with exponent', field('Content-Length: 5e1'), 'bad_request: malformed content-length'],
  ['length with digits beyond ASCII', field('Content-Length: \xb2'), 'bad_request: malformed content-length'],
  ['length with a no-break space', field('Content-Length: 5\xa0'), 'bad_request: malformed content-length'],
  ['length of 2^53', field('Content-Length: 9007199254740992'), 'bad_request: malformed content-length'],
  ['length of 2^64 + 5', field('Content-Length: 18446744073709551621'), 'bad_request: malformed content-length'],
  ['length with vertical tab', field('Content-Length: \x0b5'), 'bad_request: illegal byte in field value'],
  ['length name with space', field('Content-Length : 5'), 'bad_request: space before colon'],
  ['coding in 1.0', lines('POST / HTTP/1.0', HOST, 'Transfer-Encoding: chunked'), 'bad_request: transfer-encoding in HTTP/1.0'],
  ['coding identity', field('Transfer-Encoding: identity'), 'not_implemented: unknown transfer coding'],
  ['coding gzip first', field('Transfer-Encoding: gzip, chunked'), 'not_implemented: unknown transfer coding'],
  ['coding gzip last', field('Transfer-Encoding: chunked, gzip'), 'bad_request: malformed transfer-encoding'],
  ['coding twice in a list', field('Transfer-Encoding: chunked, chunked'), 'bad_request: malformed transfer-encoding'],
  [
    'coding twice in two lines',
    field('Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'),
    'bad_request: malformed transfer-encoding',
  ],
  ['coding in two lines', field('Transfer-Encoding: chunked', 'Transfer-Encoding: identity'), 'bad_request: malformed transfer-encoding'],
  ['coding misspelt', field('Transfer-Encoding: xchunked'), 'not_implemented: unknown transfer coding'],
  ['coding quoted', field('Transfer-Encoding: "chunked"'), 'bad_request: malformed transfer-encoding'],
  ['coding with parameter', field('Transfer-Encoding: chunked;q=1'), 'bad_request: malformed transfer-encoding'],
  ['coding with empty list element', field('Transfer-Encoding: ,chunked'), 'bad_request: malformed transfer-encoding'],
  ['coding empty', field('Transfer-Encoding:'), 'bad_request: malformed transfer-encoding'],
  ['coding with no-break space', field('Transfer-Encoding: chunked\xa0'), 'bad_request: malformed transfer-encoding'],
  ['coding with vertical tab', field('Transfer-Encoding: \x0bchunked'), 'bad_request: illegal byte in field value'],
  ['coding with a tab after it', field('Transfer-Encoding: chunked\t '), 'bad_request: malformed transfer-encoding'],
  ['coding folded', field('Transfer-Encoding:', ' chunked'), 'bad_request: folded field line'],
  ['coding name with tab', field('Transfer-Encoding\t: chunked'), 'bad_request: space before colon'],
  ['coding after bare LF', field('X: y\nTransfer-Encoding: chunked'), 'bad_request: bare LF'],
  ['coding after bare CR', field('X: y\rTransfer-Encoding: chunked'), 'bad_request: bare CR'],
];

const NO_PLACE = 'bad_request: target of CONNECT is no host with a port';
const requestLine: Row[] = [
  ['bare LF after the line', 'GET / HTTP/1.1\nHost: a.example\r\n\r\n', 'bad_request: bare LF'],
  ['only bare LF', 'GET / HTTP/1.1\nHost: a.example\n\n', 'bad_request: bare LF'],
  ['bare CR in the line', lines('GET /\r HTTP/1.1', HOST), 'bad_request: bare CR'],
  ['two spaces before the target', lines('GET  / HTTP/1.1', HOST), 'bad_request: malformed request line'],
  ['two spaces before the version', lines('GET /  HTTP/1.1', HOST), 'bad_request: malformed request line'],
  ['trailing space', lines('GET / HTTP/1.1 ', HOST), 'bad_request: malformed request line'],
  ['leading space', lines(' GET / HTTP/1.1', HOST), 'bad_request: malformed request line'],
  ['tabs for spaces', lines('GET\t/\tHTTP/1.1', HOST), 'bad_request: illegal byte in request line'],
  ['space in target', lines('GET /a b HTTP/1.1', HOST), 'bad_request: malformed request line'],
  ['no version', lines('GET /', HOST), 'bad_request: malformed request line'],
  ['no target', lines('GET HTTP/1.1', HOST), 'bad_request: malformed request line'],
  ['empty target', lines('GET  HTTP/1.1', HOST), 'bad_request: malformed request line'],
  ['three empty lines first', `\r\n\r\n\r\n${lines(GET, HOST)}`, 'bad_request: malformed request line'],
  ['LF first', `\n${lines(GET, HOST)}`, 'bad_request: bare LF'],
  ['method with bracket', lines('GE[T / HTTP/1.1', HOST), 'bad_request: malformed method'],
  ['method with colon', lines('GET: / HTTP/1.1', HOST), 'bad_request: malformed method'],
  ['method with NUL', lines('G\0T / HTTP/1.1', HOST), 'bad_request: NUL in request line'],
  ['method beyond ASCII', lines('G\xc9T / HTTP/1.1', HOST), 'bad_request: illegal byte in request line'],
  ['method of 33 bytes', lines(`${'A'.repeat(33)} / HTTP/1.1`, HOST), 'not_implemented: method too long'],
  ['CONNECT with a path', lines('CONNECT / HTTP/1.1', HOST), NO_PLACE],
  ['CONNECT with a path behind', lines('CONNECT a.example:443/ HTTP/1.1', HOST), NO_PLACE],
  ['CONNECT with a query behind', lines('CONNECT a.example:443?x HTTP/1.1', HOST), NO_PLACE],
  ['CONNECT with a URI', lines('CONNECT http://a.example:443 HTTP/1.1', HOST), NO_PLACE],
  ['CONNECT with *', lines('CONNECT * HTTP/1.1', HOST), NO_PLACE],
  ['CONNECT without a port', lines('CONNECT a.example HTTP/1.1', HOST), NO_PLACE],
  ['CONNECT with an empty port', lines('CONNECT a.example: HTTP/1.1', HOST), NO_PLACE],
  ['CONNECT with port 0', lines('CONNECT a.example:0 HTTP/1.1', HOST), NO_PLACE],
  ['CONNECT with port 00000', lines('CONNECT a.example:00000 HTTP/1.1', HOST), NO_PLACE],
  ['CONNECT with port 65536', lines('CONNECT a.example:65536 HTTP/1.1', HOST), NO_PLACE],
  ['CONNECT with a sign', lines('CONNECT a.example:+443 HTTP/1.1', HOST), NO_PLACE],
  ['CONNECT without a name', lines('CONNECT :443 HTTP/1.1', HOST), NO_PLACE],
  ['CONNECT with userinfo', lines('CONNECT a@a.example:443 HTTP/1.1', HOST), NO_PLACE],
  ['CONNECT with bare IPv6', lines('CONNECT ::1:443 HTTP/1.1', HOST), NO_PLACE],
  ['CONNECT with bad IPv6', lines('CONNECT [::1::]:443 HTTP/1.1', HOST), NO_PLACE],
  ['CONNECT with two places', lines('CONNECT a.example:443,b.example:443 HTTP/1.1', HOST), NO_PLACE],
  ['CONNECT without Host', lines('CONNECT a.example:443 HTTP/1.1'), 'bad_request: missing host'],
  ['CONNECT with two Hosts', lines('CONNECT a.example:443 HTTP/1.1', HOST, HOST), 'bad_request: repeated host'],
  ['CONNECT with a body', lines('CONNECT a.example:443 HTTP/1.1', HOST, 'Content-Length: 3'), 'bad_request: CONNECT with content'],
  ['CONNECT with chunks', lines('CONNECT a.example:443 HTTP/1.1', HOST, 'Transfer-Encoding: chunked'), 'bad_request: CONNECT with content'],
  ['HTTP/0.9', lines('GET / HTTP/0.9', HOST), 'version_not_supported: version other than HTTP/1.0 and HTTP/1.1'],
  ['HTTP/1.2', lines('GET / HTTP/1.2', HOST), 'version_not_supported: version other than HTTP/1.0 and HTTP/1.1'],
  ['HTTP/2.0', lines('GET / HTTP/2.0', HOST), 'version_not_supported: version other than HTTP/1.0 and HTTP/1.1'],
  ['the HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'version_not_supported: version other than HTTP/1.0 and HTTP/1.1'],
  ['HTTP/1.10', lines('GET / HTTP/1.10', HOST), 'bad_request: malformed request line'],
  ['HTTP/11', lines('GET / HTTP/11', HOST), 'bad_request: malformed request line'],
  ['http/1.1', lines('GET / http/1.1', HOST), 'bad_request: malformed request line'],
  ['HTTPS/1.1', lines('GET / HTTPS/1.1', HOST), 'bad_request: malformed request line'],
  ['fragment', lines('GET /a#b HTTP/1.1', HOST), 'bad_request: fragment in target'],
  ['fragment first', lines('GET #/ HTTP/1.1', HOST), 'bad_request: fragment in target'],
  ['NUL in target', lines('GET /\0 HTTP/1.1', HOST), 'bad_request: NUL in request line'],
  ['control byte in target', lines('GET /\x1f HTTP/1.1', HOST), 'bad_request: illegal byte in request line'],
  ['DEL in target', lines('GET /\x7f HTTP/1.1', HOST), 'bad_request: illegal byte in request line'],
  ['byte beyond ASCII in target', lines('GET /\xe9 HTTP/1.1', HOST), 'bad_request: illegal byte in request line'],
  ['relative target', lines('GET a/b HTTP/1.1', HOST), 'bad_request: target is neither a path nor an http URI'],
  ['query alone', lines('GET ?a HTTP/1.1', HOST), 'bad_request: target is neither a path nor an http URI'],
  ['backslash first', lines('GET \\a HTTP/1.1', HOST), 'bad_request: target is neither a path nor an http URI'],
  ['asterisk with GET', lines('GET * HTTP/1.1', HOST), 'bad_request: target * without OPTIONS'],
  ['asterisk and more', lines('OPTIONS *a HTTP/1.1', HOST), 'bad_request: target is neither a path nor an http URI'],
  ['authority form', lines('GET a.example:80 HTTP/1.1', HOST), 'bad_request: target is neither a path nor an http URI'],
  ['a TLS hello', '\x16\x03\x01\x02\0\x01', 'bad_request: illegal byte in request line'],
];

const host: Row[] = [
  ['host missing', lines(GET), 'bad_request: missing host'],
  ['host repeated', lines(GET, HOST, HOST), 'bad_request: repeated host'],
  ['host repeated in another case', lines(GET, HOST, 'hOST: b.example'), 'bad_request: repeated host'],
  ['host repeated in 1.0', lines('GET / HTTP/1.0', HOST, HOST), 'bad_request: repeated host'],
  ['host empty', lines(GET, 'Host:'), 'bad_request: malformed host'],
  ['host empty in 1.0', lines('GET / HTTP/1.0', 'Host: '), 'bad_request: malformed host'],
  ...[
    'a b',
    'a,b',
    'a/b',
    'a@b',
    'u:p@a',
    'a?b',
    'a#b',
    'a\\b',
    'a%41',
    'http://a',
    'a::',
    ':',
    'a:b',
    'a:80:80',
    'a:-1',
    'a:65536',
    'a:99999',
    'a:000080',
    ':80',
  ].map((value): Row => [`host ${value}`, lines(GET, `Host: ${value}`), 'bad_request: malformed host']),
  ...[
    '::1',
    '[::1',
    '::1]',
    '[]',
    '[::1]a',
    '[::1]::',
    '[::1]:65536',
    '[1::2::3]',
    '[::1%25eth0]',
    '[fe80::1%eth0]',
    '[v1.a]',
    '[127.0.0.1]',
    '[12345::]',
    'a'.repeat(300),
    `${'a'.repeat(100)}/b`,
    '-a',
    '.a',
    '~',
    'b\xfccher',
  ].map((value): Row => [`host ${value}`, lines(GET, `Host: ${value}`), 'bad_request: malformed host']),
  ['absolute form with an empty name', lines('GET http://:/ HTTP/1.1', HOST), 'bad_request: malformed authority in target'],
  ['method PRI', lines('PRI / HTTP/1.1', HOST), 'bad_request: method PRI'],
  ['method PRI for all', lines('PRI * HTTP/1.1', HOST), 'bad_request: method PRI'],
  ['absolute form without host', lines('GET http://a.example/ HTTP/1.1'), 'bad_request: missing host'],
  ['absolute form with malformed host', lines('GET http://a.example/ HTTP/1.1', 'Host: a b'), 'bad_request: malformed host'],
  ['absolute form with userinfo', lines('GET http://u@a.example/ HTTP/1.1', HOST), 'bad_request: malformed authority in target'],
  ['absolute form without authority', lines('GET http:///a HTTP/1.1', HOST), 'bad_request: malformed authority in target'],
  ['absolute form with backslash', lines('GET http://a.example\\b HTTP/1.1', HOST), 'bad_request: malformed authority in target'],
  ['absolute form without slashes', lines('GET http:a.example/ HTTP/1.1', HOST), 'bad_request: target is neither a path nor an http URI'],
  [
    'absolute form of another scheme',
    lines('GET ftp://a.example/ HTTP/1.1', HOST),
    'bad_request: target is neither a path nor an http URI',
  ],
];

const fields: Row[] = [
  ['space before colon', lines(GET, HOST, 'X : y'), 'bad_request: space before colon'],
  ['tab before colon', lines(GET, HOST, 'X\t: y'), 'bad_request: space before colon'],
  ['space before the first field', lines(GET, ' X: y', HOST), 'bad_request: folded field line'],
  ['folded by space', lines(GET, HOST, 'X: y', ' z'), 'bad_request: folded field line'],
  ['folded by tab', lines(GET, HOST, 'X: y', '\tz'), 'bad_request: folded field line'],
  ['NUL in value', lines(GET, HOST, 'X: a\0b'), 'bad_request: NUL in field value'],
  ['NUL in name', lines(GET, HOST, 'X\0: b'), 'bad_request: illegal byte in field name'],
  ['escape in value', lines(GET, HOST, 'X: \x1b[31m'), 'bad_request: illegal byte in field value'],
  ['DEL in value', lines(GET, HOST, 'X: \x7f'), 'bad_request: illegal byte in field value'],
  ['bare CR in value', lines(GET, HOST, 'X: a\rb'), 'bad_request: bare CR'],
  ['bare LF in value', lines(GET, HOST, 'X: a\nb'), 'bad_request: bare LF'],
  ['CR CR LF', lines(GET, HOST, 'X: a\r'), 'bad_request: bare CR'],
  ['bare CR instead of the empty line', `${GET}\r\n${HOST}\r\n\rX`, 'bad_request: bare CR'],
  ['empty name', lines(GET, HOST, ': y'), 'bad_request: empty field name'],
  ['no colon', lines(GET, HOST, 'X'), 'bad_request: field line without colon'],
  ['name in brackets', lines(GET, HOST, '[X]: y'), 'bad_request: illegal byte in field name'],
  ['name beyond ASCII', lines(GET, HOST, '\xdc: y'), 'bad_request: illegal byte in field name'],
  ['name with slash', lines(GET, HOST, 'a/b: y'), 'bad_request: illegal byte in field name'],
  ['expectation unknown', lines(POST, HOST, 'Expect: 200-ok'), 'expectation_failed: unknown expectation'],
  ['expectation twice', lines(POST, HOST, 'Expect: 100-continue', 'Expect: 100-continue'), 'expectation_failed: unknown expectation'],
  ['expectation empty', lines(POST, HOST, 'Expect:'), 'expectation_failed: unknown expectation'],
  ['connection with a malformed option', lines(GET, HOST, 'Connection: close, a b'), 'bad_request: malformed connection'],
  ['connection with 33 options', lines(GET, HOST, `Connection: ${'a,'.repeat(33)}`), 'bad_request: malformed connection'],
  ['a request line as a field', lines(GET, HOST, 'GET /admin HTTP/1.1'), 'bad_request: space before colon'],
];

test.each([...framing, ...requestLine, ...host, ...fields])('refuses %s', (_what, text, wanted) => {
  expect(verdict(parseRequest(text))).toBe(wanted);
});

test.each([...framing, ...requestLine, ...host, ...fields])('never serves %s, however it arrives', (_what, text) => {
  const head = new RequestHead();
  for (let length = 0; length <= text.length; length++) {
    expect(readRequestHead(text.slice(0, length), 0, head, LIMITS)).toBeLessThanOrEqual(0);
  }
});

test('bounds the request line, the head and the number of fields', () => {
  const small = { headerBytes: 200, headerCount: 3, requestLineBytes: 40 };
  const target = (bytes: number): string => `/${'a'.repeat(bytes - 'GET / HTTP/1.1'.length)}`;
  expect(verdict(parseRequest(lines(`GET ${target(40)} HTTP/1.1`, HOST), small))).toBe('accepted');
  expect(verdict(parseRequest(lines(`GET ${target(41)} HTTP/1.1`, HOST), small))).toBe('uri_too_long: request line too long');
  expect(verdict(parseRequest(`GET ${'/'.repeat(60)}`, small))).toBe('uri_too_long: request line too long');

  const rest = 200 - lines(GET, HOST, 'X: ').length;
  expect(verdict(parseRequest(lines(GET, HOST, `X: ${'x'.repeat(rest)}`), small))).toBe('accepted');
  expect(verdict(parseRequest(lines(GET, HOST, `X: ${'x'.repeat(rest + 1)}`), small))).toBe('header_too_large: header too large');
  expect(verdict(parseRequest(`${GET}\r\nX: ${'x'.repeat(200)}`, small))).toBe('header_too_large: header too large');

  expect(verdict(parseRequest(lines(GET, HOST, 'a: b', 'a: b'), small))).toBe('accepted');
  expect(verdict(parseRequest(lines(GET, HOST, 'a: b', 'a: b', 'a: b'), small))).toBe('header_too_large: too many fields');
});

test('takes linear time and constant stack, whatever the bytes', () => {
  const wide = { headerBytes: 1 << 20, headerCount: 1 << 20, requestLineBytes: 1 << 20 };
  const many = 'a:\r\n'.repeat(200_000);
  const cases = [
    `${GET}\r\n${HOST}\r\n${many}\r\n`,
    `${GET}\r\n${HOST}\r\n${many}`,
    `${GET}\r\n${HOST}\r\n${many}bad\r\n\r\n`,
    `${GET}\r\n${HOST}\r\nX:${' '.repeat(500_000)}y${' '.repeat(500_000)}\r\n\r\n`,
    `${GET}\r\n${HOST}\r\nConnection: ${' '.repeat(900_000)}a b\r\n\r\n`,
    `${GET}\r\n${HOST}\r\nTransfer-Encoding: ${' ,'.repeat(400_000)}\r\n\r\n`,
    `GET /${'a'.repeat(900_000)} HTTP/1.1\r\n${HOST}\r\n\r\n`,
    `GET /${'a '.repeat(400_000)}HTTP/1.1\r\n${HOST}\r\n\r\n`,
    'A'.repeat(1_000_000),
  ];
  const startedAt = process.hrtime.bigint();
  for (const text of cases) parseRequest(text, wide);
  // About 50 ms; quadratic time would be minutes.
  expect(Number(process.hrtime.bigint() - startedAt) / 1e6).toBeLessThan(5_000);
});
