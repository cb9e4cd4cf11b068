// What one connection of HTTP/2 has to send. Frames are written one behind the other into blocks, and leave in one write per turn of the event
// loop: a turn reads the responses of many upstreams. Blocks are used again as soon as their bytes have left; an idle connection has none.

import { nextTurn } from '../../lib/clock.ts';
import type { HeaderEncoder } from '../../http2/hpack/header-encoder.ts';
import { maxEncodedBytes } from '../../http2/hpack/header-encoder.ts';
import { BEFORE_BLOCK, roomForFrames, writeDataHead, writeHeaders } from '../../http2/frame-writer.ts';
import { FRAME_HEAD } from '../../http2/frames.ts';
import type { ByteStream } from '../../net/byte-stream.ts';

/** Heads and small bodies of a turn. */
const SMALL_BYTES = 8192;
/** A response of 64 KiB with its frames and its head. */
const LARGE_BYTES = 73_728;
const MAX_SPARE = 32;
/** Content that a connection takes from its streams before what is written has left. */
const MAX_PENDING_CONTENT = 262_144;
/** Fewer bytes are copied faster one by one than by a call. */
const SHORT_BYTES = 48;

const NOTHING = Buffer.alloc(0);

const spareSmall: Buffer[] = [];
const spareLarge: Buffer[] = [];

interface FullBlock {
  readonly bytes: Buffer;
  readonly length: number;
}

export interface OutputOwner {
  /** What was written in this turn is about to leave. */
  onFlush(): void;
  /** It has been given to the stream: there may be room for more. */
  onFlushed(): void;
  /** A fault of ours. */
  onFault(error: unknown): void;
}

export class Http2Output {
  readonly #stream: ByteStream;
  readonly #owner: OutputOwner;
  #bytes: Buffer = NOTHING;
  #at = 0;
  /** Blocks that are full. */
  #full: FullBlock[] | undefined = undefined;
  #fullBytes = 0;
  /** Blocks that the stream has yet to send. */
  #lent: Buffer[] | undefined = undefined;
  #marked = false;
  #closed = false;

  constructor(stream: ByteStream, owner: OutputOwner) {
    this.#stream = stream;
    this.#owner = owner;
  }

  /** Octets that have yet to leave for the kernel. */
  get pending(): number {
    return this.#stream.unsentBytes + this.#fullBytes + this.#at;
  }

  /** How much content may be written now. */
  get contentRoom(): number {
    return MAX_PENDING_CONTENT - this.pending;
  }

  /** `onFlush` follows within this turn of the event loop. */
  mark(): void {
    if (this.#marked) return;
    this.#marked = true;
    if (marked.push(this) === 1) nextTurn(flushMarked);
  }

  /** Makes room for one or more frames of so many octets; write them into `bytes` from the returned offset on, and call `wrote`. */
  reserve(octets: number): number {
    if (this.#at + octets > this.#bytes.length) this.#makeRoom(octets);
    return this.#at;
  }

  get bytes(): Buffer {
    return this.#bytes;
  }

  /** Frames stand in `bytes` up to `end`. */
  wrote(end: number): void {
    this.#at = end;
    if (!this.#marked) this.mark();
  }

  /** The head of a response. @param fields a header block */
  writeHead(encoder: HeaderEncoder, streamId: number, status: number, fields: string, ends: boolean, maxFrameBytes: number): void {
    const at = this.#reserveBlock(fields, maxFrameBytes);
    const end = encoder.encodeResponse(status, fields, this.#bytes, at + BEFORE_BLOCK);
    this.wrote(writeHeaders(this.#bytes, at, end, streamId, ends, maxFrameBytes));
  }

  /** Trailers, which end the stream. */
  writeTrailers(encoder: HeaderEncoder, streamId: number, trailers: string, maxFrameBytes: number): void {
    const at = this.#reserveBlock(trailers, maxFrameBytes);
    const end = encoder.encodeTrailers(trailers, this.#bytes, at + BEFORE_BLOCK);
    this.wrote(writeHeaders(this.#bytes, at, end, streamId, true, maxFrameBytes));
  }

  /** One frame of content, copied from `from` to `to`. */
  writeContent(streamId: number, content: Buffer, from: number, to: number, ends: boolean): void {
    const length = to - from;
    const start = this.reserve(FRAME_HEAD + length);
    const into = this.#bytes;
    const at = writeDataHead(into, start, length, streamId, ends);
    if (length > SHORT_BYTES) content.copy(into, at, from, to);
    else for (let each = 0; each < length; each++) into[at + each] = content[from + each]!;
    this.wrote(at + length);
  }

  /** All that is written leaves now. */
  flush(): void {
    this.#marked = false;
    if (this.#closed) return;
    this.takeBack();
    this.#owner.onFlush();
    this.#send();
    this.#owner.onFlushed();
  }

  /** Blocks whose bytes have all left are used again. */
  takeBack(): void {
    const lent = this.#lent;
    if (lent === undefined || this.#stream.unsentBytes > 0) return;
    this.#lent = undefined;
    for (const bytes of lent) giveBlock(bytes);
  }

  /** Nothing more is sent. */
  close(): void {
    this.#closed = true;
    this.#give();
    this.#full = undefined;
    this.#fullBytes = 0;
    this.#lent = undefined;
  }

  onFault(error: unknown): void {
    this.#owner.onFault(error);
  }

  #send(): void {
    const full = this.#full;
    if (full !== undefined) {
      this.#full = undefined;
      this.#fullBytes = 0;
      this.#stream.cork();
      for (const { bytes, length } of full) this.#stream.writeBytes(bytes.subarray(0, length));
      (this.#lent ??= []).push(...full.map(({ bytes }) => bytes));
      this.#sendBlock();
      this.#stream.uncork();
      this.takeBack();
    } else this.#sendBlock();
  }

  #sendBlock(): void {
    const bytes = this.#bytes;
    const length = this.#at;
    if (length === 0) return this.#give();
    // What waits for a slow client takes no more memory than it needs.
    if (this.#stream.unsentBytes > 0 && length * 2 < bytes.length) {
      this.#stream.writeBytes(Buffer.from(bytes.subarray(0, length)));
      return this.#give();
    }
    this.#stream.writeBytes(bytes.subarray(0, length));
    if (this.#stream.borrows) {
      (this.#lent ??= []).push(bytes);
      this.#bytes = NOTHING;
      this.#at = 0;
    } else this.#give();
  }

  /** The block goes back to where others take theirs from. */
  #give(): void {
    const bytes = this.#bytes;
    this.#bytes = NOTHING;
    this.#at = 0;
    giveBlock(bytes);
  }

  #reserveBlock(fields: string, maxFrameBytes: number): number {
    const most = maxEncodedBytes(fields.length);
    return this.reserve(BEFORE_BLOCK + most + roomForFrames(most, maxFrameBytes));
  }

  #makeRoom(octets: number): void {
    const before = this.#bytes;
    const length = this.#at;
    if (length === 0) {
      this.#give();
      this.#bytes = takeBlock(octets);
    } else if (before.length === SMALL_BYTES && length + octets <= LARGE_BYTES) {
      const larger = takeBlock(LARGE_BYTES);
      before.copy(larger, 0, 0, length);
      this.#give();
      this.#bytes = larger;
      this.#at = length;
    } else {
      (this.#full ??= []).push({ bytes: before, length });
      this.#fullBytes += length;
      this.#bytes = takeBlock(Math.max(octets, LARGE_BYTES));
      this.#at = 0;
    }
  }
}

function giveBlock(bytes: Buffer): void {
  if (bytes.length === SMALL_BYTES && spareSmall.length < MAX_SPARE) spareSmall.push(bytes);
  else if (bytes.length === LARGE_BYTES && spareLarge.length < MAX_SPARE) spareLarge.push(bytes);
}

function takeBlock(octets: number): Buffer {
  if (octets <= SMALL_BYTES) return spareSmall.pop() ?? Buffer.allocUnsafeSlow(SMALL_BYTES);
  if (octets <= LARGE_BYTES) return spareLarge.pop() ?? Buffer.allocUnsafeSlow(LARGE_BYTES);
  return Buffer.allocUnsafeSlow(octets);
}

/** Those that have something to send in this turn; the other list is that of the turn before, and empty. */
let marked: Http2Output[] = [];
let flushing: Http2Output[] = [];

function flushMarked(): void {
  const all = marked;
  marked = flushing;
  flushing = all;
  for (const output of all) {
    try {
      output.flush();
    } catch (error) {
      output.onFault(error);
    }
  }
  all.length = 0;
}
