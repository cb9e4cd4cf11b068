import { expect, it } from 'vitest';
import { compoundKey } from '../../../src/lib/compound-key.ts';
import { isMap, own } from '../../../src/lib/plain.ts';
import { sentence, shorten } from '../../../src/lib/shown-text.ts';

it('cuts text that is too long, and says so', () => {
  expect([shorten('abcd', 4), shorten('abcde', 4)]).toEqual(['abcd', 'abcd…']);
});

it('makes a sentence of a part of one', () => {
  expect(sentence('there is no pool "x"')).toBe('There is no pool "x".');
});

it('gives different lists of names different keys', () => {
  const lists = [['a', 'b'], ['ab'], ['a', 'b', ''], ['a,b'], ['a","b'], ['a/b']];
  expect(new Set(lists.map((names) => compoundKey(...names))).size).toBe(lists.length);
});

it('tells maps from lists and from nothing, and never looks into prototypes', () => {
  expect([{}, Object.create(null), [], null, undefined, 'text'].map(isMap)).toEqual([true, true, false, false, false, false]);
  expect([own({ a: 1 }, 'a'), own({}, 'toString')]).toEqual([1, undefined]);
});
