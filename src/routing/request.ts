// The part of a request that routing sees: never the connection, nor the body.

/** What routing reads of a request; `RequestHead` has this shape. */
export interface RoutableRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly authority: string;
  /** Field lines as one latin1 string, each ending in CRLF. */
  readonly block: string;
}
