import { expect, test } from 'vitest';
import type { MirrorConfig } from '../../../src/config/model.ts';
import { chooseTargetVersion, isSampled, isShadow, mirrorKey } from '../../../src/routing/mirror.ts';
import { SplitStream } from '../../../src/routing/split-stream.ts';
import { seededRandom } from '../../scaffold/seeded-random.ts';
import type { MirrorChance } from '../../../src/routing/mirror.ts';
import { makeMirror } from './make-mirror.ts';
import { conditions, makePool, makePoolTable, makeRequest, makeTable } from './make-table.ts';

const always: MirrorChance = { isNextSampled: () => true, nextVersion: () => 0 };

function copies(mirror: Partial<MirrorConfig>, line: string, fields: Readonly<Record<string, string>> = {}): boolean {
  const [table] = makePoolTable({ v1: 1, v2: 0 }, { mirrors: [makeMirror(mirror)] }).mirrors!;
  return isSampled(table!, makeRequest(line, fields), '', always);
}

test('a pool without mirrors has none to look at', () => {
  expect(makePoolTable({ v1: 1 }).mirrors).toBeUndefined();
});

test('a mirror may lead to a pool that comes later', () => {
  const first = makePool({ v1: 1 }, { name: 'first', mirrors: [makeMirror({ pool: 'last' })] });
  const { pools } = makeTable([], [first, makePool({ v1: 1, v2: 3 }, { name: 'last' })]);
  const [table] = pools[0]!.mirrors!;
  expect(table!.pool).toBe(pools[1]);
  expect(chooseTargetVersion(table!, '', always)).toBe(1);
});

test('without a version the split of its pool chooses; where every weight is 0, nothing', () => {
  const first = makePool({ v1: 1 }, { name: 'first', mirrors: [makeMirror({ pool: 'last', version: undefined })] });
  const shadowsOf = (split: Readonly<Record<string, number>>, key: string): number[] => {
    const { pools } = makeTable([], [first, makePool(split, { name: 'last' })]);
    const stream = new SplitStream(pools[1]!, seededRandom(7));
    const chance = { ...always, nextVersion: () => stream.next() };
    return Array.from({ length: 100 }, () => chooseTargetVersion(pools[0]!.mirrors![0]!, key, chance));
  };
  expect(Math.abs(shadowsOf({ a: 1, b: 3 }, '').filter((version) => version === 0).length - 25)).toBeLessThanOrEqual(1);
  expect(new Set(shadowsOf({ a: 0, b: 3 }, 'somebody'))).toEqual(new Set([1]));
  expect(new Set([...shadowsOf({ a: 0 }, ''), ...shadowsOf({ a: 0 }, 'somebody')])).toEqual(new Set([-1]));
});

test.each([
  ['GET', true],
  ['HEAD', true],
  ['OPTIONS', true],
  ['POST', false],
  ['TRACE', false],
  ['get', false],
])('%s is copied where side effects are forbidden: %s', (method, isCopied) => {
  expect(copies({}, `${method} a/`)).toBe(isCopied);
  expect(copies({ sideEffects: 'allow' }, `${method} a/`)).toBe(true);
});

test('all conditions must hold, any of the paths', () => {
  const paths = [
    { kind: 'prefix', path: '/a/' },
    { kind: 'exact', path: '/b%7e' },
  ] as const;
  const match = { methods: ['GET'], paths, headers: conditions({ 'x-t': '1' }) };
  const t1 = { 'X-T': '1' };
  const lines = ['GET a/a', 'GET a/a/b?c', 'GET a//a//b', 'GET a/%61/b', 'GET a/b~', 'GET a/ab', 'GET a/b~/', 'GET a/', 'HEAD a/a'];
  expect(lines.filter((line) => copies({ match }, line, t1))).toEqual(lines.slice(0, 5));
  expect(copies({ match }, 'GET a/a', { 'x-t': '2' })).toBe(false);
  expect(copies({ match }, 'GET a/a')).toBe(false);
  expect(copies({ match: { ...match, paths: [{ kind: 'prefix', path: '/' }] } }, 'GET a/anything', t1)).toBe(true);
});

test('what was copied once is known by its mark', () => {
  expect(isShadow(makeRequest('GET a/', { 'x-a': '1', 'X-Sluice-Shadow': '' }))).toBe(true);
  expect(isShadow(makeRequest('GET a/', { 'x-sluice-shadows': '1' }))).toBe(false);
});

test('the key of a user counts also where its version was chosen without it', () => {
  const pool = makePoolTable({ v1: 1 }, { affinity: { kind: 'header', name: 'x-user', remember: undefined } });
  const request = makeRequest('GET a/', { 'x-user': 'ann' });
  expect(mirrorKey(pool, request, '', '')).toBe('ann');
  expect(mirrorKey(pool, request, '', 'chosen')).toBe('chosen');
  expect(mirrorKey(makePoolTable({ v1: 1 }), request, '', '')).toBe('');
});

test('names that a Config cannot have are refused', () => {
  expect(() => makePoolTable({ v1: 1 }, { mirrors: [makeMirror({ pool: 'nowhere' })] })).toThrow('unknown pool nowhere');
  expect(() => makePoolTable({ v1: 1 }, { mirrors: [makeMirror({ version: 'v9' })] })).toThrow('no version v9');
});
