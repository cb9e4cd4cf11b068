// Puts content into chunks (RFC 9112, section 7.1), without extensions.

/** Ends a body that has no trailers. */
export const LAST_CHUNK = '0\r\n\r\n';

/** Ends a body. @param trailers a header block; empty: it has none */
export function lastChunk(trailers: string): string {
  return trailers === '' ? LAST_CHUNK : '0\r\n' + trailers + '\r\n';
}

/** What stands before the data of one chunk, behind which a line end follows. @param bytes above 0: an empty one would end the body */
export function chunkHead(bytes: number): string {
  return bytes.toString(16) + '\r\n';
}
