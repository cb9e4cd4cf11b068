import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BODY_CHUNKED, BODY_LENGTH, BODY_NONE } from '../../../src/http/body-kind.ts';
import type { RequestHead } from '../../../src/http1/request-head.ts';
import { RequestBody } from '../../../src/proxy/request-body.ts';

const announced = (body: RequestHead['body'], contentLength = -1): RequestHead => ({ body, contentLength }) as RequestHead;

/** Gives `text` in pieces of these sizes; returns how many bytes belong to the body. */
function feed(body: RequestBody, text: string, sizes: readonly number[]): number {
  const bytes = Buffer.from(text, 'latin1');
  let at = 0;
  for (const size of [...sizes, bytes.length]) {
    const to = Math.min(bytes.length, at + size);
    const end = body.advance(bytes, at, to);
    if (end < to) return end;
    at = end;
  }
  return at;
}

test('no body is there from the start, and takes nothing', () => {
  const body = new RequestBody();
  expect([body.begin(announced(BODY_NONE), 1), body.done]).toEqual([true, true]);
  expect(body.advance(Buffer.from('GET'), 0, 3)).toBe(0);
});

const sizes = fc.array(fc.integer({ min: 1, max: 7 }), { maxLength: 12 });
const data = fc.string({ unit: fc.constantFrom(...'ab\r\n0;'), maxLength: 20 });

test('law: a body with a length ends there, however it is cut', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), sizes, (length, cut) => {
      const body = new RequestBody();
      body.begin(announced(BODY_LENGTH, length), 0);
      expect(feed(body, 'x'.repeat(length) + 'GET /next', cut)).toBe(length);
      expect([body.done, body.bytes]).toEqual([true, length]);
    }),
  );
});

test('law: chunks end with the last one, however they are cut', () => {
  fc.assert(
    fc.property(fc.array(data, { maxLength: 4 }), sizes, (chunks, cut) => {
      const framed = chunks.filter((each) => each !== '').map((each) => `${each.length.toString(16)}\r\n${each}\r\n`);
      const text = `${framed.join('')}0\r\n\r\n`;
      const body = new RequestBody();
      body.begin(announced(BODY_CHUNKED), 0);
      expect(feed(body, `${text}GET /next`, cut)).toBe(text.length);
      expect([body.done, body.bytes]).toEqual([true, text.length]);
    }),
  );
});

describe('a bound', () => {
  test.each([
    [10, 10, true],
    [11, 10, false],
    [1e9, 0, true],
  ])('of a body of %i bytes: %i', (length, limit, may) => {
    const body = new RequestBody();
    expect(body.begin(announced(BODY_LENGTH, length), limit)).toBe(may);
    if (!may) expect(body.refusal.code).toBe('body_too_large');
  });

  test('of chunks holds for their data together', () => {
    const body = new RequestBody();
    body.begin(announced(BODY_CHUNKED), 5);
    expect(feed(body, '3\r\nabc\r\n', [])).toBe(8);
    expect(feed(body, '3\r\nabc\r\n', [])).toBe(-1);
    expect(body.refusal.code).toBe('body_too_large');
  });
});

test('what is malformed is refused as such', () => {
  const body = new RequestBody();
  body.begin(announced(BODY_CHUNKED), 0);
  expect([feed(body, 'x\r\n', []), body.refusal.code, body.done]).toEqual([-1, 'bad_request', false]);
});
