import fc from 'fast-check';
import { expect, it } from 'vitest';
import { canonicalPath, isAmbiguousPath, receivedLength } from '../../../src/routing/path.ts';

const part = fc.constantFrom('/', 'a', '.', '..', '%2e', '%2E', '%2f', '%5C', '\\', '%61', '%20', '%c3%a9', '%25', '2e', ';', '%', 'b');
const path = fc.array(part, { maxLength: 12 }).map((parts) => `/${parts.join('')}`);

/** How a server reads the path that decodes everything, takes `\` for `/`, drops parameters and then resolves dots. */
function hasDots(text: string): boolean {
  const decoded = text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  return decoded.split(/[/\\]/).some((element) => ['.', '..'].includes(element.replace(/;.*$/, '')));
}

it('no path that passes has a dot segment in any reading', () => {
  fc.assert(
    fc.property(path, (text) => {
      if (!isAmbiguousPath(text)) expect(hasDots(text)).toBe(false);
    }),
    { numRuns: 3000 },
  );
});

it('refuses nothing but dot segments, backslashes, NUL and malformed triplets', () => {
  fc.assert(
    fc.property(path, (text) => {
      if (isAmbiguousPath(text)) expect(hasDots(text) || /\\|%5c|%00|%(?![0-9a-f]{2})/i.test(text)).toBe(true);
    }),
    { numRuns: 3000 },
  );
});

it('the canonical path of one that passes is stable, and its beginnings lead back to beginnings of the received path', () => {
  fc.assert(
    fc.property(path, (text) => {
      fc.pre(!isAmbiguousPath(text));
      const canonical = canonicalPath(text);
      expect(canonicalPath(canonical)).toBe(canonical);
      for (let at = canonical.indexOf('/', 1); at > 0; at = canonical.indexOf('/', at + 1)) {
        expect(canonicalPath(text.slice(0, receivedLength(text, at)))).toBe(canonical.slice(0, at));
      }
    }),
    { numRuns: 3000 },
  );
});
