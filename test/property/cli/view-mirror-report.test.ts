// The report of a mirror fits the screen and sends no control characters to the terminal, no matter what upstreams call their paths and fields.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readResponse } from '../../../src/cli/read-response.ts';
import { viewReport } from '../../../src/cli/view-mirror-report.ts';
import { makeField, makeReport, makeTemplate, quantiles } from '../../unit/cli/make-report.ts';

const control = fc.constantFrom('\u001b[2J', '\u0007', '\n', '\r', '\u009b', '\u202e', '\u2066', '…', '\u{1f600}');
const hostile = fc.array(fc.oneof(fc.string({ unit: 'binary', maxLength: 40 }), control), { maxLength: 12 }).map((parts) => parts.join(''));
const share = fc.double({ min: 0, max: 1, noNaN: true });
const ms = fc.option(fc.double({ min: 0, max: 600_000, noNaN: true }), { nil: undefined });
const count = fc.nat(100_000_000);

const field = fc
  .record({ route: hostile, template: hostile, path: hostile, isReal: fc.boolean(), example: hostile, kind: hostile, rate: share })
  .map(({ example, kind, rate, ...rest }) =>
    makeField({
      ...rest,
      kinds: { [kind]: 1 },
      differences: { count: 1, of: 2, rate, low: 0, high: 1 },
      noise: rate > 0.5 ? undefined : { count: 1, of: 2, rate, low: 0, high: 1 },
      examples: rate > 0.3 ? [{ kind: 'value', primary: example, candidate: example, atMs: 1 }] : [],
    }),
  );
const template = fc.record({ route: hostile, template: hostile, code: hostile, p50: ms, p99: ms, compared: count }).map((each) => {
  const { route, template: name, code, p50, p99, compared } = each;
  const outcomes = { primary: { ok: 1 }, candidate: { [code]: 3 }, secondary: {} };
  const [primary, candidate, secondary] = [quantiles(p50, p99, p99), quantiles(p99, p50, p50), quantiles()];
  const latency = { primary, candidate, secondary, slower: { low: 0, high: 1, rate: p50 === undefined ? undefined : 0.5 } };
  return makeTemplate({ route, template: name, outcomes, compared, latency, uncompared: { [code]: 2 }, cutShort: 1 });
});

test('at most 100 columns, no control character, no more fields than asked for', () => {
  fc.assert(
    fc.property(
      fc.array(field, { maxLength: 8 }),
      fc.array(template, { maxLength: 7 }),
      hostile,
      fc.integer({ min: 1, max: 9 }),
      (...all) => {
        const [fields, templates, reason, mostFields] = all;
        const body: unknown = JSON.parse(JSON.stringify(makeReport({ fields, templates }, 'fail', reason)));
        const lines = viewReport(readResponse('MirrorReport', body), { paint: (_, text) => text, nowMs: 0, mostFields });
        const text = lines.join('');
        expect(text).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/);
        for (const line of lines) expect([...line].length).toBeLessThanOrEqual(100);
        expect(lines.length).toBeLessThanOrEqual(35 + 2 * mostFields);
      },
    ),
    { numRuns: 300 },
  );
});
