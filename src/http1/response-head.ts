// What the head of an HTTP/1 response says beyond what every protocol has.

import { IncomingResponse } from '../http/response.ts';
import { BODY_NONE, type BodyKind } from './framing.ts';

/** Filled by `readResponseHead`; one per connection, reused for every response on it. */
export class ResponseHead extends IncomingResponse {
  /** 0 or 1, of HTTP/1.x. */
  minor = 1;
  /** BODY_NONE also when Content-Length is 0. */
  body: BodyKind = BODY_NONE;
  /** Whether the connection may carry another response after this one. */
  keepAlive = true;
  /** Of a 101: the protocols that it names; empty: it names none. */
  upgrade = '';
  /** Why the response was refused, for logs; empty when it was not. */
  refusal = '';

  override reset(): void {
    super.reset();
    this.minor = 1;
    this.body = BODY_NONE;
    this.keepAlive = true;
    this.upgrade = '';
    this.refusal = '';
  }
}
