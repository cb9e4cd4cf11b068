import { expect, it } from 'vitest';
import { leadOf } from '../../../src/lib/lead.ts';

it.each([
  ['^/articles/[0-9]+$', '/articles/', undefined, false],
  ['^/a', '/a', '/a', false],
  ['^/a.*$', '/a', '/a', false],
  ['^/a$', '/a', undefined, true],
  ['^/v1\\.2/x', '/v1.2/x', '/v1.2/x', false],
  ['^/ab?/', '/a', undefined, false],
  ['^/ab+', '/ab', undefined, false],
  ['^/a{2}', '/', undefined, false],
  ['.*', '', '', false],
  ['^', '', '', false],
  ['/', '', '/', false],
  ['b$', '', undefined, false],
  ['^/a|^/b', '', undefined, false],
  ['^/(a|b)', '/', undefined, false],
  ['^/[|]', '/', undefined, false],
  ['(?i)^/a', '', undefined, false],
  ['^/\\d', '/', undefined, false],
  ['^/\\Q(\\E|b', '', undefined, false],
])('what is certain of %s', (expression, required, covered, isWhole) => {
  expect(leadOf(expression)).toEqual({ required, covered, isWhole });
});
