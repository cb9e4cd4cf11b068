import { expect, test } from 'vitest';
import { MAX_AMENDMENTS } from '../../../src/config/amend.ts';
import type { Amendment } from '../../../src/config/amend.ts';
import {
  clearOverrides,
  isRefused,
  removeOverride,
  resetSplit,
  setMirror,
  setOverride,
  setSplit,
  standingValue,
} from '../../../src/config/changes.ts';
import type { Changed, Standing } from '../../../src/config/changes.ts';
import { readField } from '../../../src/config/field.ts';
import { setDrain } from '../../../src/config/set-drain.ts';

const QA = { name: 'qa', header: { name: 'x-version', value: 'v2' }, version: 'v2' };
const CANARY = { header: { name: 'x-canary', value: { present: true } }, version: 'v2' };
const WRITTEN = {
  listeners: [{ name: 'web', address: ':80' }],
  pools: {
    shop: {
      versions: {
        v1: { endpoints: ['127.0.0.1:9001', { address: '[0:0::1]:9002', drain: true }] },
        v2: { endpoints: ['shop.internal:80'], drain: true },
      },
      split: { v1: 100 },
      overrides: [QA],
    },
  },
};
const SPLIT = ['pools', 'shop', 'split'];
const OVERRIDES = ['pools', 'shop', 'overrides'];
const FRESH: Standing = { written: WRITTEN, amendments: [] };

function after(...steps: readonly ((standing: Standing) => Changed)[]): readonly Amendment[] {
  let amendments: readonly Amendment[] = [];
  for (const step of steps) {
    const changed = step({ written: WRITTEN, amendments });
    if (isRefused(changed)) throw new Error(changed.faults[0]?.message);
    amendments = changed;
  }
  return amendments;
}

function messages(changed: Changed): readonly string[] {
  return isRefused(changed) ? changed.faults.map(({ kind, message }) => `${kind} ${message}`) : [];
}

test('a split is one field', () => {
  expect(after((at) => setSplit(at, 'shop', { v1: 90, v2: 10 }))).toEqual([{ path: SPLIT, value: { v1: 90, v2: 10 }, base: { v1: 100 } }]);
});

test('a split again keeps what the file said at first; as the file has it, nothing is recorded', () => {
  const twice = after(
    (at) => setSplit(at, 'shop', { v1: 90, v2: 10 }),
    (at) => setSplit(at, 'shop', { v1: 0, v2: 1 }),
  );
  expect(twice).toEqual([{ path: SPLIT, value: { v1: 0, v2: 1 }, base: { v1: 100 } }]);
  expect(setSplit({ written: WRITTEN, amendments: twice }, 'shop', { v2: 0, v1: 100 })).toEqual([]);
});

test('salts and the version under test come with a split, each as a field of its own', () => {
  const salt = ['pools', 'shop', 'versions', 'v2', 'salt'];
  const canary = ['pools', 'shop', 'canary'];
  const set = after((at) => setSplit(at, 'shop', { v1: 100, v2: 0 }, { salts: { v2: 'kX9' }, canary: 'v2' }));
  expect(set).toEqual([
    { path: salt, value: 'kX9', base: undefined },
    { path: canary, value: 'v2', base: undefined },
  ]);
  const standing = { written: WRITTEN, amendments: set };
  expect(setSplit(standing, 'shop', { v1: 95, v2: 5 })).toHaveLength(3);
  expect(setSplit(standing, 'shop', { v1: 100, v2: 0 }, { salts: { v2: '' }, canary: '' })).toEqual([]);
  expect(setSplit(FRESH, 'shop', { v1: 95, v2: 5 }, { salts: { v2: 'a b', v9: 'x' }, canary: 'v22' })).toEqual({
    faults: [
      {
        kind: 'invalid',
        path: 'pools.shop.versions.v2.salt',
        message: 'pools.shop.versions.v2.salt: salt must be text of at most 64 letters, digits, "_" or "-"',
      },
      { kind: 'invalid', path: 'pools.shop.versions.v9', message: expect.stringContaining('there is no version "v9"') as string },
      { kind: 'invalid', path: 'pools.shop.canary', message: expect.stringContaining('did you mean "v2"?') as string },
    ],
  });
});

test('a split that cannot be is refused, with each fault at its path', () => {
  expect(setSplit(FRESH, 'shop', { v1: -1, v22: 1, v2: NaN })).toEqual({
    faults: [
      {
        kind: 'invalid',
        path: 'pools.shop.split.v1',
        message: 'pools.shop.split.v1: weight must be a number from 0 to 1000000000',
      },
      {
        kind: 'invalid',
        path: 'pools.shop.split.v22',
        message: 'pools.shop.split.v22: there is no version "v22" (did you mean "v2"? there are v1, v2)',
      },
      {
        kind: 'invalid',
        path: 'pools.shop.split.v2',
        message: 'pools.shop.split.v2: weight must be a number from 0 to 1000000000',
      },
    ],
  });
  for (const weight of ['1', null, Infinity, 1e10]) expect(messages(setSplit(FRESH, 'shop', { v1: weight }))).toHaveLength(1);
  const zero = 'invalid pools.shop.split: at least one weight must be above 0: else all requests to the pool get 503';
  expect(messages(setSplit(FRESH, 'shop', { v1: 0, v2: 0 }))).toEqual([zero]);
  expect(messages(setSplit(FRESH, 'shop', {}))).toEqual([zero]);
  expect(messages(setSplit(FRESH, 'shop', JSON.parse('{"__proto__":1}') as object as Record<string, unknown>))).toEqual([
    'invalid pools.shop.split.__proto__: there is no version "__proto__" (there are v1, v2)',
  ]);
});

test('a split that names one of several versions is refused, and both readings are spelled out', () => {
  for (const weights of [{ v2: 10 }, { v1: 100 }])
    expect(messages(setSplit(FRESH, 'shop', weights))).toEqual([
      expect.stringMatching(
        /^invalid pools\.shop\.split: only "v[12]" of 2 versions is named: write \{ "v[12]": 1, "v[12]": 0 \} if it is to get all requests/,
      ),
    ]);
  const sole = { written: { pools: { shop: { versions: { v1: {} } } } }, amendments: [] };
  expect(setSplit(sole, 'shop', { v1: 5 })).toHaveLength(1);
});

test('a split is again as the file has it', () => {
  const amendments = after(
    (at) => setSplit(at, 'shop', { v1: 90, v2: 10 }),
    (at) => setOverride(at, 'shop', 'canary', CANARY),
  );
  expect(resetSplit({ written: WRITTEN, amendments }, 'shop')).toEqual(amendments.slice(1));
  expect(resetSplit(FRESH, 'shop')).toEqual([]);
  expect(messages(resetSplit(FRESH, 'shp'))).toEqual([expect.stringContaining('there is no pool "shp"')]);
});

test('a pool that is not there is unknown, whatever is asked', () => {
  const message = 'unknown pools.shp: there is no pool "shp" (did you mean "shop"?)';
  for (const ask of [
    () => setSplit(FRESH, 'shp', { v1: 1 }),
    () => setOverride(FRESH, 'shp', 'a', CANARY),
    () => removeOverride(FRESH, 'shp', 'a'),
    () => clearOverrides(FRESH, 'shp'),
    () => setDrain(FRESH, { pool: 'shp', version: 'v1', endpoint: undefined }, true),
  ])
    expect(messages(ask())).toEqual([message]);
  expect(messages(setSplit(FRESH, 'constructor', { v1: 1 }))).toEqual([
    'unknown pools.constructor: there is no pool "constructor" (there is shop)',
  ]);
  expect(messages(setSplit({ written: {}, amendments: [] }, 'a', {}))).toEqual(['unknown pools.a: there is no pool "a"']);
});

test('overrides are added, replaced, removed, and taken back all at once', () => {
  const amendments = after(
    (at) => setOverride(at, 'shop', 'canary', CANARY),
    (at) => setOverride(at, 'shop', 'qa', { ...QA, version: 'v1' }),
    (at) => setSplit(at, 'shop', { v1: 0, v2: 1 }),
  );
  const standing = { written: WRITTEN, amendments };
  expect(readField(standingValue(standing), OVERRIDES)).toEqual([
    { ...QA, version: 'v1' },
    { name: 'canary', ...CANARY },
  ]);
  expect(setOverride(standing, 'shop', 'canary', CANARY)).toEqual(amendments);
  expect(clearOverrides(standing, 'shop')).toEqual([{ path: SPLIT, value: { v1: 0, v2: 1 }, base: { v1: 100 } }]);
  expect(removeOverride(standing, 'shop', 'canary')).toEqual(amendments.filter(({ path }) => path.at(-1) !== 'canary'));
  expect(removeOverride(standing, 'shop', 'none')).toEqual(amendments);
  const removed = after((at) => removeOverride(at, 'shop', 'qa'));
  expect(removed).toEqual([{ path: [...OVERRIDES, 'qa'], base: QA }]);
  expect(clearOverrides({ written: WRITTEN, amendments: removed }, 'shop')).toEqual([]);
});

test('an override that cannot be is refused, with the path of what is wrong', () => {
  const ask = (name: string, override: unknown): readonly string[] => messages(setOverride(FRESH, 'shop', name, override));
  expect(ask('a', { ...CANARY, version: 'v3' })).toEqual([
    'invalid pools.shop.overrides.a.version: there is no version "v3" (did you mean "v1"? there are v1, v2)',
  ]);
  expect(ask('a', { header: { nam: 'x' }, version: 'v1' }).map((message) => message.split(': ')[0])).toContain(
    'invalid pools.shop.overrides.a.header',
  );
  expect(ask('a', { version: 'v1' })).toEqual([
    'invalid pools.shop.overrides.a: override needs exactly one of header, cookie or query, got none',
  ]);
  expect(ask('a', { ...CANARY, name: 'b' })).toEqual([
    'invalid pools.shop.overrides.a.name: the name must be "a", as in the address, or be left out',
  ]);
  expect(ask('a b', CANARY)).toEqual([
    'invalid pools.shop.overrides["a b"]: override name must be 1 to 100 letters, digits, ".", "_" or "-", and begin with a letter or digit',
  ]);
  expect(ask('a', [])).toEqual(['invalid pools.shop.overrides.a: an override must be a map with header, cookie or query, and version']);
  expect(ask('a', JSON.parse('{"__proto__":{}}'))).toEqual([
    'invalid pools.shop.overrides.a: has the key "__proto__", which is not allowed',
  ]);
  expect(ask('constructor', CANARY)).toEqual([]);
});

test('a mirror that cannot be is refused, with the path of what is wrong', () => {
  const ask = (name: string, mirror: unknown): readonly string[] => messages(setMirror(FRESH, 'shop', name, mirror));
  expect(ask('a', { version: 'v3' })).toEqual([
    'invalid pools.shop.mirrors.a.version: there is no version "v3" (did you mean "v1"? there are v1, v2)',
  ]);
  expect(ask('a', {})).toEqual(['invalid pools.shop.mirrors.a: a mirror needs a version, or another pool']);
  expect(ask('a', { version: 'v2', percent: 1, fraction: '1/2' })).toEqual([
    'invalid pools.shop.mirrors.a.fraction: a mirror has percent or fraction, not both',
  ]);
  expect(ask('a', { version: 'v2', compare: { ignore: ['a[0]'], numbers: [{ path: 'b' }] } })).toEqual([
    `invalid pools.shop.mirrors.a.compare.ignore[0]: list positions are not told apart: write '[*]' at character 2, got "a[0]"`,
    'invalid pools.shop.mirrors.a.compare.numbers[0]: a number needs absolute or relative, or both',
  ]);
  expect(ask('a', { version: 'v2', compare: JSON.parse('{"__proto__":{}}') })).toEqual([
    'invalid pools.shop.mirrors.a: has the key "__proto__", which is not allowed',
  ]);
  expect(ask('a b', { version: 'v2' })[0]).toContain('invalid pools.shop.mirrors["a b"]: mirror name must be 1 to 100 letters');
  expect(ask('a', 'v2')).toEqual(['invalid pools.shop.mirrors.a: a mirror must be a map with version, or pool']);
  expect(ask('constructor', { version: 'v2', compare: { noise: 'off' } })).toEqual([]);
});

test('a version and single endpoints are drained and resumed; what the file says anyway is not recorded', () => {
  const [pool, v1, v2] = ['shop', ['pools', 'shop', 'versions', 'v1'], ['pools', 'shop', 'versions', 'v2']];
  const whole = (version: string) => ({ pool, version, endpoint: undefined });
  const one = (endpoint: string) => ({ pool, version: 'v1', endpoint });
  expect(after((at) => setDrain(at, whole('v1'), true))).toEqual([{ path: [...v1, 'drain'], value: true }]);
  expect(after((at) => setDrain(at, whole('v1'), 30_000))).toEqual([{ path: [...v1, 'drain'], value: '30s' }]);
  expect(after((at) => setDrain(at, whole('v2'), true))).toEqual([]);
  expect(after((at) => setDrain(at, whole('v2'), false))).toEqual([{ path: [...v2, 'drain'], value: false, base: true }]);
  expect(
    after(
      (at) => setDrain(at, whole('v1'), true),
      (at) => setDrain(at, whole('v1'), false),
    ),
  ).toEqual([]);
  expect(after((at) => setDrain(at, one('127.0.0.1:9001'), true))).toEqual([
    { path: [...v1, 'endpoints', '127.0.0.1:9001', 'drain'], value: true },
  ]);
  expect(after((at) => setDrain(at, one('[::0:1]:9002'), false))).toEqual([
    { path: [...v1, 'endpoints', '[::1]:9002', 'drain'], value: false, base: true },
  ]);
});

test('an endpoint that is drained stays so when the file gives it a weight', () => {
  const amendments = after((at) => setDrain(at, { pool: 'shop', version: 'v1', endpoint: '127.0.0.1:9001' }, true));
  const v1 = { endpoints: [{ address: '127.0.0.1:9001', weight: 3 }] };
  const written = { pools: { shop: { versions: { v1 } } } };
  expect(readField(standingValue({ written, amendments }), ['pools', 'shop', 'versions', 'v1'])).toEqual({
    endpoints: [{ address: '127.0.0.1:9001', weight: 3, drain: true }],
  });
});

test('what is not written cannot be drained', () => {
  const ask = (version: string, endpoint: string | undefined): readonly string[] =>
    messages(setDrain(FRESH, { pool: 'shop', version, endpoint }, true));
  expect(ask('v3', undefined)).toEqual(['unknown pools.shop.versions.v3: there is no version "v3" (did you mean "v1"? there are v1, v2)']);
  expect(ask('v1', '127.0.0.1:9003')).toEqual([
    'unknown pools.shop.versions.v1.endpoints["127.0.0.1:9003"]: there is no endpoint "127.0.0.1:9003" (did you mean "127.0.0.1:9001"? there are 127.0.0.1:9001, [::1]:9002)',
  ]);
  expect(ask('v2', 'shop.internal:80')).toEqual([]);
  expect(ask('v2', '10.0.0.1:80')[0]).toContain('10.0.0.1:80 is not written in the config');
});

test('when too much is recorded, more is refused and nothing is lost', () => {
  const names = Array.from({ length: MAX_AMENDMENTS }, (_, index) => `o${index}`);
  const amendments = names.map((name) => ({ path: [...OVERRIDES, name], value: { name, ...CANARY } }));
  const standing = { written: WRITTEN, amendments };
  expect(messages(setSplit(standing, 'shop', { v1: 0, v2: 1 }))).toEqual([
    'invalid pools.shop.split: there are more than 10000 changes: write some of them to the file',
  ]);
  expect(removeOverride(standing, 'shop', 'o7')).toHaveLength(MAX_AMENDMENTS - 1);
});
