import { expect, test } from 'vitest';
import { MAX_AMENDMENTS, amend, readAmendments } from '../../../src/config/amend.ts';
import type { Amendment } from '../../../src/config/amend.ts';
import { readField } from '../../../src/config/field.ts';
import type { Plain } from '../../../src/lib/plain.ts';

const QA = { name: 'qa', header: { name: 'x-version', value: 'v2' }, version: 'v2' };
const QB = { name: 'qb', header: { name: 'x-b', value: 'v2' }, version: 'v2' };
const SPLIT: readonly string[] = ['pools', 'shop', 'split'];

function file(shop: Plain = {}): Plain {
  const versions = {
    v1: { endpoints: ['127.0.0.1:9001', { address: '[0:0::1]:9002', weight: 2 }] },
    v2: { endpoints: ['127.0.0.1:9003'], drain: true },
  };
  return {
    listeners: [{ name: 'web', address: ':80' }],
    pools: { shop: { versions, split: { v1: 90, v2: 10 }, overrides: [QA, QB], ...shop } },
  };
}

function reasons(written: Plain, amendments: readonly Amendment[]): readonly string[] {
  return amend(written, amendments).superseded.map(({ reason }) => reason);
}

test('an amendment replaces, adds or removes one field; the rest stays as it is', () => {
  const written = file();
  const { value, amendments, superseded } = amend(written, [
    { path: SPLIT, value: { v1: 50, v2: 50 }, base: { v1: 90, v2: 10 } },
    { path: ['pools', 'shop', 'balancer'], value: 'random' },
    { path: ['pools', 'shop', 'versions', 'v2', 'drain'], base: true },
    { path: ['drain', 'timeout'], value: '5s' },
  ]);
  expect(superseded).toEqual([]);
  expect(amendments).toHaveLength(4);
  expect(readField(value, SPLIT)).toEqual({ v1: 50, v2: 50 });
  expect(readField(value, ['pools', 'shop', 'balancer'])).toBe('random');
  expect(readField(value, ['pools', 'shop', 'versions', 'v2'])).toEqual({ endpoints: ['127.0.0.1:9003'] });
  expect(value['drain']).toEqual({ timeout: '5s' });
  expect(value['listeners']).toBe(written['listeners']);
  expect(written).toEqual(file());
});

test('things in lists go by name: replaced in place, added at the end, removed', () => {
  const changed = { ...QA, version: 'v1' };
  const added = { ...QB, name: 'qc' };
  const { value } = amend(file(), [
    { path: ['pools', 'shop', 'overrides', 'qa'], value: changed, base: QA },
    { path: ['pools', 'shop', 'overrides', 'qc'], value: added },
    { path: ['pools', 'shop', 'overrides', 'qb'], base: QB },
    { path: ['pools', 'shop', 'mirrors', 'dark'], value: { name: 'dark', version: 'v2' } },
  ]);
  expect(readField(value, ['pools', 'shop', 'overrides'])).toEqual([changed, added]);
  expect(readField(value, ['pools', 'shop', 'mirrors'])).toEqual([{ name: 'dark', version: 'v2' }]);
});

test('endpoints go by address in its one spelling, written as text or as a map', () => {
  const around = ['pools', 'shop', 'versions', 'v1', 'endpoints'];
  const { value, superseded } = amend(file(), [
    { path: [...around, '127.0.0.1:9001', 'drain'], value: true },
    { path: [...around, '[::1]:9002', 'drain'], value: true },
  ]);
  expect(superseded).toEqual([]);
  expect(readField(value, around)).toEqual([
    { address: '127.0.0.1:9001', drain: true },
    { address: '[0:0::1]:9002', weight: 2, drain: true },
  ]);
});

test('items without a name of their own keep their place', () => {
  const list = [QA, { ...QA, version: 'v1' }, 7];
  const { value } = amend(file({ overrides: list }), [{ path: ['pools', 'shop', 'overrides', 'new'], value: QB }]);
  expect(readField(value, ['pools', 'shop', 'overrides'])).toEqual([...list, QB]);
});

test('the file wins for a field that it changed itself, and only for that', () => {
  const amendments: Amendment[] = [
    { path: SPLIT, value: { v1: 50, v2: 50 }, base: { v1: 90, v2: 10 } },
    { path: ['pools', 'shop', 'balancer'], value: 'random' },
  ];
  const result = amend(file({ split: { v1: 80, v2: 20 }, hold: '1s' }), amendments);
  expect(result.superseded).toEqual([{ amendment: amendments[0], reason: 'the file changed pools.shop.split itself' }]);
  expect(result.amendments).toEqual([amendments[1]]);
  expect(readField(result.value, SPLIT)).toEqual({ v1: 80, v2: 20 });
  expect(readField(result.value, ['pools', 'shop', 'balancer'])).toBe('random');
});

test.each<[string, unknown, unknown, boolean]>([
  ['the order of keys', { v1: 90, v2: 10 }, { v2: 10, v1: 90 }, true],
  ['the sign of zero, which JSON does not keep', { v1: 0 }, { v1: -0 }, true],
  ['the order of a list', [1, 2], [2, 1], false],
  ['a longer list', [1], [1, 2], false],
  ['a number as text', { v1: 1 }, { v1: '1' }, false],
  ['a map in place of a list', [], {}, false],
  ['null in place of nothing', undefined, null, false],
])('whether the file changed: %s', (_, base, said, same) => {
  const written = said === undefined ? {} : { drain: said };
  const { superseded } = amend(written, [{ path: ['drain'], value: 'x', ...(base !== undefined && { base }) }]);
  expect(superseded.length === 0).toBe(same);
});

test('what the file says by now is dropped without a word, whatever it said before', () => {
  const split = { path: SPLIT, value: { v1: 50, v2: 50 }, base: { v1: 90, v2: 10 } };
  expect(amend(file({ split: { v2: 50, v1: 50 } }), [split])).toMatchObject({ amendments: [], superseded: [] });
  const gone = { path: ['pools', 'old'], base: { versions: {} } };
  expect(amend(file(), [gone])).toMatchObject({ amendments: [], superseded: [] });
});

test('a field of a pool, version, override or endpoint that is gone is superseded, and nothing is left of it', () => {
  const paths = [
    ['pools', 'old', 'split'],
    ['pools', 'shop', 'versions', 'v9', 'drain'],
    ['pools', 'shop', 'mirrors', 'dark', 'percent'],
    ['pools', 'shop', 'versions', 'v1', 'endpoints', '127.0.0.1:1', 'drain'],
  ];
  const amendments = paths.map((path) => ({ path, value: true }));
  expect(reasons(file(), amendments)).toEqual([
    'there is no pools.old any more',
    'there is no pools.shop.versions.v9 any more',
    'there is no pools.shop.mirrors.dark any more',
    'there is no pools.shop.versions.v1.endpoints["127.0.0.1:1"] any more',
  ]);
  expect(amend(file(), amendments).value).toEqual(file());
});

test('a field inside something that cannot hold it is superseded', () => {
  expect(reasons({ accessLog: 'off' }, [{ path: ['accessLog', 'path'], value: 'x' }])).toEqual(['accessLog cannot hold "path"']);
  expect(reasons(file({ overrides: 5 }), [{ path: ['pools', 'shop', 'overrides', 'a'], value: QA }])).toEqual([
    'pools.shop.overrides cannot hold "a"',
  ]);
});

test('of several for one path the last counts, with the base of the first and in its place', () => {
  const { amendments } = amend(file(), [
    { path: SPLIT, value: { v1: 50 }, base: { v1: 90, v2: 10 } },
    { path: ['pools', 'shop', 'hold'], value: '1s' },
    { path: SPLIT, value: { v1: 20 }, base: { v1: 50 } },
  ]);
  expect(amendments).toEqual([
    { path: SPLIT, value: { v1: 20 }, base: { v1: 90, v2: 10 } },
    { path: ['pools', 'shop', 'hold'], value: '1s' },
  ]);
});

test('one for the whole replaces those before it for its parts, not those after it', () => {
  const whole = { path: ['pools', 'new'], value: { versions: { v1: {} }, split: { v1: 1 } } };
  const part = { path: ['pools', 'new', 'split'], value: { v1: 2 } };
  expect(amend(file(), [whole, part]).amendments).toEqual([whole, part]);
  expect(readField(amend(file(), [whole, part]).value, part.path)).toEqual({ v1: 2 });
  expect(amend(file(), [whole, part, whole]).amendments).toEqual([whole]);
});

test('a part that says what the file says still counts over a whole that says otherwise', () => {
  const whole = { path: ['pools', 'shop'], value: { versions: {}, split: { v1: 1 } }, base: (file()['pools'] as Plain)['shop'] };
  const part = { path: SPLIT, value: { v1: 90, v2: 10 }, base: { v1: 90, v2: 10 } };
  const { value, amendments } = amend(file(), [whole, part]);
  expect(readField(value, SPLIT)).toEqual({ v1: 90, v2: 10 });
  expect(amendments).toHaveLength(2);
});

test('names of prototypes are names like others; __proto__ is none', () => {
  const { value, amendments } = amend(file(), [
    { path: ['pools', 'constructor'], value: { versions: {} } },
    { path: ['pools', 'toString', 'split'], value: {} },
    { path: ['pools', '__proto__'], value: { polluted: 1 } },
    { path: ['__proto__', 'polluted'], value: 1 },
    { path: [], value: 1 },
  ]);
  expect(amendments.map(({ path }) => path)).toEqual([['pools', 'constructor']]);
  expect(Object.keys(value['pools'] as Plain)).toEqual(['shop', 'constructor']);
  expect(({} as Plain)['polluted']).toBeUndefined();
  expect((value['pools'] as Plain)['polluted']).toBeUndefined();
});

test('ten thousand amendments of one long list are laid over it in linear time; more are superseded', () => {
  const names = Array.from({ length: MAX_AMENDMENTS + 1 }, (_, index) => `o${index}`);
  const overrides = names.map((name) => ({ ...QA, name }));
  const amendments = overrides.map((base) => ({
    path: ['pools', 'shop', 'overrides', base.name],
    value: { ...base, version: 'v1' },
    base,
  }));
  const before = process.cpuUsage();
  const result = amend(file({ overrides }), amendments);
  expect(result.amendments).toHaveLength(MAX_AMENDMENTS);
  expect(result.superseded.map(({ reason }) => reason)).toEqual(['there are more than 10000 changes']);
  // About 0.1 s where nothing else runs.
  expect(process.cpuUsage(before).user / 1_000).toBeLessThan(5_000);
});

test('what was stored is read back, and checked', () => {
  const amendments: Amendment[] = [{ path: SPLIT, value: { v1: 1 }, base: { v1: 2 } }, { path: ['routes'] }];
  expect(readAmendments(JSON.parse(JSON.stringify(amendments)))).toEqual(amendments);
  const faulty: readonly [unknown, string][] = [
    ['x', 'must be a list of amendments'],
    [[5], '[0]: an amendment must be a map'],
    [[{ path: 'routes' }], '[0]: path must be a list of texts'],
    [[{ path: ['routes'] }, { path: [] }], '[1]: path must have 1 to 8 parts, none of them "__proto__"'],
    [[{ path: ['__proto__'] }], '[0]: path must have 1 to 8 parts, none of them "__proto__"'],
    [JSON.parse('[{"path":["routes"],"value":{"__proto__":1}}]'), 'has the key "__proto__", which is not allowed'],
    [[{ path: ['routes'], value: NaN }], 'has the number NaN, which JSON cannot hold'],
    [JSON.parse(`[{"path":["a"],"value":${'['.repeat(5_000)}${']'.repeat(5_000)}}]`), 'nests deeper than 32 levels'],
    [Array.from({ length: MAX_AMENDMENTS + 1 }, () => ({ path: ['routes'] })), 'must have 10000 amendments at most, got 10001'],
  ];
  for (const [stored, fault] of faulty) expect(readAmendments(stored)).toEqual({ fault });
});
