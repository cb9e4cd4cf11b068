import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ChunkedScanner } from '../../../src/http1/chunked-scanner.ts';
import { readRequestHead } from '../../../src/http1/read-request-head.ts';
import { RequestHead } from '../../../src/http1/request-head.ts';
import { readResponseHead } from '../../../src/http1/read-response-head.ts';
import { ResponseHead } from '../../../src/http1/response-head.ts';
import { mutate, mutationArbitrary } from './mutations.ts';
import { RESPONSES, REQUESTS } from './samples.ts';

const LIMITS = { headerBytes: 300, headerCount: 12, requestLineBytes: 80 };
const mutations = fc.array(mutationArbitrary, { maxLength: 3 });
const share = fc.nat(999);

/** What is said of a part must hold for the whole: refused stays refused, complete stays complete. */
function agrees(part: number, whole: number, length: number): void {
  if (part > 0) expect(whole).toBe(part);
  if (part < 0) expect(whole).toBeLessThan(0);
  if (whole > length) expect(part).toBe(0);
}

test('a request is judged the same however much of it has arrived', () => {
  const head = new RequestHead();
  fc.assert(
    fc.property(fc.constantFrom(...REQUESTS), mutations, share, (sample, injuries, cut) => {
      const text = injuries.reduce(mutate, sample);
      const length = Math.floor((cut * text.length) / 1000);
      const whole = readRequestHead(text, 0, head, LIMITS);
      agrees(readRequestHead(text.slice(0, length), 0, head, LIMITS), whole, length);
    }),
    { numRuns: 10_000 },
  );
});

test('a response is judged the same however much of it has arrived', () => {
  const head = new ResponseHead();
  fc.assert(
    fc.property(fc.constantFrom(...RESPONSES), mutations, share, (sample, injuries, cut) => {
      const text = injuries.reduce(mutate, sample);
      const length = Math.floor((cut * text.length) / 1000);
      const whole = readResponseHead(text, 0, head, LIMITS, 'GET');
      agrees(readResponseHead(text.slice(0, length), 0, head, LIMITS, 'GET'), whole, length);
    }),
    { numRuns: 10_000 },
  );
});

const extension = fc.constantFrom('', '', '', ';a', ';a=b', ';a="b c"', ';a="\\"";d=e');
const chunk = fc.tuple(fc.string({ minLength: 1, maxLength: 40, unit: 'binary-ascii' }), extension);
const trailer = fc.constantFrom('X-Sum: 1\r\n', 'Server-Timing: a, b\r\n', 'x:\r\n');

test('a chunked body is found and freed of trailers wherever the buffers end', () => {
  fc.assert(
    fc.property(
      fc.array(chunk, { maxLength: 8 }),
      fc.array(trailer, { maxLength: 3 }),
      fc.array(share, { maxLength: 8 }),
      (chunks, trailers, cuts) => {
        const framed = chunks.map(([data, after]) => `${data.length.toString(16)}${after}\r\n${data}\r\n`).join('');
        const text = `${framed}0\r\n${trailers.join('')}\r\n`;
        const ends = cuts.map((cut) => Math.floor((cut * text.length) / 1000)).sort((a, b) => a - b);
        const scanner = new ChunkedScanner();
        let sent = '';
        let from = 0;
        for (const to of [...ends, text.length]) {
          const bytes = Buffer.from(text.slice(from, to), 'latin1');
          expect(scanner.scan(bytes, 0, bytes.length)).toBe(bytes.length);
          sent += bytes.toString('latin1', 0, scanner.dataEnd) + scanner.closing;
          from = to;
        }
        expect(sent).toBe(`${framed}0\r\n\r\n`);
        expect(scanner).toMatchObject({
          done: true,
          trailers: trailers.length,
          bodyBytes: chunks.reduce((sum, [data]) => sum + data.length, 0),
        });
      },
    ),
    { numRuns: 3_000 },
  );
});

test('an injured chunked body ends the same way in one buffer and byte by byte', () => {
  const sound = '5;a=b\r\nhello\r\n00A;c="\\"d"\r\n0123456789\r\n0\r\nX-Sum: 1\r\n\r\nGET / HTTP/1.1\r\n';
  const whole = new ChunkedScanner();
  const slow = new ChunkedScanner();
  fc.assert(
    fc.property(mutations, (injuries) => {
      const bytes = Buffer.from(injuries.reduce(mutate, sound), 'latin1');
      whole.reset(100);
      slow.reset(100);
      const end = whole.scan(bytes, 0, bytes.length);
      let at = 0;
      while (at >= 0 && at < bytes.length && !slow.done) at = slow.scan(bytes, at, at + 1);
      expect(at).toBe(end);
      expect([slow.done, slow.bodyBytes, slow.refusal]).toEqual([whole.done, whole.bodyBytes, whole.refusal]);
    }),
    { numRuns: 5_000 },
  );
});
