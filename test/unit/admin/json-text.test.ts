import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { boundsFault, placeAt, readPlaces } from '../../../src/admin/json-text.ts';
import { closeAdmins, expectProblem, openAdmin } from './open-admin.ts';

afterEach(closeAdmins);

describe('boundsFault', () => {
  it.each([
    ['depth of lists', '['.repeat(33)],
    ['depth of maps', '{"a":'.repeat(33)],
    ['many items', `[${'1,'.repeat(5_000)}1]`],
    ['many empty lists', `[${'[],'.repeat(20_000)}1]`],
    ['many lists that never end', `[${'[],'.repeat(10_001)}`],
  ])('refuses %s', (_, text) => {
    expect(boundsFault(text)).toBeTypeOf('string');
  });

  it.each(['', '[', '"[[[[', `"${'['.repeat(1000)}"`, `["${'\\"['.repeat(1000)}"]`, '['.repeat(32) + ']'.repeat(32), ']'.repeat(1000)])(
    'has nothing against %s',
    (text) => {
      expect(boundsFault(text)).toBeUndefined();
    },
  );

  it('has nothing against as many events of users as a call may bring', () => {
    const event = { event: 'spend', key: 'user', value: 5 };
    expect(boundsFault(JSON.stringify({ events: Array(1000).fill(event) }))).toBeUndefined();
  });

  it('takes a text of the greatest size in a moment, whatever is in it', () => {
    for (const part of ['[', '"', '{"a":', '\\"', '1,', '{},', ' ']) {
      const began = performance.now();
      boundsFault(part.repeat(1024 * 1024));
      expect(performance.now() - began).toBeLessThan(1000);
    }
  });
});

describe('readPlaces', () => {
  it('finds every key and every value where it was written', () => {
    const blanks = fc.constantFrom('', ' ', '\n', ' \n\t');
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), blanks, (value, blank) => {
        const text = JSON.stringify(value, undefined, blank);
        const places = readPlaces(text);
        expect(places.repeated).toBeUndefined();
        const visit = (inner: unknown, path: readonly (string | number)[]): void => {
          const { line, column } = places.place(path, 'value');
          const at =
            text
              .split('\n')
              .slice(0, line - 1)
              .join('\n').length +
            (line > 1 ? 1 : 0) +
            column -
            1;
          expect(text.slice(at).startsWith(JSON.stringify(inner).slice(0, 1))).toBe(true);
          if (typeof inner !== 'object' || inner === null) return;
          for (const [key, each] of Object.entries(inner)) visit(each, [...path, Array.isArray(inner) ? Number(key) : key]);
        };
        visit(value, []);
      }),
    );
  });

  it('finds the deepest thing of a path, and its key', () => {
    const places = readPlaces('{ "a": [1,\n {"b": 2}] }');
    expect(places.place(['a', 1, 'b'], 'key')).toEqual({ line: 2, column: 3 });
    expect(places.place(['a', 1, 'b'], 'value')).toEqual({ line: 2, column: 8 });
    expect(places.place(['a', 1, 'c', 'd'], 'value')).toEqual({ line: 2, column: 2 });
    expect(places.place([], 'value')).toEqual({ line: 1, column: 1 });
  });

  it.each([
    ['{"a":1,"a":2}', 'a', 8],
    ['{"a":1,"\\u0061":2}', 'a', 8],
    ['[{"x":{"b":1,"c":2,"b":3}}]', '[0].x.b', 20],
  ])('finds the key that comes again in %s', (text, path, column) => {
    expect(readPlaces(text).repeated).toMatchObject({ path, place: { line: 1, column } });
  });

  it('counts lines and columns from 1', () => {
    expect([placeAt('a\nb', 0), placeAt('a\nb', 1), placeAt('a\nb', 2)]).toEqual([
      { line: 1, column: 1 },
      { line: 1, column: 2 },
      { line: 2, column: 1 },
    ]);
  });
});

describe('bodies', () => {
  it.each([
    ['nested lists', `{"url": ${'['.repeat(30_000)}`],
    ['nested maps', `{"url": ${'{"a":'.repeat(20_000)}1`],
    ['many values', `{"url": [${'[],'.repeat(50_000)}1]}`],
  ])('of %s are refused before they are parsed', async (_, body) => {
    const { ask } = await openAdmin();
    const response = await ask('/v1/explain', { method: 'POST', body, headers: { 'content-type': 'application/json' } });
    expect(expectProblem(response, 400)['problems']).toMatchObject([{ message: expect.stringMatching(/nests deeper|more than/) }]);
  });

  it('of a question are at most 256 KiB', async () => {
    const { ask } = await openAdmin();
    const body = { url: '/', headers: { x: 'y'.repeat(300_000) } };
    expectProblem(await ask('/v1/explain', { method: 'POST', body }), 413);
  });
});
