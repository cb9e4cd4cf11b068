// What is written to an upstream is read back by our own reader of requests.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BODY_CHUNKED, BODY_STREAM } from '../../../../src/http/body-kind.ts';
import { OutgoingRequest } from '../../../../src/http/request.ts';
import { ChunkedScanner } from '../../../../src/http1/chunked-scanner.ts';
import { ChunkedDecoder } from '../../../../src/http1/chunked-decoder.ts';
import { readRequestHead } from '../../../../src/http1/read-request-head.ts';
import { RequestHead } from '../../../../src/http1/request-head.ts';
import type { ByteStream } from '../../../../src/net/byte-stream.ts';
import { Http1Requests } from '../../../../src/upstream/protocol/http1-requests.ts';

/** Takes all that is written, or says that it waits. */
function collecting(waits = false): { stream: ByteStream; written: Buffer[] } {
  const written: Buffer[] = [];
  const take = (bytes: Buffer): boolean => {
    written.push(Buffer.from(bytes));
    return !waits;
  };
  const stream = {
    unsentBytes: waits ? 1 : 0,
    writeText: (text: string) => take(Buffer.from(text, 'latin1')),
    writeBytes: take,
    cork: () => undefined,
    uncork: () => undefined,
  };
  return { stream: stream as unknown as ByteStream, written };
}

const streamed = (): OutgoingRequest => Object.assign(new OutgoingRequest(), { method: 'PUT', target: '/', body: BODY_STREAM });
const owner = { onSent: (): void => undefined };

/** The body in a chunked message, and its trailers. */
function readBack(message: Buffer): { body: string; trailers: string } {
  const head = new RequestHead();
  const text = message.toString('latin1');
  const end = readRequestHead(text, 0, head, { headerBytes: 16_384, headerCount: 100, requestLineBytes: 8192 });
  expect([end > 0, head.body]).toEqual([true, BODY_CHUNKED]);
  const scanner = new ChunkedScanner();
  scanner.reset();
  expect(scanner.scan(message, end, message.length)).toBe(message.length);
  expect(scanner.done).toBe(true);
  const body = new ChunkedDecoder().take(message, end, scanner.dataEnd).toString('latin1');
  return { body, trailers: scanner.trailerText };
}

test('law: a body without framing of its own arrives whole, in chunks, however it is sent', () => {
  const piece = fc.record({
    how: fc.constantFrom('bytes', 'copy', 'read'),
    bytes: fc.oneof({ weight: 9, arbitrary: fc.uint8Array({ maxLength: 300 }) }, fc.constant(new Uint8Array(140_000).fill(0x61))),
  });
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary-ascii', maxLength: 40 }),
      fc.option(fc.uint8Array()),
      fc.array(piece),
      fc.boolean(),
      (text, lent, pieces, tells) => {
        const { stream, written } = collecting();
        const requests = new Http1Requests(stream, owner);
        requests.begin(streamed(), 'a', text, lent === null ? undefined : Buffer.from(lent));
        for (const { how, bytes } of pieces) {
          if (how === 'bytes') requests.bytes(Buffer.from(bytes));
          else requests[how](Buffer.from(bytes), 0, bytes.length);
        }
        requests.end(tells ? 'x-sum: 9\r\n' : '');
        const sent = Buffer.concat([Buffer.from(text, 'latin1'), lent ?? new Uint8Array(), ...pieces.map(({ bytes }) => bytes)]);
        expect(readBack(Buffer.concat(written))).toEqual({ body: sent.toString('latin1'), trailers: tells ? 'x-sum: 9\r\n' : '' });
      },
    ),
    { numRuns: 200 },
  );
});

test('what waits is said of the last write, in chunks or not', () => {
  for (const body of [BODY_STREAM, BODY_CHUNKED]) {
    const requests = new Http1Requests(collecting(true).stream, owner);
    expect(requests.begin(Object.assign(streamed(), { body }), 'a', 'x', undefined)).toBe(false);
    expect([requests.bytes(Buffer.from('y')), requests.copy(Buffer.from('z'), 0, 1)]).toEqual([false, false]);
  }
});

test('a request that frames its body itself is not put into chunks after one that did not', () => {
  const { stream, written } = collecting();
  const requests = new Http1Requests(stream, owner);
  requests.begin(streamed(), 'a', '', undefined);
  requests.end('');
  written.length = 0;
  requests.begin(Object.assign(streamed(), { body: BODY_CHUNKED }), 'a', '1\r\nx\r\n', undefined);
  requests.bytes(Buffer.from('0\r\n\r\n'));
  expect(readBack(Buffer.concat(written))).toEqual({ body: 'x', trailers: '' });
});
