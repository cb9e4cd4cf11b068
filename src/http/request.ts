// Requests in neutral form: what the proxy knows of them, whatever protocol they come in and leave by.
// They never hold text of a protocol: no request line, no framing, nothing of the connection.

import { BODY_NONE } from './body-kind.ts';
import type { BodyKind } from './body-kind.ts';

/** A request as a client sent it. The reader of a protocol extends it with what only that protocol has. */
export class IncomingRequest {
  method = '';
  /** Of the connection that it came by. */
  scheme: 'http' | 'https' = 'http';
  /** The host that it is for, with a port where one was given; empty only for HTTP/1.0 without Host. */
  authority = '';
  /** Exactly the target to forward: origin-form, or `*`. */
  target = '';
  /** The target before the first `?`. */
  path = '';
  /** What follows the first `?`, without it; empty when absent. */
  query = '';
  /** Header block: field lines as received, each with its CRLF; without Host, hop-by-hop fields and those that have a place of their own below. */
  block = '';
  /** BODY_NONE also when Content-Length is 0. */
  body: BodyKind = BODY_NONE;
  /** -1 when it was not declared. */
  contentLength = -1;
  /** Asks for an interim 100 before its body (RFC 9110, section 10.1.1). */
  expectsContinue = false;
  /** Protocols that the client wants to change to, as `judgeUpgrade` leaves them; empty: none that can be passed on. */
  upgrade = '';
  /** CONNECT: `authority` is what it names, with its port. */
  connects = false;
  /** Whether the client takes trailers. */
  acceptsTrailers = false;
  /** Of OPTIONS and TRACE: how many more may pass them on; -1 when it is not said. */
  maxForwards = -1;
  /** Received values of forwarding fields, joined by `, `; empty when absent. They are not in the block. */
  forwardedFor = '';
  forwardedProto = '';
  forwardedHost = '';
  via = '';
  requestId = '';
  /** Value of Forwarded (RFC 7239), which is not in the block either. */
  forwarded = '';
  /** Value of CDN-Loop, which stays in the block. */
  cdnLoop = '';
  /** What is known of the client's certificate, as x-forwarded-client-cert says it; it is in the block, too. */
  clientCert = '';
  /** Whether the block holds other forwarding fields (`forwarding-fields.ts`). */
  forwardedOther = false;
  /** Why the request was refused, for logs; empty when it was not. */
  refusal = '';

  /** Whether the bytes behind it may be those of a tunnel. */
  get opensTunnel(): boolean {
    return this.connects || this.upgrade !== '';
  }

  /** Sets every field to its first value, so that a kept request holds on to no text. */
  reset(): void {
    this.method = '';
    this.scheme = 'http';
    this.authority = '';
    this.target = '';
    this.path = '';
    this.query = '';
    this.block = '';
    this.body = BODY_NONE;
    this.contentLength = -1;
    this.expectsContinue = false;
    this.upgrade = '';
    this.connects = false;
    this.acceptsTrailers = false;
    this.maxForwards = -1;
    this.forwardedFor = '';
    this.forwardedProto = '';
    this.forwardedHost = '';
    this.via = '';
    this.requestId = '';
    this.forwarded = '';
    this.cdnLoop = '';
    this.clientCert = '';
    this.forwardedOther = false;
    this.refusal = '';
  }
}

/** A request as an upstream gets it. One per exchange, filled once for all of its attempts. */
export class OutgoingRequest {
  /** Empty: not filled. */
  method = '';
  target = '';
  authority = '';
  /** Header block with the forwarding fields; without what frames the message or belongs to a connection. */
  block = '';
  /** How its body is framed where it comes from. */
  body: BodyKind = BODY_NONE;
  /** Of BODY_LENGTH. */
  contentLength = -1;
  /** Whether trailers may follow the response. */
  acceptsTrailers = false;
  /** Whether its block asks for an interim 100 before the body. */
  expectsContinue = false;
  /** Protocols that its connection is to change to; empty: none. */
  upgrade = '';

  /** Sets every field to its first value, so that a kept request holds on to no text. */
  reset(): void {
    this.method = '';
    this.target = '';
    this.authority = '';
    this.block = '';
    this.body = BODY_NONE;
    this.contentLength = -1;
    this.acceptsTrailers = false;
    this.expectsContinue = false;
    this.upgrade = '';
  }

  /** Makes it a copy of another one, whose block is to be this. It asks for no interim 100: the body of a copy follows at once. */
  copy(from: OutgoingRequest, block: string): void {
    this.method = from.method;
    this.target = from.target;
    this.authority = from.authority;
    this.block = block;
    this.body = from.body;
    this.contentLength = from.contentLength;
    this.acceptsTrailers = from.acceptsTrailers;
    this.expectsContinue = false;
    this.upgrade = from.upgrade;
  }
}
