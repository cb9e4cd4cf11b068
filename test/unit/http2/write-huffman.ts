// Encodes strings with the Huffman code of HPACK (RFC 7541, section 5.2).

import { CODE_LENGTHS, CODES } from '../../../src/http2/hpack/huffman-code.ts';

/** Bytes that `writeHuffman` writes for the characters from `from` to `to`, all of which are latin1. */
export function huffmanBytes(text: string, from: number, to: number): number {
  let bits = 0;
  for (let at = from; at < to; at++) bits += CODE_LENGTHS[text.charCodeAt(at)]!;
  return (bits + 7) >> 3;
}

/** Writes the characters from `from` to `to`; returns the offset behind the last byte. */
export function writeHuffman(text: string, from: number, to: number, into: Buffer, at: number): number {
  let end = at;
  // Fewer than eight bits wait here before each symbol, whose code may have 30: together they do not fit into 32.
  let waiting = 0;
  let bits = 0;
  for (let next = from; next < to; next++) {
    const symbol = text.charCodeAt(next);
    let left = CODE_LENGTHS[symbol]!;
    const code = CODES[symbol]!;
    while (left > 0) {
      const taken = Math.min(left, 8 - bits);
      left -= taken;
      waiting = (waiting << taken) | ((code >> left) & ((1 << taken) - 1));
      bits += taken;
      if (bits === 8) {
        into[end++] = waiting;
        waiting = 0;
        bits = 0;
      }
    }
  }
  if (bits > 0) into[end++] = (waiting << (8 - bits)) | (0xff >> bits);
  return end;
}
