import { expect, test } from 'vitest';
import { shared } from '../../../src/config/schema/shared.ts';

test('one schema is made for the same arguments, and another for others', () => {
  let made = 0;
  const make = shared((least: number = 0, what: string = 'x') => ({ least, what, made: ++made }));
  expect(make(1, 'a')).toBe(make(1, 'a'));
  expect(make(1, 'a')).not.toBe(make(1, 'b'));
  expect(make()).toBe(make());
  expect(make(11, '1')).not.toBe(make(1, '11'));
  expect(made).toBe(5);
});
