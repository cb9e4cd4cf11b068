import { expect, test } from 'vitest';
import type { Amendment } from '../../../src/config/amend.ts';
import { decodeFiles, decodeRead, readFiles } from '../../../src/config/decode.ts';
import type { LoadResult } from '../../../src/config/decode.ts';
import { SMALL } from './good.ts';

const OLD = { v1: 90, v2: 10 };

function split(value: unknown, base: unknown = OLD): Amendment {
  return { path: ['pools', 'shop', 'split'], value, base };
}

/** As after an edit of the file. */
function load(text: string, amendments: readonly Amendment[]): LoadResult {
  return decodeFiles([{ file: 'f.yaml', text }], [], amendments);
}

/** As after an order through the API. */
function order(text: string, amendments: readonly Amendment[]): LoadResult {
  return decodeRead(readFiles([{ file: 'f.yaml', text }]), amendments);
}

function told({ problems }: LoadResult): readonly string[] {
  return problems.map(({ line, column, message }) => `${line}:${column}: ${message}`);
}

test('amendments in force are decoded with the file; what the file itself says is told beside it', () => {
  const amendments = [split({ v1: 1, v2: 99 })];
  for (const result of [load(SMALL, amendments), order(SMALL, amendments)]) {
    expect(result.config?.pools[0]?.split).toEqual({ v1: 1, v2: 99 });
    expect(result.amended).toEqual({ amendments, superseded: [] });
    expect(result.written).toMatchObject({ pools: { shop: { split: OLD } } });
  }
});

test('without amendments all is as it was', () => {
  const result = load(SMALL, []);
  expect(result.amended).toEqual({ amendments: [], superseded: [] });
  expect(result.config).toEqual(order(SMALL, []).config);
});

test('a fault in what the API set has its own path, the nearest place in the file, and says where it comes from', () => {
  const faults = order(SMALL, [split({ v1: 5, v2: -1, v3: 1 })]);
  expect(faults.config).toBeUndefined();
  expect(faults.problems.map(({ path }) => path)).toEqual(['pools.shop.split.v3', 'pools.shop.split.v2']);
  expect(told(faults).slice(1)).toEqual(['8:26: pools.shop.split.v2: weight must be a non-negative number, got -1 (set through the API)']);
  expect(told(order(SMALL, [split({ v1: 5, v3: 1 })]))).toEqual([
    '8:12: pools.shop.split.v3: there is no version "v3" (did you mean "v1"? there are v1, v2) (set through the API)',
  ]);
});

test('positions in a list that the API changed lead to the places of the file', () => {
  const text = SMALL.replace(
    '    split:',
    `    overrides:
      - { name: a, header: { name: x-a, value: v1 }, version: v1 }
      - { name: b, header: { name: x-b, value: v1 }, version: v1 }
    split:`,
  );
  const a = { name: 'a', header: { name: 'x-a', value: 'v1' }, version: 'v1' };
  const b = { name: 'b', header: { name: 'x-b', value: 'v1' }, version: 'v1' };
  const gone = { path: ['pools', 'shop', 'overrides', 'a'], base: a };
  const wrong = { path: ['pools', 'shop', 'overrides', 'b'], value: { ...b, version: 'v7' }, base: b };
  expect(told(order(text, [gone, wrong]))).toEqual([
    '10:63: pools.shop.overrides.b.version: there is no version "v7" (did you mean "v1"? there are v1, v2) (set through the API)',
  ]);
});

test.each([
  [{ version: 'v2', pool: 'shpo' }, '.pool: there is no pool "shpo" (did you mean "shop"?)'],
  [{ pool: 'shop' }, '.pool: a mirror to its own pool needs a version: it would lead in a loop'],
  [{ version: 'v2', match: { headers: { host: 'a' } } }, '.match.headers.host: host cannot be matched as a header: use hosts of the route'],
  [
    { version: 'v2', compare: { headers: ['a', 'te'] } },
    '.compare.headers[1]: te belongs to the framing of messages and cannot be compared',
  ],
  [
    { version: 'v2', limits: { response: '2KiB' }, compare: { body: '4KiB' } },
    '.compare.body: body (4KiB) may not exceed limits.response of the mirror (2KiB): no more than that is read',
  ],
])('what is wrong with a mirror of the API (%j) is told by its name', (mirror, message) => {
  const text = SMALL.replace('    split:', '    mirrors: [{ name: a, version: v2 }]\n    split:');
  const { problems } = order(text, [{ path: ['pools', 'shop', 'mirrors', 'b.c'], value: { name: 'b.c', ...mirror } }]);
  const where = 'pools.shop.mirrors["b.c"]';
  expect(problems).toMatchObject([{ path: where + message.split(': ')[0]!, line: 8, message: `${where}${message} (set through the API)` }]);
});

test('a file with Problems is refused with its own alone, and loses no amendment', () => {
  const broken = SMALL.replace('v2: 10', 'v2: x');
  const amendments = [split({ v1: 1, v2: 99 })];
  for (const result of [load(broken, amendments), order(broken, amendments)]) {
    expect(told(result)).toEqual(['8:26: pools.shop.split.v2: weight must be a non-negative number or look like 5%, got "x"']);
    expect(result.amended).toEqual({ amendments, superseded: [] });
  }
  const noYaml = load('{', amendments);
  expect(noYaml.written).toBeUndefined();
  expect(noYaml.amended).toEqual({ amendments, superseded: [] });
});

test('an amendment that no longer fits a changed file is superseded, and the file is not refused', () => {
  const text = SMALL.replace('v2: { endpoints: [127.0.0.1:9002] }', 'v3: { endpoints: [127.0.0.1:9003] }').replace(
    'split: { v1: 90, v2: 10 }',
    'split: { v1: 90 }',
  );
  const override = { name: 'qa', header: { name: 'x-version', value: 'v2' }, version: 'v2' };
  const misfit = { path: ['pools', 'shop', 'overrides', 'qa'], value: override };
  const hold = { path: ['pools', 'shop', 'hold'], value: '1s' };
  const drained = { path: ['pools', 'shop', 'versions', 'v2', 'drain'], value: true };
  const result = load(text, [split({ v1: 1, v2: 99 }), misfit, hold, drained]);
  expect(result.problems).toEqual([]);
  expect(result.config?.pools[0]).toMatchObject({ holdMs: 1_000, overrides: [], split: { v1: 90, v3: 0 } });
  expect(result.amended.amendments).toEqual([hold]);
  expect(result.amended.superseded.map(({ reason }) => reason)).toEqual([
    'the file changed pools.shop.split itself',
    'there is no pools.shop.versions.v2 any more',
    'it no longer fits the file: pools.shop.overrides[0].version: there is no version "v2" (did you mean "v1"? there are v1, v3)',
  ]);
});

test('an amendment of a part goes when the whole is wrong with it', () => {
  const sole = `listeners: [{ name: web, address: 127.0.0.1:8080 }]
pools: { shop: { versions: { v1: { endpoints: [127.0.0.1:9001] } }, split: { v1: 1 } } }
routes: [{ name: shop, pool: shop }]
`;
  const two = sole.replace('{ v1: {', '{ v2: { endpoints: [127.0.0.1:9002] }, v1: {');
  const removed = { path: ['pools', 'shop', 'split'], base: { v1: 1 } };
  const other = { path: ['pools', 'shop', 'balancer'], value: 'random' };
  expect(load(sole, [removed, other]).amended.amendments).toEqual([removed, other]);
  const result = load(two, [removed, { path: ['drain', 'timeout'], value: '5s' }]);
  expect(result.config).toBeDefined();
  expect(result.amended.amendments.map(({ path }) => path)).toEqual([['drain', 'timeout']]);
});

test('when the Problem names none, the oldest with which there are Problems goes, and the others stay', () => {
  const many = Array.from({ length: 20 }, (_, index) => ({ path: ['pools', `p${index}`], value: pool() }));
  const used = SMALL.replace('{ name: shop, pool: shop }', '{ name: shop, pool: shop, version: v2 }');
  const removed = { path: ['pools', 'shop', 'versions', 'v2'], base: { endpoints: ['127.0.0.1:9002'] } };
  const alone = split({ v1: 1 });
  expect(load(SMALL, [alone, removed, ...many]).amended.amendments).toHaveLength(22);
  const { config, amended } = load(used, [alone, ...many.slice(0, 9), removed, ...many.slice(9)]);
  expect(config?.pools).toHaveLength(21);
  expect(amended.amendments).toHaveLength(21);
  expect(amended.superseded).toEqual([
    {
      amendment: removed,
      reason: 'it no longer fits the file: routes[0].version: in pool "shop" there is no version "v2" (did you mean "v1"?)',
    },
  ]);
});

function pool(): object {
  return { versions: { v1: { endpoints: ['127.0.0.1:9001'] } } };
}
