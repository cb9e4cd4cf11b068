import { expect, test } from 'vitest';
import { decodeText } from '../../../src/config/decode.ts';
import { MISTAKES, SHOP } from './mistakes.ts';

function told(text: string): string[] {
  const { problems, notices } = decodeText('f.yaml', text, {});
  const all = [...problems, ...notices.map((notice) => ({ ...notice, message: `notice: ${notice.message}` }))];
  return all.map(({ line, column, message }) => `${line}:${column}: ${message}`);
}

test('without a mistake nothing is told', () => expect(told(SHOP)).toEqual([]));

test.each(MISTAKES)('%j written as %j', (before, after, expected) => {
  expect(SHOP).toContain(before);
  expect(told(SHOP.replace(before, () => after))[0]).toBe(expected);
});

test('one mistake is told once, or nearly', () => {
  expect(MISTAKES.length).toBeGreaterThan(200);
  expect(MISTAKES.filter(([before, after]) => told(SHOP.replace(before, () => after)).length > 3)).toEqual([]);
});
