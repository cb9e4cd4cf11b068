// Responses in neutral form: what the proxy knows of them, whatever protocol they come in and leave by.
// They never hold text of a protocol: no status line, no framing, nothing of the connection.

import { BODY_NONE } from './body-kind.ts';
import type { BodyKind } from './body-kind.ts';

/** A response as an upstream sent it. The reader of a protocol extends it with what only that protocol has. */
export class IncomingResponse {
  /** 100 to 599. */
  status = 0;
  /** Reason phrase as received; may be empty. */
  reason = '';
  /** Header block: field lines as received, each with its CRLF; without hop-by-hop fields. */
  block = '';
  /** BODY_NONE also when Content-Length is 0. */
  body: BodyKind = BODY_NONE;
  /** As declared, also where no body follows (HEAD, 304); -1 when it was not. */
  contentLength = -1;
  /** It could have content, declares no length, and has none. */
  isEmpty = false;
  /** Whether it says when it was made (Date). */
  dated = false;
  /** Of a 101: the protocols that it names; empty: it names none. */
  upgrade = '';
  /** Why the response was refused, for logs; empty when it was not. */
  refusal = '';

  /** Sets every field to its first value, so that a kept response holds on to no text. */
  reset(): void {
    this.status = 0;
    this.reason = '';
    this.block = '';
    this.body = BODY_NONE;
    this.contentLength = -1;
    this.isEmpty = false;
    this.dated = false;
    this.upgrade = '';
    this.refusal = '';
  }
}
