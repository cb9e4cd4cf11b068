// The head of one HTTP/1 request in neutral form. Bytes only: it knows no socket.

import type { BodyKind } from './framing.ts';

/** Filled by `parseRequestHead`; one per connection, reused for every request on it. */
export class RequestHead {
  method = '';
  /** Exactly the target to forward: origin-form, or `*`. An absolute-form target is reduced to origin-form. */
  target = '';
  /** The target before the first `?`. */
  path = '';
  /** What follows the first `?`, without it; empty when absent. */
  query = '';
  /** 0 or 1, of HTTP/1.x. */
  minor = 1;
  /** Host field value, or the authority of an absolute-form target; empty only for HTTP/1.0 without Host. */
  authority = '';
  /** Header block: field lines as received, each with its CRLF; without Host, hop-by-hop, forwarding fields, x-request-id and transfer-encoding. */
  block = '';
  body: BodyKind = 0;
  /** -1 when there is no Content-Length. */
  contentLength = -1;
  keepAlive = true;
  expectContinue = false;
  /** Whether `TE` named trailers. */
  acceptsTrailers = false;
  /** Value of Upgrade when Connection names it; else empty. */
  upgrade = '';
  /** Received values of forwarding fields, joined by `, `; empty when absent. They are not in the block. */
  forwardedFor = '';
  forwardedProto = '';
  forwardedHost = '';
  via = '';
  requestId = '';
}
