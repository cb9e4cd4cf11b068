// What one connection has to send, until it leaves: frames stand one behind the other in blocks, which are used again once their bytes have left.
// It decides nothing, and an idle connection has no block.

import type { OutgoingRequest } from '../../../http/request.ts';
import { BEFORE_BLOCK, roomForFrames, writeDataHead, writeHeaders } from '../../../http2/frame-writer.ts';
import { END_STREAM, FRAME_HEAD } from '../../../http2/frames.ts';
import { maxEncodedBytes } from '../../../http2/hpack/header-encoder.ts';
import type { HeaderEncoder } from '../../../http2/hpack/header-encoder.ts';
import type { ByteStream } from '../../../net/byte-stream.ts';

const BLOCK_BYTES = 32_768;
/** Of a thread. */
const MAX_SPARE = 32;
/** Content that is taken while so much has yet to leave. */
const MAX_UNSENT = 262_144;
/** Flags of a frame, behind its length and its type. */
const FLAGS_AT = 4;

const NOTHING = Buffer.alloc(0);
const spare: Buffer[] = [];

export class FrameOutput {
  readonly #stream: ByteStream;
  #block: Buffer = NOTHING;
  #at = 0;
  readonly #full: Buffer[] = [];
  #fullBytes = 0;
  /** Where the last frame of content stands, and of which stream it is, while nothing is behind it. */
  #lastAt = -1;
  #lastStream = 0;

  constructor(stream: ByteStream) {
    this.#stream = stream;
  }

  /** Octets of content that may be written now. */
  get room(): number {
    return MAX_UNSENT - this.#stream.unsentBytes - this.#fullBytes - this.#at;
  }

  get isEmpty(): boolean {
    return this.#at === 0 && this.#fullBytes === 0;
  }

  /** Where frames are written into, from the offset that `reserve` returns. */
  get bytes(): Buffer {
    return this.#block;
  }

  /** Makes room for so many octets; `wrote` follows. */
  reserve(octets: number): number {
    if (this.#at + octets > this.#block.length) this.#makeRoom(octets);
    this.#lastAt = -1;
    return this.#at;
  }

  wrote(end: number): void {
    this.#at = end;
  }

  /** The head of a request. */
  request(
    encoder: HeaderEncoder,
    streamId: number,
    request: OutgoingRequest,
    scheme: 'http' | 'https',
    authority: string,
    ends: boolean,
    maxFrameSize: number,
  ): void {
    const characters = request.method.length + request.target.length + authority.length + request.block.length + 64;
    const at = this.#reserveFields(characters, maxFrameSize);
    const end = encoder.encodeRequest(request, scheme, authority, this.#block, at + BEFORE_BLOCK);
    this.wrote(writeHeaders(this.#block, at, end, streamId, ends, maxFrameSize));
  }

  /** Trailers, which end the stream. */
  trailers(encoder: HeaderEncoder, streamId: number, trailers: string, maxFrameSize: number): void {
    const at = this.#reserveFields(trailers.length, maxFrameSize);
    const end = encoder.encodeTrailers(trailers, this.#block, at + BEFORE_BLOCK);
    this.wrote(writeHeaders(this.#block, at, end, streamId, true, maxFrameSize));
  }

  /** One frame of content. */
  content(streamId: number, bytes: Buffer, from: number, to: number, ends: boolean): void {
    const start = this.reserve(FRAME_HEAD + to - from);
    const at = writeDataHead(this.#block, start, to - from, streamId, ends);
    bytes.copy(this.#block, at, from, to);
    this.wrote(at + to - from);
    this.#lastAt = start;
    this.#lastStream = streamId;
  }

  /** The content of a stream is over: its last frame says so where it has not left yet. */
  endContent(streamId: number): void {
    if (this.#lastAt >= 0 && this.#lastStream === streamId) {
      this.#block[this.#lastAt + FLAGS_AT]! |= END_STREAM;
      return;
    }
    // It may be another block from here on.
    const at = this.reserve(FRAME_HEAD);
    this.wrote(writeDataHead(this.#block, at, 0, streamId, true));
  }

  /** All leaves in one write. */
  flush(): void {
    if (this.isEmpty) return;
    this.#lastAt = -1;
    const full = this.#full.splice(0);
    this.#fullBytes = 0;
    if (full.length > 0) this.#stream.cork();
    for (const bytes of full) this.#stream.writeBytes(bytes);
    const block = this.#block;
    const length = this.#at;
    this.#block = NOTHING;
    this.#at = 0;
    // What waits takes no more memory than it needs.
    const waits = this.#stream.unsentBytes > 0 && length * 2 < block.length;
    if (length > 0) this.#stream.writeBytes(waits ? Buffer.from(block.subarray(0, length)) : block.subarray(0, length));
    if (full.length > 0) this.#stream.uncork();
    if (waits || !this.#stream.borrows) give(block);
  }

  /** Nothing more leaves. */
  close(): void {
    give(this.#block);
    this.#block = NOTHING;
    this.#at = 0;
    this.#full.length = 0;
    this.#fullBytes = 0;
    this.#lastAt = -1;
  }

  #reserveFields(characters: number, maxFrameSize: number): number {
    const most = maxEncodedBytes(characters);
    return this.reserve(BEFORE_BLOCK + most + roomForFrames(most, maxFrameSize));
  }

  #makeRoom(octets: number): void {
    if (this.#at > 0) {
      this.#full.push(this.#block.subarray(0, this.#at));
      this.#fullBytes += this.#at;
    } else give(this.#block);
    this.#at = 0;
    this.#block = octets > BLOCK_BYTES ? Buffer.allocUnsafeSlow(octets) : (spare.pop() ?? Buffer.allocUnsafeSlow(BLOCK_BYTES));
  }
}

function give(block: Buffer): void {
  if (block.length === BLOCK_BYTES && spare.length < MAX_SPARE) spare.push(block);
}
