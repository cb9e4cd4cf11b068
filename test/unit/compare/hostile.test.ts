// Responses made to hurt the comparison: bounded time, bounded finds, no harm.

import { describe, expect, it } from 'vitest';
import { Comparer } from '../../../src/compare/comparer.ts';
import { response, compare, differ, ok } from './scaffold.ts';

/** Far above what is needed on a busy machine, far below what anything but linear time would take. */
const SOON_MS = 10_000;

function timed<T>(run: () => T): T {
  const begin = performance.now();
  const result = run();
  expect(performance.now() - begin).toBeLessThan(SOON_MS);
  return result;
}

const nested = (depth: number, core: string): string => '['.repeat(depth) + core + ']'.repeat(depth);

describe('a hostile response', () => {
  it('is nested deep', () => {
    const found = timed(() => compare(response(nested(300_000, '1')), response(nested(300_000, '2'))));
    expect(found.isCutShort || found.differences.length === 1).toBe(true);
    expect(compare(response(nested(60, '1')), response(nested(60, '2'))).differences).toHaveLength(1);
    expect(compare(response(nested(70, '1')), response(nested(70, '2')))).toMatchObject({ differences: [], isCutShort: true });
    const objects = (core: string): string => '{"a":'.repeat(50_000) + core + '}'.repeat(50_000);
    expect(timed(() => compare(response(objects('1')), response(objects('2')))).isCutShort).toBe(true);
  });

  it('has lists in another order on each level', () => {
    let [left, right] = ['1', '2'];
    for (let depth = 0; depth < 60; depth++) [left, right] = [`[${left},{"k":${depth}},"x"]`, `[{"k":${depth}},${right},"x"]`];
    expect(timed(() => compare(response(left!), response(right!))).differences.length).toBeGreaterThan(0);
    const wide = (shift: number): string => JSON.stringify(Array.from({ length: 20_000 }, (_, i) => ({ id: (i + shift) % 20_000 })));
    expect(timed(() => compare(response(wide(0)), response(wide(7)))).differences).toMatchObject([{ path: '$', kind: 'order' }]);
    expect(timed(() => compare(response(wide(0)), response(wide(7)), { lists: [{ path: '$', as: 'set' }] })).differences).toEqual([]);
  });

  it('has very many fields, all of them new', () => {
    const many = (from: number): string =>
      JSON.stringify(Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`key ${from + i}x`, i])));
    const found = timed(() => compare(response(many(0)), response(many(50_000))));
    expect(found).toMatchObject({ isCutShort: true });
    expect(found.differences).toHaveLength(200);
  });

  it('names fields like parts of JavaScript', () => {
    const left = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}';
    expect(compare(response(left), response('{}')).differences.map(({ path }) => path)).toEqual(['$.__proto__', '$.constructor']);
    expect(compare(response('{}'), response(left)).differences.map(({ kind }) => kind)).toEqual(['extra', 'extra']);
    expect(compare(response(left), response(left.replace('1', '2'))).differences.map(({ path }) => path)).toEqual(['$.__proto__.polluted']);
    expect(compare(response('{"__proto__":1}'), response('{"__proto__": 1}')).differences).toEqual([]);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    const comparer = new Comparer({ comparison: { lists: [{ path: '**', as: 'set', by: '__proto__' }] } });
    const list = ok(response('[{"__proto__":"a"},{"__proto__":{}},{}]'));
    comparer.add({
      route: '__proto__',
      target: '/__proto__',
      atMs: 1,
      primary: list,
      candidate: ok(response('[{"__proto__":"b"}]')),
      secondary: list,
    });
    expect(JSON.parse(JSON.stringify(comparer.tally()))).toMatchObject({ templates: [{ route: '__proto__', template: '/__proto__' }] });
  });

  it('repeats a key: the last one counts, as in JSON.parse', () => {
    expect(compare(response('{"a":1,"a":2}'), response('{"a":2}')).differences).toEqual([]);
    expect(compare(response('{"a":1,"a":2}'), response('{"a":1}')).differences).toHaveLength(1);
  });

  it('has huge numbers', () => {
    const huge = '9'.repeat(900_000);
    expect(timed(() => compare(response(`[${huge}]`), response(`[${huge}1]`))).differences).toMatchObject([
      { path: '$[*]', kind: 'value' },
    ]);
    const dashes = `["${'-1'.repeat(300_000)}"]`;
    expect(timed(() => compare(response(dashes), response(`${dashes} `))).differences).toEqual([]);
    expect(differ([1], [2], { numbers: [{ path: '**', absolute: Infinity }] })).toEqual([]);
  });

  it('has long and strange keys', () => {
    const found = timed(() => compare(response(JSON.stringify({ ['k'.repeat(500_000)]: 1, '\u0000\n': 1, "a'b": 1 })), response('{}')));
    expect(found.differences.map(({ path }) => path)).toEqual(['$.{id}', `$['??']`, `$['a\\'b']`]);
  });

  it('claims a content-encoding a hundred times', () => {
    const fields = `content-encoding: ${'gzip, '.repeat(2000)}gzip\r\n`;
    expect(compare(response('a', { fields }), response('b', { fields }))).toMatchObject({ uncompared: 'coding', differences: [] });
  });
});
