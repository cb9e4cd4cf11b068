import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EarlyBytes, MAX_EARLY_BYTES, MIN_EARLY_BYTES } from '../../../../src/proxy/downstream/early-bytes.ts';

const textOf = (early: EarlyBytes): string => early.bytes.toString('latin1', early.from, early.to);

test('what is kept comes out in order, whatever was used of it in between', () => {
  const step = fc.record({ add: fc.nat(9000), use: fc.nat(12_000) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const early = new EarlyBytes();
      let model = '';
      let count = 0;
      let most = 0;
      for (const { add, use } of steps) {
        const piece = Array.from({ length: add }, () => String.fromCharCode(32 + (count++ % 90))).join('');
        early.add(Buffer.from(`##${piece}##`, 'latin1'), 2, 2 + add);
        model += piece;
        most = Math.max(most, model.length);
        expect(textOf(early)).toBe(model);
        const used = Math.min(use, model.length);
        early.advance(early.from + used);
        model = model.slice(used);
        expect([textOf(early), early.length]).toEqual([model, model.length]);
        // Memory follows what was kept at once, not what has passed.
        expect(early.bytes.length).toBeLessThanOrEqual(Math.max(8192, 4 * most));
      }
      early.release();
    }),
    { numRuns: 60 },
  );
});

test('a connection keeps much as long as all of them together do not', () => {
  const piece = Buffer.alloc(65_536);
  const all: EarlyBytes[] = [];
  const fill = (): EarlyBytes => {
    const early = new EarlyBytes();
    all.push(early);
    while (!early.isFull) early.add(piece, 0, 16_384);
    return early;
  };
  expect(fill().length).toBe(MAX_EARLY_BYTES);
  for (let count = 0; count < 200; count++) fill();
  expect(all.at(-1)!.length).toBe(MIN_EARLY_BYTES);
  for (const early of all) early.release();
  const again = fill();
  expect(again.length).toBe(MAX_EARLY_BYTES);
  again.release();
});

test('bytes one by one are not copied over and over', () => {
  const early = new EarlyBytes();
  const byte = Buffer.from('x');
  let moved = 0;
  for (let count = 0; count < 100_000; count++) {
    const { bytes, from } = early;
    early.add(byte, 0, 1);
    if (early.bytes !== bytes || early.from !== from) moved += early.length;
  }
  expect(moved).toBeLessThan(400_000);
  early.release();
});
