import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeText } from '../../../src/config/decode.ts';
import type { LoadResult } from '../../../src/config/decode.ts';
import { formatDuration, parseDuration } from '../../../src/config/duration.ts';
import { diffConfigs } from '../../../src/config/diff.ts';
import { samePlain, samePlainInSteps } from '../../../src/config/plain.ts';
import { configAsJson, describeBothInSteps, describeConfig, printWritten } from '../../../src/config/print.ts';
import { isMap } from '../../../src/lib/plain.ts';
import { finish } from '../../../src/lib/steps.ts';
import { touchedFields } from '../../../src/control/touched-fields.ts';
import { formatSize, parseSize } from '../../../src/config/size.ts';
import { suggest } from '../../../src/config/suggest.ts';
import { SMALL, COMPLETE, servedOnly } from '../../unit/config/good.ts';
import { writtenConfig } from './written.ts';

/** What holds for every text: a Config or Problems, never both, and every place lies inside the text. */
function checkResult(text: string, { config, problems, notices }: LoadResult): void {
  expect(config === undefined).toBe(problems.length > 0);
  const lines = text.split(/\r\n|[\r\n]/);
  for (const { line, column, message } of [...problems, ...notices]) {
    expect(line).toBeGreaterThanOrEqual(1);
    expect(line).toBeLessThanOrEqual(Math.max(lines.length, 1));
    expect(column).toBeGreaterThanOrEqual(1);
    expect(column).toBeLessThanOrEqual((lines[line - 1] ?? '').length + 2);
    expect(message).not.toBe('');
  }
}

test('any text gives a Config or Problems', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.string({ unit: fc.constantFrom(...'[]{}:,-?&*!|>\'"%@#` \n\tab1'), maxLength: 60 }),
  );
  fc.assert(
    fc.property(text, (written) => checkResult(written, decodeText('f.yaml', written))),
    // A line feed inside a token that the YAML package gives up on.
    { numRuns: 1_000, examples: [["[[}'\n[["]] },
  );
});

test('any plain data gives a Config or Problems', () => {
  const keys = fc.constantFrom(
    'listeners',
    'pools',
    'routes',
    'admin',
    'workers',
    'state',
    'drain',
    'overload',
    'accessLog',
    'name',
    'match',
    'versions',
    '__proto__',
    'constructor',
  );
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { maxDepth: 4 },
      fc.jsonValue({ maxDepth: 2 }),
      fc.array(tie('any'), { maxLength: 3 }),
      fc.dictionary(keys, tie('any'), { maxKeys: 5 }),
    ),
  })).any;
  fc.assert(
    fc.property(fc.dictionary(keys, value), (data) => {
      const text = JSON.stringify(data);
      checkResult(text, decodeText('f.yaml', text));
    }),
    { numRuns: 500 },
  );
});

test('a good config with one value replaced by anything gives a Config or Problems at a place inside', () => {
  const base = decodeText('f.yaml', servedOnly(COMPLETE)).config;
  if (base === undefined) throw new Error('the whole example must decode');
  const printed = printWritten(describeConfig(base)).split('\n');
  fc.assert(
    fc.property(fc.nat(printed.length - 2), fc.jsonValue({ maxDepth: 1 }), (at, value) => {
      const text = printed
        .map((line, index) => (index === at ? line.replace(/(: |- )[^:]*$/, (_, mark: string) => `${mark}${JSON.stringify(value)}`) : line))
        .join('\n');
      checkResult(text, decodeText('f.yaml', text));
    }),
    { numRuns: 300 },
  );
});

// Its cost grows with the square of the example: in full each byte, else each third.
test('a file cut at any byte gives a Config or Problems at a place inside', () => {
  const text = servedOnly(COMPLETE);
  for (let length = 0; length < text.length; length += process.env['SLUICE_TEST_FULL'] === undefined ? 3 : 1) {
    const cut = text.slice(0, length);
    checkResult(cut, decodeText('f.yaml', cut));
  }
});

// It takes 7 s of CPU, on a machine that others use as well.
test('what is printed decodes to the same Config, without notices or differences of its own', { timeout: 120_000 }, () => {
  fc.assert(
    fc.property(writtenConfig, (written) => {
      const first = decodeText('/a/f.yaml', printWritten(written));
      expect(first.problems).toEqual([]);
      if (first.config === undefined) return;
      const printed = printWritten(describeConfig(first.config));
      const second = decodeText('/b/g.yaml', printed);
      expect(second.config).toEqual(first.config);
      if (second.config === undefined) return;
      expect(printWritten(describeConfig(second.config))).toBe(printed);
      expect(diffConfigs(first.config, second.config)).toEqual([]);
      // It is posted to threads as it is.
      expect(structuredClone(first.config)).toEqual(first.config);
    }),
    { numRuns: 200 },
  );
});

test('durations and sizes are read back', () => {
  fc.assert(fc.property(fc.maxSafeNat(), (ms) => parseDuration(formatDuration(ms % 1e12)) === ms % 1e12));
  fc.assert(fc.property(fc.maxSafeNat(), (bytes) => parseSize(formatSize(bytes % 1e15)) === bytes % 1e15));
});

test('a word with one letter changed is recognised', () => {
  const known = ['listeners', 'timeouts', 'overrides', 'responseHeaders', 'accessLog'];
  fc.assert(
    fc.property(fc.constantFrom(...known), fc.nat(), fc.constantFrom('', 'x', 'zz'), (word, seed, letters) => {
      const at = seed % word.length;
      return suggest(word.slice(0, at) + letters + word.slice(at + 1), known) === word;
    }),
  );
});

test('ten thousand routes load in reasonable time', () => {
  const route = (index: number): string =>
    `  - { name: r${index}, pool: shop, hosts: [h${index}.example.com], match: [{ path: { prefix: /a }, methods: [GET] }] }\n`;
  const text = SMALL + Array.from({ length: 10_000 }, (_, index) => route(index)).join('');
  const before = process.cpuUsage();
  expect(decodeText('f.yaml', text).config?.routes).toHaveLength(10_001);
  const { user } = process.cpuUsage(before);
  // Generous: about 1.5 s where nothing else runs. What this guards against is quadratic growth.
  expect(user / 1_000).toBeLessThan(10_000);
});

test('a described config as JSON is what JSON.stringify makes of it', () => {
  fc.assert(
    fc.property(writtenConfig, (file) => {
      const { config } = decodeText('/a/f.yaml', printWritten(file));
      if (config === undefined) throw new Error('it must decode');
      expect([...configAsJson(config)].join('')).toBe(JSON.stringify(describeConfig(config)));
    }),
    { numRuns: 30 },
  );
});

test('what two configs differ in is the same where what both have is left out', () => {
  fc.assert(
    fc.property(writtenConfig, writtenConfig, fc.nat(20), (file, other, count) => {
      const before = decodeText('/a/f.yaml', printWritten(file)).config;
      const changed = decodeText('/a/f.yaml', printWritten(other)).config;
      if (before === undefined || changed === undefined) throw new Error('it must decode');
      const kept = before.routes.filter((_, index) => index % (count + 1) !== 1);
      const names = new Set(kept.map(({ name }) => name));
      const after = {
        ...changed,
        routes: [...kept.slice(0, count), ...changed.routes.filter(({ name }) => !names.has(name)), ...kept.slice(count)],
      };
      const [was, is] = finish(describeBothInSteps(before, after));
      expect(samePlain(was, is)).toBe(samePlain(describeConfig(before), describeConfig(after)));
      expect(touchedFields(was, is)).toEqual(touchedFields(describeConfig(before), describeConfig(after)));
      expect(diffConfigs(before, after)).toEqual(diffConfigs(structuredClone(before), structuredClone(after)));
    }),
    { numRuns: 25 },
  );
});

test('what says the same does so in steps as well', () => {
  const leaf = fc.oneof(fc.constantFrom(0, -0, 1, 'a', null, undefined, true), fc.array(fc.integer({ min: 0, max: 1 }), { maxLength: 2 }));
  const values = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      leaf,
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom('a', 'b', '__proto__', '0'), tie('value'), { maxKeys: 3 }),
    ),
  })).value;
  fc.assert(
    fc.property(values, values, (one, other) => {
      const [copy, turned] = [structuredClone(one), reversed(other)];
      for (const [a, b] of [
        [one, other],
        [one, copy],
        [other, turned],
      ] as const)
        expect(finish(samePlainInSteps(a, b))).toBe(samePlain(a, b));
    }),
  );
});

function reversed(value: unknown): unknown {
  return isMap(value) ? Object.fromEntries(Object.entries(value).reverse()) : value;
}
