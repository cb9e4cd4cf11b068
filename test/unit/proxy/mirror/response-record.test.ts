import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { BODY_CHUNKED, BODY_LENGTH, BODY_NONE, BODY_UNTIL_CLOSE } from '../../../../src/http/body-kind.ts';
import { ResponseHead } from '../../../../src/http1/response-head.ts';
import { ResponseRecord, RecordMemory } from '../../../../src/proxy/mirror/response-record.ts';

const BOUNDS = { bodyBytes: 10, responseBytes: 20 };

function head(parts: Partial<ResponseHead> = {}): ResponseHead {
  return Object.assign(new ResponseHead(), { status: 200, block: 'a: b\r\n', body: BODY_LENGTH, contentLength: 5, ...parts });
}

function record(given: ResponseHead, pieces: readonly string[]) {
  const memory = new RecordMemory();
  const one = new ResponseRecord(BOUNDS, memory);
  one.begin(given, 1.5);
  for (const piece of pieces) {
    const bytes = Buffer.from(`<${piece}>`);
    one.add(bytes, 1, bytes.length - 1);
    // It lies in memory that is overwritten.
    bytes.fill(0);
  }
  const response = one.response();
  const kept = memory.bytes;
  one.release();
  expect(memory.bytes).toBe(0);
  return { response, kept };
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

describe('a response is kept', () => {
  test('with its status, fields and time', () => {
    const { response } = record(head({ status: 404 }), []);
    expect(response).toMatchObject({ status: 404, fields: 'a: b\r\n', latencyMs: 1.5 });
  });

  test.each([
    ['in one piece', ['hello']],
    ['in many', ['h', 'el', 'lo']],
  ])('whole while it is small, %s', (_, pieces) => {
    const { response, kept } = record(head(), pieces);
    if (response.body.kind !== 'whole') throw new Error(response.body.kind);
    expect(text(response.body.bytes)).toBe('hello');
    expect(kept).toBe(5);
    // It goes to another thread with nothing around it.
    expect(response.body.bytes.buffer.byteLength).toBe(5);
  });

  test('without chunk framing and trailers', () => {
    const { response } = record(head({ body: BODY_CHUNKED }), ['2\r\nhe\r', '\n3;x=y\r\nl', 'lo\r\n0\r\nx-end: 1\r\n', '\r\n']);
    expect(response.body.kind === 'whole' && text(response.body.bytes)).toBe('hello');
  });

  test('empty where there is no body', () => {
    const { response } = record(head({ body: BODY_NONE, contentLength: 1_000_000 }), []);
    expect(response.body).toEqual({ kind: 'whole', bytes: Buffer.alloc(0) });
  });

  test.each([[['0123456789', 'a']], [['01', '23456789a']], [['0123456789a']]])('as a digest when it is larger: %j', (pieces) => {
    const { response, kept } = record(head({ body: BODY_UNTIL_CLOSE }), pieces);
    const digest = createHash('sha256').update('0123456789a').digest('hex');
    expect(response.body).toEqual({ kind: 'digest', digest, length: 11 });
    expect(kept).toBe(0);
  });

  test('cut when it is larger than copies may be, however that shows', () => {
    const cut = { kind: 'cut', atLeast: 20 };
    expect(record(head({ contentLength: 21 }), ['x']).response.body).toEqual(cut);
    expect(record(head({ body: BODY_UNTIL_CLOSE }), ['0123456789', '0123456789', 'x', 'y']).response.body).toEqual(cut);
    expect(record(head({ contentLength: 20 }), ['0123456789', '0123456789']).response.body.kind).toBe('digest');
  });
});
