// Exchanges as hostile upstreams and clients can make them, as they reach the thread that compares: nothing is thrown, and what is kept is bounded.

import { brotliCompressSync, constants, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { ComparerSet } from '../../../src/compare/comparer-set.ts';
import type { Report } from '../../../src/compare/mirror-report.ts';
import { DEFAULT_JUDGE } from '../../../src/compare/judge-settings.ts';
import { DEFAULT_BOUNDS } from '../../../src/compare/report-record.ts';
import type { RecordedResponse, RecordedBody } from '../../../src/compare/mirrored-exchange.ts';
import { response, json, ok } from './scaffold.ts';

const BODY = 1 << 20;

interface Sent {
  readonly primary?: RecordedResponse;
  readonly candidate: RecordedResponse;
  readonly secondary?: RecordedResponse;
  readonly target?: string;
}

/** What a report says after these, and what it is made of. */
function compared(sent: readonly Sent[]): { readonly report: Report; readonly compared: number; readonly differences: object } {
  const settings = { comparison: { headers: ['content-type', 'x-a'], limits: { bodyBytes: BODY } }, examples: 'values' } as const;
  const comparers = new ComparerSet();
  comparers.setMirrors([{ pool: 'p', mirror: 'm', settings, judge: DEFAULT_JUDGE, sinceMs: 0 }]);
  for (const { primary = json({ a: 1 }), candidate, secondary = primary, target = '/' } of sent) {
    const exchange = { route: 'r', target, atMs: 1, primary: ok(primary), candidate: ok(candidate), secondary: ok(secondary) };
    comparers.add({ pool: 'p', mirror: 'm', version: 'v', exchange });
  }
  const [count] = comparers.takeCounts();
  return { report: comparers.report('p', 'm')!, compared: count?.compared ?? 0, differences: count?.differences ?? {} };
}

const sizeOf = (value: unknown): number => JSON.stringify(value).length;

function times<T>(count: number, make: (n: number) => T): readonly T[] {
  return Array.from({ length: count }, (_, n) => make(n));
}

describe('a header block', () => {
  const withFields = (fields: string): RecordedResponse => ({ ...json({ a: 1 }), fields });

  it.each([
    ['is empty', ''],
    ['has no colon', 'content-type\r\nnothing here\r\n'],
    ['has no end of line', 'content-type: application/json'],
    ['has bare line feeds and returns', 'content-type: application/json\n\r\n\nx-a\r: 1\r\n'],
    ['has colons alone', ':\r\n::\r\n: :\r\n'],
    ['has NUL and the rest of latin1', times(256, (code) => String.fromCharCode(code)).join('')],
    ['repeats a field ten thousand times', 'content-type: a, b\r\nx-a: 1\r\n'.repeat(10_000)],
    ['repeats the coding', 'content-type: application/json\r\n' + 'content-encoding: gzip\r\n'.repeat(5000)],
    ['has a field of 64 KiB', `content-type: application/json\r\nx-a: ${'b '.repeat(1 << 15)}\r\n`],
    ['has a media type of 64 KiB', `content-type: ${'a/'.repeat(1 << 15)}\r\nx-a: ${'"'.repeat(1 << 16)}\r\n`],
    ['has a coding of 64 KiB', `content-type: application/json\r\ncontent-encoding: ${',gz'.repeat(1 << 14)}\r\n`],
  ])('%s', (_name, fields) => {
    const mine = withFields(fields);
    const { report, compared: count } = compared([
      { candidate: mine },
      { primary: mine, candidate: json({ a: 1 }) },
      { primary: mine, candidate: mine },
    ]);
    expect(count).toBe(3);
    expect(report.templates).toMatchObject([{ exchanges: 3, compared: 3 }]);
    expect(report.fields.map(({ path }) => path).filter((path) => !/^(?:header:(?:content-type|x-a)|body|\$\.a)$/.test(path))).toEqual([]);
    // A field of 64 KiB is not shown.
    expect(sizeOf(report)).toBeLessThan(10_000);
  });
});

describe('a body', () => {
  const bomb = Buffer.alloc(4 * BODY, 0x20);
  const coded = (name: string, bytes: Uint8Array): RecordedResponse => response(bytes, { fields: `content-encoding: ${name}\r\n` });
  const bombs: readonly (readonly [string, Uint8Array])[] = [
    ['gzip', gzipSync(bomb)],
    ['x-gzip', gzipSync(bomb)],
    ['deflate', deflateSync(bomb)],
    ['deflate', deflateRawSync(bomb)],
    ['br', brotliCompressSync(bomb, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } })],
    ['zstd', zstdCompressSync(bomb)],
    ['gzip, gzip', gzipSync(gzipSync(bomb))],
  ];

  it.each(bombs)('is a bomb of %s', (coding, bytes) => {
    const [mine, good] = [coded(coding, bytes), json({ a: 1 })];
    const { report } = compared([
      { candidate: mine },
      { primary: mine, candidate: good, secondary: good },
      { primary: mine, candidate: coded(coding, Buffer.concat([bytes, bytes])) },
    ]);
    expect(report.templates).toMatchObject([{ compared: 3, uncompared: { bomb: 3 } }]);
    expect(report.fields).toMatchObject([{ path: 'body', kinds: { type: 1 } }]);
  });

  it.each(bombs)('is the beginning of %s, or no such thing', (coding, bytes) => {
    for (const broken of [
      bytes.subarray(0, bytes.length / 2),
      Buffer.concat([Buffer.from([bytes[0]!, bytes[1]!]), Buffer.alloc(99, 0xfe)]),
      Buffer.from([0]),
    ]) {
      const { report } = compared([{ candidate: coded(coding, broken) }]);
      expect(report.templates).toMatchObject([{ compared: 1 }]);
      expect(report.fields).toMatchObject([{ path: 'body' }]);
    }
  });

  it.each([
    ['is nested as deep as there is room', (core: string) => '['.repeat(BODY / 2 - 1) + core + ']'.repeat(BODY / 2 - 1)],
    ['has objects as deep as there is room', (core: string) => '{"a":'.repeat(BODY / 6 - 1) + core + '}'.repeat(BODY / 6 - 1)],
    [
      'is nested deep with numbers that have to be read twice',
      (core: string) => '['.repeat(1e5) + `12345678901234567890${core}` + ']'.repeat(1e5),
    ],
    ['is a number of all its room', (core: string) => core + '9'.repeat(BODY - 2)],
    ['is one string', (core: string) => `"${core}${'\\u0000'.repeat(BODY / 6 - 2)}"`],
    ['is one key', (core: string) => `{"${'k'.repeat(BODY - 20)}":${core}}`],
  ])('%s', (_name, make) => {
    const { report, compared: count } = compared([
      { primary: response(make('1')), candidate: response(make('2')) },
      { candidate: response(make('3')) },
    ]);
    expect(count).toBe(2);
    expect(report.fields.length + report.templates[0]!.cutShort).toBeGreaterThan(0);
    expect(sizeOf(report)).toBeLessThan(10_000);
  });

  it.each([
    ['a byte that begins nothing', [0xff]],
    ['an overlong form', [0xc0, 0xaf]],
    ['half of a pair', [0xed, 0xa0, 0x80]],
    ['beyond the last one', [0xf4, 0x90, 0x80, 0x80]],
    ['a beginning without its end', [0xe2, 0x82]],
  ])('is no UTF-8: %s', (_name, bytes) => {
    const made = (end: number): RecordedResponse => response(Buffer.from([0x22, ...bytes, end, 0x22]));
    const { report, differences } = compared([
      { primary: made(0x61), candidate: made(0x62) },
      { primary: made(0x61), candidate: made(0x61) },
    ]);
    expect(differences).toEqual({ bytes: 1 });
    expect(report.fields[0]?.examples).toMatchObject([{ primary: `bytes(${bytes.length + 3})`, candidate: `bytes(${bytes.length + 3})` }]);
  });

  it.each<RecordedBody>([
    { kind: 'cut', atLeast: 0 },
    { kind: 'cut', atLeast: 2 ** 53 },
    { kind: 'digest', digest: '', length: 0 },
    { kind: 'digest', digest: 'zz'.repeat(32), length: 2 ** 53 },
    { kind: 'whole', bytes: new Uint8Array() },
    { kind: 'whole', bytes: Buffer.alloc(4 * BODY, 0x5b) },
  ])('is kept as $kind', (body) => {
    const mine = { ...json(1), body };
    expect(compared([{ candidate: mine }, { primary: mine, candidate: json(1) }, { primary: mine, candidate: mine }]).compared).toBe(3);
  });
});

describe('what is kept', () => {
  /** A name that no rule takes for an id. */
  const word = (n: number): string => [0, 1, 2, 3, 4].map((place) => 'abcdefghij'[Math.floor(n / 10 ** place) % 10]).join('');
  const keyed = (from: number, count: number): RecordedResponse => json(Object.fromEntries(times(count, (i) => [word(from + i), i % 10])));

  it('is bounded for a hundred thousand keys in one response', () => {
    const { report, differences } = compared([{ candidate: keyed(0, 100_000) }, { primary: keyed(0, 100_000), candidate: json({}) }]);
    // 200 of each comparison, and the one key of the primary that the candidate lacks.
    expect(differences).toEqual({ missing: 201, extra: 199 });
    expect(report).toMatchObject({ templates: [{ compared: 2, cutShort: 2 }], unlistedFields: 1, overflow: { differences: 0 } });
    expect(sizeOf(report)).toBeLessThan(300_000);
  });

  it('is bounded for a hundred thousand keys in many responses to many paths, and the rest is counted', () => {
    const { report, differences } = compared(
      times(1000, (n) => ({ candidate: keyed(100 * n, 100), target: `/${word(n % 500)}?${'q'.repeat(1000)}` })),
    );
    expect(differences).toEqual({ missing: 1000, extra: 100_000 });
    expect(report.fields.length + report.unlistedFields).toBe(DEFAULT_BOUNDS.fields);
    // A hundred of a route have names, the others share one.
    expect(report.templates.length + report.unlistedTemplates).toBe(101);
    expect(report.templates[0]).toMatchObject({ template: '{other}', exchanges: 800 });
    expect(report.overflow.requests).toBe(0);
    expect(report.overflow.differences).toBeGreaterThan(100_000 - DEFAULT_BOUNDS.fields - 1000);
    expect(sizeOf(report)).toBeLessThan(300_000);
  });
});
