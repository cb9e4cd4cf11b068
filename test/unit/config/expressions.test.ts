import { expect, test } from 'vitest';
import { MAX_EXPRESSION_SIZE, compileExpression, expressionSize } from '../../../src/config/expressions.ts';

test.each([
  '^/api/v[0-9]+/(users|orders)/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$',
  '.{0,255}',
  '[a-zA-Z0-9_-]{1,64}',
  '(?i)chrome|firefox|safari',
  '\\pL{1,40}',
  '^v[0-9]+$',
])('%s is of a size that people write', (pattern) => {
  expect(expressionSize(pattern)).toBeLessThanOrEqual(MAX_EXPRESSION_SIZE);
  expect(() => compileExpression(pattern)).not.toThrow();
});

test.each([
  '\\pL{1,999}',
  '[a-z]{1,999}',
  '(?:a|b|c|[d-k]){1,300}',
  '((a{1,30}){1,30}){1,30}',
  '(?:x{50}y{50}){10}',
  'a{1000}',
  '[\\pL\\pN]{1,60}',
  '((((((((((a{9}){9}){9}){9}',
  '(a{9}){99}',
  '(?P<n>.{1,100}){9,}',
])('%s is too large', (pattern) => {
  expect(expressionSize(pattern)).toBeGreaterThan(MAX_EXPRESSION_SIZE);
});

test('what is no expression has a size, soon', () => {
  for (const part of ['(', ')', '[', ']', '{', '}', '{9}', '\\', '\\p', '[^', '{1,', '{99999}', '|', '[]'])
    expect(expressionSize(part.repeat(300))).toBeGreaterThanOrEqual(0);
});
