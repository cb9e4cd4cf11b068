// Writes the requests of one HTTP/1 connection: heads, and bodies as they are framed, or put into chunks where they are not. What the kernel
// does not take at once is copied, or kept where it lies. It reads nothing, and never decides whether the connection is used again.

import { BODY_STREAM } from '../../http/body-kind.ts';
import type { OutgoingRequest } from '../../http/request.ts';
import { chunkHead, lastChunk } from '../../http1/write-chunk.ts';
import { writeRequestHead } from '../../http1/write-request.ts';
import type { ByteStream } from '../../net/byte-stream.ts';
import { canKeep, giveLarge, keepRead, loseLarge } from '../../net/large-memory.ts';
import { READ_BYTES, giveCopyBlock, takeCopyBlock } from './blocks.ts';

/** `onDrain` follows a write of this size (Node's own `highWaterMark` of a socket), whatever was written before. */
const DRAINED_BYTES = 65_536;
/** Of a copy: the size of a chunk before it, and the line end behind it. */
const CHUNK_ROOM = 16;

const NOTHING = Buffer.alloc(0);

export interface RequestsOwner {
  /** All that was sent has left, where that was to be told. */
  onSent(): void;
}

export class Http1Requests {
  /** Whether a byte of the current request was given to the kernel. */
  sent = false;
  /** The upstream takes no more; what it has sent may still be there to read. */
  refused = false;
  readonly #stream: ByteStream;
  readonly #owner: RequestsOwner;
  /** The body comes without framing: it leaves in chunks. */
  #chunks = false;
  /** What the kernel has yet to take lies in it. */
  #kept: Buffer | undefined = undefined;
  #onSent: (() => void) | undefined = undefined;

  constructor(stream: ByteStream, owner: RequestsOwner) {
    this.#stream = stream;
    this.#owner = owner;
  }

  /** Bytes that the kernel has yet to take. */
  get unsent(): number {
    return this.#stream.unsentBytes;
  }

  /** The head, and the first of the body. Returns false: `onDrain` of the stream follows, before which nothing more should be sent. */
  begin(request: OutgoingRequest, authority: string, text: string, bytes: Buffer | undefined): boolean {
    this.#chunks = request.body === BODY_STREAM;
    const head = writeRequestHead(request, authority);
    if (!this.#chunks) return bytes === undefined ? this.#text(head + text) : this.#textWithCopy(head + text, bytes);
    const more = this.#text(text === '' ? head : head + chunkHead(text.length) + text + '\r\n');
    return bytes === undefined ? more : this.copy(bytes, 0, bytes.length);
  }

  /** Bytes that must stay as they are until they have left. */
  bytes(bytes: Buffer): boolean {
    this.sent = true;
    if (!this.#chunks || bytes.length === 0) return this.#stream.writeBytes(bytes);
    this.#stream.cork();
    this.#stream.writeText(chunkHead(bytes.length), 'latin1');
    this.#stream.writeBytes(bytes);
    const more = this.#stream.writeText('\r\n', 'latin1');
    this.#stream.uncork();
    return more;
  }

  /** Bytes that may change once this returns. */
  copy(bytes: Buffer, from: number, to: number): boolean {
    const most = this.#chunks ? READ_BYTES - CHUNK_ROOM : READ_BYTES;
    if (to - from > most) {
      this.copy(bytes, from, from + most);
      return this.copy(bytes, from + most, to);
    }
    const copy = takeCopyBlock();
    if (!this.#chunks || from === to) return this.#block(copy, bytes.copy(copy, 0, from, to));
    const start = copy.write(chunkHead(to - from), 'latin1');
    const end = start + bytes.copy(copy, start, from, to);
    return this.#block(copy, end + copy.write('\r\n', end, 'latin1'));
  }

  /** Bytes of a read that is being passed on, and which the next read overwrites. */
  read(bytes: Buffer, from: number, to: number): boolean {
    // A write below this size may wait for the kernel without a call to `onDrain` after it.
    if (this.#chunks || to - from < DRAINED_BYTES || !canKeep(bytes) || this.#kept !== undefined) return this.copy(bytes, from, to);
    this.bytes(to - from === bytes.length ? bytes : bytes.subarray(from, to));
    if (this.#stream.unsentBytes === 0) return !this.refused;
    this.#kept = bytes;
    keepRead();
    return false;
  }

  /** The body is over, which was sent in chunks. @param trailers a header block */
  end(trailers: string): void {
    this.#text(lastChunk(trailers));
  }

  /** The owner hears of it when all that was sent has left, however little it is. */
  tellSent(): void {
    this.#stream.writeBytes(NOTHING, (this.#onSent ??= () => this.#owner.onSent()));
  }

  /** All has left. */
  drained(): void {
    if (this.#kept !== undefined) giveLarge(this.#kept);
    this.#kept = undefined;
  }

  /** The connection is gone: what has not left lies there for ever. */
  closed(): void {
    if (this.#kept !== undefined) loseLarge();
    this.#kept = undefined;
  }

  #text(text: string): boolean {
    this.sent = true;
    return this.#stream.writeText(text, 'latin1');
  }

  #textWithCopy(text: string, bytes: Buffer): boolean {
    if (text.length + bytes.length > READ_BYTES) {
      this.#text(text);
      return this.copy(bytes, 0, bytes.length);
    }
    const copy = takeCopyBlock();
    const head = copy.write(text, 'latin1');
    return this.#block(copy, head + bytes.copy(copy, head));
  }

  #block(copy: Buffer, length: number): boolean {
    this.sent = true;
    const more = this.#stream.writeBytes(copy.subarray(0, length));
    if (this.#stream.unsentBytes > 0) return more;
    // Taken by the kernel at once, as most are: the copy has served.
    giveCopyBlock(copy);
    return more || !this.refused;
  }
}
