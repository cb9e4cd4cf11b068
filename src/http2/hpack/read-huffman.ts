// Decodes Huffman-coded strings (RFC 7541, section 5.2), a byte at a time: a table says for each place in the code tree and each byte which
// symbols it ends and where the next byte goes on. Measured per character: 2.5 ns so, 4.5 with half bytes, 5 with a table of code prefixes.

import { BYTE_FAULTS } from '../byte-faults.ts';
import { CODE_LENGTHS, CODES, END_OF_STRING } from './huffman-code.ts';

// An entry: 8 bits next place, 8 bits first symbol, 8 bits second symbol, 2 bits number of symbols, 1 bit fault, 3 bits faults of the symbols.
const SYMBOLS_SHIFT = 24;
const BROKEN = 1 << 26;
const FAULTS_SHIFT = 27;
/** Alone: the entry has yet to be made. */
const MISSING = 1 << 30;

/** Above the offset in what `readHuffman` returns. */
export const READ_FAULTS_SHIFT = 24;

const tree = makeTree();
/** By place and byte. Made when they are first needed: most never are, and all of them would take a thread 10 ms at its start. */
const TRANSITIONS = new Int32Array(tree.length << 7).fill(MISSING);
/** Places where a string may end: up to seven bits of 1 behind the last symbol. */
const MAY_END = makeEnds();

/**
 * Decodes the bytes from `from` to `to` into `into`, which has room for twice as many and one more. Returns the offset behind the last byte
 * written, with the `BYTE_FAULTS` of all from bit 24 on; or -1 when they are no such string.
 */
export function readHuffman(bytes: Buffer, from: number, to: number, into: Buffer, start: number): number {
  let place = 0;
  let all = 0;
  let end = start;
  for (let next = from; next < to; next++) {
    const entry = TRANSITIONS[(place << 8) | bytes[next]!]!;
    // Both are written, whether there are any: cheaper than to ask.
    into[end] = entry >> 8;
    into[end + 1] = entry >> 16;
    end += (entry >> SYMBOLS_SHIFT) & 3;
    all |= entry;
    place = entry & 0xff;
  }
  // Looked at here and not in the loop, which would take half as long again.
  if ((all & MISSING) !== 0) return readAnew(bytes, from, to, into, start);
  if ((all & BROKEN) !== 0 || MAY_END[place] !== 1) return -1;
  return end | ((all >> FAULTS_SHIFT) << READ_FAULTS_SHIFT);
}

function readAnew(bytes: Buffer, from: number, to: number, into: Buffer, start: number): number {
  let place = 0;
  for (let next = from; next < to; next++) {
    const at = (place << 8) | bytes[next]!;
    if (TRANSITIONS[at] === MISSING) TRANSITIONS[at] = makeTransition(at);
    place = TRANSITIONS[at]! & 0xff;
  }
  return readHuffman(bytes, from, to, into, start);
}

/** Both ways out of each place, at twice its number: another place, or the complement of a symbol. */
function makeTree(): number[] {
  const ways = [0, 0];
  for (let symbol = 0; symbol < CODES.length; symbol++) {
    let place = 0;
    for (let bit = CODE_LENGTHS[symbol]! - 1; bit > 0; bit--) {
      const way = 2 * place + ((CODES[symbol]! >> bit) & 1);
      if (ways[way] === 0) {
        ways[way] = ways.length / 2;
        ways.push(0, 0);
      }
      place = ways[way]!;
    }
    ways[2 * place + (CODES[symbol]! & 1)] = ~symbol;
  }
  return ways;
}

/** Follows the eight bits of a byte from a place on. */
function makeTransition(at: number): number {
  let place = at >> 8;
  let made = 0;
  for (let bit = 7; bit >= 0; bit--) {
    const way = tree[2 * place + ((at >> bit) & 1)]!;
    if (way < 0) made = withSymbol(made, ~way);
    place = Math.max(0, way);
  }
  return made | place;
}

function withSymbol(made: number, symbol: number): number {
  if (symbol === END_OF_STRING) return made | BROKEN;
  const before = (made >> SYMBOLS_SHIFT) & 3;
  return (made | (symbol << (before === 0 ? 8 : 16)) | (BYTE_FAULTS[symbol]! << FAULTS_SHIFT)) + (1 << SYMBOLS_SHIFT);
}

function makeEnds(): Uint8Array {
  const ends = new Uint8Array(tree.length / 2);
  for (let bits = 0, place = 0; bits < 8; bits++) {
    ends[place] = 1;
    place = tree[2 * place + 1]!;
  }
  return ends;
}
