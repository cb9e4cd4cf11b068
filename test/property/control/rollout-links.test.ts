// A link is read back as it was made, and nothing else is: no other byte, no other decision, rollout or instance.

import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { codeOf, readCode } from '../../../src/control/rollouts/link-code.ts';
import type { LinkContent } from '../../../src/control/rollouts/link-code.ts';
import { HOLD_REASONS } from '../../../src/rollout/decided.ts';
import { OCCASION_ACTIONS } from '../../../src/rollout/occasion.ts';

const keyOf = (text: string): Buffer => createHash('sha256').update(text).digest();
const KEY = keyOf('one');
const count = fc.nat(999_999_999);
const content: fc.Arbitrary<LinkContent> = fc.record({
  rollout: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/),
  action: fc.constantFrom(...OCCASION_ACTIONS),
  occasion: fc.oneof(
    fc.record({ moment: fc.constant('approve' as const), epoch: count, step: count }),
    fc.record({ moment: fc.constant('hold' as const), epoch: count, step: count, resumed: count, held: fc.constantFrom(...HOLD_REASONS) }),
  ),
  untilS: fc.integer({ min: 1, max: 9_999_999_999 }),
});

test('a link says what it was made for, in characters that chat tools take as part of an address', () => {
  fc.assert(
    fc.property(content, (made) => {
      const code = codeOf(made, KEY);
      expect(code).toMatch(/^[a-z0-9.-]+[0-9a-f]$/);
      expect(code.length).toBeLessThanOrEqual(100);
      expect(readCode({ rollout: made.rollout, action: made.action, code }, KEY)).toEqual(made);
    }),
  );
});

test('with any other byte, anywhere in its path, it is no link', () => {
  const edit = fc.record({
    at: fc.nat(),
    how: fc.constantFrom('replace', 'insert', 'remove'),
    by: fc.string({ unit: 'binary', minLength: 1, maxLength: 2 }),
  });
  fc.assert(
    fc.property(content, edit, fc.constantFrom('rollout', 'action', 'code'), (made, { at, how, by }, part) => {
      const asked = { rollout: made.rollout, action: made.action as string, code: codeOf(made, KEY) };
      const before = asked[part as keyof typeof asked];
      const place = at % (before.length + (how === 'insert' ? 1 : 0));
      const after = before.slice(0, place) + (how === 'remove' ? '' : by) + before.slice(place + (how === 'insert' ? 0 : 1));
      fc.pre(after !== before);
      expect(readCode({ ...asked, [part]: after }, KEY)).toBeUndefined();
    }),
    { numRuns: 1000 },
  );
});

test('what was sealed for another decision, rollout, occasion or time, or by another instance, is no link', () => {
  fc.assert(
    fc.property(content, content, (one, other) => {
      const [mine, theirs] = [codeOf(one, KEY), codeOf(other, KEY)];
      fc.pre(mine !== theirs);
      expect(readCode({ rollout: one.rollout, action: one.action, code: mine }, keyOf('two'))).toBeUndefined();
      // The words of the one with the seal of the other.
      const code = mine.slice(0, -32) + theirs.slice(-32);
      expect(readCode({ rollout: one.rollout, action: one.action, code }, KEY)).toBeUndefined();
      for (const action of OCCASION_ACTIONS)
        if (action !== one.action) expect(readCode({ rollout: one.rollout, action, code: mine }, KEY)).toBeUndefined();
      if (other.rollout !== one.rollout) expect(readCode({ rollout: other.rollout, action: one.action, code: mine }, KEY)).toBeUndefined();
    }),
  );
});

test('whatever is sent is refused without a fault', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.constantFrom('', '.', 'approve.0.0.1.', `approve.0.0.1.${'0'.repeat(32)}`),
  );
  fc.assert(
    fc.property(text, text, text, (rollout, action, code) => {
      expect(readCode({ rollout, action, code }, KEY)).toBeUndefined();
    }),
  );
});
