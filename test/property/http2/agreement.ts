// Our reading of blocks of fields against nghttp2's: where both accept they must see the same message, and what we accept nghttp2 must accept.
// Throws where they part.

import assert from 'node:assert/strict';
import { FIELD_CONTENT_LENGTH } from '../../../src/http/known-fields.ts';
import { IncomingRequest } from '../../../src/http/request.ts';
import { IncomingResponse } from '../../../src/http/response.ts';
import { REQUEST_RULES, RESPONSE_RULES } from '../../../src/http2/block-rules.ts';
import { DecodedFields } from '../../../src/http2/decoded-fields.ts';
import { COMPRESSION_ERROR } from '../../../src/http2/error-codes.ts';
import * as frames from '../../../src/http2/frames.ts';
import { HeaderDecoder } from '../../../src/http2/hpack/header-decoder.ts';
import { readRequestHead } from '../../../src/http2/read-request-head.ts';
import { readResponseHead } from '../../../src/http2/read-response-head.ts';
import { isLookalike } from '../http1/agreement.ts';
import { ModelConnection } from './model-connection.ts';
import { frame, readAsClient, readAsServer } from './nghttp2.ts';
import type { Pairs, Reading } from './nghttp2.ts';

const LIMITS = { headerBytes: 60_000, headerCount: 900, requestLineBytes: 60_000 };
/** Where we are stricter about the format (STRICTER.md). */
const STRICTER = new Set(['malformed integer', 'too many size updates']);
const CUT = ['host', 'te', 'x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'forwarded', 'via', 'x-request-id'];

export type Agreement = 'accepted' | 'refused' | 'compression' | 'incomplete';

const fields = new DecodedFields();
const request = new IncomingRequest();
const response = new IncomingResponse();

/** Blocks of requests, in the order of one connection: how each was judged, up to the first that HPACK cannot read. */
export async function compareRequests(blocks: readonly Buffer[]): Promise<Agreement[]> {
  const sent = blocks.map((block, index) => frame(frames.HEADERS, frames.END_HEADERS | frames.END_STREAM, 2 * index + 1, block));
  const theirs = await readAsServer(Buffer.concat(sent));
  const decoder = new HeaderDecoder(4096);
  return compareBlocks(blocks, decoder, theirs, (block, streamId) => {
    fields.begin(REQUEST_RULES, LIMITS);
    if (!decoder.decode(block, 0, block.length, fields)) return undefined;
    if (readRequestHead(fields, request, true) === 0) compareRequest(theirs, streamId);
    return request.refusal;
  });
}

/** Blocks of responses to GET. */
export async function compareResponses(blocks: readonly Buffer[]): Promise<Agreement[]> {
  const sent = blocks.map((block, index) => frame(frames.HEADERS, frames.END_HEADERS | frames.END_STREAM, 2 * index + 1, block));
  const theirs = await readAsClient(blocks.length, Buffer.concat(sent));
  const decoder = new HeaderDecoder(4096);
  return compareBlocks(blocks, decoder, theirs, (block, streamId) => {
    fields.begin(RESPONSE_RULES, LIMITS);
    if (!decoder.decode(block, 0, block.length, fields)) return undefined;
    const isRead = readResponseHead(fields, response, true, 'GET') === 0;
    // The one thing that nghttp2 does not take and we do (STRICTER.md).
    const isMended = response.status === 204 && fields.has(FIELD_CONTENT_LENGTH);
    if (isRead && !isMended) compareResponse(theirs, streamId);
    return response.refusal;
  });
}

/** @param judge refuses a block with a reason, or accepts it with none; undefined: HPACK cannot read it */
function compareBlocks(
  blocks: readonly Buffer[],
  decoder: HeaderDecoder,
  theirs: Reading,
  judge: (block: Buffer, streamId: number) => string | undefined,
): Agreement[] {
  const agreements: Agreement[] = [];
  for (const [index, block] of blocks.entries()) {
    const refusal = judge(block, 2 * index + 1);
    if (refusal === undefined) {
      assert.notEqual(decoder.fault, '', 'a block is refused without a reason');
      assert.ok(theirs.goaway === COMPRESSION_ERROR || STRICTER.has(decoder.fault), `nghttp2 reads what we cannot: ${decoder.fault}`);
      return [...agreements, 'compression'];
    }
    agreements.push(refusal === '' ? 'accepted' : 'refused');
  }
  assert.equal(theirs.goaway, -1, 'nghttp2 ends a connection that we do not');
  return agreements;
}

function headOf(theirs: Reading, streamId: number): Pairs {
  const head = theirs.streams.get(streamId)?.heads[0];
  assert.ok(head !== undefined, `nghttp2 refuses what we accept: ${theirs.resets.get(streamId) ?? `GOAWAY ${theirs.goaway}`}`);
  return head;
}

function compareRequest(theirs: Reading, streamId: number): void {
  const head = headOf(theirs, streamId);
  const value = (name: string): string => head.find(([known]) => known === name)?.[1] ?? '';
  const joined = (name: string): string => valuesOf(head, name).join(', ');
  const isUpgrade = value(':protocol') !== '';
  assert.equal(request.method, isUpgrade ? 'GET' : value(':method'));
  assert.equal(request.upgrade, value(':protocol').toLowerCase());
  assert.equal(request.target, value(':path') || value(':authority'));
  assert.equal(request.authority, (value(':authority') || value('host')).replace(/:$/, ''));
  for (const [ours, name] of [
    [request.forwardedFor, 'x-forwarded-for'],
    [request.via, 'via'],
    [request.requestId, 'x-request-id'],
    [request.forwarded, 'forwarded'],
    [request.cdnLoop, 'cdn-loop'],
  ] as const)
    assert.equal(ours, joined(name), name);
  assert.equal(request.contentLength, Number(value('content-length') || -1));
  assert.equal(request.acceptsTrailers, value('te') === 'trailers');
  const cut = request.maxForwards >= 0 ? [...CUT, 'max-forwards'] : CUT;
  const kept = head.filter(([name]) => !name.startsWith(':') && name !== 'cookie' && !cut.includes(name) && !isLookalike(name));
  const cookies = valuesOf(head, 'cookie');
  if (cookies.length > 0) kept.push(['cookie', cookies.join('; ')]);
  assert.equal(request.block, toBlock(kept));
}

function compareResponse(theirs: Reading, streamId: number): void {
  const head = headOf(theirs, streamId);
  assert.equal(String(response.status), head[0]![1]);
  const isWithoutLength = response.status < 200 || response.status === 204;
  const cut = isWithoutLength ? ['x-sluice-outcome', 'content-length'] : ['x-sluice-outcome'];
  assert.equal(response.block, toBlock(head.filter(([name]) => !name.startsWith(':') && !cut.includes(name))));
  assert.equal(response.dated, valuesOf(head, 'date').length > 0);
}

function valuesOf(head: Pairs, name: string): string[] {
  return head.filter(([known]) => known === name).map(([, value]) => value);
}

function toBlock(pairs: Pairs): string {
  return pairs.map(([name, value]) => `${name}: ${value}\r\n`).join('');
}

/** Frames of a client behind its preface and SETTINGS: `accepted` when the connection has not ended. */
export async function compareFrames(sent: Buffer): Promise<Agreement> {
  const ours = new ModelConnection();
  ours.read(Buffer.concat([frames.CLIENT_PREFACE, frame(frames.SETTINGS, 0, 0), sent]));
  if (ours.goaway >= 0) {
    assert.notEqual(ours.reason, '', 'the connection ends without a reason');
    return ours.goaway === COMPRESSION_ERROR ? 'compression' : 'refused';
  }
  // After GOAWAY Node ends the connection as soon as it can.
  if (!ours.idle || ours.leaves || ours.strayAcks > 0) return 'incomplete';
  const theirs = await readAsServer(sent);
  // It ends the connection for some faults that concern a stream alone.
  if (theirs.goaway >= 0 && ours.resets.size > 0) return 'refused';
  assert.equal(theirs.goaway, -1, 'nghttp2 ends a connection that we do not');
  for (const [id, stream] of ours.streams) {
    if (ours.resets.has(id) || stream.givenUp) continue;
    const other = theirs.streams.get(id);
    assert.ok(other !== undefined && !theirs.resets.has(id), `nghttp2 resets a stream that we do not: ${theirs.resets.get(id)}`);
    assert.equal(other.content, stream.content);
    assert.equal(other.heads.length, stream.trailers === undefined ? 1 : 2);
    if (stream.trailers !== undefined) assert.equal(stream.trailers, toBlock(other.heads[1]!));
  }
  return 'accepted';
}
