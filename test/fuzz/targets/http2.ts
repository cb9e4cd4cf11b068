// Our reading of HTTP/2 against nghttp2's, which is Node's: what we accept it must accept as the same. And frames must say the same whatever pieces
// they come in.

import assert from 'node:assert/strict';
import { FrameReader } from '../../../src/http2/frame-reader.ts';
import { CLIENT_PREFACE, SETTINGS } from '../../../src/http2/frames.ts';
import { compareFrames, compareRequests, compareResponses } from '../../property/http2/agreement.ts';
import { frame } from '../../property/http2/nghttp2.ts';
import { RecordVisitor } from '../../unit/http2/record-visitor.ts';
import { makeFrames } from '../frame-grammar.ts';
import { blocksOf, makeBlocks } from '../hpack-grammar.ts';
import type { Target } from '../target.ts';

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
