// The Huffman code of HPACK: complete, read back, and refused where it is not one.

import { expect, it } from 'vitest';
import { NAME_FAULT, TARGET_FAULT, VALUE_FAULT } from '../../../src/http2/byte-faults.ts';
import { CODE_LENGTHS, CODES, END_OF_STRING } from '../../../src/http2/hpack/huffman-code.ts';
import { READ_FAULTS_SHIFT, readHuffman } from '../../../src/http2/hpack/read-huffman.ts';
import { bytes } from './blocks.ts';
import { huffmanBytes, writeHuffman } from './write-huffman.ts';

const OFFSET = (1 << READ_FAULTS_SHIFT) - 1;

function read(coded: Buffer): string | undefined {
  const into = Buffer.alloc(2 * coded.length + 8);
  const end = readHuffman(coded, 0, coded.length, into, 3);
  return end < 0 ? undefined : into.toString('latin1', 3, end & OFFSET);
}

function write(text: string): Buffer {
  const coded = Buffer.alloc(huffmanBytes(text, 0, text.length));
  expect(writeHuffman(text, 0, text.length, coded, 0)).toBe(coded.length);
  return coded;
}

it('has one code for each of 257 symbols, and no bits to spare', () => {
  expect(CODE_LENGTHS).toHaveLength(257);
  expect(CODE_LENGTHS.reduce((sum, length) => sum + 2 ** -length, 0)).toBe(1);
  expect(new Set([...CODES].map((code, symbol) => code.toString(2).padStart(CODE_LENGTHS[symbol]!, '0'))).size).toBe(257);
});

it.each([
  ['0', '00000'],
  ['a', '00011'],
  [' ', '010100'],
  ['\0', '1111111111000'],
  ['\xff', '11111111111111111111101110'],
])('has the code of RFC 7541, appendix B, for %j', (character, code) => {
  const symbol = character.charCodeAt(0);
  expect(CODES[symbol]!.toString(2).padStart(CODE_LENGTHS[symbol]!, '0')).toBe(code);
});

it('ends with 30 bits of 1', () => {
  expect(CODES[END_OF_STRING]).toBe(0x3fff_ffff);
});

it('is read as it was written: each byte alone, before and behind each other one', () => {
  for (let first = 0; first < 256; first++) {
    for (let second = -1; second < 256; second += 7) {
      const text = String.fromCharCode(first) + (second < 0 ? '' : String.fromCharCode(second, first));
      expect(read(write(text))).toBe(text);
    }
  }
  const all = String.fromCharCode(...Array(256).keys());
  expect(read(write(all))).toBe(all);
  expect(read(Buffer.alloc(0))).toBe('');
});

it.each([
  ['padding of 0 bits', '18'], // a, then 000
  ['padding of eight bits', '1fff'],
  ['padding of a whole octet alone', 'ff'],
  ['the end of the string inside it', '3fffffff'.replace(/^3/, 'f') + 'ff'],
  ['half a code', 'fe'],
])('refuses %s', (_what, hex) => {
  expect(read(bytes(hex))).toBeUndefined();
});

it.each([
  ['/a?b=c', NAME_FAULT],
  ['accept-encoding', 0],
  ['Accept', NAME_FAULT],
  ['a b', NAME_FAULT | TARGET_FAULT],
  ['a#b', TARGET_FAULT],
  ['a\tb', NAME_FAULT | TARGET_FAULT],
  ['a\nb', VALUE_FAULT | NAME_FAULT | TARGET_FAULT],
  ['a\x7fb', VALUE_FAULT | NAME_FAULT | TARGET_FAULT],
  ['a\xe9b', NAME_FAULT | TARGET_FAULT],
])('tells what is wrong with the bytes of %j', (text, faults) => {
  const coded = write(text);
  expect(readHuffman(coded, 0, coded.length, Buffer.alloc(64), 0) >> READ_FAULTS_SHIFT).toBe(faults);
});
