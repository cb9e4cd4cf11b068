// Requests in neutral form: what the proxy knows of them whatever protocol they came in or leave by.
// A request never holds text of a protocol: no request line, no framing, nothing of the connection.

/** A request as an upstream gets it. One per exchange, filled once for all of its attempts and copies. */
export class OutgoingRequest {
  /** Empty: not filled. */
  method = '';
  target = '';
  authority = '';
  /** Header block with the forwarding fields; without what frames the message or belongs to a connection. */
  block = '';
  /** Whether it has a body whose length is not known before its end. */
  unsized = false;
  /** Whether trailers may follow the response. */
  acceptsTrailers = false;

  /** Sets every field to its first value, so that a kept request holds on to no text. */
  reset(): void {
    this.method = '';
    this.target = '';
    this.authority = '';
    this.block = '';
    this.unsized = false;
    this.acceptsTrailers = false;
  }
}
