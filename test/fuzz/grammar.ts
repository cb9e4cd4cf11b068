// Messages by chance, from the words that HTTP/1 is made of: most are near the border of what is sound.

import { FRAGMENTS } from '../property/http1/mutations.ts';
import { REQUESTS, RESPONSES } from '../property/http1/samples.ts';
import { injure } from './injure.ts';
import { choose, pick } from './target.ts';
import type { Chance } from './target.ts';

const METHODS = ['GET', 'GET', 'POST', 'PUT', 'HEAD', 'OPTIONS', 'DELETE', 'PRI', 'CONNECT', 'get', 'M-SEARCH'];
const TARGETS = [
  '/',
  '/a/b?c=d',
  '*',
  'http://a.example/x',
  'HTTP://a.example',
  'a.example:80',
  '/%2e%2e/',
  '/a//b',
  '/\\',
  '//x',
  '/?#',
  '/é',
];
const VERSIONS = ['1.1', '1.1', '1.1', '1.1', '1.0', '0.9', '2.0', '1.2', '1.1 ', '01.1'];
const NAMES = [
  ...['Content-Length', 'Transfer-Encoding', 'Connection', 'Host', 'Expect', 'TE', 'Upgrade', 'Keep-Alive', 'Trailer', 'Via', 'X'],
  ...['content_length', 'Transfer-Encoding ', ' Content-Length', 'Content-Length\t', 'Proxy-Connection', 'X-Forwarded-For', 'Cookie'],
];
const VALUES = [
  ...['0', '5', '05', '+5', '5, 5', '0x5', '5\t', '\v5', 'chunked', 'Chunked', 'chunked, chunked', 'gzip, chunked', 'identity', ',chunked'],
  ...[
    'close',
    'keep-alive',
    'upgrade',
    'close, content-length',
    'transfer-encoding',
    '100-continue',
    'trailers',
    'h2c',
    'a.example',
    'a.example:',
    'a:b',
  ],
  ...['', ' ', '"', 'x\0y', 'x\ry', 'x\ny', '\x80', '1.1 a, 1.1 b'],
];
const ENDS = ['\r\n', '\r\n', '\r\n', '\r\n', '\r\n', '\n', '\r', '\r\r\n', '\r\n ', '\n\r\n'];
const CHUNKS = [
  '5\r\nhello\r\n',
  '5;a=b\r\nhello\r\n',
  '05\r\nhello\r\n',
  '5 \r\nhello\r\n',
  '5\nhello\r\n',
  '5\r\nhello',
  'fffffffffffffffff\r\n',
  '-1\r\n',
];
const LASTS = [
  '0\r\n\r\n',
  '0\r\nX: y\r\n\r\n',
  '0\r\nContent-Length: 5\r\n\r\n',
  '00\r\n\r\n',
  '0\r\n',
  '0\r\n\r\nGET /next HTTP/1.1\r\nHost: a\r\n\r\n',
  '',
];
const STATUSES = ['200', '204', '304', '100', '101', '103', '404', '502', '999', '99', '2000', 'abc'];

export function makeRequest(chance: Chance): string {
  const kind = pick(chance, 3);
  if (kind === 0) return injure(chance, choose(chance, REQUESTS), FRAGMENTS);
  const line = `${choose(chance, METHODS)} ${choose(chance, TARGETS)} HTTP/${choose(chance, VERSIONS)}\r\n`;
  const text = `${line}${chance() < 0.9 ? 'Host: a.example\r\n' : ''}${fields(chance)}\r\n${body(chance)}`;
  return kind === 1 ? text : injure(chance, text, FRAGMENTS);
}

export function makeResponse(chance: Chance): string {
  const kind = pick(chance, 3);
  if (kind === 0) return injure(chance, choose(chance, RESPONSES), FRAGMENTS);
  const text = `HTTP/${choose(chance, VERSIONS)} ${choose(chance, STATUSES)} x\r\n${fields(chance)}\r\n${body(chance)}`;
  return kind === 1 ? text : injure(chance, text, FRAGMENTS);
}

/** A chunked body, or what looks like one. */
export function makeChunks(chance: Chance): string {
  const chunks = Array.from({ length: pick(chance, 4) }, () => choose(chance, CHUNKS.slice(0, chance() < 0.7 ? 3 : CHUNKS.length))).join(
    '',
  );
  const text = chunks + choose(chance, LASTS.slice(0, chance() < 0.7 ? 2 : LASTS.length));
  return chance() < 0.5 ? text : injure(chance, text, FRAGMENTS);
}

function fields(chance: Chance): string {
  let text = '';
  for (let left = pick(chance, 4); left > 0; left--) {
    const [colon, end] = chance() < 0.9 ? [': ', '\r\n'] : [choose(chance, [':', ' : ', '', ':\t']), choose(chance, ENDS)];
    text += choose(chance, NAMES) + colon + choose(chance, VALUES) + end;
  }
  return text;
}

function body(chance: Chance): string {
  return chance() < 0.5 ? makeChunks(chance) : choose(chance, ['', 'hello', 'hello!', 'GET /next HTTP/1.1\r\nHost: a\r\n\r\n']);
}
