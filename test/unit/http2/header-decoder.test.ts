// The decoder of HPACK: what it refuses, how its table is kept, and that what it remembers is what it would decode.

import { describe, expect, it } from 'vitest';
import { HeaderDecoder } from '../../../src/http2/hpack/header-decoder.ts';
import { STATIC_TABLE } from '../../../src/http2/hpack/static-table.ts';
import { INDEXED, NEVER_INDEXED, NOT_INDEXED, block, bytes, decode, huffman, integer, literal, pairsOf, string } from './blocks.ts';

const REQUEST = [0x82, 0x86, 0x84, 0x01, ...string('a.example')];

function after(prefix: readonly number[], of: readonly number[], maxSize = 4096) {
  const decoder = new HeaderDecoder(maxSize);
  expect(decode(Buffer.from(prefix), decoder).fault).toBe('');
  return decode(Buffer.from(of), decoder);
}

describe('a field', () => {
  it('is any of the 61 of the static table', () => {
    expect(STATIC_TABLE).toHaveLength(62);
    expect(pairsOf(decode(Buffer.from(STATIC_TABLE.slice(14, 31).map((_, index) => 0x80 | (index + 15)))))).toEqual(
      STATIC_TABLE.slice(15, 32).map(([name, value]) => [name, value]),
    );
  });

  it.each([INDEXED, NOT_INDEXED, NEVER_INDEXED])('may come in full, as 0x%x', (kind) => {
    expect(pairsOf(decode(Buffer.from(literal(['x-a', 'b'], kind))))).toEqual([['x-a', 'b']]);
    expect(pairsOf(decode(Buffer.from([kind, ...huffman('x-a'), ...huffman('b')])))).toEqual([['x-a', 'b']]);
    expect(pairsOf(decode(Buffer.from([...integer(58, kind === INDEXED ? 0x3f : 0x0f, kind), ...string('ua')])))).toEqual([
      ['user-agent', 'ua'],
    ]);
  });

  it('has the name of an entry, also of one that is only there for its name', () => {
    const first = [...literal(['x-a', '1'], INDEXED), ...literal(['x-longer-name', '2'], INDEXED)];
    expect(pairsOf(after(first, [...integer(63, 0x0f, 0), ...string('3'), ...integer(62, 0x3f, 0x40), ...string('4'), 0xbe]))).toEqual([
      ['x-a', '3'],
      ['x-longer-name', '4'],
      ['x-longer-name', '4'],
    ]);
  });

  it.each([
    'n'.repeat(64),
    'n'.repeat(65),
    `x-forwarded-${'n'.repeat(100)}`,
    `x-forwarded_${'n'.repeat(100)}`,
    'N'.repeat(100),
    'n'.repeat(3000),
  ])('has the long name of an entry (%#)', (name) => {
    const known = [
      ...integer(62, 0x0f, 0),
      ...string('2'),
      ...integer(62, 0x3f, 0x40),
      ...huffman('3'),
      ...integer(62, 0x3f, 0x40),
      ...string(''),
      0xbe,
    ];
    const spelt = [literal([name, '2']), literal([name, '3']), literal([name, '']), literal([name, ''])].flat();
    const decoded = after(literal([name, '1'], INDEXED), known);
    const expected = decode(Buffer.from(spelt));
    expect(pairsOf(decoded)).toEqual(pairsOf(expected));
    for (const key of ['seen', 'count', 'size', 'fault'] as const) expect(decoded.fields[key]).toBe(expected.fields[key]);
  });

  it('costs little for few octets, also when they call for a long name', () => {
    const time = (of: readonly number[], again: readonly number[]): number => {
      const block = Buffer.from([...of, ...Array.from({ length: 5000 }, () => again).flat()]);
      const times = Array.from({ length: 5 }, () => {
        const began = performance.now();
        expect(decode(block).sound).toBe(true);
        return performance.now() - began;
      });
      return Math.min(...times) / again.length;
    };
    const usual = time([], literal(['x', 'y'], INDEXED));
    for (const bits of [0x40, 0x00]) {
      expect(time(literal(['n'.repeat(2000), ''], INDEXED), [...integer(62, bits === 0x40 ? 0x3f : 0x0f, bits), 0])).toBeLessThan(
        10 * usual,
      );
    }
  });

  it('is as long as the block lets it be', () => {
    const value = 'v'.repeat(200_000);
    const limits = { headerBytes: 300_000, headerCount: 10, requestLineBytes: 8192 };
    for (const coded of [string(value), huffman(value)]) {
      const decoded = decode(Buffer.from([0, ...string('x'), ...coded]), new HeaderDecoder(4096), undefined, limits);
      expect(pairsOf(decoded)).toEqual([['x', value]]);
    }
  });
});

describe('a block is refused for', () => {
  it.each([
    ['index 0', [0x80], 'index of no field'],
    ['an index behind the tables', [0xbe], 'index of no field'],
    ['a large index behind the tables', integer(1_000_000, 0x7f, 0x80), 'index of no field'],
    ['the name of no field', [...integer(62, 0x3f, 0x40), ...string('x')], 'index of no field'],
    ['an integer that goes on for ever', [0xff, 0x80, 0x80, 0x80, 0x80, 0x80], 'malformed integer'],
    ['an integer beyond all blocks', [0xff, 0xff, 0xff, 0xff, 0xff, 0x0f], 'malformed integer'],
    ['an integer that is cut off', [0xff, 0x80], 'malformed integer'],
    ['a name that is cut off', [0x00, 0x05, 0x61], 'malformed string'],
    ['a value that is cut off', [0x00, 0x01, 0x61, 0x05, 0x61], 'malformed string'],
    ['a missing value', [0x00, 0x01, 0x61], 'malformed string'],
    ['a missing name', [0x00], 'malformed string'],
    ['the index of a name that is cut off', [0x0f], 'malformed integer'],
    ['a value of no Huffman code', [0x00, 0x01, 0x61, 0x81, 0x00], 'malformed string'],
    ['a name of no Huffman code', [0x00, 0x81, 0xff, 0x01, 0x61], 'malformed string'],
    ['a size update behind a field', [0x82, 0x20], 'size update behind a field'],
    ['a size update above our limit', integer(4097, 0x1f, 0x20), 'size update above our limit'],
    ['a size update that is cut off', [0x3f], 'malformed integer'],
    ['three size updates', [0x20, 0x20, 0x20, 0x82], 'too many size updates'],
  ])('%s', (_what, of, fault) => {
    expect(decode(Buffer.from(of)).fault).toBe(fault);
    // And with fields before and behind it.
    if (!fault.includes('size update')) expect(decode(Buffer.from([...REQUEST, ...of])).sound).toBe(false);
  });

  it('every block that is cut off somewhere', () => {
    const whole = Buffer.from([...integer(200, 0x1f, 0x20), ...literal(['x-abc', 'd'.repeat(130)], INDEXED), 0xbe]);
    expect(decode(whole).sound).toBe(true);
    // Where a field ends the rest may be missing.
    const ends = new Set([0, 3, whole.length - 1]);
    for (let length = 0; length < whole.length; length++) expect(decode(whole.subarray(0, length)).sound).toBe(ends.has(length));
  });
});

describe('the table', () => {
  const A = literal(['a', '1'], INDEXED);
  const B = literal(['b', '2'], INDEXED);

  it('keeps the newest entry at index 62', () => {
    expect(pairsOf(after([...A, ...B], [0xbe, 0xbf]))).toEqual([
      ['b', '2'],
      ['a', '1'],
    ]);
  });

  it('evicts the oldest when it is full: an entry has 32 octets beside its text', () => {
    expect(pairsOf(after([...A, ...B], [0xbe, 0xbf], 68))).toHaveLength(2);
    expect(after([...A, ...B], [0xbf], 67).fault).toBe('index of no field');
    expect(pairsOf(after([...A, ...B], [0xbe], 67))).toEqual([['b', '2']]);
  });

  it('is emptied by an entry that is larger than it', () => {
    const large = literal(['c', 'x'.repeat(100)], INDEXED);
    expect(pairsOf(after(A, large, 68))).toEqual([['c', 'x'.repeat(100)]]);
    expect(after([...A, ...large], [0xbe], 68).fault).toBe('index of no field');
  });

  it('gets another size by a size update, and then the one that it had', () => {
    expect(after([...A, ...B], [...integer(34, 0x1f, 0x20), 0xbf]).fault).toBe('index of no field');
    expect(pairsOf(after([...A, ...B], [...integer(34, 0x1f, 0x20), 0xbe]))).toEqual([['b', '2']]);
    expect(after([...A, ...B], [0x20, ...integer(4096, 0x1f, 0x20), 0xbe]).fault).toBe('index of no field');
    expect(pairsOf(after([0x20, ...A], [...integer(4096, 0x1f, 0x20), ...A, 0xbe]))).toHaveLength(2);
  });

  it('holds as many small entries as fit', () => {
    const many = Array.from({ length: 300 }, (_, index) => literal([String.fromCharCode(97 + (index % 26)), ''], INDEXED)).flat();
    const limits = { headerBytes: 1_000_000, headerCount: 1000, requestLineBytes: 8192 };
    const decoder = new HeaderDecoder(4096);
    decode(Buffer.from(many), decoder, undefined, limits);
    const kept = Math.floor(4096 / 33);
    expect(decode(Buffer.from(integer(61 + kept, 0x7f, 0x80)), decoder).sound).toBe(true);
    expect(decode(Buffer.from(integer(62 + kept, 0x7f, 0x80)), decoder).fault).toBe('index of no field');
    for (let age = 1; age <= kept; age++) {
      expect(pairsOf(decode(Buffer.from(integer(61 + age, 0x7f, 0x80)), decoder))).toEqual([
        [String.fromCharCode(97 + ((300 - age) % 26)), ''],
      ]);
    }
  });

  it('takes fields that make the message malformed, and fields beyond the limits', () => {
    const limits = { headerBytes: 40, headerCount: 1, requestLineBytes: 8192 };
    const decoder = new HeaderDecoder(4096);
    const decoded = decode(Buffer.from([...literal(['A B', '\n'], INDEXED), ...A, ...B]), decoder, undefined, limits);
    expect(decoded.sound).toBe(true);
    expect(decoded.fields.tooLarge).toBe(true);
    expect(pairsOf(decode(bytes('be bf'), decoder))).toEqual([
      ['b', '2'],
      ['a', '1'],
    ]);
    expect(decode(bytes('c0'), decoder).fields.fault).toBe('illegal byte in field name');
  });
});

describe('limits', () => {
  const limits = { headerBytes: 100, headerCount: 3, requestLineBytes: 8192 };
  const judge = (of: Buffer) => decode(of, new HeaderDecoder(4096), undefined, limits).fields.tooLarge;

  it('count each field with 32 octets more than its text', () => {
    expect(judge(block(['a', 'x'.repeat(67)]))).toBe(false);
    expect(judge(block(['a', 'x'.repeat(68)]))).toBe(true);
    expect(judge(block(['a', ''], ['b', '']))).toBe(false);
  });

  it('count the fields, but cookies in parts as one', () => {
    const many = { ...limits, headerBytes: 10_000 };
    const cookies = Array.from({ length: 20 }, (_, index) => ['cookie', `a${index}=b`] as const);
    expect(decode(block(['a', ''], ['b', ''], ...cookies), new HeaderDecoder(4096), undefined, many).fields.tooLarge).toBe(false);
    expect(decode(block(['a', ''], ['b', ''], ['c', ''], ['d', '']), new HeaderDecoder(4096), undefined, many).fields.tooLarge).toBe(true);
  });

  it('hold for entries that are called again and again', () => {
    const decoder = new HeaderDecoder(4096);
    decode(Buffer.from(literal(['a', 'x'.repeat(4000)], INDEXED)), decoder);
    const bomb = Buffer.alloc(16_000, 0xbe);
    const { sound, fields } = decode(bomb, decoder);
    expect(sound).toBe(true);
    expect(fields.tooLarge).toBe(true);
    expect(fields.block).toBe('');
  });
});

describe('the same fields again', () => {
  const entries = [...literal(['x-a', '1'], INDEXED), ...literal(['cookie', 'a=b'], INDEXED), ...literal(['te', 'trailers'], INDEXED)];
  const again = [0x82, 0x86, 0x84, 0xc0, 0xbf, 0xbe];

  it('are the same, by indices and in full', () => {
    const decoder = new HeaderDecoder(4096);
    decode(Buffer.from(entries), decoder);
    for (const more of [[], literal(['x-b', '2']), literal(['x-b', '3']), [0xc0]]) {
      const first = decode(Buffer.from([...again, ...more]), decoder);
      const second = decode(Buffer.from([...again, ...more]), decoder);
      expect(pairsOf(second)).toEqual(pairsOf(first));
      expect([second.fields.seen, second.fields.count, second.fields.size]).toEqual([
        first.fields.seen,
        first.fields.count,
        first.fields.size,
      ]);
      decoder.relax();
      expect(pairsOf(decode(Buffer.from([...again, ...more]), decoder))).toEqual(pairsOf(first));
    }
  });

  it('are told from others that come in turns', () => {
    const decoder = new HeaderDecoder(4096);
    const names = Array.from({ length: 12 }, (_, index) => `x-${index}`);
    decode(Buffer.from(names.flatMap((name) => literal([name, name], INDEXED))), decoder);
    for (let round = 0; round < 200; round++) {
      // Of several lengths, with equal sums of octets among them.
      const chosen = [round % 12, (round * 5 + 1) % 12, (round * 7 + 3) % 12].slice(0, 1 + (round % 3));
      const decoded = decode(Buffer.from([0x82, ...chosen.map((index) => 0xbe + 11 - index)]), decoder);
      expect(pairsOf(decoded).slice(1)).toEqual(chosen.map((index) => [names[index], names[index]]));
    }
  });

  it('are others once the table has changed', () => {
    const decoder = new HeaderDecoder(4096);
    decode(Buffer.from(entries), decoder);
    expect(pairsOf(decode(Buffer.from(again), decoder))).toContainEqual(['x-a', '1']);
    decode(Buffer.from(literal(['x-new', '9'], INDEXED)), decoder);
    expect(pairsOf(decode(Buffer.from(again), decoder))).toContainEqual(['x-new', '9']);
    decode(Buffer.from([0x20]), decoder);
    expect(decode(Buffer.from(again), decoder).fault).toBe('index of no field');
  });

  it('are others when the block itself changes the table before or in them', () => {
    const decoder = new HeaderDecoder(4096);
    decode(Buffer.from(entries), decoder);
    const inserting = Buffer.from([0x82, 0xc0, ...literal(['x-new', '9'], INDEXED)]);
    expect(pairsOf(decode(inserting, decoder)).slice(1)).toEqual([
      ['x-a', '1'],
      ['x-new', '9'],
    ]);
    // Cookies come last.
    expect(pairsOf(decode(inserting, decoder)).slice(1)).toEqual([
      ['x-new', '9'],
      ['cookie', 'a=b'],
    ]);
  });

  it('are held against the limits again', () => {
    const decoder = new HeaderDecoder(4096);
    decode(Buffer.from(entries), decoder);
    decode(Buffer.from(again), decoder);
    const small = { headerBytes: 60, headerCount: 100, requestLineBytes: 8192 };
    expect(decode(Buffer.from(again), decoder, undefined, small).fields.tooLarge).toBe(true);
    const path = [0x04, ...string(`/${'x'.repeat(16_300)}`)];
    expect(decode(Buffer.from([0x82, 0x86, ...path, 0xc0, 0xbf, 0xbe]), decoder).fields.tooLarge).toBe(true);
  });

  it('are malformed again', () => {
    const decoder = new HeaderDecoder(4096);
    decode(Buffer.from(literal(['x-a', '\0'], INDEXED)), decoder);
    for (let times = 0; times < 3; times++) expect(decode(bytes('82 be'), decoder).fields.fault).toBe('illegal byte in field value');
  });
});
