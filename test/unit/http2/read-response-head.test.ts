// Heads of responses, and trailers: what they say, and what is refused.

import { describe, expect, it } from 'vitest';
import { BODY_STREAM, BODY_LENGTH, BODY_NONE } from '../../../src/http/body-kind.ts';
import { block, linesOf, readResponse, readTrailers, type Pair } from './blocks.ts';

const read = (status: string, fields: readonly Pair[] = [], options = {}) => readResponse(block([':status', status], ...fields), options);

describe('a response', () => {
  it('becomes one in neutral form', () => {
    const { head, verdict } = read('200', [
      ['content-type', 'text/plain'],
      ['date', 'Mon, 01 Jun 2026 10:00:00 GMT'],
      ['via', '1.1 a'],
      ['x_forwarded_for', 'x'],
      ['cookie', 'a'],
      ['cookie', 'b'],
      ['x-sluice-outcome', 'no_route'],
    ]);
    expect(verdict).toBe('accepted');
    expect(head).toMatchObject({ status: 200, reason: '', dated: true, body: BODY_STREAM, contentLength: -1 });
    // They are none of a request: nothing is joined, and what looks like a field of a proxy is one like any other.
    expect(linesOf(head.block).map(([name]) => name)).toEqual(['content-type', 'date', 'via', 'x_forwarded_for', 'cookie', 'cookie']);
  });

  it.each([
    ['200', undefined, false, 'GET', BODY_STREAM, -1],
    ['200', undefined, true, 'GET', BODY_NONE, -1],
    ['200', '5', false, 'GET', BODY_LENGTH, 5],
    ['200', '0', false, 'GET', BODY_NONE, 0],
    ['200', '5', true, 'HEAD', BODY_NONE, 5],
    ['200', '5', false, 'HEAD', BODY_NONE, 5],
    ['304', '5', true, 'GET', BODY_NONE, 5],
    ['204', '5', true, 'GET', BODY_NONE, -1],
    ['103', '0', false, 'GET', BODY_NONE, -1],
    ['599', undefined, true, 'GET', BODY_NONE, -1],
  ])('%s with length %s (ends: %s) to %s', (status, length, ends, method, body, contentLength) => {
    const fields: readonly Pair[] = length === undefined ? [] : [['content-length', length]];
    const { head, verdict } = read(status, fields, { ends, method });
    expect([verdict, head.body, head.contentLength, head.dated]).toEqual(['accepted', body, contentLength, false]);
    expect([head.block === '', head.isEmpty]).toEqual([
      contentLength < 0,
      ends && body === BODY_NONE && method === 'GET' && (status === '200' || status === '599'),
    ]);
  });

  it.each([
    ['99', 'malformed status'],
    ['600', 'malformed status'],
    ['099', 'malformed status'],
    ['20', 'malformed status'],
    ['2000', 'malformed status'],
    ['2x0', 'malformed status'],
    ['', 'malformed status'],
    ['101', 'switch of protocols'],
  ])('of status %j is refused', (status, reason) => {
    expect(read(status).verdict).toBe(`upstream_malformed: ${reason}`);
  });

  it.each([
    [[], 'malformed status'],
    [
      [
        [':status', '200'],
        [':status', '200'],
      ],
      'repeated pseudo-field',
    ],
    [
      [
        ['a', 'b'],
        [':status', '200'],
      ],
      'pseudo-field after other fields',
    ],
    [
      [
        [':status', '200'],
        [':path', '/'],
      ],
      'pseudo-field out of place',
    ],
    [
      [
        [':status', '200'],
        ['A', 'b'],
      ],
      'illegal byte in field name',
    ],
    [
      [
        [':status', '200'],
        ['a', 'b\n'],
      ],
      'illegal byte in field value',
    ],
    [
      [
        [':status', '200'],
        ['connection', 'close'],
      ],
      'field of a connection',
    ],
    [
      [
        [':status', '200'],
        ['transfer-encoding', 'chunked'],
      ],
      'field of a connection',
    ],
    [
      [
        [':status', '200'],
        ['te', 'trailers'],
      ],
      'field of a connection',
    ],
    [
      [
        [':status', '200'],
        ['content-length', 'x'],
      ],
      'malformed content-length',
    ],
    [
      [
        [':status', '200'],
        ['content-length', '5'],
        ['content-length', '5'],
      ],
      'repeated content-length',
    ],
    [
      [
        [':status', '103'],
        ['content-length', '5'],
      ],
      'interim response with a body',
    ],
  ] as readonly [readonly Pair[], string][])('%j is refused', (fields, reason) => {
    expect(readResponse(block(...fields)).verdict).toBe(`upstream_malformed: ${reason}`);
  });

  it('that ends too soon, or never, is refused', () => {
    expect(read('200', [['content-length', '5']], { ends: true }).verdict).toBe('upstream_malformed: content other than content-length');
    expect(read('100', [], { ends: true }).verdict).toBe('upstream_malformed: interim response that ends the stream');
  });

  it('beyond the limits is refused as such', () => {
    expect(read('200', [['a', 'x'.repeat(16_384)]]).verdict).toBe('upstream_header_too_large: header too large');
  });
});

describe('trailers', () => {
  it('are fields', () => {
    const fields: readonly Pair[] = [
      ['grpc-status', '0'],
      ['grpc-message', ''],
      ['x_a', 'b'],
    ];
    expect(linesOf(readTrailers(block(...fields)).head)).toEqual(fields);
    expect(readTrailers(block()).verdict).toBe('accepted');
  });

  it.each([
    [[':status', '200'], 'pseudo-field in trailers'],
    [[':x', 'y'], 'pseudo-field in trailers'],
    [['A', 'b'], 'illegal byte in field name'],
    [['a', ' b'], 'illegal byte in field value'],
    [['connection', 'close'], 'field of a connection'],
    [['te', 'trailers'], 'field of a connection'],
    [['content-length', '5'], 'forbidden trailer field'],
    [['content_length', '5'], 'forbidden trailer field'],
    [['host', 'a'], 'forbidden trailer field'],
    [['cookie', 'a'], 'forbidden trailer field'],
    [['set-cookie', 'a'], 'forbidden trailer field'],
    [['authorization', 'a'], 'forbidden trailer field'],
    [['x-forwarded-for', 'a'], 'forbidden trailer field'],
    [['x-real-ip', 'a'], 'forbidden trailer field'],
    [['via', 'a'], 'forbidden trailer field'],
    [['expect', 'a'], 'forbidden trailer field'],
    [['x-sluice-outcome', 'a'], 'forbidden trailer field'],
    [['a', 'x'.repeat(16_384)], 'trailers too large'],
  ] as const)('%j are refused', (pair, reason) => {
    expect(readTrailers(block(['a', 'b'], pair)).verdict).toBe(reason);
  });

  it('end the stream', () => {
    expect(readTrailers(block(['a', 'b']), false).verdict).toBe('second head');
  });
});
