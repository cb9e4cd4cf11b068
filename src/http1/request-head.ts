// What the head of an HTTP/1 request says beyond what every protocol has.

import { IncomingRequest } from '../http/request.ts';
import { BODY_NONE, type BodyKind } from './framing.ts';

/** Filled by `readRequestHead`; one per exchange, reused for every request on it. */
export class RequestHead extends IncomingRequest {
  /** 0 or 1, of HTTP/1.x. */
  minor = 1;
  /** BODY_NONE also when Content-Length is 0. */
  body: BodyKind = BODY_NONE;
  keepAlive = true;
  /** Asks for an interim 100 before its body (RFC 9110, section 10.1.1). */
  expectsContinue = false;
  /** Protocols that the client wants to change to, as `judgeUpgrade` leaves them; empty: none that can be passed on. */
  upgrade = '';
  /** Why the request was refused, for logs; empty when it was not. */
  refusal = '';

  override reset(): void {
    super.reset();
    this.minor = 1;
    this.body = BODY_NONE;
    this.keepAlive = true;
    this.expectsContinue = false;
    this.upgrade = '';
    this.refusal = '';
  }
}
