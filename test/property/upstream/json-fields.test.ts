import fc from 'fast-check';
import { expect, it } from 'vitest';
import { findMismatch } from '../../../src/upstream/probes/json-fields.ts';

const scalar = fc.oneof(fc.string(), fc.boolean(), fc.double({ noNaN: true, noDefaultInfinity: true }));
const name = fc.oneof(
  fc.constantFrom('__proto__', 'constructor', 'length', 'toString', '0'),
  fc.string({ minLength: 1 }).filter((text) => !text.includes('.')),
);

it('finds each scalar of a document at its path, and no other value there', () => {
  fc.assert(
    fc.property(fc.array(name, { minLength: 1, maxLength: 6 }), scalar, scalar, (path, value, other) => {
      // A text, so that __proto__ is a name like any other.
      const text = path.reduceRight((inner, each) => `{${JSON.stringify(each)}:${inner}}`, JSON.stringify(value));
      const field = (expected: string | number | boolean) => Object.fromEntries([[path.join('.'), expected]]);
      const written = JSON.parse(JSON.stringify(value)) as string | number | boolean;
      expect(findMismatch(Buffer.from(text), field(written))).toBeUndefined();
      if (other !== written) expect(findMismatch(Buffer.from(text), field(other))).toBeDefined();
    }),
    { numRuns: 500 },
  );
});

it('takes any bytes, and what it says has no control characters and is short', () => {
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array(), fc.json().map(Buffer.from)), fc.array(name, { maxLength: 3 }), scalar, (bytes, path, value) => {
      const found = findMismatch(bytes, Object.fromEntries([['a', value], ...(path.length > 0 ? [['b', value]] : [])]) as never) ?? '';
      expect(found).not.toMatch(/\p{Cc}|[\u2028\u2029]/u);
      expect(Array.from(found).length).toBeLessThan(100);
    }),
    { numRuns: 500 },
  );
});
