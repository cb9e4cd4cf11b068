import { describe, expect, it } from 'vitest';
import type { ComparerSettings } from '../../../src/compare/comparer.ts';
import type { Attempted, MirroredExchange } from '../../../src/compare/mirrored-exchange.ts';
import { Comparer } from '../../../src/compare/comparer.ts';
import { describeReport } from '../../../src/compare/describe-report.ts';
import type { JudgeSettings } from '../../../src/compare/judge-settings.ts';
import { DEFAULT_JUDGE } from '../../../src/compare/judge-settings.ts';
import type { ReportTally } from '../../../src/compare/report-tally.ts';
import { judgeReport } from '../../../src/compare/verdict.ts';
import { json, ok } from './scaffold.ts';

const SETTINGS: ComparerSettings = { comparison: {} };
const TIMEOUT: Attempted = { outcome: 'response_timeout' };

function exchange(primary: unknown, candidate: unknown, secondary?: unknown): MirroredExchange {
  const asked = secondary === undefined ? undefined : ok(json(secondary));
  return { route: 'shop', target: '/items/1', atMs: 1000, primary: ok(json(primary)), candidate: ok(json(candidate)), secondary: asked };
}

function feed(exchanges: readonly MirroredExchange[], settings = SETTINGS): ReportTally {
  const comparer = new Comparer(settings);
  for (const one of exchanges) comparer.add(one);
  return comparer.tally();
}

function times<T>(count: number, make: (n: number) => T): readonly T[] {
  return Array.from({ length: count }, (_, n) => make(n));
}

describe('a report', () => {
  it('says what differs, how often, since when, with examples', () => {
    const tally = feed(
      times(3000, (n) => ({ ...exchange({ p: 1, at: n }, { p: n % 50 === 0 ? 'one' : 1, at: n + 1 }, { p: 1, at: n + 2 }), atMs: n })),
    );
    const { fields, templates } = describeReport(tally, DEFAULT_JUDGE, 10);
    expect(fields.map(({ path, isReal }) => [path, isReal])).toEqual([
      ['$.p', true],
      ['$.at', false],
    ]);
    expect(fields[0]).toMatchObject({
      route: 'shop',
      template: '/items/{id}',
      differences: { count: 60, of: 3000, rate: 0.02 },
      noise: { count: 0, of: 3000 },
      kinds: { type: 60 },
      firstMs: 0,
      lastMs: 2950,
      examples: [{ kind: 'type', primary: 'number', candidate: 'string(3)', atMs: 0 }],
    });
    expect(fields[1]).toMatchObject({ differences: { count: 3000 }, noise: { count: 3000, rate: 1 } });
    expect(templates).toMatchObject([{ exchanges: 3000, compared: 3000, withSecondary: 3000, outcomes: { candidate: { ok: 3000 } } }]);
    expect(JSON.parse(JSON.stringify(tally))).toEqual(tally);
  });

  it('shows values where it is told to, and never those that are redacted', () => {
    const exchanges = [exchange({ p: 1, q: 'a' }, { p: 2, q: 'b' })];
    const shown = feed(exchanges, { comparison: { redact: ['q'] }, examples: 'values' }).templates[0]!.fields.map(
      ({ examples }) => examples[0],
    );
    expect(shown).toMatchObject([
      { primary: '1', candidate: '2' },
      { primary: 'redacted', candidate: 'redacted' },
    ]);
  });

  it('lists the first fields alone and judges all', () => {
    const tally = feed(times(500, () => exchange({ a: 1, b: 1, c: 1 }, { a: 2, b: 2, c: 2 }, { a: 1, b: 1, c: 1 })));
    const { fields, unlistedFields, verdict } = describeReport(tally, DEFAULT_JUDGE, 1);
    expect([fields.length, unlistedFields, verdict.realFields.length]).toEqual([1, 2, 3]);
  });

  it('compares latencies, also of the secondary copy', () => {
    const slow = (latencyMs: number): Attempted => ok(json(1, { latencyMs }));
    const exchanges = times(1000, (n) => ({
      ...exchange(1, 1),
      primary: slow(10),
      candidate: slow(n % 10 === 0 ? 5 : 40),
      secondary: slow(10),
    }));
    const { latency } = describeReport(feed(exchanges), DEFAULT_JUDGE, 1).templates[0]!;
    expect(latency).toMatchObject({
      primary: { count: 1000, p50: expect.closeTo(10, 0) as number },
      candidate: { p50: expect.closeTo(40, -1) as number, p99: expect.closeTo(40, -1) as number },
      secondary: { p99: expect.closeTo(10, 0) as number },
      slower: { rate: 0.9 },
    });
  });

  it('keeps outcomes apart from contents', () => {
    const exchanges = times(400, (n) => (n % 2 === 0 ? exchange(1, 1, 1) : { ...exchange(1, 1, 1), candidate: TIMEOUT }));
    const tally = feed([...exchanges, { ...exchange(1, 1), primary: TIMEOUT }]);
    const { fields, templates, verdict } = describeReport(tally, DEFAULT_JUDGE, 10);
    expect(fields).toMatchObject([
      { path: 'outcome', isReal: true, differences: { count: 200, of: 401 }, noise: { count: 1 }, kinds: { outcome: 200 } },
    ]);
    expect(fields[0]!.examples).toMatchObject([{ primary: '"ok"', candidate: '"response_timeout"' }]);
    expect(templates[0]).toMatchObject({
      compared: 200,
      outcomes: { candidate: { response_timeout: 200, ok: 201 }, primary: { response_timeout: 1 } },
    });
    expect(verdict).toMatchObject({
      verdict: 'fail',
      reason: expect.stringContaining('no response to 200 of 401 requests, the primary to 1 of 401'),
    });
  });
});

describe('the verdict', () => {
  const same = times(14_000, () => exchange({ a: 1 }, { a: 1 }, { a: 1 }));

  it.each([
    ['no-data', [], 'nothing was compared yet: wait for mirrored requests'],
    [
      'no-data',
      times(7, () => ({ ...exchange(1, 1), candidate: undefined })),
      'nothing was compared yet: none of 7 requests reached the candidate, see what its mirror counts',
    ],
    ['inconclusive', same.slice(0, 500), '500 of at least 1000 requests were compared: wait for more'],
    [
      'inconclusive',
      same.slice(0, 2000),
      'up to 0.62 % of requests may differ, beyond the noise, by what 2000 compared with a secondary copy have shown, and 0.1 % are allowed: wait for more of them, about 15000 in all if none does',
    ],
    [
      'inconclusive',
      times(2000, () => exchange(1, 1)),
      'none of 2000 compared requests had a secondary copy, so that its noise is not known: see what sluice_mirrored_total says of the version that responds, or set noise to off',
    ],
    [
      'inconclusive',
      times(14_000, (n) => exchange({ a: 1 }, { a: n % 1000 === 0 ? 2 : 1 }, { a: 1 })),
      'up to 0.3 % of requests may differ, beyond the noise, by what 14000 compared with a secondary copy have shown, and 0.1 % are allowed: wait for more of them',
    ],
    [
      'pass',
      same,
      'responses are the same within the bounds: at most 0.089 % of requests differ, beyond the noise, where 0.1 % may, and at most 0.094 % fail, where 0.1 % may, by what 14000 have shown',
    ],
    [
      'fail',
      times(300, (n) => exchange({ a: 1 }, { a: n % 5 === 0 ? 2 : 1 }, { a: 1 })),
      '$.a differs in at least 9.8 % of requests to /items/{id} of route shop, beyond the noise, and at most 0.1 % may: correct the candidate, or ignore this field if that is meant',
    ],
    [
      'fail',
      times(40, () => ({ ...exchange(1, 1, 1), candidate: ok(json('oops', { status: 500 })) })),
      'status differs (500 where the primary says 200, for one) in at least 41 % of requests to /items/{id} of route shop, beyond the noise, and at most 0.1 % may: correct the candidate',
    ],
    ['fail', times(300, () => ({ ...exchange(1, 1, 1), candidate: ok(json(1, { type: 'text/json' })) })), 'header:content-type differs'],
    ['pass', times(14_000, (n) => exchange({ t: n }, { t: -n }, { t: n + 0.5 })), 'responses are the same within the bounds'],
  ] as const)('is %s: %#', (verdict, exchanges, reason) => {
    expect(judgeReport(feed(exchanges), DEFAULT_JUDGE)).toMatchObject({ verdict, reason: expect.stringContaining(reason) as string });
  });

  it('says what keeps it from being certain', () => {
    const reasonOf = (exchanges: readonly MirroredExchange[], judge: Partial<JudgeSettings>): readonly string[] => {
      const { verdict, reason } = judgeReport(feed(exchanges), { ...DEFAULT_JUDGE, ...judge });
      return [verdict, reason];
    };
    const seldom = times(9000, (n) => exchange({ a: 1 }, { a: n % 300 === 0 ? 2 : 1 }, { a: 1 }));
    expect(reasonOf(seldom, { maxDifferenceRate: 0.003 })).toEqual([
      'inconclusive',
      '$.a differs in 0.081 % to 0.74 % of requests to /items/{id} of route shop, beyond the noise, and at most 0.3 % may: wait for more requests to be certain, or correct the candidate, or ignore this field if that is meant',
    ]);
    const word = (n: number): string => `${'abcdefghijkl'[n % 12]}${'abcdefghijkl'[Math.floor(n / 12)]}`;
    const all = times(130, (n) => word(n));
    const wide = (value: number): unknown => Object.fromEntries(all.map((key) => [key, value]));
    expect(
      reasonOf(
        times(80, () => exchange(wide(1), wide(2), wide(1))),
        { maxDifferenceRate: 1, maxFailureRate: 1, minRequests: 10 },
      ),
    ).toEqual(['inconclusive', '130 fields differ for real and only the 100 surest were weighed: correct or ignore those first']);
    expect(reasonOf(same, { maxFailureRate: 0.0001 })).toEqual([
      'inconclusive',
      'up to 0.094 % of requests may fail with the candidate alone, by what 14000 have shown, and 0.01 % are allowed: wait for more of them, about 150000 in all if none does',
    ]);
    expect(reasonOf(same, { maxDifferenceRate: 0 })[1]).toMatch(
      /and 0 % are allowed: allow more than 0 %, which no number of requests can prove$/,
    );
  });

  it('fails where fields differ each too seldom to be reported, and often together', () => {
    const exchanges = times(2000, (n) =>
      n % 10 === 0 ? exchange({}, { [`k${'abcdefghij'[(n / 10) % 10]}${n}`]: 1 }, {}) : exchange({}, {}, {}),
    );
    expect(judgeReport(feed(exchanges), DEFAULT_JUDGE)).toMatchObject({
      verdict: 'fail',
      reason: expect.stringMatching(/^responses differ in at least [\d.]+ % of requests, .* most of all in \$\./),
    });
  });

  it('takes all for real without secondary copies, if that is said', () => {
    const judge = { ...DEFAULT_JUDGE, noise: 'absent' } as const;
    expect(judgeReport(feed(times(16_000, () => exchange(1, 1))), judge).verdict).toBe('pass');
    expect(judgeReport(feed(times(2000, (n) => exchange(1, n % 20 === 0 ? 2 : 1))), judge).verdict).toBe('fail');
  });

  it('does not pass what could not be compared', () => {
    const coded = ok(json('x', { fields: 'content-encoding: rot13\r\n' }));
    const other = ok(json('y', { fields: 'content-encoding: rot13\r\n' }));
    const tally = feed(times(14_000, () => ({ ...exchange(1, 1), primary: coded, candidate: other, secondary: other })));
    expect(tally.templates[0]!.uncompared).toEqual({ coding: 28_000 });
    expect(judgeReport(tally, DEFAULT_JUDGE)).toMatchObject({
      verdict: 'inconclusive',
      reason:
        '0 of at least 1000 requests were compared, and 28000 bodies could not be (coding 28000): raise the size up to which they are kept, or have them sent uncoded',
    });
  });

  it('fails rare calls that go wrong in a crowd of right ones', () => {
    const wrong = times(60, () => ({ ...exchange({ a: 1 }, { a: 2 }, { a: 1 }), target: '/rare' }));
    expect(judgeReport(feed([...same.slice(0, 5000), ...wrong]), DEFAULT_JUDGE)).toMatchObject({
      verdict: 'fail',
      realFields: [{ template: '/rare', path: '$.a' }],
    });
  });
});

describe('an exchange', () => {
  it('may lack copies, and says what it found', () => {
    const comparer = new Comparer(SETTINGS);
    expect(comparer.add(exchange({ a: 1 }, { a: 2 }))).toMatchObject({ differences: [{ path: '$.a', kind: 'value' }] });
    expect(comparer.add({ ...exchange(1, 1, 2), candidate: undefined })).toBeUndefined();
    expect(comparer.add({ ...exchange(1, 1), primary: TIMEOUT })).toBeUndefined();
    expect(comparer.tally().templates).toMatchObject([{ exchanges: 3, attempts: 2, responses: { candidate: 1, secondary: 1, both: 0 } }]);
  });

  it('to a path that leads nowhere makes no template', () => {
    const missing = ok(json({}, { status: 404 }));
    const tally = feed([{ ...exchange(1, 1), target: '/.env', primary: missing, candidate: missing }, exchange(1, 1)]);
    expect(tally.templates.map(({ template }) => template)).toEqual(['{other}', '/items/{id}']);
  });
});

describe('bounds', () => {
  it('hold for any input', () => {
    const bounds = { templates: 3, fieldsPerTemplate: 4, fields: 6, pathLength: 20 };
    const comparer = new Comparer({ comparison: {}, bounds, templatesPerRoute: 1 });
    for (let n = 0; n < 500; n++) {
      const [route, path] = [`r${n % 5}`, `/${'abcdefg'[n % 7]}`];
      const keys = Object.fromEntries(times(10, (i) => [`key${String.fromCharCode(97 + ((n + i) % 26))}`, n]));
      comparer.add({ ...exchange({}, keys), route, target: path });
    }
    comparer.add({ ...exchange({}, { ['x'.repeat(30)]: 1 }), route: 'r0', target: '/a' });
    const tally = comparer.tally();
    expect(tally.templates.length).toBe(3);
    expect(tally.templates.flatMap(({ fields }) => fields).length).toBe(6);
    expect(Math.max(...tally.templates.map(({ fields }) => fields.length))).toBe(4);
    expect(tally.overflow.requests).toBeGreaterThan(0);
    expect(tally.overflow.differences).toBeGreaterThan(300);
    expect(tally.overflow.requests + tally.templates.reduce((sum, { exchanges }) => sum + exchanges, 0)).toBe(501);
    for (const field of tally.templates.flatMap(({ fields }) => fields)) expect(field.examples.length).toBeLessThanOrEqual(3);
  });
});
