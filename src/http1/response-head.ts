// What the head of an HTTP/1 response says beyond what every protocol has.

import { IncomingResponse } from '../http/response.ts';

/** Filled by `readResponseHead`; one per connection, reused for every response on it. */
export class ResponseHead extends IncomingResponse {
  /** 0 or 1, of HTTP/1.x. */
  minor = 1;
  /** Whether the connection may carry another response after this one. */
  keepAlive = true;

  override reset(): void {
    super.reset();
    this.minor = 1;
    this.keepAlive = true;
  }
}
