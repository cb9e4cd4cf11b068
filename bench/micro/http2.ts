// What HTTP/2 costs without a socket: nanoseconds per head, decoded and encoded, and per frame.

import { IncomingRequest, OutgoingRequest } from '../../src/http/request.ts';
import { IncomingResponse } from '../../src/http/response.ts';
import { REQUEST_RULES, RESPONSE_RULES } from '../../src/http2/block-rules.ts';
import type { BlockRules } from '../../src/http2/block-rules.ts';
import { DecodedFields } from '../../src/http2/decoded-fields.ts';
import { FrameReader } from '../../src/http2/frame-reader.ts';
import type { FrameVisitor } from '../../src/http2/frame-visitor.ts';
import { BEFORE_BLOCK, writeDataHead, writeHeaders, writeSettings, writeWindowUpdate } from '../../src/http2/frame-writer.ts';
import { HeaderDecoder } from '../../src/http2/hpack/header-decoder.ts';
import { HeaderEncoder } from '../../src/http2/hpack/header-encoder.ts';
import { readRequestHead } from '../../src/http2/read-request-head.ts';
import { readResponseHead } from '../../src/http2/read-response-head.ts';
import { INDEXED, huffman, integer, literal, type Pair } from '../../test/unit/http2/blocks.ts';

const LIMITS = { headerBytes: 16_384, headerCount: 100, requestLineBytes: 8192 };
const VARIANTS = 64;

const BROWSER: readonly Pair[] = [
  ['sec-ch-ua', '"Chromium";v="136", "Google Chrome";v="136", "Not-A.Brand";v="99"'],
  ['sec-ch-ua-mobile', '?0'],
  ['sec-ch-ua-platform', '"Linux"'],
  ['user-agent', 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/136.0.0.0 Safari/537.36'],
  ['accept', 'text/html,application/xhtml+xml,*/*;q=0.8'],
  ['sec-fetch-site', 'same-origin'],
  ['sec-fetch-mode', 'no-cors'],
  ['sec-fetch-dest', 'script'],
  ['referer', 'https://shop.example.com/catalog/index.html'],
  ['accept-encoding', 'gzip, deflate, br, zstd'],
  ['accept-language', 'en-US,en;q=0.9'],
  ['priority', 'u=1, i'],
  ['cookie', 'session=0123456789abcdef'],
  ['cookie', 'theme=dark; basket=abcdef0123'],
];
const RESPONSE: readonly Pair[] = [
  ['content-type', 'application/json; charset=utf-8'],
  ['cache-control', 'no-store'],
  ['date', 'Mon, 01 Jun 2026 10:00:00 GMT'],
  ['server', 'shop'],
  ['vary', 'Accept-Encoding'],
];
const target = (index: number): string => `/static/js/app.${1000 + index}7d6c.chunk.js?v=20260501&lang=en`;

function lines(...pairs: readonly Pair[]): string {
  return flat(pairs.map(([name, value]) => `${name}: ${value}\r\n`).join(''));
}

/** Like text that was read from a socket. */
function flat(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}

const fields = new DecodedFields();

function decode(decoder: HeaderDecoder, block: Buffer, rules: BlockRules): void {
  fields.begin(rules, LIMITS);
  if (!decoder.decode(block, 0, block.length, fields)) throw new Error(decoder.fault);
}

/** A browser's first request, and others with another path, whose fields are all in the table. @param spelt ends with one that is not */
function decodeRequests(spelt: boolean): (iterations: number) => void {
  const decoder = new HeaderDecoder(4096);
  const authority: Pair = [':authority', 'shop.example.com'];
  decode(decoder, Buffer.from([0x82, 0x87, 0x84, ...[authority, ...BROWSER].flatMap((pair) => literal(pair, INDEXED))]), REQUEST_RULES);
  const indices = BROWSER.flatMap((_, index) => integer(61 + BROWSER.length - index, 0x7f, 0x80));
  const control = [0x82, ...integer(62 + BROWSER.length, 0x7f, 0x80), 0x87, 0x04];
  const blocks = Array.from({ length: VARIANTS }, (_, index) => {
    const last = spelt ? literal(['if-none-match', `"${1000 + index}"`]) : [];
    return Buffer.from([...control, ...huffman(target(index)), ...indices, ...last]);
  });
  const head = new IncomingRequest();
  return (iterations) => {
    for (let i = 0; i < iterations; i++) {
      decode(decoder, blocks[i % VARIANTS]!, REQUEST_RULES);
      if (readRequestHead(fields, head, true) !== 0) throw new Error(head.refusal);
    }
  };
}

const first = Buffer.from([
  0x82,
  0x87,
  ...integer(4, 0x0f, 0),
  ...huffman(target(0)),
  ...BROWSER.flatMap(([name, value]) => spell(name, value)),
]);

function spell(name: string, value: string): number[] {
  return [INDEXED, ...huffman(name), ...huffman(value)];
}

function decodeResponses(): (iterations: number) => void {
  const [encoder, decoder] = [new HeaderEncoder(false), new HeaderDecoder(4096)];
  const into = Buffer.alloc(1000);
  const blocks = Array.from({ length: VARIANTS }, (_, index) => {
    const block = lines(...RESPONSE, ['content-length', String(1000 + index)], ['etag', `"5d8c72a5ed${index}"`]);
    return Buffer.from(into.subarray(0, encoder.encodeResponse(200, block, into, 0)));
  });
  for (const block of blocks) decode(decoder, block, RESPONSE_RULES);
  const head = new IncomingResponse();
  return (iterations) => {
    for (let i = 0; i < iterations; i++) {
      decode(decoder, blocks[4 + (i % (VARIANTS - 4))]!, RESPONSE_RULES);
      if (readResponseHead(fields, head, false, 'GET') !== 0) throw new Error(head.refusal);
    }
  };
}

function encodeResponses(): (iterations: number) => number {
  const encoder = new HeaderEncoder(false);
  const into = Buffer.alloc(4096);
  const blocks = Array.from({ length: VARIANTS }, (_, index) =>
    lines(...RESPONSE, ['content-length', String(1000 + index)], ['etag', `"5d8c${index}"`]),
  );
  return (iterations) => {
    let octets = 0;
    for (let i = 0; i < iterations; i++) octets += encoder.encodeResponse(200, blocks[i % VARIANTS]!, into, 0);
    return octets;
  };
}

function encodeRequests(): (iterations: number) => number {
  const encoder = new HeaderEncoder(true);
  const into = Buffer.alloc(8192);
  const requests = Array.from({ length: VARIANTS }, (_, index) => {
    const forwarding: readonly Pair[] = [
      ['x-forwarded-for', `10.1.2.${index}`],
      ['x-forwarded-proto', 'https'],
      ['x-request-id', `0123456789abcdef${1000 + index}`],
    ];
    return Object.assign(new OutgoingRequest(), { method: 'GET', target: flat(target(index)), block: lines(...BROWSER, ...forwarding) });
  });
  return (iterations) => {
    let octets = 0;
    for (let i = 0; i < iterations; i++) octets += encoder.encodeRequest(requests[i % VARIANTS]!, 'https', 'shop.example.com', into, 0);
    return octets;
  };
}

/** Twenty streams: HEADERS of 40 octets, DATA of 100, WINDOW_UPDATE of each. */
const FRAMES = 60;

function readFrames(): (iterations: number) => number {
  const into = Buffer.alloc(8192);
  let end = 0;
  for (let stream = 1; stream < 41; stream += 2) {
    end = writeHeaders(into, end, end + BEFORE_BLOCK + 40, stream, false, 16_384);
    end = writeDataHead(into, end, 100, stream, true) + 100;
    end = writeWindowUpdate(into, end, stream, 100);
  }
  let told = 0;
  const tell = (): void => void told++;
  const visitor: FrameVisitor = {
    ...{ onData: tell, onHeaders: tell, onReset: tell, onSettings: tell, onSettingsAck: tell, onPing: tell },
    ...{ onPingAck: tell, onGoaway: tell, onWindowUpdate: tell, onIgnored: tell, onStreamError: tell },
  };
  const reader = new FrameReader(visitor, { frameBytes: 16_384, blockBytes: 65_536 }, false);
  const settings = Buffer.alloc(9);
  reader.read(settings, 0, writeSettings(settings, 0, []));
  return (iterations) => {
    for (let i = 0; i < iterations; i++) if (reader.read(into, 0, end) !== 0) throw new Error(reader.reason);
    return told;
  };
}

export const benchmarks: readonly { readonly name: string; readonly run: (iterations: number) => unknown }[] = [
  { name: 'decode a request of a browser: all fields are known', run: decodeRequests(false) },
  { name: 'decode a request of a browser: and one in full', run: decodeRequests(true) },
  {
    name: 'decode the first request of a browser',
    run: (iterations) => {
      for (let i = 0; i < iterations; i++) decode(new HeaderDecoder(4096), first, REQUEST_RULES);
    },
  },
  { name: 'encode a response of seven fields', run: encodeResponses() },
  { name: 'decode a response of seven fields', run: decodeResponses() },
  { name: 'encode a request of a browser', run: encodeRequests() },
  { name: `read ${FRAMES} frames of 20 streams`, run: readFrames() },
];

if (import.meta.main) {
  const iterations = 20_000;
  for (const { name, run } of benchmarks) {
    // The best of several rounds: on a shared machine the others measure the neighbours.
    let best = Infinity;
    for (let round = 0; round < 30; round++) {
      const startedAt = process.hrtime.bigint();
      run(iterations);
      best = Math.min(best, Number(process.hrtime.bigint() - startedAt) / iterations);
    }
    console.log(`${name}: ${best.toFixed(0)} ns`);
  }
}
