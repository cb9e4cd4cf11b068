// Tells names that programmers chose from names that came out of data: ids, tokens, addresses of people. The former are kept, the latter
// generalised, in paths of requests and in keys of JSON.

/** What stands in place of a name that looks like data. */
export const ID = '{id}';

/** A word that somebody chose is shorter. */
const MAX_NAME_LENGTH = 64;
const SHORTEST_TOKEN = 16;

const NUMBER = /^-?[0-9]+(?:[.,:_-][0-9]+)*$/;
const UUID = /^\{?[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\}?$/i;
const HEX = /^(?:0x)?[0-9a-f]{8,}$/i;
/** Starts with a group of hex or digits, goes on with others: uuids in short, dates, order numbers. */
const GROUPS = /^[0-9a-f]{4,}(?:-[0-9a-f]{2,})+$/i;
const PREFIXED = /^[a-z]{1,6}[_-][0-9a-z]{8,}$/i;
const MAX_PREFIX_LENGTH = 7;
/** Words, strung together. */
const JOINED = /[-_. ]/;

/** Whether a path segment or a key looks like data: a number, a uuid, hex, a long token, an address of mail, or something overlong. */
export function looksLikeId(name: string): boolean {
  if (name.length > MAX_NAME_LENGTH) return true;
  if (NUMBER.test(name) || name.includes('@')) return true;
  const digits = digitsOf(name);
  if (digits > 0 && (UUID.test(name) || HEX.test(name) || GROUPS.test(name))) return true;
  if (3 * digits >= name.length - MAX_PREFIX_LENGTH && PREFIXED.test(name)) return true;
  if (name.length < SHORTEST_TOKEN) return false;
  return (digits >= 3 && !JOINED.test(name)) || 2 * changesOf(name) >= name.length;
}

/** How often a name goes from one kind of character to another: seldom where words are strung together, often in tokens. */
function changesOf(name: string): number {
  let changes = 0;
  for (let i = 1; i < name.length; i++) {
    const [before, after] = [kindOf(name.charCodeAt(i - 1)), kindOf(name.charCodeAt(i))];
    if (before !== after && before !== OTHER && after !== OTHER) changes++;
  }
  return changes;
}

const OTHER = 3;

/** 0 lower case, 1 upper case, 2 digits. */
function kindOf(code: number): number {
  if (code >= 0x61 && code <= 0x7a) return 0;
  if (code >= 0x41 && code <= 0x5a) return 1;
  return code >= 0x30 && code <= 0x39 ? 2 : OTHER;
}

function digitsOf(name: string): number {
  let digits = 0;
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i);
    if (code >= 0x30 && code <= 0x39) digits++;
  }
  return digits;
}
