// What parsing costs: nanoseconds per head, and per chunked body. `node bench/micro/http1.ts` prints it.

import { ChunkedScanner } from '../../src/http1/chunked-scanner.ts';
import { readRequestHead } from '../../src/http1/read-request-head.ts';
import { RequestHead } from '../../src/http1/request-head.ts';
import { readResponseHead } from '../../src/http1/read-response-head.ts';
import { ResponseHead } from '../../src/http1/response-head.ts';

export interface Benchmark {
  readonly name: string;
  /** Does the work this many times. */
  readonly run: (iterations: number) => void;
}

const REQUEST = [
  'GET /static/js/app.9f8e7d6c.chunk.js?v=20260501&lang=en HTTP/1.1',
  'Host: shop.example.com',
  'Connection: keep-alive',
  'sec-ch-ua: "Chromium";v="136", "Google Chrome";v="136", "Not-A.Brand";v="99"',
  'sec-ch-ua-mobile: ?0',
  'sec-ch-ua-platform: "Linux"',
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/136.0.0.0 Safari/537.36',
  'Accept: text/html,application/xhtml+xml,*/*;q=0.8',
  'Sec-Fetch-Site: same-origin',
  'Sec-Fetch-Mode: no-cors',
  'Sec-Fetch-Dest: script',
  'Referer: https://shop.example.com/catalog/index.html',
  'Accept-Encoding: gzip, deflate, br, zstd',
  'Accept-Language: en-US,en;q=0.9',
  'Cookie: session=0123456789abcdef; theme=dark; basket=abcdef0123',
  '',
  '',
].join('\r\n');

const RESPONSE = [
  'HTTP/1.1 200 OK',
  'Content-Type: application/json; charset=utf-8',
  'Content-Length: 1234',
  'Cache-Control: no-store',
  'ETag: "5d8c72a5edda8d6a"',
  'Date: Mon, 01 Jun 2026 10:00:00 GMT',
  'Connection: keep-alive',
  'Keep-Alive: timeout=5',
  '',
  '',
].join('\r\n');

const LIMITS = { headerBytes: 16384, headerCount: 100, requestLineBytes: 8192 };
const VARIANTS = 64;

// Different strings, flat and freshly decoded like those from a socket, so that nothing comes from a cache of the engine.
const requests = Array.from({ length: VARIANTS }, (_, i) => decoded(REQUEST.replace('9f8e', String(1000 + i))));
const responses = Array.from({ length: VARIANTS }, (_, i) => decoded(RESPONSE.replace('1234', String(1000 + i))));
const chunks = Buffer.from(`${`1000\r\n${'x'.repeat(4096)}\r\n`.repeat(16)}0\r\n\r\n`);

const requestHead = new RequestHead();
const responseHead = new ResponseHead();
const scanner = new ChunkedScanner();

export const benchmarks: readonly Benchmark[] = [
  {
    name: `parse a request head of ${REQUEST.length} bytes`,
    run: (iterations) => {
      for (let i = 0; i < iterations; i++) readRequestHead(requests[i % VARIANTS]!, 0, requestHead, LIMITS);
    },
  },
  {
    name: `parse a response head of ${RESPONSE.length} bytes`,
    run: (iterations) => {
      for (let i = 0; i < iterations; i++) readResponseHead(responses[i % VARIANTS]!, 0, responseHead, LIMITS, 'GET');
    },
  },
  {
    name: 'scan 64 KiB in 16 chunks',
    run: (iterations) => {
      for (let i = 0; i < iterations; i++) {
        scanner.reset();
        scanner.scan(chunks, 0, chunks.length);
      }
    },
  },
];

function decoded(text: string): string {
  return Buffer.from(text).toString('latin1');
}

if (import.meta.main) {
  const iterations = 50_000;
  for (const { name, run } of benchmarks) {
    // The best of several rounds: on a shared machine the others measure the neighbours.
    let best = Infinity;
    for (let round = 0; round < 12; round++) {
      const startedAt = process.hrtime.bigint();
      run(iterations);
      best = Math.min(best, Number(process.hrtime.bigint() - startedAt) / iterations);
    }
    console.log(`${name}: ${best.toFixed(0)} ns`);
  }
}
