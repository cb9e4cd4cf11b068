import fc from 'fast-check';
import { expect, it } from 'vitest';
import { findAll, findCookie, findField, joinField } from '../../../src/http/header-block.ts';
import { applyHeaderChanges, compileHeaderChanges } from '../../../src/http/header-changes.ts';
import { findQuery } from '../../../src/http/query.ts';

const name = fc.constantFrom('a', 'A', 'b', 'ab', 'Ab', 'x-long-name', 'X-Long-Name', 'cookie', 'Cookie');
const value = fc.stringMatching(/^[a-z=;: ,\t]{0,12}$/);
const lines = fc.array(fc.tuple(name, value), { maxLength: 8 });
const blockOf = (fields: readonly (readonly [string, string])[]): string => fields.map(([key, text]) => `${key}:${text}\r\n`).join('');

it('finds what splitting into lines finds', () => {
  fc.assert(
    fc.property(lines, name, (fields, wanted) => {
      const key = wanted.toLowerCase();
      const expected = fields.filter(([each]) => each.toLowerCase() === key).map(([, text]) => text.replace(/^[ \t]+|[ \t]+$/g, ''));
      const block = blockOf(fields);
      expect(findAll(block, key)).toEqual(expected);
      expect(findField(block, key)).toBe(expected[0]);
      expect(joinField(block, key)).toBe(expected.length === 0 ? undefined : expected.join(', '));
    }),
    { numRuns: 1000 },
  );
});

it('finds the cookies that splitting at semicolons finds', () => {
  fc.assert(
    fc.property(lines, fc.constantFrom('a', 'b', 'ab', 'aa'), (fields, wanted) => {
      const pairs = fields
        .filter(([key]) => key.toLowerCase() === 'cookie')
        .flatMap(([, text]) => text.split(';'))
        .map((pair) => pair.replace(/^[ \t]+|[ \t]+$/g, ''));
      expect(findCookie(blockOf(fields), wanted)).toBe(pairs.find((pair) => pair.startsWith(`${wanted}=`))?.slice(wanted.length + 1));
    }),
    { numRuns: 2000 },
  );
});

it('changes what filtering and appending lines changes', () => {
  fc.assert(
    fc.property(lines, fc.array(name, { maxLength: 3 }), fc.array(name, { maxLength: 2 }), (fields, remove, set) => {
      const gone = new Set([...remove, ...set].map((each) => each.toLowerCase()));
      const kept = fields.filter(([key]) => !gone.has(key.toLowerCase()));
      const changes = compileHeaderChanges({ remove, set: set.map((key) => [key, 'new'] as const), add: [['z', 'added']] });
      expect(applyHeaderChanges(blockOf(fields), changes)).toBe(
        `${blockOf(kept)}${set.map((key) => `${key}: new\r\n`).join('')}z: added\r\n`,
      );
    }),
    { numRuns: 1000 },
  );
});

it('reads queries as URLSearchParams does', () => {
  const part = fc.stringMatching(/^(?:[a-c]|\+|%61|%20|%C3%A9){0,4}$/);
  const query = fc.array(fc.tuple(part, fc.option(part)), { maxLength: 5 });
  fc.assert(
    fc.property(query, fc.constantFrom('a', 'b', 'ab', 'a b', 'é'), (pairs, wanted) => {
      const text = pairs.map(([key, each]) => (each === null ? key : `${key}=${each}`)).join('&');
      expect(findQuery(text, wanted)).toBe(new URLSearchParams(text).get(wanted) ?? undefined);
    }),
    { numRuns: 2000 },
  );
});

it('never throws on any text', () => {
  const anything = fc
    .array(fc.constantFrom('\r', '\n', ':', ';', '=', '&', '%', 'a', ' ', 'cookie', '\0', '\xff'), { maxLength: 60 })
    .map((parts) => parts.join(''));
  const changes = compileHeaderChanges({ set: [['a', '1']], add: [], remove: ['cookie'] });
  fc.assert(
    fc.property(anything, (text) => {
      for (const each of ['a', 'cookie']) joinField(text, each);
      findCookie(text, 'a');
      findQuery(text, 'a');
      applyHeaderChanges(text, changes);
    }),
    { numRuns: 1000 },
  );
});
