// What is kept of one response to be compared: its status, its fields, and its body as far as it is small; of a larger one its digest.

import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { BODY_CHUNKED, BODY_LENGTH } from '../../http/body-kind.ts';
import type { IncomingResponse } from '../../http/response.ts';
import { ChunkedDecoder } from '../../http1/chunked-decoder.ts';
import type { RecordedResponse, RecordedBody } from '../../compare/mirrored-exchange.ts';

/** Of all bodies that one worker keeps to be compared. */
const MAX_KEPT_BYTES = 16 * 1024 * 1024;

/** What all records of one worker keep together. */
export class RecordMemory {
  bytes = 0;

  get isFull(): boolean {
    return this.bytes > MAX_KEPT_BYTES;
  }
}

export interface RecordBounds {
  /** Larger bodies are not kept, but digested. */
  readonly bodyBytes: number;
  /** Beyond this nothing is digested either: their copies end there. */
  readonly responseBytes: number;
}

export class ResponseRecord {
  /** 0 before the head. */
  status = 0;
  readonly #bounds: RecordBounds;
  readonly #memory: RecordMemory;
  #fields = '';
  #latencyMs = 0;
  #length = 0;
  #kept = 0;
  #pieces: Buffer[] = [];
  #chunkedDecoder: ChunkedDecoder | undefined = undefined;
  #hash: Hash | undefined = undefined;
  #isCut = false;

  constructor(bounds: RecordBounds, memory: RecordMemory) {
    this.#bounds = bounds;
    this.#memory = memory;
  }

  begin(head: IncomingResponse, latencyMs: number): void {
    this.status = head.status;
    this.#fields = head.block;
    this.#latencyMs = latencyMs;
    this.#chunkedDecoder = head.body === BODY_CHUNKED ? new ChunkedDecoder() : undefined;
    if (head.body === BODY_LENGTH && head.contentLength > this.#bounds.responseBytes) this.#cut();
  }

  /** Body bytes as framed. */
  add(bytes: Buffer, from: number, to: number): void {
    if (this.#isCut) return;
    if (this.#chunkedDecoder === undefined) return this.#take(bytes, from, to);
    const unchunked = this.#chunkedDecoder.take(bytes, from, to);
    this.#take(unchunked, 0, unchunked.length);
  }

  /** The response, when it has ended. Its taker also calls `release`. */
  response(): RecordedResponse {
    return { status: this.status, fields: this.#fields, body: this.#body(), latencyMs: this.#latencyMs };
  }

  /** Lets go of what is kept. */
  release(): void {
    this.#memory.bytes -= this.#kept;
    this.#kept = 0;
    this.#pieces = [];
    this.#hash = undefined;
  }

  #take(bytes: Buffer, from: number, to: number): void {
    this.#length += to - from;
    if (this.#length > this.#bounds.responseBytes) return this.#cut();
    if (this.#hash !== undefined) this.#hash.update(bytes.subarray(from, to));
    else if (this.#length > this.#bounds.bodyBytes) this.#digest(bytes.subarray(from, to));
    else this.#keep(bytes, from, to);
  }

  #keep(bytes: Buffer, from: number, to: number): void {
    // Memory of its own: a slice of a shared block would take the whole block along to the thread that compares.
    const piece = Buffer.allocUnsafeSlow(to - from);
    bytes.copy(piece, 0, from, to);
    this.#pieces.push(piece);
    this.#kept += piece.length;
    this.#memory.bytes += piece.length;
  }

  #digest(bytes: Buffer): void {
    const hash = createHash('sha256');
    for (const piece of this.#pieces) hash.update(piece);
    this.release();
    this.#hash = hash.update(bytes);
  }

  #cut(): void {
    this.release();
    this.#isCut = true;
  }

  #body(): RecordedBody {
    if (this.#isCut) return { kind: 'cut', atLeast: this.#bounds.responseBytes };
    if (this.#hash !== undefined) return { kind: 'digest', digest: this.#hash.digest('hex'), length: this.#length };
    return { kind: 'whole', bytes: join(this.#pieces, this.#length) };
  }
}

function join(pieces: readonly Buffer[], length: number): Uint8Array {
  const [only] = pieces;
  if (only !== undefined && pieces.length === 1) return only;
  const whole = Buffer.allocUnsafeSlow(length);
  let at = 0;
  for (const piece of pieces) at += piece.copy(whole, at);
  return whole;
}
