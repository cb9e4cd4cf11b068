// What of a response's content has yet to be sent on a stream of HTTP/2. It lies where it was read, and is only looked at: how much may go out is
// for windows to say.

import { ChunkPieces } from '../../http1/chunk-pieces.ts';
import { BODY_CHUNKED } from '../../http/body-kind.ts';
import type { UpstreamStream } from '../../upstream/protocol/upstream-stream.ts';

const NOTHING = Buffer.alloc(0);

export class ResponseContent {
  /** The piece that comes next, from `at` to `to`. */
  bytes: Buffer = NOTHING;
  at = 0;
  to = 0;
  /** What is here is the rest. */
  done = false;
  /** Header block behind the rest. */
  trailers = '';
  /** Where what was read ends, when it is in chunks. */
  #end = 0;
  #chunks: ChunkPieces | undefined = undefined;
  #inChunks = false;

  /** Whether there is some. */
  get isLeft(): boolean {
    return this.at < this.to;
  }

  /** A new response, whose content comes as this upstream frames it. */
  begin(upstream: UpstreamStream): void {
    this.#inChunks = upstream.head.body === BODY_CHUNKED;
    if (!this.#inChunks) return;
    if (this.#chunks === undefined) this.#chunks = new ChunkPieces();
    else this.#chunks.reset();
  }

  /** More of it lies in `from` to `to` of the memory of `upstream`; nothing is left of what came before. */
  add(upstream: UpstreamStream, from: number, to: number, done: boolean): void {
    this.bytes = upstream.memory;
    this.done = done;
    if (!this.#inChunks) {
      this.at = from;
      this.to = to;
      if (done) this.trailers = upstream.trailers;
      return;
    }
    const { scanner } = upstream;
    if (done) this.trailers = scanner.trailerText;
    this.#end = scanner.dataEnd;
    this.#find(from);
  }

  /** Content of our own, which nobody changes. */
  addOwn(bytes: Buffer, done: boolean): void {
    this.#inChunks = false;
    this.bytes = bytes;
    this.at = 0;
    this.to = bytes.length;
    this.done = done;
  }

  /** So much of the piece is sent. */
  sent(octets: number): void {
    this.at += octets;
    if (this.at < this.to) return;
    if (this.#inChunks) this.#find(this.to);
    if (this.at >= this.to) this.bytes = NOTHING;
  }

  /** There is none, and there is none to come. */
  reset(): void {
    this.bytes = NOTHING;
    this.at = 0;
    this.to = 0;
    this.done = false;
    this.trailers = '';
    this.#inChunks = false;
  }

  #find(from: number): void {
    const chunks = this.#chunks!;
    if (!chunks.find(this.bytes, from, this.#end)) {
      this.at = this.to;
      return;
    }
    this.at = chunks.from;
    this.to = chunks.to;
  }
}
