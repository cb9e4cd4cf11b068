// What the reader of plain YAML reads it reads exactly as the library does: the same values, at the same places. What it is sent is written in
// all ways that the grammar knows, and then damaged.

import fc from 'fast-check';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { LineCounter, isMap, isScalar, isSeq, parseDocument, stringify } from 'yaml';
import type { Node, Pair } from 'yaml';
import type { Path } from '../../../src/config/path.ts';
import { GaveUp } from '../../../src/config/plain-yaml/give-up.ts';
import { readPlain } from '../../../src/config/plain-yaml/reader.ts';
import { offsetIn } from '../../../src/config/plain-yaml/shape.ts';

const RUNS = process.env['SLUICE_TEST_FULL'] === undefined ? 3_000 : 100_000;
const TIMEOUT_MS = 30 * RUNS;

interface Placed {
  readonly path: Path;
  readonly key: number;
  readonly value: number;
}

interface Read {
  readonly value: unknown;
  readonly places: readonly Placed[];
}

/** As `parse.ts` asks the library; undefined when it finds any fault. */
function byLibrary(text: string): Read | undefined {
  const document = parseDocument(text, {
    uniqueKeys: false,
    stringKeys: true,
    merge: false,
    resolveKnownTags: false,
    prettyErrors: false,
    logLevel: 'silent',
    lineCounter: new LineCounter(),
  });
  if (document.errors.length + document.warnings.length > 0) return undefined;
  const places: Placed[] = [];
  const walk = (node: unknown, path: Path): unknown => {
    if (isSeq(node))
      return node.items.map((item, index) => {
        const at = startOf(item) ?? -1;
        places.push({ path: [...path, index], key: at, value: at });
        return walk(item, [...path, index]);
      });
    if (!isMap(node)) return isScalar(node) ? node.value : null;
    const entries = (node.items as Pair[]).map(({ key, value }) => {
      const name = String((key as { value: unknown }).value);
      const at = startOf(key) ?? -1;
      places.push({ path: [...path, name], key: at, value: startOf(value) ?? at });
      return [name, walk(value, [...path, name])] as const;
    });
    return Object.fromEntries(entries);
  };
  return { value: walk(document.contents, []), places };
}

function startOf(node: unknown): number | undefined {
  return (node as Partial<Node> | null | undefined)?.range?.[0];
}

/** Returns whether it was read. */
function agree(text: string): boolean {
  const plain = readPlain(text, true);
  if (plain instanceof GaveUp) return false;
  const library = byLibrary(text);
  expect(library, `the library finds a fault in ${JSON.stringify(text)}`).toBeDefined();
  if (library === undefined) return true;
  expect(plain.value, JSON.stringify(text)).toStrictEqual(library.value);
  for (const { path, key, value } of library.places) {
    if (plain.shape === undefined) continue;
    const found = { path, key: offsetIn(plain.shape, plain.start, path, 'key'), value: offsetIn(plain.shape, plain.start, path, 'value') };
    expect(found, JSON.stringify(text)).toEqual({ path, key, value });
  }
  return true;
}

const scalar = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    false,
    0,
    -1,
    1.5,
    '',
    ' ',
    'a b',
    'true',
    'null',
    '~',
    '1',
    '0x1f',
    '0o7',
    '.5',
    '1e3',
    '-',
    ':8080',
    '[::1]:80',
  ),
  fc.constantFrom<unknown>(
    'a: b',
    'a #b',
    '#a',
    '- a',
    '? a',
    '&a',
    '*a',
    '!a',
    '|',
    '>',
    '%a',
    '@a',
    '`a',
    "it's",
    '"q"',
    'a\nb',
    'é',
    '\u2028',
    'a:',
    '/x?y=1',
    '${A}',
  ),
  fc.string({ maxLength: 6 }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);
const key = fc.oneof(
  fc.constantFrom('a', 'b', 'c d', 'e.f', '1', 'x-y', '*', 'true', '<<', '127.0.0.1:80'),
  fc.string({ minLength: 1, maxLength: 4 }),
);
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    scalar,
    fc.array(tie('tree'), { maxLength: 4 }),
    fc.dictionary(key, tie('tree'), { maxKeys: 4, noNullPrototype: true }),
  ),
}));
const root = fc.oneof(fc.array(tree, { maxLength: 4 }), fc.dictionary(key, tree, { maxKeys: 5, noNullPrototype: true }));
const written = fc
  .tuple(
    root,
    fc.constantFrom<(value: unknown) => string>(
      (value) => JSON.stringify(value),
      (value) => JSON.stringify(value, undefined, 2),
      (value) => stringify(value),
      (value) => stringify(value, { lineWidth: 0, indentSeq: false }),
      (value) => stringify(value, { lineWidth: 0, indent: 4 }),
      (value) => stringify(value, { collectionStyle: 'flow', lineWidth: 20 }),
      (value) => stringify(value, { defaultStringType: 'QUOTE_SINGLE', nullStr: '' }),
    ),
  )
  .map(([value, write]) => write(value));
const PIECES = [
  ...' \n\t\r-?:,[]{}#&*!|>\'"%@`~a1',
  '\n  ',
  '\n ',
  ': ',
  ' #',
  '- ',
  '\r\n',
  '---\n',
  '...\n',
  '  - a: 1\n',
  '\n\n',
  '""',
  '{}',
  '[ ]',
  '\u00a0',
  '\ufeff',
  '\\',
];
const damaged = fc
  .tuple(written, fc.array(fc.tuple(fc.nat(200), fc.constantFrom(...PIECES), fc.nat(3)), { minLength: 1, maxLength: 3 }))
  .map(([text, blows]) =>
    blows.reduce((hit, [at, piece, cut]) => hit.slice(0, at % (hit.length + 1)) + piece + hit.slice((at % (hit.length + 1)) + cut), text),
  );
const noise = fc.array(fc.constantFrom(...PIECES, 'key', 'b c', '12'), { maxLength: 14 }).map((pieces) => pieces.join(''));

test(
  'what is written well is read as the library reads it, and mostly without it',
  () => {
    let read = 0;
    fc.assert(
      fc.property(written, (text) => void (read += agree(text) ? 1 : 0)),
      { numRuns: RUNS },
    );
    expect(read).toBeGreaterThan(RUNS / 10);
  },
  TIMEOUT_MS,
);

test(
  'what is damaged is read as the library reads it, or not at all',
  () => {
    fc.assert(
      fc.property(damaged, (text) => void agree(text)),
      { numRuns: RUNS },
    );
    fc.assert(
      fc.property(noise, (text) => void agree(text)),
      { numRuns: RUNS },
    );
  },
  TIMEOUT_MS,
);

test('the configs of this repository are read without the library, but for those that need it', () => {
  const folder = join(import.meta.dirname, '../../../config');
  const texts = readdirSync(folder)
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => [name, readFileSync(join(folder, name), 'utf8')] as const);
  const left = texts.filter(([, text]) => !agree(text)).map(([name]) => name);
  expect(left).toEqual(['routing.yaml']);
});

test('JSON is plain, whatever its texts say', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.constantFrom(0, 2), (value, indent) => {
      const text = JSON.stringify(value, undefined, indent);
      const plain = readPlain(text);
      if (!(plain instanceof GaveUp)) expect(plain.value).toEqual(JSON.parse(text));
      agree(text);
    }),
  );
});
