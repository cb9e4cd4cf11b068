// 32-bit hashing of strings: fast, seeded, the same on every machine. Not for secrets: an attacker can find collisions.

/**
 * MurmurHash3 x86 32-bit (Austin Appleby, public domain algorithm) of a string, as a signed 32-bit integer.
 * A string of codes up to 0xFF is hashed as its latin1 bytes; any other as its UTF-8 bytes.
 */
export function hashString(text: string, seed: number): number {
  const length = text.length;
  const blocks = length & ~3;
  let hash = seed | 0;
  let seen = 0;
  for (let i = 0; i < blocks; i += 4) {
    const a = text.charCodeAt(i);
    const b = text.charCodeAt(i + 1);
    const c = text.charCodeAt(i + 2);
    const d = text.charCodeAt(i + 3);
    seen |= a | b | c | d;
    hash = (Math.imul(rotate(hash ^ scramble(a | (b << 8) | (c << 16) | (d << 24)), 13), 5) + 0xe6546b64) | 0;
  }
  let tail = 0;
  for (let i = length - 1; i >= blocks; i--) {
    const code = text.charCodeAt(i);
    seen |= code;
    tail = (tail << 8) | code;
  }
  if (seen > 0xff) return hashString(Buffer.from(text, 'utf8').toString('latin1'), seed);
  if (length !== blocks) hash ^= scramble(tail);
  return mix(hash ^ length);
}

/** The finaliser of MurmurHash3: every bit of the input flips every bit of the result with a chance near one half. */
export function mix(value: number): number {
  let hash = value | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

/** A 32-bit hash as a fraction strictly between 0 and 1. */
export function toFraction(hash: number): number {
  return ((hash >>> 0) + 0.5) / 0x1_0000_0000;
}

function scramble(block: number): number {
  return Math.imul(rotate(Math.imul(block, 0xcc9e2d51), 15), 0x1b873593);
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}
