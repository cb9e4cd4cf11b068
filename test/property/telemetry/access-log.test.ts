import fc from 'fast-check';
import { expect, it } from 'vitest';
import { formatLine } from '../../../src/telemetry/access-log.ts';
import { Observation } from '../../../src/telemetry/observation.ts';

const TEXTS = [
  'listener',
  'route',
  'pool',
  'version',
  'endpoint',
  'method',
  'authority',
  'target',
  'client',
  'requestId',
  'outcome',
  'reason',
] as const;

// Anything JavaScript can hold: control bytes, quotes, latin1, lone surrogates, line separators.
const hostile = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)) }),
  fc.constantFrom('"}\n{"time":"', '\\', '\\"', '\u2028\u2029', '\ud800', '__proto__', '\r\n\r\n', '\x00\x1f\x7f\xff'),
);

it('one line of valid JSON that gives every text back, whatever was sent', () => {
  fc.assert(
    fc.property(
      fc.record(Object.fromEntries(TEXTS.map((name) => [name, hostile])) as Record<(typeof TEXTS)[number], typeof hostile>),
      fc.double(),
      (texts, number) => {
        const line = formatLine(Object.assign(new Observation(), texts, { startedAtMs: number, durationMs: number, bytesOut: number }));
        expect(line.indexOf('\n')).toBe(line.length - 1);
        const parsed = JSON.parse(line) as Record<string, unknown>;
        for (const name of TEXTS) expect(parsed[name]).toBe(texts[name]);
        expect(Object.keys(parsed)).toHaveLength(19);
      },
    ),
    { numRuns: 500 },
  );
});
