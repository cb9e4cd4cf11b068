// Our reading of HTTP/1 against that of Node's strict parser: where both accept they must see the same message.

import assert from 'node:assert/strict';
import { ChunkedDecoder } from '../../../src/http1/chunked-decoder.ts';
import { ChunkedScanner } from '../../../src/http1/chunked-scanner.ts';
import { compareRequest, compareResponse } from '../../property/http1/agreement.ts';
import { readRequest } from '../../property/http1/llhttp.ts';
import { makeChunks, makeRequest, makeResponse } from '../grammar.ts';
import type { Target } from '../target.ts';

export const request: Target = { name: 'request', make: makeRequest, run: (input) => void compareRequest(input) };

export const response: Target = {
  name: 'response',
  make: makeResponse,
  run(input) {
    compareResponse(input, 'GET');
    compareResponse(input, 'HEAD');
  },
};

const HEAD = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';

/** Whole, and cut into single bytes: the scanner must say the same, and Node must read the same bytes where the scanner ends. */
export const chunks: Target = {
  name: 'chunks',
  make: makeChunks,
  run(input) {
    const bytes = Buffer.from(input, 'latin1');
    const whole = scan(bytes, bytes.length);
    assert.deepEqual(scan(bytes, 1), whole, 'cut into single bytes it reads otherwise');
    if (whole.end < 0) return;
    const theirs = readRequest(Buffer.concat([Buffer.from(HEAD), bytes.subarray(0, whole.end)]));
    assert.equal(theirs.fault, '', 'Node refuses what we accept');
    assert.equal(theirs.body, whole.data);
  },
};

/** `end`: -1 = refused or unfinished. */
function scan(bytes: Buffer, step: number): { readonly end: number; readonly data: string } {
  const scanner = new ChunkedScanner();
  const decoder = new ChunkedDecoder();
  scanner.reset();
  decoder.reset();
  let data = '';
  for (let from = 0; from < bytes.length;) {
    const to = Math.min(bytes.length, from + step);
    const end = scanner.scan(bytes, from, to);
    if (end < 0) return { end: -1, data: '' };
    data += decoder.take(bytes, from, scanner.dataEnd).toString('latin1');
    if (scanner.done) return { end, data };
    from = to;
  }
  return { end: -1, data: '' };
}
