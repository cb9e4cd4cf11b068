// CRC32C (Castagnoli; RFC 3720, appendix B.4): the checksum of a PROXY protocol header. Node's zlib has another polynomial.

const POLYNOMIAL = 0x82f63b78;

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? POLYNOMIAL : 0);
  return crc;
});

/** Of `bytes` from `from` to `to`, as if those from `zeroFrom` to `zeroTo` were zero. Returns an unsigned 32-bit number. */
export function crc32c(bytes: Uint8Array, from: number, to: number, zeroFrom = to, zeroTo = to): number {
  let crc = 0xffffffff;
  for (let at = from; at < to; at++) {
    const byte = at >= zeroFrom && at < zeroTo ? 0 : bytes[at]!;
    crc = (crc >>> 8) ^ TABLE[(crc ^ byte) & 0xff]!;
  }
  return (crc ^ 0xffffffff) >>> 0;
}
