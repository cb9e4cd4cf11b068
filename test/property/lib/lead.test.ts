import fc from 'fast-check';
import { RE2JS } from 're2js';
import { expect, it } from 'vitest';
import { leadOf } from '../../../src/lib/lead.ts';

const piece = fc.constantFrom(
  ...[
    '/',
    '/',
    'a',
    'a',
    'b',
    '.',
    '-',
    '\\.',
    '\\/',
    '\\|',
    '\\d',
    '\\b',
    '(a|b)',
    '(?:b|/)',
    '(',
    ')',
    '[a|b]',
    '[]|]',
    '[^]a]',
    '[[:alpha:]|]',
  ],
  ...['|', '*', '+', '?', '{2}', '{0,1}', '.*', '$', '^', '\\Q(|\\E', '\\Q|', '\\x41', '(?i)', '(?i:a)', '\\A', '\\z', '[', ']', '{', 'é'],
);
const expression = fc
  .tuple(fc.constantFrom('', '^', '^', '^/'), fc.array(piece, { maxLength: 6 }))
  .map(([start, rest]) => start + rest.join(''));
const text = fc.array(fc.constantFrom('/', 'a', 'b', 'A', '.', '-', '|', '0'), { maxLength: 6 }).map((signs) => signs.join(''));

it('never claims what the expression does not hold', () => {
  let claims = 0;
  fc.assert(
    fc.property(expression, fc.array(text, { minLength: 1, maxLength: 30 }), (written, texts) => {
      const compiled = compile(written);
      if (compiled === undefined) return;
      const { required, covered, isWhole } = leadOf(written);
      if (required !== '') claims++;
      for (const tried of [...texts, ...texts.map((each) => required + each), ...texts.map((each) => (covered ?? '') + each), required]) {
        const fits = compiled.test(tried);
        if (fits) expect(tried.startsWith(required), `${written} matches ${tried}`).toBe(true);
        if (covered !== undefined && tried.startsWith(covered)) expect(fits, `${written} should match ${tried}`).toBe(true);
        if (isWhole) expect(fits, `${written} on ${tried}`).toBe(tried === required);
      }
    }),
    { numRuns: 5000 },
  );
  expect(claims).toBeGreaterThan(300);
});

function compile(written: string): RE2JS | undefined {
  try {
    return RE2JS.compile(written);
  } catch {
    return undefined;
  }
}
