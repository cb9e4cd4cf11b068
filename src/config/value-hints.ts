// What would be right in place of a value of the wrong kind, told from the value itself: ` (write 5s)`, ` (put it in quotes)`.

import { DURATION_FORM, suggestDuration } from './duration.ts';
import { SIZE_FORM, suggestSize } from './size.ts';
import { suggest } from './suggest.ts';

type Hint = (message: string, found: unknown) => string | undefined;

const HINTS: readonly Hint[] = [
  hintOfStop,
  hintOfAddress,
  hintOfShare,
  (message, found) => (message.startsWith(DURATION_FORM) ? write(suggestDuration(found)) : undefined),
  (message, found) => (message.startsWith(SIZE_FORM) ? write(suggestSize(found)) : undefined),
  hintOfQuotes,
  hintOfFlag,
  hintOfNumber,
  hintOfWord,
  hintOfName,
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

function hintOfAddress(message: string, found: unknown): string | undefined {
  if (!/^(?:address must|endpoint must|an address has)/.test(message)) return undefined;
  if (typeof found === 'number') return Number.isInteger(found) && found > 0 && found < 65_536 ? `write 127.0.0.1:${found}` : undefined;
  const url = typeof found === 'string' ? /^[a-z]{1,10}:\/\/([^/\s]+)\/?$/i.exec(found)?.[1] : undefined;
  if (url !== undefined) return /:[0-9]+$/.test(url) ? `write ${url}` : `write ${url}:80`;
  if (typeof found === 'string' && /^[\w.-]+$/.test(found))
    return /^[0-9]+$/.test(found) ? `write 127.0.0.1:${found}` : `a port is missing: write ${found}:80`;
  return undefined;
}

function hintOfShare(message: string, found: unknown): string | undefined {
  return message.startsWith('share must') && typeof found === 'number' && found > 1 && found <= 100 ? `write ${found}%` : undefined;
}

/** What other products call what is a word here. */
const WORDS: Readonly<Record<string, string>> = {
  roundrobin: 'round-robin',
  round_robin: 'round-robin',
  rr: 'round-robin',
  leastconn: 'least-request',
  least_conn: 'least-request',
  leastconnections: 'least-request',
  least_request: 'least-request',
  p2c: 'least-request',
  ewma: 'peak-ewma',
  ip_hash: 'ring-hash',
  hash: 'ring-hash',
  maglev: 'ring-hash',
  timeout: 'response-timeout',
  error: 'connect-failure and reset',
  'connect-error': 'connect-failure',
  h1: 'http1',
  h2: 'http2',
  'http/1.1': 'http1',
  https: 'http1, and tls at the listener',
  root: 'admin',
  write: 'operator',
  read: 'viewer',
  readonly: 'viewer',
};

/** Of several words the one that is meant. */
function hintOfWord(message: string, found: unknown): string | undefined {
  const words = / must be ([\w-]+(?:, [\w-]+)* or .*)$/.exec(message)?.[1]?.split(/, | or /);
  if (words === undefined || typeof found !== 'string' || !/^[\w/.-]{1,40}$/.test(found)) return undefined;
  const lower = found.toLowerCase();
  const same = words.includes(lower) ? lower : Object.hasOwn(WORDS, lower) ? WORDS[lower] : suggest(found, words);
  return same !== undefined && words.some((word) => same.startsWith(word)) ? `write ${same}` : undefined;
}

/** A blank or a colon that is missing makes a name of what was meant as key and value. */
function hintOfName(message: string, found: unknown): string | undefined {
  if (!/ name must be /.test(message) || typeof found !== 'string') return undefined;
  const [, name, value] = /^([\w.-]{1,60})(?:\s*[:=]\s*|\s+)([0-9.]+%?)$/.exec(found) ?? [];
  return name === undefined ? undefined : `write ${name}: ${value ?? ''}, with a colon and a blank`;
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
  if (!/ number\b|^status must be/.test(message) || typeof found !== 'string') return undefined;
  if (/^[0-9]{1,15}(?:\.[0-9]{1,9})?$/.test(found)) return `write ${found} without quotes`;
  if (/ from 0 /.test(message) && /^(?:unlimited|infinite|infinity|inf|none|off|max)$/i.test(found)) return 'write 0 for no limit';
  const [, digits, unit = ''] = /^([0-9]{1,9})([km])$/i.exec(found) ?? [];
  return digits === undefined ? undefined : `write ${Number(digits) * (unit.toLowerCase() === 'k' ? 1_000 : 1_000_000)}`;
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
