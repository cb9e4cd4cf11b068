// The Date field (RFC 9110, section 6.6.1): when a message was made. Its text is made once a second.

let second = Number.NaN;
let line = '';

/** The field line with its CRLF, in the one form that may be written. @param wallMs milliseconds since the epoch */
export function dateLine(wallMs: number): string {
  const now = Math.floor(wallMs / 1000);
  if (now !== second) {
    second = now;
    line = 'date: ' + new Date(now * 1000).toUTCString() + '\r\n';
  }
  return line;
}
