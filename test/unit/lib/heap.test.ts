import { expect, test } from 'vitest';
import { collectGarbage, heapBytes } from '../../../src/lib/heap.ts';

const MIB = 1024 ** 2;

test('what is held counts, and counts no more when it is collected', () => {
  collectGarbage();
  const before = heapBytes();
  // In an array, so that nothing but it holds them.
  const held = Array.from({ length: 64 }, () => Buffer.allocUnsafeSlow(MIB));
  expect(heapBytes() - before).toBeGreaterThan(60 * MIB);
  held.length = 0;
  collectGarbage();
  expect(heapBytes() - before).toBeLessThan(8 * MIB);
});
