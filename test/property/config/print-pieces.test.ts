// A text made in pieces is the text made at once.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonPieces, yamlPieces } from '../../../src/config/print-pieces.ts';
import { printWritten } from '../../../src/config/print.ts';

const text = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.constantFrom('', ' ', 'null', '12', 'a: b', '- a', 'a\nb', 'a\n\n  b\n', '# a', '"', "'", 'x'.repeat(200), 'true', '~', '*', '&a'),
);
const scalar = fc.oneof(text, fc.integer(), fc.boolean(), fc.constant(null));
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3 },
    scalar,
    fc.array(tie('tree'), { maxLength: 4 }),
    fc.dictionary(
      text.filter((key) => key !== '__proto__'),
      tie('tree'),
      { maxKeys: 4 },
    ),
  ),
}));
const wide = fc.oneof(
  fc.array(tree, { minLength: 40, maxLength: 120 }),
  fc.array(
    fc.tuple(text, tree).map(([key, value]) => ({ [`k${key}`]: value, more: [value, value] })),
    { minLength: 40, maxLength: 80 },
  ),
  fc.array(tree, { minLength: 60, maxLength: 90 }).map((list) => ({ 'a:': { list, more: [list, [list]] }, b: {}, c: [] })),
);

describe('pieces', () => {
  it('of YAML are what the whole is', () => {
    fc.assert(
      fc.property(fc.oneof(tree, wide), (value) => {
        expect([...yamlPieces(value)].join('')).toBe(printWritten(value));
      }),
      { numRuns: 60 },
    );
  });

  it('of JSON are what the whole is', () => {
    fc.assert(
      fc.property(fc.oneof(tree, wide), (value) => {
        const many = { many: Array.from({ length: 100 }, () => value), none: undefined, some: [undefined, value] };
        expect([...jsonPieces(many)].join('')).toBe(JSON.stringify(many));
      }),
      { numRuns: 40 },
    );
  });

  it('are many where there is much', () => {
    const routes = Array.from({ length: 5000 }, (_, index) => ({
      name: `r${index}`,
      hosts: [`h${index}`],
      match: [{ path: { prefix: '/' } }],
    }));
    expect([...yamlPieces({ routes })].length).toBeGreaterThan(1000);
    expect([...jsonPieces({ routes })].length).toBeGreaterThan(1000);
  });
});
