import { expect, test } from 'vitest';
import { judgeWay, makePseudonym, WAY_LOOP, WAY_TOO_LONG } from '../../../src/http/way.ts';

const NAME = makePseudonym('abcdefghijklmnopqrstuv');

test('a name has a bounded part of the key', () => {
  expect(NAME).toBe('sluice-abcdefghijkl');
});

test.each([
  ['', 0],
  ['1.1 edge', 0],
  ['1.1 sluice', 0],
  [`1.1 ${NAME}`, WAY_LOOP],
  [`1.0 a (x, y), 1.1 ${NAME} (z)`, WAY_LOOP],
  [`1.0 a (never closed, 1.1 ${NAME}`, WAY_LOOP],
  [Array.from({ length: 16 }, () => '1.1 a').join(), 0],
  [Array.from({ length: 17 }, () => '1.1 a').join(), WAY_TOO_LONG],
  [','.repeat(16), WAY_TOO_LONG],
])('%s', (list, fault) => {
  expect(judgeWay(list, NAME)).toBe(fault);
});
