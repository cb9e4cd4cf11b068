// Blocks of fields by chance, as HPACK writes them in all of its ways: most are near the border of what is sound. An input holds the blocks of one
// connection, each behind two octets that say its length.

import { huffman, integer, string } from '../unit/http2/blocks.ts';
import { injure } from './injure.ts';
import { choose, pick } from './target.ts';
import type { Chance, Input } from './target.ts';

type Pair = readonly [name: string, value: string];

const AUTHORITIES = ['a.example', 'a.example:443', 'A.example', '', 'a.example:', 'u@a.example', '[::1]', 'b.example:80', 'a b'];
const REQUEST: readonly (readonly [name: string, values: readonly string[]])[] = [
  [':method', ['GET', 'GET', 'GET', 'POST', 'OPTIONS', 'CONNECT', 'HEAD', 'get', 'G T', '', 'PRI', 'TRACE']],
  [':scheme', ['https', 'https', 'http', 'http', 'HTTP', 'ftp', '']],
  [':authority', ['a.example', 'a.example', ...AUTHORITIES]],
  [':path', ['/', '/', '/a?b=c', '/a', '*', '', 'a', '/a b', '/#', '/\xe9', '//', '/..', 'http://a/']],
  [':protocol', ['websocket', 'WebSocket', '', 'a b']],
];
const STATUSES = ['200', '200', '200', '204', '304', '404', '103', '100', '101', '600', '20', '', '0200', '2xx'];
const NAMES = [
  ...['content-length', 'content-length', 'te', 'host', 'cookie', 'cookie', 'connection', 'transfer-encoding', 'upgrade', 'keep-alive'],
  ...['proxy-connection', 'http2-settings', 'expect', 'via', 'x-forwarded-for', 'x-request-id', 'x_forwarded_for', 'max-forwards', 'date'],
  ...['accept', 'user-agent', 'x-a', 'x-b', 'priority', 'cdn-loop', 'forwarded', 'x-sluice-outcome', 'set-cookie', 'x-real-ip'],
  ...[
    'Accept',
    'a b',
    'a:b',
    '',
    ':',
    ':x',
    ':status',
    ':path',
    'a\0',
    'a\r\n',
    '\xe9',
    '\x7f',
    'trailer',
    'grpc-status',
    'n'.repeat(80),
    `x-forwarded-${'n'.repeat(60)}`,
  ],
];
const VALUES = [
  ...['0', '5', '05', '+5', '5, 5', 'trailers', 'Trailers', 'gzip', 'close', 'a=b', 'c=d; e=f', 'a.example', 'b.example', '100-continue'],
  ...['x', 'x y', ' x', 'x ', '\tx', '', 'x\0', 'x\r\ny: z', '\xe9', '\x7f', 'x\ty', 'u=1, i', 'chunked', '3', 'x'.repeat(300)],
];

function makePairs(chance: Chance, kind: 'request' | 'response'): Pair[] {
  const pairs: Pair[] = [];
  const isSound = chance() < 0.8;
  if (kind === 'response') pairs.push([':status', isSound ? '200' : choose(chance, STATUSES)]);
  else {
    for (const [name, values] of REQUEST) {
      if (name === ':protocol' ? chance() < 0.05 : isSound || chance() < 0.95)
        pairs.push([name, isSound ? values[0]! : choose(chance, values)]);
    }
  }
  for (let left = pick(chance, 6); left > 0; left--) {
    const isPlain = chance() < 0.7;
    pairs.push(
      isPlain ? [choose(chance, ['accept', 'x-a', 'x-b', 'cookie', 'date']), 'x'] : [choose(chance, NAMES), choose(chance, VALUES)],
    );
  }
  if (chance() < 0.1) pairs.push(pairs.splice(pick(chance, pairs.length), 1)[0]!);
  return pairs;
}

function writeString(chance: Chance, text: string): number[] {
  return chance() < 0.5 ? huffman(text) : string(text);
}

/** In one of the ways in which a field may be written; some mean another field, or none. */
function writeField(chance: Chance, [name, value]: Pair, entries: Pair[]): number[] {
  const known = entries.findIndex(([other, same]) => other === name && same === value);
  if (known >= 0 && chance() < 0.8) return integer(62 + known, 0x7f, 0x80);
  if (chance() < 0.01) return integer(pick(chance, 80), 0x7f, 0x80);
  const [bits, prefix] = choose(chance, [
    [0x40, 0x3f],
    [0x40, 0x3f],
    [0x00, 0x0f],
    [0x10, 0x0f],
  ] as const);
  const named = entries.findIndex(([other]) => other === name);
  const head =
    named >= 0 && chance() < 0.5 ? integer(62 + named, prefix, bits) : [...integer(0, prefix, bits), ...writeString(chance, name)];
  if (bits === 0x40) entries.unshift([name, value]);
  return [...head, ...writeString(chance, value)];
}

function writeSizeUpdates(chance: Chance, entries: Pair[]): number[] {
  const sizes = Array.from({ length: chance() < 0.03 ? 1 + pick(chance, 3) : 0 }, () => choose(chance, [0, 64, 200, 4096, 4096, 4097]));
  if (sizes.includes(0)) entries.length = 0;
  return sizes.flatMap((size) => integer(size, 0x1f, 0x20));
}

export function makeBlocks(chance: Chance, kind: 'request' | 'response'): Input {
  const entries: Pair[] = [];
  let input = '';
  for (let left = 1 + pick(chance, 8); left > 0; left--) {
    const octets = writeSizeUpdates(chance, entries);
    for (const pair of makePairs(chance, kind)) octets.push(...writeField(chance, pair, entries));
    const text = String.fromCharCode(...octets);
    const block = chance() < 0.05 ? injure(chance, text, ['\xff', '\x80', '\x40', '\x20', '\x3f\xe1\x1f', '\0', '\x82']) : text;
    input += String.fromCharCode(block.length >> 8, block.length & 0xff) + block;
  }
  return input;
}

/** The blocks of an input, whatever it holds. */
export function blocksOf(input: Input): Buffer[] {
  const bytes = Buffer.from(input, 'latin1');
  const blocks: Buffer[] = [];
  for (let at = 0; at + 2 <= bytes.length;) {
    const end = Math.min(bytes.length, at + 2 + Math.min(bytes.readUInt16BE(at), 16_384));
    blocks.push(bytes.subarray(at + 2, end));
    at = end;
  }
  return blocks;
}
