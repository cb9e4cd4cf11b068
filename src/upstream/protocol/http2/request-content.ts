// The content of one request that has yet to be sent: out of the framing that it came in, with its end and its trailers. How much may leave is for
// windows to say.

import { BODY_CHUNKED, BODY_LENGTH, BODY_NONE } from '../../../http/body-kind.ts';
import type { BodyKind } from '../../../http/body-kind.ts';
import { ChunkedDecoder } from '../../../http1/chunked-decoder.ts';

const NOTHING = Buffer.alloc(0);

export class RequestContent {
  /** Octets that wait. */
  octets = 0;
  /** What waits is the rest. */
  ended = true;
  /** Header block behind it. */
  trailers = '';
  #decoder: ChunkedDecoder | undefined = undefined;
  /** Of a declared length: what has yet to be added; -1: it is not declared. */
  #left = -1;
  readonly #pieces: Buffer[] = [];
  #at = 0;

  begin(kind: BodyKind, length: number): void {
    this.ended = kind === BODY_NONE;
    this.#left = kind === BODY_LENGTH ? length : -1;
    this.#decoder = kind === BODY_CHUNKED ? new ChunkedDecoder() : undefined;
  }

  /** What of these framed bytes is content; the end may be among them. The same bytes where there is no framing. */
  unframe(bytes: Buffer): Buffer {
    const decoder = this.#decoder;
    if (decoder === undefined) {
      if (this.#left >= 0) this.#left -= bytes.length;
      if (this.#left === 0) this.ended = true;
      return bytes;
    }
    const content = decoder.take(bytes, 0, bytes.length);
    this.ended = decoder.done;
    if (decoder.done) this.trailers = decoder.trailers;
    return content;
  }

  /** Content that waits; it must not change. */
  add(content: Buffer): void {
    if (content.length === 0) return;
    this.#pieces.push(content);
    this.octets += content.length;
  }

  /** The piece to be sent next, from `at` on. */
  get first(): Buffer {
    return this.#pieces[0] ?? NOTHING;
  }

  get at(): number {
    return this.#at;
  }

  /** So much of the first piece is sent. */
  sent(octets: number): void {
    this.#at += octets;
    this.octets -= octets;
    if (this.#at < this.first.length) return;
    this.#pieces.shift();
    this.#at = 0;
  }

  /** Nothing more is sent. */
  clear(): void {
    this.#pieces.length = 0;
    this.#at = 0;
    this.octets = 0;
    this.ended = true;
    this.trailers = '';
    this.#decoder = undefined;
  }
}
