// Undoes content codings in bounded memory. Compressed bodies are hostile: a few bytes may stand for gigabytes.

import { brotliDecompressSync, gunzipSync, inflateRawSync, inflateSync, zstdDecompressSync } from 'node:zlib';

/** `bomb`: more than the bound came out; `coding`: one that we do not know, or too many of them; `corrupt`: it cannot be undone. */
export type Refusal = 'bomb' | 'coding' | 'corrupt';

export type Decompressed = { readonly bytes: Uint8Array } | { readonly refused: Refusal };

type Undo = (bytes: Uint8Array, bounds: { maxOutputLength: number }) => Uint8Array;

/** Chains of codings are legal and unheard of; each one multiplies what a bomb can do. */
const MAX_CODINGS = 2;

const UNDO: ReadonlyMap<string, Undo> = new Map<string, Undo>([
  ['gzip', gunzipSync],
  ['x-gzip', gunzipSync],
  ['deflate', inflateEither],
  ['br', brotliDecompressSync],
  ['zstd', zstdDecompressSync],
]);

/** The body under its `codings` (in the order they were applied), if no layer of it is larger than `mostBytes`. */
export function decompress(body: Uint8Array, codings: readonly string[], mostBytes: number): Decompressed {
  if (codings.length > MAX_CODINGS) return { refused: 'coding' };
  let bytes = body;
  for (let i = codings.length - 1; i >= 0; i--) {
    const undo = UNDO.get(codings[i]!);
    if (undo === undefined) return { refused: 'coding' };
    try {
      bytes = undo(bytes, { maxOutputLength: mostBytes });
    } catch (error) {
      return { refused: isTooLarge(error) ? 'bomb' : 'corrupt' };
    }
  }
  return bytes.length > mostBytes ? { refused: 'bomb' } : { bytes };
}

/** Some servers send `deflate` without the zlib header that RFC 9110, section 8.4.1.2, asks for. */
function inflateEither(bytes: Uint8Array, bounds: { maxOutputLength: number }): Uint8Array {
  const hasHeader = bytes.length > 1 && (bytes[0]! & 0x0f) === 8 && ((bytes[0]! << 8) | bytes[1]!) % 31 === 0;
  return hasHeader ? inflateSync(bytes, bounds) : inflateRawSync(bytes, bounds);
}

function isTooLarge(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
}
