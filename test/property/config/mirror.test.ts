// Anything that the API is given for a mirror is refused with faults that lie in that mirror, or served as it was given.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isRefused, setMirror } from '../../../src/config/changes.ts';
import { decodeRead, decodeText, readFiles } from '../../../src/config/decode.ts';
import { formatPath } from '../../../src/config/path.ts';
import { printConfig } from '../../../src/config/print.ts';
import { SMALL } from '../../unit/config/good.ts';
import { mirror } from './written.ts';

const SOLO = 'pools:\n  solo: { versions: { only: { endpoints: [127.0.0.1:9009] } } }';
const TEXT = `${SMALL.replace('pools:', SOLO)}  - { name: solo, pool: solo, hosts: [solo] }\n`;
const FILE = readFiles([{ file: 'f.yaml', text: TEXT }]);

/** What a rule, a schema, or neither has something against, depending on where it stands. */
const HOSTILE: readonly unknown[] = [
  ...['shop', 'solo', 'only', 'v2', 'none', '__proto__', 'constructor', '', 'a b', '\u0000', '\ud800', 'x'.repeat(300)],
  ...['a[0]', 'a..b', "$['", '**', 'te', 'host', 'Host', 'x-sluice-shadow', 'GET', 'get', '1/3', '3/1', '0/0', 'off', 'allow'],
  ...['4MiB', '1KiB', '1B', '0s', '1d', '50%', '0%', '101%', -1, 0, 1, 0.5, 101, 1e300, NaN, null, true],
  [],
  {},
  ['a', 'a'],
  [['a']],
  { regex: '(' },
  Array(101).fill('x'),
  Array.from({ length: 101 }, (_, index) => `f${index}`),
  Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`x-${index}`, 'a'])),
];
const KEYS = [
  'pool',
  'version',
  'percent',
  'fraction',
  'compare',
  'limits',
  'body',
  'response',
  'ignore',
  'host',
  'te',
  'name',
  '__proto__',
];

interface Blow {
  /** Which of the maps and lists of the mirror is hit. */
  readonly where: number;
  readonly key: string | number;
  readonly value: unknown;
}

const blow: fc.Arbitrary<Blow> = fc.record({
  where: fc.nat(30),
  key: fc.oneof(fc.constantFrom(...KEYS), fc.nat(12)),
  value: fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...HOSTILE) }, fc.jsonValue({ maxDepth: 1 })),
});

/** A number stands for the key at that position. */
function strike(root: unknown, { where, key, value }: Blow): unknown {
  const copy = structuredClone(root);
  const containers = allWithin(copy);
  const hit = containers[where % containers.length] as Record<string, unknown>;
  const keys = Object.keys(hit);
  const at = typeof key === 'string' ? key : (keys[key % Math.max(keys.length, 1)] ?? 'x');
  Object.defineProperty(hit, Array.isArray(hit) && typeof key === 'string' ? 0 : at, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
  return copy;
}

function allWithin(value: unknown): readonly object[] {
  if (typeof value !== 'object' || value === null) return [];
  return [value, ...Object.values(value).flatMap(allWithin)];
}

/** Each is well formed, and wrong only together with what else there is. */
const MISFITS: readonly object[] = [
  { pool: 'none' },
  { pool: 'solo', version: 'v2' },
  { match: { headers: { Host: 'a' } } },
  { match: { headers: { a: { regex: '(' } } } },
  { requestHeaders: { set: { te: 'a' } } },
  { requestHeaders: { add: { 'x-sluice-shadow': 'a' } } },
  { compare: { headers: ['age', 'te'] } },
  { limits: { response: '1KiB' }, compare: { body: '2KiB' } },
];

const struck = fc
  .tuple(mirror(['v1', 'v2']), fc.array(blow, { maxLength: 2 }), fc.constantFrom({}, {}, ...MISFITS))
  .map(([{ name: _, ...good }, blows, misfit]) => blows.reduce<unknown>(strike, { ...good, ...misfit }));
const pools = fc.constantFrom('shop', 'shop', 'shop', 'shop', 'solo', 'none', '__proto__');
const names = fc.constantFrom('x', 'x', 'x', 'dark.2', 'constructor', 'a b');

test('a mirror is refused within itself, or served as it was given', () => {
  let [refused, judged, served] = [0, 0, 0];
  fc.assert(
    fc.property(pools, names, struck, (pool, name, written) => {
      const here = formatPath(['pools', pool, 'mirrors', name]);
      const before = structuredClone(written);
      const changed = setMirror({ written: FILE.document!.value, amendments: [] }, pool, name, written);
      expect(written).toEqual(before);
      if (isRefused(changed)) {
        refused += 1;
        expect(changed.faults.length).toBeGreaterThan(0);
        for (const { kind, path, message } of changed.faults) {
          expect(path.startsWith(kind === 'unknown' ? formatPath(['pools', pool]) : here), message).toBe(true);
          expect(message.length).toBeGreaterThan(path.length);
        }
        return;
      }
      const { config, problems } = decodeRead(FILE, changed);
      expect(config === undefined).toBe(problems.length > 0);
      judged += config === undefined ? 1 : 0;
      for (const { path, message } of problems)
        expect(
          [path, message].every((text) => text.startsWith(here)),
          message,
        ).toBe(true);
      if (config === undefined) return;
      served += 1;
      // As it would be kept in a file.
      expect(decodeText('g.yaml', Buffer.from(printConfig(config)).toString()).config).toEqual(config);
    }),
    { numRuns: 1_500 },
  );
  // Else it would show nothing.
  expect(Math.min(refused, judged, served)).toBeGreaterThan(10);
});
