// Laws of the comparison, on arbitrary JSON.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../scaffold/seeded-random.ts';
import { response, compare, differ } from '../../unit/compare/scaffold.ts';

const KEYS = fc.constantFrom('a', 'b', 'id', 'items', '__proto__', 'constructor', 'odd key', '12', '');
const JSON_VALUES = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, true, false, 0, 1, -1.5, '', 'a', '1'),
    fc.array(tie('value'), { maxLength: 4 }),
    // Entries are parsed, so that `__proto__` becomes a key and no prototype.
    fc.array(fc.tuple(KEYS, tie('value')), { maxLength: 4 }).map((entries) => parseEntries(entries)),
  ),
})).value;

function parseEntries(entries: readonly (readonly [string, unknown])[]): unknown {
  return JSON.parse(`{${entries.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(',')}}`);
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([key, member]) => `${JSON.stringify(key)}:${canonical(member)}`)
    .sort()
    .join(',')}}`;
}

/** The same value with keys in another order, and lists too if `lists` is given. */
function shuffle(value: unknown, random: () => number, lists: 'kept' | 'shuffled'): unknown {
  const mixed = <T>(list: readonly T[]): T[] =>
    list
      .map((one) => [random(), one] as const)
      .sort((a, b) => a[0] - b[0])
      .map(([, one]) => one);
  if (Array.isArray(value)) {
    const items = value.map((item: unknown) => shuffle(item, random, lists));
    return lists === 'shuffled' ? mixed(items) : items;
  }
  if (typeof value !== 'object' || value === null) return value;
  return parseEntries(mixed(Object.entries(value)).map(([key, member]) => [key, shuffle(member, random, lists)]));
}

describe('comparison of JSON', () => {
  it('finds something exactly where two values are not the same', () => {
    fc.assert(
      fc.property(JSON_VALUES, JSON_VALUES, (a, b) => {
        expect(differ(a, b).length === 0).toBe(canonical(a) === canonical(b));
        expect(differ(a, structuredClone(a))).toEqual([]);
      }),
      { numRuns: 2000 },
    );
  });

  it('finds the same from the other side, missing for extra', () => {
    const turned: Readonly<Record<string, string>> = { missing: 'extra', extra: 'missing' };
    fc.assert(
      fc.property(JSON_VALUES, JSON_VALUES, (a, b) => {
        const turn = (found: string): string => found.replace(/\w+$/, (kind) => turned[kind] ?? kind);
        // One path may hold several kinds, of which the first is reported.
        const paths = (found: readonly string[]): string[] => found.map((one) => one.replace(/ \w+$/, '')).sort();
        expect(paths(differ(a, b))).toEqual(paths(differ(b, a)));
        if (!Array.isArray(a) && JSON.stringify([a, b]).includes('[', 1) === false)
          expect(differ(a, b).toSorted()).toEqual(differ(b, a).map(turn).sort());
      }),
      { numRuns: 1000 },
    );
  });

  it('does not see the order of keys, nor that of lists where it is told so', () => {
    fc.assert(
      fc.property(JSON_VALUES, fc.nat(), (value, seed) => {
        expect(differ(value, shuffle(value, seededRandom(seed), 'kept'))).toEqual([]);
        expect(differ(value, shuffle(value, seededRandom(seed), 'shuffled'), { lists: [{ path: '**', as: 'sorted' }] })).toEqual([]);
        expect(differ(value, shuffle(value, seededRandom(seed), 'shuffled'), { lists: [{ path: '**', as: 'set' }] })).toEqual([]);
      }),
      { numRuns: 1000 },
    );
  });

  it('says order, and nothing else, of a list in another order', () => {
    fc.assert(
      fc.property(fc.uniqueArray(JSON_VALUES, { selector: canonical, minLength: 2, maxLength: 6 }), fc.nat({ max: 1000 }), (list, seed) => {
        const moved = [...list.slice(1 + (seed % (list.length - 1))), ...list.slice(0, 1 + (seed % (list.length - 1)))];
        expect(differ({ list }, { list: moved })).toEqual(['$.list order']);
      }),
      { numRuns: 500 },
    );
  });

  it('takes any bytes under any type, and never throws', () => {
    const types = fc.constantFrom('application/json', 'text/plain', 'image/png', '', ';;;', 'application/problem+json');
    const codings = fc.constantFrom('', 'content-encoding: gzip\r\n', 'content-encoding: deflate, br\r\n', 'content-encoding: zstd\r\n');
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.uint8Array({ maxLength: 200 }), types, codings, (a, b, type, fields) => {
        const found = compare(response(a, { type, fields }), response(b, { type, fields }));
        if (Buffer.compare(a, b) === 0) expect(found.differences).toEqual([]);
        else if (fields === '' && type !== 'application/json' && type !== 'application/problem+json')
          expect(found.differences).toHaveLength(1);
      }),
      { numRuns: 1000 },
    );
  });
});
