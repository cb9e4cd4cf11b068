// How the end of a message's body is found by those who pass it on (RFC 9112, section 6.3): its bytes travel as they came, and their kind with them.

export const BODY_NONE = 0;
/** Content alone, of the length that the head declares. */
export const BODY_LENGTH = 1;
/** Content in chunks of HTTP/1.1, trailers behind it. */
export const BODY_CHUNKED = 2;
/** Content alone, of responses; the connection ends with it. */
export const BODY_UNTIL_CLOSE = 3;
/** Content alone; its end, and the trailers behind it, are told beside it. */
export const BODY_STREAM = 4;
export type BodyKind = 0 | 1 | 2 | 3 | 4;
