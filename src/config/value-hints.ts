// What would be right in place of a value of the wrong kind, told from the value itself: ` (write 5s)`, ` (put it in quotes)`.

import { DURATION_FORM, suggestDuration } from './duration.ts';
import { SIZE_FORM, suggestSize } from './size.ts';

type Hint = (message: string, found: unknown) => string | undefined;

const HINTS: readonly Hint[] = [
  hintOfStop,
  (message, found) => (message.startsWith(DURATION_FORM) ? write(suggestDuration(found)) : undefined),
  (message, found) => (message.startsWith(SIZE_FORM) ? write(suggestSize(found)) : undefined),
  hintOfQuotes,
  hintOfFlag,
  hintOfNumber,
  hintOfList,
  hintOfMap,
];

/** With a blank before it; empty when nothing is known. @param message what would be right in general */
export function hintFor(message: string, found: unknown): string {
  for (const hint of HINTS) {
    const text = hint(message, found);
    if (text !== undefined) return ` (${text})`;
  }
  return '';
}

function write(suggestion: string | undefined): string | undefined {
  return suggestion === undefined ? undefined : `write ${suggestion}`;
}

/** As in nginx and in JSON. */
function hintOfStop(_: string, found: unknown): string | undefined {
  if (typeof found !== 'string' || !/[^,;][,;]$/.test(found)) return undefined;
  return `remove the "${found.at(-1) ?? ''}" at the end`;
}

function hintOfQuotes(message: string, found: unknown): string | undefined {
  const isOther = typeof found === 'number' || typeof found === 'boolean';
  return isOther && / text\b/.test(message) && !message.includes('quotes') ? 'put it in quotes' : undefined;
}

function hintOfFlag(message: string, found: unknown): string | undefined {
  if (!message.startsWith('must be true or false')) return undefined;
  if (found === 1 || (typeof found === 'string' && /^(?:yes|on|y|true|enabled?)$/i.test(found))) return 'write true';
  if (found === 0 || (typeof found === 'string' && /^(?:no|off|n|false|disabled?)$/i.test(found))) return 'write false';
  return undefined;
}

function hintOfNumber(message: string, found: unknown): string | undefined {
  if (!/ number\b/.test(message) || typeof found !== 'string' || !/^[0-9]{1,15}(?:\.[0-9]{1,9})?$/.test(found)) return undefined;
  return `write ${found} without quotes`;
}

function hintOfList(message: string, found: unknown): string | undefined {
  if (!message.startsWith('must be a list')) return undefined;
  if (typeof found === 'object' && found !== null && !Array.isArray(found)) return 'write "- " before the first key of each item';
  if (typeof found === 'string') {
    const items = found.split(/[\s,|]+/).filter((item) => item !== '');
    const isPlain = items.length > 0 && items.length < 10 && items.every((item) => /^[A-Za-z0-9_./:-]{1,64}$/.test(item));
    return isPlain ? `write [${items.join(', ')}]` : undefined;
  }
  return typeof found === 'number' ? `write [${found}]` : undefined;
}

function hintOfMap(message: string, found: unknown): string | undefined {
  if (!message.startsWith('must be a map')) return undefined;
  if (Array.isArray(found)) return 'a map has no "- " before its keys';
  return found === null || found === undefined ? 'indent its keys below it, or remove it' : undefined;
}
