// Our reading of HTTP/2 against nghttp2's, which is Node's: what we accept it must accept as the same. And frames must say the same whatever pieces
// they come in.

import assert from 'node:assert/strict';
import { REQUEST_RULES, RESPONSE_RULES, TRAILER_RULES } from '../../../src/http2/block-rules.ts';
import type { BlockRules } from '../../../src/http2/block-rules.ts';
import { DecodedFields } from '../../../src/http2/decoded-fields.ts';
import { FrameReader } from '../../../src/http2/frame-reader.ts';
import { CLIENT_PREFACE, SETTINGS } from '../../../src/http2/frames.ts';
import { HeaderDecoder } from '../../../src/http2/hpack/header-decoder.ts';
import { compareFrames, compareRequests, compareResponses } from '../../property/http2/agreement.ts';
import { frame } from '../../property/http2/nghttp2.ts';
import { RecordVisitor } from '../../unit/http2/record-visitor.ts';
import { makeFrames } from '../frame-grammar.ts';
import { blocksOf, makeBlocks } from '../hpack-grammar.ts';
import type { Target } from '../target.ts';

/** Some blocks are beyond them. */
const LIMITS = { headerBytes: 300, headerCount: 8, requestLineBytes: 100 };
const fields = new DecodedFields();

export const requestFields: Target = {
  name: 'request-fields',
  make: (chance) => makeBlocks(chance, 'request'),
  run: async (input) => void (await compareRequests(blocksOf(input))),
};

export const responseFields: Target = {
  name: 'response-fields',
  make: (chance) => makeBlocks(chance, 'response'),
  run: async (input) => void (await compareResponses(blocksOf(input))),
};

/** Without nghttp2, and so much faster: what a decoder knows again is what one that forgets decodes, also beyond the limits and of malformed fields. */
export const hpack: Target = {
  name: 'hpack',
  make: (chance) => makeBlocks(chance, chance() < 0.5 ? 'request' : 'response'),
  run(input) {
    for (const rules of [REQUEST_RULES, RESPONSE_RULES, TRAILER_RULES]) {
      const [decoder, forgetful] = [new HeaderDecoder(4096), new HeaderDecoder(4096)];
      // Twice, so that there is something to know.
      for (const block of blocksOf(input).flatMap((each) => [each, each])) {
        forgetful.relax();
        const decoded = decode(block, decoder, rules);
        assert.deepEqual(decoded, decode(block, forgetful, rules));
        if (decoded.fault !== '') break;
      }
    }
  },
};

function decode(block: Buffer, decoder: HeaderDecoder, rules: BlockRules): Readonly<Record<string, unknown>> {
  fields.begin(rules, LIMITS);
  if (!decoder.decode(block, 0, block.length, fields)) {
    assert.notEqual(decoder.fault, '', 'a block is refused without a reason');
    return { fault: decoder.fault };
  }
  const { seen, count, size, tooLarge, fault, method, path, authority, scheme, status, protocol } = fields;
  return {
    fault: '',
    seen,
    count,
    size,
    tooLarge,
    malformed: fault,
    text: fields.finish(),
    method,
    path,
    authority,
    scheme,
    status,
    protocol,
  };
}

export const frames: Target = {
  name: 'frames',
  make: makeFrames,
  async run(input) {
    const bytes = Buffer.from(input, 'latin1');
    assert.deepEqual(read(bytes, 1), read(bytes, bytes.length), 'cut into single bytes they read otherwise');
    await compareFrames(bytes);
  },
};

interface Told {
  readonly code: number;
  readonly reason: string;
  /** With all content of a stream in one piece. */
  readonly told: readonly string[];
  readonly content: ReadonlyMap<unknown, string>;
}

function read(bytes: Buffer, step: number): Told {
  const visitor = new RecordVisitor();
  const reader = new FrameReader(visitor, { frameBytes: 16_384, blockBytes: 65_536 }, true);
  const begun = Buffer.concat([CLIENT_PREFACE, frame(SETTINGS, 0, 0)]);
  let code = reader.read(begun, 0, begun.length);
  for (let from = 0; from < bytes.length && code === 0; from += step) code = reader.read(bytes, from, Math.min(bytes.length, from + step));
  const content = new Map<unknown, string>();
  for (const [what, id, text, flow, ends] of visitor.told) {
    if (what === 'data') content.set(id, `${content.get(id) ?? ''}${String(text)}${ends === true ? '|' : ''}`);
    if (what === 'data') content.set('flow', String(Number(content.get('flow') ?? 0) + Number(flow)));
  }
  return { code, reason: reader.reason, told: visitor.told.filter(([what]) => what !== 'data').map(String), content };
}
