// The report of a mirror: what is shown of it, and the exit code that is its verdict.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fitTable } from '../../../src/cli/fit-table.ts';
import { runMirrorReport, type MirrorReportOptions } from '../../../src/cli/mirror-report.ts';
import type { MirrorReport } from '../../../src/api/mirror-report.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { FakeAdmin, FakeTerminal, NOW_MS, problem, runAgainst } from './fake-admin.ts';
import { makeField, makeReport, makeTemplate, quantiles } from './make-report.ts';

const PATH = 'GET /v1/pools/shop/mirrors/dark/report';
let admin: FakeAdmin;

beforeEach(async () => {
  admin = new FakeAdmin();
  await admin.listen();
});

afterEach(() => admin.close());

function report(body: MirrorReport, options: MirrorReportOptions & { json?: boolean } = {}, terminal = new FakeTerminal()) {
  admin.scripted.set(PATH, { status: 200, body });
  return runAgainst(admin.url, options, (call) => runMirrorReport({ ...call, options }, 'shop', 'dark'), terminal);
}

test('one screen: verdict, counts, latency, what differs, noise', async () => {
  const { code, stdout } = await report(makeReport());
  expect(code).toBe(5);
  expect(stdout).toBe(
    `FAIL  $.items[*].price differs in /orders/{id} of route shop
mirror    dark of pool shop, to shop/v2
since     2026-01-31 01:00:00 UTC, 2 h ago
compared  12345 requests, 12001 of them with a secondary response, which shows the noise
differ    0.81 % to 1.32 % of requests, beyond the noise
fail      at most 0.04 % of requests get no response (500 is one), more than of the primary

Latency, of the primary -> of the shadow; in how many requests the shadow was slower
ROUTE  PATHS         COMPARED      P50 MS      P90 MS    P99 MS  SLOWER
shop   /orders/{id}     12345  1.2 -> 1.4  3.4 -> 4.2  12 -> 30    61 %

1 field differs for real
ROUTE  PATHS         FIELD             DIFFERS  NOISE  EXAMPLE
shop   /orders/{id}  $.items[*].price   1.02 %    0 %  value: 12.5 -> 12.49

Within the noise, or too rare to tell
ROUTE  PATHS         FIELD                DIFFERS  NOISE  EXAMPLE
shop   /orders/{id}  header:x-request-id    100 %  100 %  value: string(36) -> string(36)
`,
  );
});

test('the verdict points to the rollout that waits for it', async () => {
  const { stdout } = await report(makeReport({ rollout: 'shop-a1b2' }));
  expect(stdout.split('\n').slice(1, 3)).toEqual([
    'Rollout shop-a1b2 waits for this verdict. See: sluice rollout status shop-a1b2',
    'mirror    dark of pool shop, to shop/v2',
  ]);
});

test.each([
  ['pass', 0],
  ['fail', 5],
  ['inconclusive', 6],
  ['no-data', 7],
] as const)('%s exits with %s, also as JSON', async (verdict, code) => {
  const body = makeReport({}, verdict, 'why');
  const shown = await report(body);
  expect([shown.code, shown.stdout.split('\n')[0], shown.stderr]).toEqual([code, `${verdict.toUpperCase()}  why`, '']);
  const printed = await report(body, { json: true });
  expect([printed.code, JSON.parse(printed.stdout)]).toEqual([code, JSON.parse(JSON.stringify(body))]);
});

test('nothing was compared yet', async () => {
  const verdict = { ...makeReport({}, 'no-data', 'nothing was compared yet').verdict, compared: 0, withSecondary: 0 };
  const rates = { differenceRate: { low: 0, high: 1 }, failureRate: { low: -1, high: 1 } };
  const { code, stdout } = await report(
    makeReport({ verdict: { ...verdict, ...rates }, fields: [], templates: [], candidate: { pool: 'engine', version: undefined } }),
  );
  expect(code).toBe(7);
  expect(stdout).toBe(
    `NO-DATA  nothing was compared yet
mirror    dark of pool shop, to engine as it splits
since     2026-01-31 01:00:00 UTC, 2 h ago
compared  0 requests, 0 of them with a secondary response, which shows the noise
differ    any share of requests, beyond the noise
fail      any share of requests get no response (500 is one), more than of the primary
`,
  );
});

test('what was left out, and what failed', async () => {
  const outcomes = { primary: { ok: 100 }, candidate: { ok: 90, response_timeout: 10 }, secondary: {} };
  const none = quantiles();
  const slower = { low: 0, high: 1, rate: undefined };
  const templates = [
    makeTemplate({ uncompared: { digest: 2 }, cutShort: 1, outcomes }),
    makeTemplate({
      template: '/new',
      exchanges: 1,
      uncompared: { digest: 1, bomb: 4 },
      latency: { primary: none, candidate: none, secondary: none, slower },
    }),
  ];
  const { stdout } = await report(makeReport({ templates, dropped: 7, overflow: { requests: 8, differences: 9 } }));
  expect(stdout).toContain('primary   ok 12445\nshadow    ok 12435, response_timeout 10\n');
  expect(stdout).toMatch(/shop +\/new +12345 +- -> - +- -> - +- -> - +-\n/);
  expect(stdout).toContain(`
Left out
  7  requests that were not compared, because comparison could not keep up
  7  bodies that could not be compared: bomb 4, digest 3
  1  comparisons that ended early: more may differ than is listed
  8  requests of more paths than the report holds
  9  differences of more fields than the report holds
`);
});

test('as many fields as asked for, and the busiest paths', async () => {
  const fields = [
    ...Array.from({ length: 12 }, (_, index) => makeField({ path: `$.real${index}` })),
    ...Array.from({ length: 12 }, (_, index) => makeField({ path: `$.noisy${index}`, isReal: false, noise: undefined })),
  ];
  const templates = Array.from({ length: 9 }, (_, index) => makeTemplate({ template: `/t${index}`, exchanges: index }));
  const body = makeReport({ fields, templates, unlistedFields: 5 });
  const few = (await report(body)).stdout;
  const seen = (text: string): readonly number[] => ['$.real', '$.noisy', '/t'].map((part) => text.split(part).length - 1);
  expect(seen(few)).toEqual([10, 3, 5]);
  expect(few).toContain('/t8');
  expect(few).not.toContain('/t3');
  expect(few).toContain('12 fields differ for real');
  expect(few).toContain('and 4 more with fewer requests');
  expect(few).toContain('and 2 more: --fields 12 shows them\n');
  expect(few).toContain('and 14 more of this kind\n');
  expect(seen((await report(body, { fields: 20 })).stdout)).toEqual([12, 8, 5]);
  expect(seen((await report(body, { fields: 1 })).stdout)).toEqual([1, 1, 5]);
});

test('100 columns and no control character, whatever upstreams call their fields', async () => {
  const long = `$.${'x'.repeat(5000)}\u001b[2J\u202e.end`;
  const example = { kind: 'value', primary: '"a\u0007"', candidate: `"${'y'.repeat(60)}"`, atMs: 1 };
  const field = makeField({ path: long, template: `/${'a/'.repeat(200)}{id}`, route: 'r'.repeat(99), examples: [example] });
  const template = makeTemplate({
    template: `/\u009b31m${'b/'.repeat(200)}{id}`,
    outcomes: { primary: {}, candidate: { 'ok\n': 3 }, secondary: {} },
  });
  const { stdout } = await report(makeReport({ fields: [field, { ...field, isReal: false }], templates: [template] }));
  expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  expect(Math.max(...stdout.split('\n').map((line) => [...line].length))).toBeLessThanOrEqual(100);
  expect(stdout).toContain('…');
});

test('a response that is no report ends in words', async () => {
  admin.scripted.set(PATH, { status: 200, body: { verdict: [] } });
  const { code, stderr } = await runAgainst(admin.url, {}, (call) => runMirrorReport({ ...call, options: {} }, 'shop', 'dark'));
  expect([code, stderr.split('\n')[0]]).toEqual([1, 'error: the response is not one of the admin API: verdict is no object']);
  const odd = await report({ ...makeReport(), verdict: { ...makeReport().verdict, verdict: 'constructor' as 'fail' } });
  expect([odd.code, odd.stderr.split('\n')[0]]).toEqual([1, 'error: the verdict "constructor" is not known here']);
});

describe('refusals', () => {
  const refused = (status: number, detail: string) => {
    admin.scripted.set(PATH, problem(status, detail));
    return runAgainst(admin.url, {}, (call) => runMirrorReport({ ...call, options: {} }, 'shop', 'dark'));
  };

  test('no such mirror: which there are', async () => {
    admin.pools = [{ ...admin.pools[0]!, mirrors: [{ name: 'dusk', to: { pool: 'shop', version: 'v2' }, percent: 1, origin: 'api' }] }];
    expect(await refused(404, 'Pool shop has no mirror dark.')).toMatchObject({
      code: 1,
      stderr: 'error: Pool shop has no mirror dark.\n  mirrors of shop: dusk\n',
    });
  });

  test('one that compares nothing: what makes it', async () => {
    expect(await refused(409, 'Mirror dark of pool shop compares nothing.')).toMatchObject({
      code: 1,
      stderr: 'error: Mirror dark of pool shop compares nothing.\n  sluice mirror set shop dark --compare lets it compare responses.\n',
    });
  });

  test('none at the moment', async () => {
    expect(await refused(503, 'The comparison has just begun anew.')).toMatchObject({
      code: 1,
      stderr: 'error: The comparison has just begun anew.\n  Try again in a moment; --watch goes on by itself.\n',
    });
  });
});

test('--watch goes on until it is pass or fail', async () => {
  const responses = [
    problem(503, 'The comparison has just begun anew.'),
    { status: 200, body: makeReport({}, 'no-data', 'nothing was compared yet') },
    { status: 200, body: makeReport({}, 'inconclusive', '10 of at least 1000 requests were compared') },
    { status: 200, body: makeReport({}, 'pass', 'responses are the same within the bounds') },
  ];
  const terminal = new FakeTerminal();
  let turn = 0;
  terminal.clock = {
    ...systemClock,
    wallMs: () => NOW_MS,
    after: (_ms, run) => {
      turn++;
      admin.scripted.set(PATH, responses[turn]!);
      return systemClock.after(0, run);
    },
  };
  admin.scripted.set(PATH, responses[0]!);
  const options = { watch: true };
  const { code, stdout } = await runAgainst(admin.url, options, (call) => runMirrorReport({ ...call, options }, 'shop', 'dark'), terminal);
  expect(code).toBe(0);
  expect(stdout.match(/^(?:The comparison|NO-DATA|INCONCLUSIVE|PASS)/gm)).toEqual(['The comparison', 'NO-DATA', 'INCONCLUSIVE', 'PASS']);
});

test('a table is cut where it may be, and no more than it must be', () => {
  const columns = [{ title: 'A' }, { title: 'PATH', cut: 'middle' }, { title: 'B', cut: 'end' }] as const;
  expect(fitTable(columns, [['fixed', '/a/b', 'short']], 18)).toEqual(['A      PATH  B', 'fixed  /a/b  short']);
  expect(fitTable(columns, [['fixed', '/begin/middle/end', 'first second third']], 36)).toEqual([
    'A      PATH           B',
    'fixed  /begin…le/end  first second …',
  ]);
  const long = fitTable(columns, [['f'.repeat(50), '/'.repeat(50), 'c'.repeat(50)]], 20)[1];
  expect(long).toBe(`${'f'.repeat(50)}  ////…///  ${'c'.repeat(7)}…`);
});
