// Where the body of a response ends in the bytes that are read, by the framing that its head has named (RFC 9112, section 6.3).

import { ChunkedScanner } from '../../http1/chunked-scanner.ts';
import { BODY_CHUNKED, BODY_LENGTH, BODY_NONE, BODY_STREAM, BODY_UNTIL_CLOSE } from '../../http/body-kind.ts';
import type { ResponseHead } from '../../http1/response-head.ts';

export class ResponseFraming {
  readonly scanner = new ChunkedScanner(true);
  /** Whether the last byte has been seen. */
  done = false;
  #remaining = 0;

  /** A head was read; its body follows. */
  begin(head: ResponseHead): void {
    this.done = false;
    this.#remaining = head.body === BODY_LENGTH ? head.contentLength : 0;
    if (head.body === BODY_CHUNKED) this.scanner.reset();
  }

  /** Follows newly read bytes. Returns where those of the response end in them, or -1 when they are malformed. */
  advance(head: ResponseHead, memory: Buffer, from: number, limit: number): number {
    let to = limit;
    switch (head.body) {
      case BODY_NONE:
        to = from;
        this.done = true;
        break;
      case BODY_LENGTH:
        if (limit - from >= this.#remaining) {
          to = from + this.#remaining;
          this.done = true;
        }
        this.#remaining -= to - from;
        break;
      case BODY_CHUNKED:
        to = this.scanner.scan(memory, from, limit);
        this.done = this.scanner.done;
        break;
      case BODY_UNTIL_CLOSE:
      // No head of HTTP/1 announces it.
      case BODY_STREAM:
        break;
    }
    return to;
  }
}
