// The encoder of HPACK: what it writes, what it keeps in the table, and that a decoder reads the same.

import { describe, expect, it } from 'vitest';
import { OutgoingRequest } from '../../../src/http/request.ts';
import { RESPONSE_RULES, TRAILER_RULES } from '../../../src/http2/block-rules.ts';
import { HeaderDecoder } from '../../../src/http2/hpack/header-decoder.ts';
import { EncodingTable } from '../../../src/http2/hpack/encoding-table.ts';
import { HeaderEncoder, maxEncodedBytes } from '../../../src/http2/hpack/header-encoder.ts';
import { SEND_ONCE } from '../../../src/http2/hpack/name-rules.ts';
import { Step } from '../../../src/http2/hpack/step.ts';
import { decode, integer, linesOf, pairsOf, string, type Pair } from './blocks.ts';

function lines(...pairs: readonly Pair[]): string {
  return pairs.map(([name, value]) => `${name}: ${value}\r\n`).join('');
}

function response(encoder: HeaderEncoder, status: number, block: string): Buffer {
  const into = Buffer.alloc(maxEncodedBytes(block.length) + 7);
  return into.subarray(7, encoder.encodeResponse(status, block, into, 7));
}

function request(
  encoder: HeaderEncoder,
  changes: Partial<OutgoingRequest>,
  authority = 'a.example',
  scheme: 'http' | 'https' = 'https',
): Buffer {
  const outgoing = Object.assign(new OutgoingRequest(), { method: 'GET', target: '/', block: '' }, changes);
  const into = Buffer.alloc(maxEncodedBytes(outgoing.block.length + outgoing.target.length + authority.length));
  return into.subarray(0, encoder.encodeRequest(outgoing, scheme, authority, into, 0));
}

const TYPE: Pair = ['content-type', 'text/plain'];

describe('a response', () => {
  it.each([200, 204, 206, 304, 400, 404, 500])('of status %i takes one octet', (status) => {
    expect(response(new HeaderEncoder(false), status, '')).toHaveLength(1);
  });

  it.each([100, 103, 201, 302, 401, 503, 599])('of status %i takes five', (status) => {
    const block = response(new HeaderEncoder(false), status, '');
    expect(block).toEqual(Buffer.from([0x08, ...string(String(status))]));
    expect(pairsOf(decode(block, undefined, RESPONSE_RULES))).toEqual([[':status', String(status)]]);
  });

  it('is read as it was', () => {
    const block =
      'Content-Type: text/plain\r\nX-A:b\r\nx-b:  \t c d \t\r\nX-Empty:\r\nx-\xe9: \xe9\r\nSet-Cookie: a=b\r\nset-cookie: c=d\r\n';
    const pairs: readonly Pair[] = [
      [':status', '200'],
      ['content-type', 'text/plain'],
      ['x-a', 'b'],
      ['x-b', 'c d'],
      ['x-empty', ''],
      ['set-cookie', 'a=b'],
      ['set-cookie', 'c=d'],
    ];
    const [encoder, decoder] = [new HeaderEncoder(false), new HeaderDecoder(4096)];
    for (let times = 0; times < 5; times++) {
      expect(pairsOf(decode(response(encoder, 200, block.replace('x-\xe9: \xe9\r\n', '')), decoder, RESPONSE_RULES))).toEqual(pairs);
    }
  });

  it('has no field that belongs to a connection of HTTP/1', () => {
    const block = lines(
      ['Connection', 'close'],
      ['Keep-Alive', 'x'],
      TYPE,
      ['Transfer-Encoding', 'chunked'],
      ['Upgrade', 'x'],
      ['Proxy-Connection', 'x'],
    );
    const [encoder, decoder] = [new HeaderEncoder(false), new HeaderDecoder(4096)];
    for (let times = 0; times < 4; times++) {
      expect(pairsOf(decode(response(encoder, 200, block), decoder, RESPONSE_RULES))).toEqual([[':status', '200'], TYPE]);
    }
  });

  it('is written in parts as well', () => {
    const [encoder, decoder] = [new HeaderEncoder(false), new HeaderDecoder(4096)];
    for (let times = 0; times < 4; times++) {
      const into = Buffer.alloc(200);
      const end = encoder.encodeMore(lines(['date', 'x']), into, encoder.encodeResponse(200, lines(TYPE), into, 0));
      expect(pairsOf(decode(into.subarray(0, end), decoder, RESPONSE_RULES))).toEqual([[':status', '200'], TYPE, ['date', 'x']]);
      // The third one is indices alone.
      if (times > 1) expect(end).toBe(3);
    }
  });
});

describe('the table', () => {
  const sizes = (encoder: HeaderEncoder, blocks: readonly string[]) => blocks.map((block) => response(encoder, 200, block).length - 1);

  it('takes a field when it is sent again', () => {
    const full = 2 + 1 + 'text/plain'.length;
    expect(sizes(new HeaderEncoder(false), Array<string>(4).fill(lines(TYPE)))).toEqual([full, full - 1, 1, 1]);
  });

  it('does not take what differs each time', () => {
    const blocks = Array.from({ length: 100 }, (_, index) => lines(['x-trace', String(1000 + index)]));
    expect(new Set(sizes(new HeaderEncoder(false), blocks))).toEqual(new Set([1 + 1 + 'x-trace'.length + 1 + 4]));
  });

  it.each(['content-length', 'etag', 'last-modified', 'location', 'x-request-id'])('does not take %s', (name) => {
    expect(new Set(sizes(new HeaderEncoder(false), Array<string>(4).fill(lines([name, '12345'])))).size).toBe(1);
  });

  it.each(['set-cookie', 'cookie', 'authorization', 'proxy-authorization', 'x-auth-token', 'x-session', 'x-api-key', 'x-password'])(
    'never takes %s, and tells the next hop so',
    (name) => {
      const encoder = new HeaderEncoder(false);
      for (let times = 0; times < 4; times++) {
        const block = response(encoder, 200, lines([name, 'secret']));
        expect(block[1]! & 0xf0).toBe(0x10);
        expect(block.toString('latin1')).toContain('secret');
      }
    },
  );

  it('takes of requests only what says nothing of a person', () => {
    const encoder = new HeaderEncoder(true);
    const block = lines(['accept', '*/*'], ['referer', 'https://a.example/me'], ['x-user', 'alice'], ['user-agent', 'ua']);
    for (let times = 0; times < 3; times++) request(encoder, { block });
    const last = request(encoder, { block }).toString('latin1');
    for (const shown of ['https://a.example/me', 'alice']) expect(last).toContain(shown);
    for (const indexed of ['*/*', 'ua']) expect(last).not.toContain(indexed);
  });

  it('does not take what fills half of it', () => {
    expect(new Set(sizes(new HeaderEncoder(false), Array<string>(4).fill(lines(['x-a', 'v'.repeat(2100)])))).size).toBe(1);
    expect(sizes(new HeaderEncoder(false), Array<string>(3).fill(lines(['x-a', 'v'.repeat(2000)])))[2]).toBe(1);
  });

  it('evicts the oldest, as the peer does', () => {
    const [encoder, decoder] = [new HeaderEncoder(false), new HeaderDecoder(4096)];
    for (let round = 0; round < 3; round++) {
      for (let index = 0; index < 60; index++) {
        const block = lines(TYPE, [`x-${index % 30}`, `${index}-${'v'.repeat(200)}`], ['server', 's']);
        for (let times = 0; times < 3; times++) {
          expect(linesOf(block)).toEqual(pairsOf(decode(response(encoder, 200, block), decoder, RESPONSE_RULES)).slice(1));
        }
      }
    }
  });

  it('is as large as the peer allows, and not larger than ours', () => {
    const encoder = new HeaderEncoder(false);
    encoder.resize(4096);
    expect(response(encoder, 200, '')).toEqual(Buffer.from([0x88]));
    encoder.resize(100_000);
    expect(response(encoder, 200, '')).toEqual(Buffer.from([0x88]));
    encoder.resize(100);
    expect(response(encoder, 200, '')).toEqual(Buffer.from([...integer(100, 0x1f, 0x20), 0x88]));
    expect(response(encoder, 200, '')).toEqual(Buffer.from([0x88]));
  });

  it('says the smallest size in between, too', () => {
    const encoder = new HeaderEncoder(false);
    encoder.resize(0);
    encoder.resize(64);
    encoder.resize(5000);
    expect(response(encoder, 200, '')).toEqual(Buffer.from([0x20, ...integer(4096, 0x1f, 0x20), 0x88]));
  });

  it('holds nothing where the peer allows none', () => {
    const [encoder, decoder] = [new HeaderEncoder(false), new HeaderDecoder(4096)];
    for (const size of [4096, 0, 4096, 0]) {
      encoder.resize(size);
      for (let times = 0; times < 4; times++) {
        const block = response(encoder, 200, lines(TYPE, ['server', 's']));
        expect(pairsOf(decode(block, decoder, RESPONSE_RULES)).slice(1)).toEqual([TYPE, ['server', 's']]);
        if (size === 0 && times > 0) expect(block).toHaveLength(1 + 13 + 4);
      }
    }
  });
});

describe('a request', () => {
  it.each([
    [{ method: 'GET', target: '/' }, 'http', [':method GET', ':scheme http', ':authority a.example', ':path /']],
    [{ method: 'POST', target: '/a?b' }, 'https', [':method POST', ':scheme https', ':authority a.example', ':path /a?b']],
    [{ method: 'OPTIONS', target: '*' }, 'https', [':method OPTIONS', ':scheme https', ':authority a.example', ':path *']],
    [{ acceptsTrailers: true, block: 'a: b\r\n' }, 'http', [':method GET', ':scheme http', ':authority a.example', ':path /', 'a b']],
    [
      { upgrade: 'websocket', target: '/chat' },
      'https',
      [':method CONNECT', ':scheme https', ':authority a.example', ':path /chat', ':protocol websocket'],
    ],
    [{ method: 'CONNECT', target: 'a.example' }, 'https', [':method CONNECT', ':authority a.example']],
    [{ block: 'Host: b.example\r\na: b\r\n' }, 'http', [':method GET', ':scheme http', ':authority a.example', ':path /', 'a b']],
  ] as const)('%j over %s', (changes, scheme, pairs) => {
    const [encoder, decoder] = [new HeaderEncoder(true), new HeaderDecoder(4096)];
    for (let times = 0; times < 4; times++) {
      const decoded = decode(request(encoder, changes, 'a.example', scheme), decoder);
      expect(decoded.fields.fault).toBe('');
      expect(pairsOf(decoded)).toEqual(pairs.map((pair) => pair.split(' ')));
      expect(decoded.fields.has(5)).toBe('acceptsTrailers' in changes);
    }
  });

  it('has its authority in the table, also among others', () => {
    const encoder = new HeaderEncoder(true);
    for (let times = 0; times < 3; times++) for (const host of ['a.example', 'b.example']) request(encoder, {}, host);
    expect(request(encoder, {}, 'a.example')).toHaveLength(4);
    expect(request(encoder, {}, 'b.example')).toHaveLength(4);
  });
});

describe('trailers', () => {
  it('do not disturb what is known of heads', () => {
    const [encoder, decoder] = [new HeaderEncoder(false), new HeaderDecoder(4096)];
    const trailers: readonly Pair[] = [
      ['grpc-status', '0'],
      ['grpc-message', ''],
    ];
    for (let times = 0; times < 5; times++) {
      const head = response(encoder, 200, lines(TYPE));
      expect(pairsOf(decode(head, decoder, RESPONSE_RULES))).toEqual([[':status', '200'], TYPE]);
      const into = Buffer.alloc(100);
      const end = encoder.encodeTrailers(lines(...trailers), into, 0);
      expect(pairsOf(decode(into.subarray(0, end), decoder, TRAILER_RULES))).toEqual(trailers);
      if (times > 2) expect([head.length, end]).toEqual([2, 2]);
    }
  });
});

describe('room', () => {
  it.each([1, 126, 127, 254, 255, 256, 16_510, 16_511, 20_000])('is there for a value of %i characters', (length) => {
    for (const name of ['a', 'cookie', 'x'.repeat(length)]) {
      const block = `${name}:${'v'.repeat(length)}\r\n`;
      expect(response(new HeaderEncoder(false), 503, block).length).toBeLessThanOrEqual(maxEncodedBytes(block.length));
    }
    const [text, encoder] = ['v'.repeat(length), new HeaderEncoder(true)];
    encoder.resize(0);
    for (const changes of [{ target: `/${text}` }, { method: text }, { upgrade: text }]) {
      const outgoing = Object.assign(
        new OutgoingRequest(),
        { method: 'PUT', target: '/', block: 'a:b\r\n', acceptsTrailers: true },
        changes,
      );
      const { method, target, upgrade, block } = outgoing;
      const room = maxEncodedBytes((method + target + upgrade + block + text).length);
      expect(encoder.encodeRequest(outgoing, 'https', text, Buffer.alloc(2 * room), 0)).toBeLessThanOrEqual(room);
    }
    const many = 'a:b\r\n'.repeat(length);
    expect(response(new HeaderEncoder(false), 200, many).length).toBeLessThanOrEqual(maxEncodedBytes(many.length));
  });
});

describe('an entry that is evicted', () => {
  it('keeps no others, so that a long connection does not keep all that it ever sent', () => {
    const table = new EncodingTable(200);
    const rule = { name: 'x', hash: 0, index: 0, inRequests: SEND_ONCE, inResponses: SEND_ONCE };
    const entries = Array.from({ length: 4 }, (_, index) => new Step(`x: ${index}\r\n`, rule, SEND_ONCE, index, 60));
    for (const [index, entry] of entries.entries()) {
      table.insert(entry);
      if (index > 0) entries[index - 1]!.next = entry;
    }
    expect(entries.map((entry) => table.has(entry))).toEqual([false, true, true, true]);
    expect(entries.map(({ next }) => next)).toEqual([undefined, entries[2], entries[3], undefined]);
    table.resize(0);
    expect(entries.map(({ next }) => next)).toEqual([undefined, undefined, undefined, undefined]);
  });
});
