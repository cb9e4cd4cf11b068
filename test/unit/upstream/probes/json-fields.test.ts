import { expect, test } from 'vitest';
import { findMismatch } from '../../../../src/upstream/probes/json-fields.ts';

const mismatch = (text: string, wanted: Record<string, string | number | boolean>): string | undefined =>
  findMismatch(Buffer.from(text), wanted);

test.each<[string, Record<string, string | number | boolean>]>([
  ['{"status":"ok"}', { status: 'ok' }],
  ['{"a":{"b":{"c":1.50}}}', { 'a.b.c': 1.5 }],
  ['{"nodes":[{"up":true},7]}', { 'nodes.0.up': true, 'nodes.1': 7 }],
  ['[["x"]]', { '0.0': 'x' }],
  ['\uFEFF{"a":"\\u00fc"}', { a: 'ü' }],
  ['{"__proto__":{"a":1}}', { '__proto__.a': 1 }],
  ['{"constructor":"c"}', { constructor: 'c' }],
  ['{"length":3}', { length: 3 }],
  ['{"a":1,"a":2}', { a: 2 }],
])('%s has %o', (text, wanted) => {
  expect(mismatch(text, wanted)).toBeUndefined();
});

test.each<[string, Record<string, string | number | boolean>, string]>([
  ['{"a":1}', { a: '1' }, 'a is 1, not "1"'],
  ['{"a":"true"}', { a: true }, 'a is "true", not true'],
  ['{"a":null}', { a: false }, 'a is null, not false'],
  ['{"a":{"b":1}}', { a: 'x' }, 'a is an object, not "x"'],
  ['{"a":[1]}', { a: 1 }, 'a is a list, not 1'],
  ['{"a":1}', { 'a.b': 1 }, 'a.b is missing, not 1'],
  ['{"a":"xyz"}', { 'a.0': 'x' }, 'a.0 is missing, not "x"'],
  ['{"a":[1,2]}', { 'a.length': 2 }, 'a.length is missing, not 2'],
  ['{"a":[1,2]}', { 'a.01': 2 }, 'a.01 is missing, not 2'],
  ['{}', { '__proto__.toString': 'x' }, '__proto__.toString is missing, not "x"'],
  ['{}', { 'constructor.name': 'Object' }, 'constructor.name is missing, not "Object"'],
  ['1', { a: 1 }, 'a is missing, not 1'],
  ['null', { a: 1 }, 'a is missing, not 1'],
  ['', { a: 1 }, 'the body is not JSON'],
  ["{'a':1}", { a: 1 }, 'the body is not JSON'],
  ['{"a":1} x', { a: 1 }, 'the body is not JSON'],
])('%s has not %o', (text, wanted, expected) => {
  expect(mismatch(text, wanted)).toBe(expected);
});

test('what is found is shown with 40 characters at most, none of which can be mistaken for another line or hide', () => {
  const found = mismatch(JSON.stringify({ a: `\n\u001b[31m\u0085\u2028\u202e\u200b${'é🙂'.repeat(100)}` }), { a: 1 })!;
  expect(found).toMatch(/^a is "\\n\\u001b\[31m\?{4}(é🙂)+é?…, not 1$/u);
  expect(Array.from(/is (.*)…/u.exec(found)![1]!)).toHaveLength(40);
});

test('bytes that are not UTF-8 are not JSON', () => {
  expect(findMismatch(Buffer.from([0x22, 0xff, 0x22]), { a: 1 })).toBe('the body is not JSON');
});

test('deep nesting is no harm', () => {
  const text = '['.repeat(32_768) + ']'.repeat(32_768);
  expect(mismatch(text, { a: 1 })).toMatch(/^a is missing|^the body is not JSON/);
});
