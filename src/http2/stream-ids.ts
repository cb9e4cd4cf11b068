// Identifiers of streams (RFC 9113, section 5.1.1): which are idle and which closed, and how frames are judged whose stream nobody keeps any more.

import { PROTOCOL_ERROR } from './error-codes.ts';
import { HEADERS, MAX_31_BITS, PRIORITY } from './frames.ts';
import { CLOSED, CONNECTION_SCOPE, IDLE, IGNORE, judgeFrame } from './stream-state.ts';
import type { StreamState, Verdict } from './stream-state.ts';

/** Of the streams that a client opens: ours where we are one. Nobody pushes, so that even identifiers are never used. */
export class StreamIds {
  /** The last one that was opened; 0: there is none yet. */
  last = 0;
  readonly #isServer: boolean;
  readonly #remembered: number;
  /** The identifiers between these were passed over last. */
  #gapFrom = 0;
  #gapTo = 0;
  /** The last streams that we reset, as a ring. */
  #resets: number[] | undefined = undefined;
  #resetCount = 0;

  /**
   * @param isServer we are one
   * @param concurrent as many streams as the client may have open: once so many more are reset, it has heard of a reset, for it could not have
   * opened the others otherwise
   */
  constructor(isServer: boolean, concurrent: number) {
    this.#isServer = isServer;
    this.#remembered = concurrent;
  }

  /** What becomes of a frame whose stream is not kept; TAKE: it is HEADERS of a client and begins the stream. */
  judge(streamId: number, type: number): Verdict {
    if (type === PRIORITY) return IGNORE;
    if ((streamId & 1) === 0) return CONNECTION_SCOPE | PROTOCOL_ERROR;
    // We remember no stream that we have given up, and frames of it may be on their way.
    if (!this.#isServer) return streamId > this.last ? CONNECTION_SCOPE | PROTOCOL_ERROR : IGNORE;
    if (streamId > this.last) return judgeFrame(IDLE, type);
    if (this.#wasReset(streamId)) return IGNORE;
    if (type === HEADERS && streamId > this.#gapFrom && streamId < this.#gapTo) return CONNECTION_SCOPE | PROTOCOL_ERROR;
    return judgeFrame(CLOSED, type);
  }

  /** The state of a stream that is not kept. */
  stateOf(streamId: number): StreamState {
    return streamId > this.last || (streamId & 1) === 0 ? IDLE : CLOSED;
  }

  /** The client has opened this stream, which `judge` has allowed. */
  opened(streamId: number): void {
    if (streamId > this.last + 2) {
      this.#gapFrom = this.last;
      this.#gapTo = streamId;
    }
    this.last = streamId;
  }

  /** The identifier of the next stream that we open; 0: there is none left, and no further stream on this connection. */
  open(): number {
    const next = this.last === 0 ? 1 : this.last + 2;
    if (next > MAX_31_BITS) return 0;
    this.last = next;
    return next;
  }

  /** We have reset this stream before the client had ended it. */
  noteReset(streamId: number): void {
    this.#resets ??= [];
    this.#resets[this.#resetCount++ % this.#remembered] = streamId;
  }

  #wasReset(streamId: number): boolean {
    return this.#resets !== undefined && this.#resets.includes(streamId);
  }
}
