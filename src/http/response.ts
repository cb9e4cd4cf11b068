// Responses in neutral form: what the proxy knows of them, whatever protocol they come in and leave by.
// They never hold text of a protocol: no status line, no framing, nothing of the connection.

/** A response as an upstream sent it. The reader of a protocol extends it with what only that protocol has. */
export class IncomingResponse {
  /** 100 to 599. */
  status = 0;
  /** Reason phrase as received; may be empty. */
  reason = '';
  /** Header block: field lines as received, each with its CRLF; without hop-by-hop fields. */
  block = '';
  /** As declared, also where no body follows (HEAD, 304); -1 when it was not. */
  contentLength = -1;
  /** Whether it says when it was made (Date). */
  dated = false;

  /** Sets every field to its first value, so that a kept response holds on to no text. */
  reset(): void {
    this.status = 0;
    this.reason = '';
    this.block = '';
    this.contentLength = -1;
    this.dated = false;
  }
}
