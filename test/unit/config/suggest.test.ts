import { describe, expect, test } from 'vitest';
import { noSuch } from '../../../src/config/suggest.ts';

describe('a name that leads nowhere', () => {
  test.each([
    ['v3', ['v1', 'v2'], 'there is no version "v3" (did you mean "v1"? there are v1, v2)'],
    ['canary', ['v1', 'v2'], 'there is no version "canary" (there are v1, v2)'],
    ['canary', ['v1'], 'there is no version "canary" (there is v1)'],
    ['v3', ['v1'], 'there is no version "v3" (did you mean "v1"?)'],
    ['v3', [], 'there is no version "v3"'],
  ])('%s of %j', (name, names, expected) => expect(noSuch('version', name, names)).toBe(expected));

  test('what is listed and shown has a bound', () => {
    const names = Array.from({ length: 500 }, (_, index) => `release-${index}`);
    expect(noSuch('version', 'x'.repeat(5_000), names)).toBe(
      `there is no version "${'x'.repeat(100)}" (there are ${names.slice(0, 10).join(', ')} and 490 more)`,
    );
  });
});
