import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BodyQueue } from '../../../../src/proxy/mirror/body-queue.ts';

test('gives back what it took, in order, whatever the pieces are; what it keeps is bounded by what waits', () => {
  const piece = fc.record({ bytes: fc.uint8Array({ maxLength: 300 }), repeat: fc.integer({ min: 1, max: 200 }), kept: fc.boolean() });
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
      const queue = new BodyQueue();
      const all: Buffer[] = [];
      const scratch = Buffer.alloc(70_000);
      let kept = 0;
      for (const { bytes, repeat, kept: isKept } of pieces) {
        const whole = Buffer.concat(Array.from({ length: repeat }, () => bytes));
        all.push(whole);
        if (isKept) kept++;
        if (isKept) queue.keep(whole);
        else queue.copy(scratch, 5, 5 + whole.copy(scratch, 5));
        scratch.fill(0);
      }
      const expected = Buffer.concat(all);
      expect(queue.bytes).toBe(expected.length);
      // Half of a piece may stay free, and the last one; one that is kept ends the piece before it.
      expect(queue.queuedBytes).toBeLessThanOrEqual(2 * expected.length + 16_384 * (kept + 1));
      expect(Buffer.concat(queue.take()).equals(expected)).toBe(true);
      expect([queue.bytes, queue.queuedBytes, queue.take()]).toEqual([0, 0, []]);
    }),
  );
});

test('a thousand single bytes share a piece', () => {
  const queue = new BodyQueue();
  for (let n = 0; n < 1000; n++) queue.copy(Buffer.from([n]), 0, 1);
  expect([queue.bytes, queue.queuedBytes]).toEqual([1000, 16_384]);
  expect(queue.take()).toHaveLength(1);
});

test('what is cleared is gone', () => {
  const queue = new BodyQueue();
  queue.copy(Buffer.from('abc'), 0, 3);
  queue.keep(Buffer.from('def'));
  queue.clear();
  queue.copy(Buffer.from('xyz'), 1, 2);
  expect(queue.take().map(String)).toEqual(['y']);
});
