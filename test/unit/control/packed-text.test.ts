// A text comes back as it was, however long it is, and a long one takes little room.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { packText, unpackText } from '../../../src/control/packed-text.ts';

test('a short text is kept as it is', async () => {
  expect(await packText(['{"a":', '1}'])).toBe('{"a":1}');
  expect(await packText([])).toBe('');
  expect(await unpackText('{"a":1}')).toBe('{"a":1}');
});

test('a long text is kept in a tenth of its room, and comes back', async () => {
  const pieces = Array.from({ length: 20_000 }, (_, index) => `{"name":"route-${index}","hosts":["höst-${index}.example.com"],"x":"€😀"},`);
  const kept = await packText(pieces);
  expect(kept.length).toBeLessThan(pieces.join('').length / 5);
  expect(await unpackText(kept)).toBe(pieces.join(''));
});

test('wherever its pieces are cut, a long text comes back', async () => {
  const piece = fc.string({ unit: 'grapheme', maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { minLength: 1, maxLength: 20 }), fc.integer({ min: 1, max: 9000 }), async (some, times) => {
      const pieces = ['[', ...Array.from({ length: times }, () => some).flat(), ']'];
      expect(await unpackText(await packText(pieces))).toBe(pieces.join(''));
    }),
    { numRuns: 25 },
  );
});

test('what was not packed so is refused', async () => {
  await expect(unpackText('deflated:aGVsbG8=')).rejects.toThrow('header');
});
