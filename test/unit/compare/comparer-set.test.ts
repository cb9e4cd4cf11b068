import { describe, expect, it } from 'vitest';
import type { ComparedMirror } from '../../../src/compare/comparer-set.ts';
import { ComparerSet } from '../../../src/compare/comparer-set.ts';
import { DEFAULT_JUDGE } from '../../../src/compare/judge-settings.ts';
import type { RecordedExchange, MirroredExchange } from '../../../src/compare/mirrored-exchange.ts';
import { json, ok } from './scaffold.ts';

const DARK: ComparedMirror = {
  pool: 'shop',
  mirror: 'dark',
  settings: { comparison: { ignore: ['at'] } },
  judge: DEFAULT_JUDGE,
  sinceMs: 100,
};

function recorded(change: Partial<MirroredExchange> = {}, of: Partial<RecordedExchange> = {}): RecordedExchange {
  const same = ok(json({ a: 1 }));
  const exchange = {
    route: 'web',
    target: '/items/1',
    atMs: 1000,
    primary: same,
    candidate: ok(json({ a: 2 })),
    secondary: same,
    ...change,
  };
  return { pool: 'shop', mirror: 'dark', version: 'v2', exchange, ...of };
}

function watching(...mirrors: readonly ComparedMirror[]): ComparerSet {
  const comparers = new ComparerSet();
  comparers.setMirrors(mirrors);
  return comparers;
}

const comparedOf = (comparers: ComparerSet, mirror = 'dark'): number | undefined => comparers.report('shop', mirror)?.verdict.compared;

describe('evidence', () => {
  it('is kept while a mirror stays as it was', () => {
    const comparers = watching(DARK);
    comparers.add(recorded());
    comparers.setMirrors([{ ...DARK, mirror: 'other' }, structuredClone(DARK)]);
    comparers.add(recorded());
    expect(comparedOf(comparers)).toBe(2);
    expect(comparedOf(comparers, 'other')).toBe(0);
  });

  it.each([
    ['another beginning', { sinceMs: 101 }],
    ['other rules', { settings: { comparison: { ignore: [] } } }],
  ])('begins anew with %s', (_name, change) => {
    const comparers = watching(DARK);
    comparers.add(recorded());
    comparers.setMirrors([{ ...DARK, ...change }]);
    expect(comparedOf(comparers)).toBe(0);
    comparers.add(recorded());
    expect(comparedOf(comparers)).toBe(1);
  });

  it('is judged anew by another judge', () => {
    const comparers = watching({ ...DARK, judge: { ...DEFAULT_JUDGE, minRequests: 5 } });
    comparers.add(recorded());
    comparers.setMirrors([{ ...DARK, judge: { ...DEFAULT_JUDGE, minRequests: 7 } }]);
    expect(comparers.report('shop', 'dark')?.verdict).toMatchObject({
      compared: 1,
      reason: expect.stringContaining('of at least 7') as string,
    });
  });

  it('is of fewer fields where many mirrors compare', () => {
    const mirrors = Array.from({ length: 50 }, (_, n) => ({ ...DARK, mirror: `m${n}` }));
    const comparers = watching(...mirrors);
    for (let n = 0; n < 300; n++) {
      const name = (kind: string): string => `${kind}${String.fromCharCode(97 + (n % 26), 97 + Math.floor(n / 26))}`;
      const candidate = ok(json(Object.fromEntries([0, 1, 2, 3].map((part) => [`${name('abcd'[part]!)}`, n]))));
      comparers.add(recorded({ target: `/${name('t')}`, candidate }, { mirror: 'm0' }));
    }
    const report = comparers.report('shop', 'm0')!;
    expect(report.fields.length + report.unlistedFields).toBeLessThanOrEqual(200);
    expect(report.overflow.differences).toBeGreaterThan(0);
  });

  it('is not what began before, what no mirror is named for, or what a mirror of that name had in another pool', () => {
    const comparers = watching(DARK, { ...DARK, pool: 'sho', mirror: 'pdark' });
    comparers.add(recorded({ atMs: 99 }));
    comparers.add(recorded({}, { mirror: 'none' }));
    comparers.add(recorded({}, { pool: 'sho', mirror: 'pdark' }));
    expect(comparedOf(comparers)).toBe(0);
    expect(comparers.report('sho', 'pdark')?.verdict.compared).toBe(1);
    comparers.add(recorded({ atMs: 100 }));
    expect(comparedOf(comparers)).toBe(1);
  });

  it('goes with its mirror', () => {
    const comparers = watching(DARK);
    comparers.add(recorded());
    comparers.setMirrors([]);
    expect(comparers.report('shop', 'dark')).toBeUndefined();
    comparers.setMirrors([DARK]);
    expect(comparedOf(comparers)).toBe(0);
  });

  it('stays as it was where a setting is malformed', () => {
    const comparers = watching(DARK);
    comparers.add(recorded());
    const malformed = { ...DARK, mirror: 'bad', settings: { comparison: { ignore: ['a[['] } } };
    expect(() => comparers.setMirrors([malformed])).toThrow('a[[');
    expect(comparedOf(comparers)).toBe(1);
  });
});

describe('a report', () => {
  it('says since when, and follows the rules and the judge of its mirror', () => {
    const comparers = watching({ ...DARK, judge: { ...DEFAULT_JUDGE, minRequests: 5 } });
    comparers.add(recorded({ candidate: ok(json({ a: 2, at: 7 })) }));
    const report = comparers.report('shop', 'dark');
    expect(report).toMatchObject({ sinceMs: 100, fields: [{ path: '$.a' }], unlistedFields: 0, unlistedTemplates: 0 });
    expect(report?.verdict.reason).toBe('1 of at least 5 requests were compared: wait for more');
  });

  it('lists at most 200 fields and the 200 busiest templates', () => {
    const comparers = watching({ ...DARK, settings: { comparison: {}, templatesPerRoute: 400 } });
    const word = (n: number): string => `${'abcdefghijklmnopqrst'[n % 20]}${'abcdefghijklmnopqrst'[Math.floor(n / 20)]}`;
    for (let n = 0; n < 250; n++) comparers.add(recorded({ target: `/${word(n)}`, atMs: 1000 + n }));
    for (let n = 240; n < 250; n++) comparers.add(recorded({ target: `/${word(n)}` }));
    const report = comparers.report('shop', 'dark')!;
    expect([report.fields.length, report.unlistedFields]).toEqual([200, 50]);
    expect([report.templates.length, report.unlistedTemplates]).toEqual([200, 50]);
    expect(report.templates.slice(0, 10).map(({ exchanges }) => exchanges)).toEqual(Array(10).fill(2));
  });
});

describe('counts', () => {
  it('are told once, by version, with the differences of the candidate', () => {
    const comparers = watching(DARK);
    comparers.add(recorded());
    comparers.add(recorded({ candidate: ok(json({ a: '1', b: 2 })) }));
    comparers.add(recorded({ candidate: ok(json({ a: 1 })), secondary: ok(json({ a: 9 })) }, { version: 'blue/v3' }));
    expect(comparers.takeCounts()).toEqual([
      { pool: 'shop', mirror: 'dark', version: 'v2', compared: 2, differences: { value: 1, type: 1, extra: 1 } },
      { pool: 'shop', mirror: 'dark', version: 'blue/v3', compared: 1, differences: {} },
    ]);
    expect(comparers.takeCounts()).toEqual([]);
    comparers.add(recorded());
    expect(comparers.takeCounts()).toMatchObject([{ compared: 1, differences: { value: 1 } }]);
  });

  it('tell of a failure as a difference, and not as a comparison', () => {
    const comparers = watching(DARK);
    comparers.add(recorded({ candidate: { outcome: 'connect_refused' } }));
    comparers.add(recorded({ primary: { outcome: 'response_timeout' }, candidate: { outcome: 'response_timeout' } }));
    comparers.add(recorded({ candidate: undefined }));
    expect(comparers.takeCounts()).toEqual([{ pool: 'shop', mirror: 'dark', version: 'v2', compared: 0, differences: { outcome: 1 } }]);
  });

  it('outlive their mirror, and leave out what is no evidence', () => {
    const comparers = watching(DARK);
    comparers.add(recorded());
    comparers.add(recorded({ atMs: 5 }));
    comparers.add(recorded({}, { mirror: 'none' }));
    comparers.setMirrors([]);
    expect(comparers.takeCounts()).toMatchObject([{ mirror: 'dark', compared: 1 }]);
  });
});
