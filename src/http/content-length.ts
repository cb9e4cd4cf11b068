// The Content-Length field (RFC 9110, section 8.6), read without the leniencies by which recipients come to disagree.

/** The number in a Content-Length value; -1 unless it is plain digits without padding, up to 2^53 - 1. */
export function parseContentLength(value: string): number {
  const digits = value.length;
  if (digits === 0 || digits > 16 || (digits > 1 && value.charCodeAt(0) === 0x30)) return -1;
  let length = 0;
  for (let i = 0; i < digits; i++) {
    const digit = value.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    length = length * 10 + digit;
  }
  return length <= Number.MAX_SAFE_INTEGER ? length : -1;
}
