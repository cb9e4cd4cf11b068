// What the head of an HTTP/1 request says beyond what every protocol has.

import { IncomingRequest } from '../http/request.ts';

/** Filled by `readRequestHead`; one per exchange, reused for every request on it. */
export class RequestHead extends IncomingRequest {
  /** 0 or 1, of HTTP/1.x. */
  minor = 1;
  keepAlive = true;

  override reset(): void {
    super.reset();
    this.minor = 1;
    this.keepAlive = true;
  }
}
