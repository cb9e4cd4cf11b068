// Bounds on one message head. They hold while it arrives, not only when it is whole.

export interface HeadLimits {
  /** The whole head: first line, field lines and the empty line. */
  readonly headerBytes: number;
  /** Field lines. */
  readonly headerCount: number;
  /** The request line without its CRLF; unused for responses. */
  readonly requestLineBytes: number;
}
