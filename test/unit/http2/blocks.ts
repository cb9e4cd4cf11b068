// Blocks of fields for tests, written octet by octet, and what is decoded from them.

import { REQUEST_RULES, type BlockRules } from '../../../src/http2/block-rules.ts';
import { DecodedFields } from '../../../src/http2/decoded-fields.ts';
import { HeaderDecoder } from '../../../src/http2/hpack/header-decoder.ts';
import { IncomingRequest } from '../../../src/http/request.ts';
import { IncomingResponse } from '../../../src/http/response.ts';
import { readRequestHead } from '../../../src/http2/read-request-head.ts';
import { readResponseHead } from '../../../src/http2/read-response-head.ts';
import { RESPONSE_RULES, TRAILER_RULES } from '../../../src/http2/block-rules.ts';
import { judgeTrailers } from '../../../src/http2/read-trailers.ts';
import { REFUSAL_OUTCOMES } from '../../../src/http/refusal.ts';
import { huffmanBytes, writeHuffman } from './write-huffman.ts';

export type Pair = readonly [name: string, value: string];

const LIMITS = { headerBytes: 16_384, headerCount: 100, requestLineBytes: 8192 };

/** Kinds of literals by the bits of their first octet (RFC 7541, section 6.2). */
export const INDEXED = 0x40;
export const NOT_INDEXED = 0x00;
export const NEVER_INDEXED = 0x10;

export function bytes(hex: string): Buffer {
  return Buffer.from(hex.replaceAll(/\s/g, ''), 'hex');
}

/** RFC 7541, section 5.1. */
export function integer(value: number, prefix: number, bits: number): number[] {
  if (value < prefix) return [bits | value];
  const octets = [bits | prefix];
  let rest = value - prefix;
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) octets.push(0x80 | (rest % 128));
  return [...octets, rest];
}

export function string(text: string): number[] {
  return [...integer(text.length, 0x7f, 0), ...Buffer.from(text, 'latin1')];
}

export function huffman(text: string): number[] {
  const coded = Buffer.alloc(huffmanBytes(text, 0, text.length));
  writeHuffman(text, 0, text.length, coded, 0);
  return [...integer(coded.length, 0x7f, 0x80), ...coded];
}

export function literal([name, value]: Pair, kind = NOT_INDEXED): number[] {
  return [kind, ...string(name), ...string(value)];
}

/** All fields in full, in none of the tables. */
export function block(...pairs: readonly Pair[]): Buffer {
  return Buffer.from(pairs.flatMap((pair) => literal(pair)));
}

export interface Decoded {
  readonly sound: boolean;
  readonly fault: string;
  readonly fields: DecodedFields;
}

export function decode(block: Buffer, decoder = new HeaderDecoder(4096), rules: BlockRules = REQUEST_RULES, limits = LIMITS): Decoded {
  const fields = new DecodedFields();
  fields.begin(rules, limits);
  const sound = decoder.decode(block, 0, block.length, fields);
  return { sound, fault: sound ? '' : decoder.fault, fields };
}

/** The fields that `decode` has found, control data first. */
export function pairsOf({ fields }: Decoded): Pair[] {
  const control = ['method', 'scheme', 'authority', 'path', 'status', 'protocol'] as const;
  const pairs = control.flatMap((name, place): Pair[] => (fields.has(22 + place) ? [[`:${name}`, fields[name]]] : []));
  return [...pairs, ...linesOf(fields.finish())];
}

/** The fields of a header block. */
export function linesOf(text: string): Pair[] {
  return text
    .split('\r\n')
    .slice(0, -1)
    .map((line) => [line.slice(0, line.indexOf(': ')), line.slice(line.indexOf(': ') + 2)]);
}

export interface Read<Head> {
  readonly head: Head;
  /** `accepted`, or outcome and reason. */
  readonly verdict: string;
}

export function readRequest(of: Buffer, { ends = true, limits = LIMITS, decoder = new HeaderDecoder(4096) } = {}): Read<IncomingRequest> {
  const head = new IncomingRequest();
  const { sound, fault, fields } = decode(of, decoder, REQUEST_RULES, limits);
  if (!sound) return { head, verdict: `compression: ${fault}` };
  return { head, verdict: verdictOf(readRequestHead(fields, head, ends), head) };
}

export function readResponse(of: Buffer, { ends = false, method = 'GET', decoder = new HeaderDecoder(4096) } = {}): Read<IncomingResponse> {
  const head = new IncomingResponse();
  const { sound, fault, fields } = decode(of, decoder, RESPONSE_RULES);
  if (!sound) return { head, verdict: `compression: ${fault}` };
  return { head, verdict: verdictOf(readResponseHead(fields, head, ends, method), head) };
}

export function readTrailers(of: Buffer, ends = true): Read<string> {
  const { fields } = decode(of, new HeaderDecoder(4096), TRAILER_RULES);
  const fault = judgeTrailers(fields, ends);
  return { head: fault === '' ? fields.block : '', verdict: fault === '' ? 'accepted' : fault };
}

function verdictOf(code: number, { refusal }: { readonly refusal: string }): string {
  return code === 0 ? 'accepted' : `${REFUSAL_OUTCOMES[code]!}: ${refusal}`;
}
