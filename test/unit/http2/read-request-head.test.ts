// Heads of requests: what they say, and what RFC 9113, section 8, and we refuse.

import { describe, expect, it } from 'vitest';
import { BODY_LENGTH, BODY_NONE, BODY_STREAM } from '../../../src/http/body-kind.ts';
import { block, linesOf, readRequest, type Pair } from './blocks.ts';

const CONTROL: readonly Pair[] = [
  [':method', 'GET'],
  [':scheme', 'https'],
  [':authority', 'a.example'],
  [':path', '/x?y=z'],
];

function withControl(changes: Readonly<Record<string, string | undefined>>): Pair[] {
  const changed = CONTROL.map(([name, value]): Pair | undefined => {
    const other = name in changes ? changes[name] : value;
    return other === undefined ? undefined : [name, other];
  });
  const added = Object.entries(changes).filter(([name]) => !CONTROL.some(([known]) => known === name));
  return [...changed.filter((pair) => pair !== undefined), ...(added as [string, string][])];
}

const read = (...fields: readonly Pair[]) => readRequest(block(...CONTROL, ...fields));
const judge = (changes: Readonly<Record<string, string | undefined>>, ends = true) =>
  readRequest(block(...withControl(changes)), { ends }).verdict;

describe('a request', () => {
  it('becomes one in neutral form', () => {
    const { head, verdict } = read(['accept', '*/*'], ['x-a', ''], ['cookie', 'a=b'], ['accept', 'x/y'], ['cookie', 'c=d; e=f']);
    expect(verdict).toBe('accepted');
    expect(head).toMatchObject({
      method: 'GET',
      authority: 'a.example',
      target: '/x?y=z',
      path: '/x',
      query: 'y=z',
      body: BODY_NONE,
      contentLength: -1,
      acceptsTrailers: false,
      connects: false,
      upgrade: '',
    });
    expect(linesOf(head.block)).toEqual([
      ['accept', '*/*'],
      ['x-a', ''],
      ['accept', 'x/y'],
      ['cookie', 'a=b; c=d; e=f'],
    ]);
  });

  it('has no field of the one before', () => {
    const { head } = read();
    expect(head.block).toBe('');
    expect(head.acceptsTrailers).toBe(false);
  });

  it.each([
    ['nothing', undefined, true, BODY_NONE, -1],
    ['content of any length', undefined, false, BODY_STREAM, -1],
    ['content of this length', '5', false, BODY_LENGTH, 5],
    ['content of no length', '0', false, BODY_NONE, 0],
    ['a length of nothing', '0', true, BODY_NONE, 0],
  ])('may be followed by %s', (_what, length, ends, body, contentLength) => {
    const fields: readonly Pair[] = length === undefined ? [] : [['content-length', length]];
    const { head, verdict } = readRequest(block(...CONTROL, ...fields), { ends });
    expect([verdict, head.body, head.contentLength]).toEqual(['accepted', body, contentLength]);
    expect(linesOf(head.block)).toEqual(fields);
  });

  it('tells what proxies before us say, and keeps it out of the block where it has a place of its own', () => {
    const { head } = read(
      ['x-forwarded-for', '1.2.3.4'],
      ['x-forwarded-for', '5.6.7.8'],
      ['x-forwarded-proto', 'https'],
      ['x-forwarded-host', 'h'],
      ['forwarded', 'for=x'],
      ['via', '1.1 a'],
      ['via', '2.0 b'],
      ['x-request-id', 'id'],
      ['cdn-loop', 'c'],
      ['x-real-ip', '9.9.9.9'],
      ['te', 'trailers'],
      ['expect', '100-continue'],
    );
    expect(head).toMatchObject({
      forwardedFor: '1.2.3.4, 5.6.7.8',
      forwardedProto: 'https',
      forwardedHost: 'h',
      forwarded: 'for=x',
      via: '1.1 a, 2.0 b',
      requestId: 'id',
      cdnLoop: 'c',
      forwardedOther: true,
      acceptsTrailers: true,
      expectsContinue: true,
    });
    expect(linesOf(head.block).map(([name]) => name)).toEqual(['cdn-loop', 'x-real-ip', 'expect']);
  });

  it('does not pass on names that only look like others', () => {
    const { head, verdict } = read(['content_length', '5'], ['x_forwarded_for', '1.2.3.4'], ['x-forwarded-for_', 'x'], ['a_b', 'c']);
    expect(verdict).toBe('accepted');
    expect(linesOf(head.block)).toEqual([['a_b', 'c']]);
  });

  it('counts down for OPTIONS and TRACE alone', () => {
    const max: Pair = ['max-forwards', '3'];
    expect(read(max).head).toMatchObject({ maxForwards: -1, block: 'max-forwards: 3\r\n' });
    const options = readRequest(block(...withControl({ ':method': 'OPTIONS', ':path': '*' }), max));
    expect(options).toMatchObject({ verdict: 'accepted', head: { target: '*', maxForwards: 3, block: '' } });
    expect(readRequest(block(...withControl({ ':method': 'TRACE' }), ['max-forwards', 'x'])).verdict).toBe(
      'bad_request: malformed max-forwards',
    );
  });

  it('may take Host for its authority', () => {
    const { head, verdict } = readRequest(block(...withControl({ ':authority': undefined }), ['host', 'b.example:8080']));
    expect([verdict, head.authority, head.block]).toEqual(['accepted', 'b.example:8080', '']);
  });

  it.each([
    ['a.example', 'a.example'],
    ['a.example', 'A.EXAMPLE'],
    ['a.example:443', 'a.example'],
    ['a.example', 'a.example:443'],
    ['a.example', 'a.example:'],
    ['[::1]:443', '[::1]'],
  ])('may repeat its authority %s in Host as %s', (authority, host) => {
    expect(readRequest(block(...withControl({ ':authority': authority }), ['host', host])).verdict).toBe('accepted');
  });

  it('may be a CONNECT', () => {
    const { head, verdict } = readRequest(block([':method', 'CONNECT'], [':authority', 'a.example:443'], ['x-a', 'b']), { ends: false });
    expect(verdict).toBe('accepted');
    expect(head).toMatchObject({ method: 'CONNECT', connects: true, authority: 'a.example:443', target: 'a.example:443', body: BODY_NONE });
    expect(head.block).toBe('x-a: b\r\n');
  });

  it('may be an extended CONNECT, which is the GET that HTTP/1 upgrades by', () => {
    const fields: readonly Pair[] = [...withControl({ ':method': 'CONNECT' }), [':protocol', 'WebSocket'], ['sec-websocket-version', '13']];
    const { head, verdict } = readRequest(block(...fields), { ends: false });
    expect(verdict).toBe('accepted');
    expect(head).toMatchObject({ method: 'GET', upgrade: 'websocket', target: '/x?y=z', connects: false, body: BODY_NONE });
  });
});

describe('control data', () => {
  it.each([
    [{ ':method': undefined }, 'bad_request: missing pseudo-field'],
    [{ ':scheme': undefined }, 'bad_request: missing pseudo-field'],
    [{ ':path': undefined }, 'bad_request: missing pseudo-field'],
    [{ ':authority': undefined }, 'bad_request: missing authority'],
    [{ ':authority': '' }, 'bad_request: malformed authority'],
    [{ ':authority': 'user@a.example' }, 'bad_request: malformed authority'],
    [{ ':authority': 'a.example:99999' }, 'bad_request: malformed authority'],
    [{ ':authority': 'a.example, b.example' }, 'bad_request: malformed authority'],
    [{ ':authority': 'a/b' }, 'bad_request: malformed authority'],
    [{ ':scheme': 'ftp' }, 'bad_request: scheme other than http and https'],
    [{ ':scheme': 'HTTPS' }, 'bad_request: scheme other than http and https'],
    [{ ':scheme': '' }, 'bad_request: scheme other than http and https'],
    [{ ':path': '' }, 'bad_request: target is no path'],
    [{ ':path': 'x' }, 'bad_request: target is no path'],
    [{ ':path': '*' }, 'bad_request: target is no path'],
    [{ ':path': 'https://a.example/' }, 'bad_request: target is no path'],
    [{ ':path': '/a b' }, 'bad_request: illegal byte in field value'],
    [{ ':path': '/a#b' }, 'bad_request: illegal byte in field value'],
    [{ ':path': '/\xe9' }, 'bad_request: illegal byte in field value'],
    [{ ':path': '/\t' }, 'bad_request: illegal byte in field value'],
    [{ ':method': '' }, 'bad_request: malformed method'],
    [{ ':method': 'G T' }, 'bad_request: malformed method'],
    [{ ':method': 'PRI' }, 'bad_request: method PRI'],
    [{ ':method': 'X'.repeat(33) }, 'not_implemented: method too long'],
    [{ ':method': 'CONNECT' }, 'bad_request: CONNECT with other pseudo-fields than it has'],
    [{ ':protocol': 'websocket' }, 'bad_request: protocol without CONNECT'],
    [{ ':method': 'CONNECT', ':protocol': 'web socket' }, 'bad_request: malformed protocol'],
    [{ ':method': 'CONNECT', ':protocol': 'websocket', ':path': undefined }, 'bad_request: missing pseudo-field'],
    [{ ':status': '200' }, 'bad_request: pseudo-field out of place'],
    [{ ':x': 'y' }, 'bad_request: pseudo-field out of place'],
    [{ ':': 'y' }, 'bad_request: pseudo-field out of place'],
    [{ ':Path': '/' }, 'bad_request: pseudo-field out of place'],
    [{ ':path': `/${'x'.repeat(8192)}` }, 'uri_too_long: request line too long'],
  ])('%j is refused', (changes, verdict) => {
    expect(judge(changes)).toBe(verdict);
  });

  it.each(CONTROL.map(([name]) => name))('%s is there once', (name) => {
    const again = CONTROL.find(([known]) => known === name)!;
    expect(readRequest(block(...CONTROL, again)).verdict).toBe('bad_request: repeated pseudo-field');
  });

  it.each(CONTROL.map(([name]) => name))('%s comes before all other fields', (name) => {
    const late = CONTROL.find(([known]) => known === name)!;
    const fields = [...CONTROL.filter(([known]) => known !== name), ['x-a', 'b'] as const, late];
    expect(readRequest(block(...fields)).verdict).toBe('bad_request: pseudo-field after other fields');
    const cookie = [...CONTROL.filter(([known]) => known !== name), ['cookie', 'b'] as const, late];
    expect(readRequest(block(...cookie)).verdict).toBe('bad_request: pseudo-field after other fields');
  });

  it.each([
    [[':authority', 'a.example']],
    [[':authority', 'a.example:0']],
    [[':authority', '']],
    [
      [':authority', 'a.example:443'],
      [':path', '/'],
    ],
    [
      [':authority', 'a.example:443'],
      [':scheme', 'https'],
    ],
    [],
  ] as readonly Pair[][])('of CONNECT is a host with a port alone', (...fields) => {
    expect(readRequest(block([':method', 'CONNECT'], ...fields), { ends: false }).verdict).toMatch(/^bad_request: /);
  });
});

describe('a field', () => {
  it.each([
    [['Accept', 'x'], 'illegal byte in field name'],
    [['', 'x'], 'illegal byte in field name'],
    [['a b', 'x'], 'illegal byte in field name'],
    [['a:b', 'x'], 'illegal byte in field name'],
    [['a\r\nb', 'x'], 'illegal byte in field name'],
    [['a\0', 'x'], 'illegal byte in field name'],
    [['a\xe9', 'x'], 'illegal byte in field name'],
    [['a\x7f', 'x'], 'illegal byte in field name'],
    [['a', 'x\r\nb: c'], 'illegal byte in field value'],
    [['a', 'x\n'], 'illegal byte in field value'],
    [['a', '\0'], 'illegal byte in field value'],
    [['a', '\x01'], 'illegal byte in field value'],
    [['a', '\x7f'], 'illegal byte in field value'],
    [['a', ' x'], 'illegal byte in field value'],
    [['a', 'x '], 'illegal byte in field value'],
    [['a', '\tx'], 'illegal byte in field value'],
    [['a', ' '], 'illegal byte in field value'],
    [['cookie', 'a\n'], 'illegal byte in field value'],
    [['connection', 'close'], 'field of a connection'],
    [['connection', ''], 'field of a connection'],
    [['keep-alive', 'timeout=5'], 'field of a connection'],
    [['proxy-connection', 'close'], 'field of a connection'],
    [['transfer-encoding', 'chunked'], 'field of a connection'],
    [['upgrade', 'websocket'], 'field of a connection'],
    [['http2-settings', 'x'], 'field of a connection'],
    [['te', 'gzip'], 'te other than trailers'],
    [['te', 'trailers, gzip'], 'te other than trailers'],
    [['te', 'Trailers'], 'te other than trailers'],
    [['te', ''], 'te other than trailers'],
    [['host', 'b.example'], 'host other than the authority'],
    [['host', ''], 'host other than the authority'],
    [['host', 'a.example:80'], 'host other than the authority'],
    [['content-length', '+5'], 'malformed content-length'],
    [['content-length', '05'], 'malformed content-length'],
    [['content-length', '5, 5'], 'malformed content-length'],
    [['content-length', ''], 'malformed content-length'],
    [['content-length', '-1'], 'malformed content-length'],
    [['content-length', '99999999999999999'], 'malformed content-length'],
    [['content-length', '5'], 'content other than content-length'],
  ] as const)('%j is refused', (pair, reason) => {
    expect(read(pair).verdict).toBe(`bad_request: ${reason}`);
    // With fields around it that are sound.
    expect(read(['x-a', 'b'], pair, ['x-c', 'd']).verdict).toBe(`bad_request: ${reason}`);
  });

  it.each([
    [['content-length', '5'], 'repeated content-length'],
    [['host', 'a.example'], 'repeated host'],
  ] as const)('%j is there once', (pair, reason) => {
    expect(readRequest(block(...CONTROL, pair, pair), { ends: false }).verdict).toBe(`bad_request: ${reason}`);
  });

  it.each([
    ['a', 'x y\tz'],
    ['a', '\xe9'],
    ["!#$%&'*+-.^_`|~09az", 'x'],
    ['a', ''],
    ['priority', 'u=1, i'],
  ] as const)('%s may be %j', (...pair) => {
    expect(linesOf(read(pair).head.block)).toEqual([pair]);
  });

  it('that asks for something unknown is refused as such', () => {
    expect(read(['expect', 'x']).verdict).toBe('expectation_failed: unknown expectation');
  });

  it('beyond the limits is refused as such', () => {
    expect(read(['a', 'x'.repeat(16_384)]).verdict).toBe('header_too_large: header too large');
  });

  it('of CONNECT declares no content', () => {
    const connect: readonly Pair[] = [
      [':method', 'CONNECT'],
      [':authority', 'a.example:443'],
    ];
    expect(readRequest(block(...connect, ['content-length', '5']), { ends: false }).verdict).toBe('bad_request: CONNECT with content');
    expect(readRequest(block(...connect, ['content-length', '0']), { ends: false }).verdict).toBe('accepted');
  });
});
