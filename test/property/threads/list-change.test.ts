import fc from 'fast-check';
import { expect, test } from 'vitest';
import { changeOf, changed } from '../../../src/threads/list-change.ts';

test('a list and its change make the list after, and what stays is not sent', () => {
  const list = fc.array(fc.nat(4), { maxLength: 12 });
  fc.assert(
    fc.property(list, list, (before, after) => {
      const change = changeOf(before, after);
      expect(changed(before, structuredClone(change))).toEqual(after);
      expect(change.start + change.middle.length + change.end).toBe(after.length);
    }),
  );
  fc.assert(
    fc.property(list, fc.nat(12), (before, at) => {
      expect(changeOf(before, [...before])).toMatchObject({ middle: [] });
      expect(changed(before, changeOf(before, [...before]))).toBe(before);
      expect(changeOf(before, before.toSpliced(at, 0, 9)).middle).toEqual([9]);
    }),
  );
});
