import { expect, it } from 'vitest';
import { RecentNames } from '../../../../src/net/tls/recent-names.ts';

let atMs = 5000;

function names(max: number, perSecond: number): RecentNames<string> {
  return new RecentNames({ max, perSecond, nowMs: () => atMs });
}

it('keep what was made for a name, and lets the one go that was asked for longest ago', () => {
  const recent = names(4, 100);
  for (const name of ['a', 'b', 'c', 'd']) expect(recent.add(name, (given) => `of ${given}`)).toBe(`of ${name}`);
  expect(recent.get('a')).toBe('of a');
  recent.add('e', () => 'of e');
  expect(['a', 'b', 'c', 'd', 'e'].map((name) => recent.get(name))).toEqual(['of a', undefined, 'of c', 'of d', 'of e']);
});

it('make no more than so many in a second, whoever asks', () => {
  const recent = names(100, 3);
  let made = 0;
  const add = (name: string): string | undefined => recent.add(name, () => `${++made}`);
  expect([add('a'), add('b'), add('c'), add('d'), add('e')]).toEqual(['1', '2', '3', undefined, undefined]);
  expect(made).toBe(3);
  atMs += 999;
  expect(add('d')).toBeUndefined();
  atMs += 1;
  expect(add('d')).toBe('4');
  expect(recent.get('b')).toBe('2');
});
