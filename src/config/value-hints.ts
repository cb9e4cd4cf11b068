// What would be right in place of a value of the wrong kind, told from the value itself: ` (write 5s)`, ` (put it in quotes)`.

import { DURATION_FORM, suggestDuration } from './duration.ts';
import { SIZE_FORM, suggestSize } from './size.ts';
import { suggest } from './suggest.ts';

type Hint = (message: string, found: unknown) => string | undefined;

const HINTS: readonly Hint[] = [
  hintOfStrayCharacter,
  hintOfStop,
  hintOfComma,
  hintOfTls,
  hintOfMode,
  hintOfHost,
  hintOfPath,
  hintOfSample,
  hintOfAddress,
  hintOfShare,
  hintOfDays,
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

/** Characters that programs for text put in, and that look like others. */
const STRAY: readonly (readonly [RegExp, string])[] = [
  [/\u00a0|\u202f/, 'it has a no-break space: write a blank'],
  [/[\u201c\u201d\u201e]/, 'it has curly quotes: write "…"'],
  [/[\u2018\u2019]/, "it has curly quotes: write '…'"],
  [/[\u200b\ufeff]/, 'it has a character that is not seen: write it anew'],
];

/** What is to be done about a character that stands for another one by mistake; undefined when there is none. */
export function hintOfStrayCharacter(_: string, found: unknown): string | undefined {
  return typeof found === 'string' ? STRAY.find(([pattern]) => pattern.test(found))?.[1] : undefined;
}

/** Inside `{ }` what comes after a comma is the next key, here without a value. */
function hintOfComma(message: string, found: unknown): string | undefined {
  const isNothing = message.startsWith('header value must') && found === null;
  return isNothing ? 'a comma ends the value inside { }: put a value with a comma in quotes' : undefined;
}

function hintOfTls(message: string, found: unknown): string | undefined {
  const isUrl = message.startsWith('an address has') && typeof found === 'string';
  const address = isUrl ? /^https:\/\/([^/\s]+)\/?$/i.exec(found)?.[1] : undefined;
  if (address === undefined) return undefined;
  return `write ${/:[0-9]+$/.test(address) ? address : `${address}:443`}, and tls: {} at the version`;
}

function hintOfMode(message: string, found: unknown): string | undefined {
  if (!message.startsWith('mode must')) return undefined;
  const digits = String(found);
  return /^0?[0-7]{3}$/.test(digits) ? `write "${digits.padStart(4, '0')}", in quotes` : undefined;
}

function hintOfHost(message: string, found: unknown): string | undefined {
  if (!message.startsWith('host must') || typeof found !== 'string') return undefined;
  const [, host, port] = /^(?:[a-z]{1,10}:\/\/)?([\w*.-]+)(:[0-9]+)?(?:\/\S*)?$/i.exec(found) ?? [];
  if (host === undefined || host === found) return undefined;
  if (!message.includes('with or without port')) return `write ${host}`;
  return found.includes('/') && (port ?? '').length < 6 ? `write ${host}${port ?? ''}` : undefined;
}

function hintOfPath(message: string, found: unknown): string | undefined {
  if (!message.startsWith('path must start with "/"') || typeof found !== 'string') return undefined;
  return /^[\w.~-][\w./~-]{0,100}$/.test(found) ? `write /${found}` : undefined;
}

function hintOfSample(message: string, found: unknown): string | undefined {
  const isShare = typeof found === 'number' || (typeof found === 'string' && /^[0-9.]{1,9}%?$/.test(found));
  return message.startsWith('sample must be session') && isShare ? `write percent: ${String(found).replace('%', '')}` : undefined;
}

function hintOfShare(message: string, found: unknown): string | undefined {
  return message.startsWith('share must') && typeof found === 'number' && found > 1 && found <= 100 ? `write ${found}%` : undefined;
}

const DAY_WORDS: Readonly<Record<string, string>> = { weekdays: 'mon-fri', weekend: 'sat-sun', daily: 'mon-sun' };

/** Days as they are called in full. */
function hintOfDays(message: string, found: unknown): string | undefined {
  if (!message.startsWith('a day must') || typeof found !== 'string') return undefined;
  const lower = found.toLowerCase();
  if (Object.hasOwn(DAY_WORDS, lower)) return write(DAY_WORDS[lower]);
  const [, first, last] =
    /^(mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6}(?: ?(?:-|to) ?(mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6})?$/.exec(lower) ?? [];
  return write(last === undefined ? first : `${first}-${last}`);
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
  h2c: 'http1',
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
