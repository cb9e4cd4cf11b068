// The fields that we act on, of every HTTP version: their numbers, and which one a line holds. It judges nothing.

import { CLAIM_FIELDS, FORWARDED_PREFIX, SHADOW_FIELD } from './forwarding-fields.ts';
import { CDN_LOOP_FIELD } from './way.ts';

/** The fields that we act on, numbered so that sets of them are bit masks. */
export const FIELD_HOST = 1;
export const FIELD_CONNECTION = 2;
export const FIELD_KEEP_ALIVE = 3;
export const FIELD_PROXY_CONNECTION = 4;
export const FIELD_TE = 5;
export const FIELD_TRANSFER_ENCODING = 6;
export const FIELD_UPGRADE = 7;
export const FIELD_CONTENT_LENGTH = 8;
export const FIELD_EXPECT = 9;
export const FIELD_FORWARDED_FOR = 10;
export const FIELD_FORWARDED_PROTO = 11;
export const FIELD_FORWARDED_HOST = 12;
export const FIELD_FORWARDED = 13;
export const FIELD_VIA = 14;
export const FIELD_REQUEST_ID = 15;
/** A name that differs from one that we act on only in `_` for `-`; some applications cannot tell them apart. */
export const FIELD_LOOKALIKE = 16;
/** Other forwarding fields, which stay in the block: `x-forwarded-port`, `x-real-ip`, the mark of a copy. */
export const FIELD_FORWARDED_OTHER = 17;
export const FIELD_CDN_LOOP = 18;
/** What Sluice alone says of a response. */
export const FIELD_OUTCOME = 19;
export const FIELD_MAX_FORWARDS = 20;
export const FIELD_DATE = 21;
/** One more than the last of them. */
export const KNOWN_FIELDS = 22;
/** A field that is only passed on. */
export const FIELD_PLAIN = 0;

export const HOP_BY_HOP_MASK =
  (1 << FIELD_CONNECTION) |
  (1 << FIELD_KEEP_ALIVE) |
  (1 << FIELD_PROXY_CONNECTION) |
  (1 << FIELD_TE) |
  (1 << FIELD_TRANSFER_ENCODING) |
  (1 << FIELD_UPGRADE);

export const FORWARDING_MASK =
  (1 << FIELD_FORWARDED_FOR) |
  (1 << FIELD_FORWARDED_PROTO) |
  (1 << FIELD_FORWARDED_HOST) |
  (1 << FIELD_FORWARDED) |
  (1 << FIELD_VIA) |
  (1 << FIELD_REQUEST_ID);

/** Claim fields by their first letter (from `a`), then by the length of their names. */
const CLAIMS: readonly (readonly (readonly string[])[])[] = Array.from({ length: 26 }, (_first, letter) =>
  Array.from({ length: 32 }, (_second, length) =>
    CLAIM_FIELDS.filter((name) => name.length === length && name.charCodeAt(0) === 0x61 + letter),
  ),
);

/**
 * The number of the field whose line begins at `at`, in any letter case: FIELD_PLAIN for the names that we do not act on.
 * First letter, then the place of the colon or another letter, and only then the letters: most lines are passed after one or two looks.
 */
export function fieldAt(text: string, at: number): number {
  switch (text.charCodeAt(at) | 0x20) {
    case 0x61: // a
      return (text.charCodeAt(at + 1) | 0x20) === 0x6c ? claimAt(text, at) : FIELD_PLAIN;
    case 0x63: // c
      return fieldOfC(text, at);
    case 0x64: // d
      if (text.charCodeAt(at + 4) === 0x3a) return match(text, at, 'date', FIELD_DATE);
      return text.charCodeAt(at + 16) === 0x3a ? claimAt(text, at) : FIELD_PLAIN;
    case 0x65: // e
      return text.charCodeAt(at + 6) === 0x3a ? match(text, at, 'expect', FIELD_EXPECT) : FIELD_PLAIN;
    case 0x66: // f
      return text.charCodeAt(at + 9) === 0x3a ? match(text, at, 'forwarded', FIELD_FORWARDED) : claimAt(text, at);
    case 0x68: // h
      if (text.charCodeAt(at + 4) === 0x3a) return match(text, at, 'host', FIELD_HOST);
      return text.charCodeAt(at + 14) === 0x3a ? match(text, at, 'http2-settings', FIELD_PROXY_CONNECTION) : FIELD_PLAIN;
    case 0x6b: // k
      return text.charCodeAt(at + 10) === 0x3a ? match(text, at, 'keep-alive', FIELD_KEEP_ALIVE) : FIELD_PLAIN;
    case 0x6d: // m
      return text.charCodeAt(at + 12) === 0x3a ? match(text, at, 'max-forwards', FIELD_MAX_FORWARDS) : FIELD_PLAIN;
    case 0x70: // p
      if (text.charCodeAt(at + 16) === 0x3a) return match(text, at, 'proxy-connection', FIELD_PROXY_CONNECTION);
      // Not `pragma` and `priority`.
      return (text.charCodeAt(at + 2) | 0x20) === 0x6f ? claimAt(text, at) : FIELD_PLAIN;
    case 0x74: // t
      if (text.charCodeAt(at + 2) === 0x3a) return match(text, at, 'te', FIELD_TE);
      if (text.charCodeAt(at + 14) === 0x3a) return claimAt(text, at);
      return text.charCodeAt(at + 17) === 0x3a ? match(text, at, 'transfer-encoding', FIELD_TRANSFER_ENCODING) : FIELD_PLAIN;
    case 0x75: // u
      return text.charCodeAt(at + 7) === 0x3a ? match(text, at, 'upgrade', FIELD_UPGRADE) : FIELD_PLAIN;
    case 0x76: // v
      return text.charCodeAt(at + 3) === 0x3a ? match(text, at, 'via', FIELD_VIA) : FIELD_PLAIN;
    case 0x77: // w
      return claimAt(text, at);
    case 0x78: // x
      return extensionAt(text, at);
    default:
      return FIELD_PLAIN;
  }
}

/** Of the many that begin with `co` and `ca` we act on two. */
function fieldOfC(text: string, at: number): number {
  if (isOneOf(text.charCodeAt(at + 1), 0x6f, 0x61)) {
    if (text.charCodeAt(at + 10) === 0x3a) return match(text, at, 'connection', FIELD_CONNECTION);
    return text.charCodeAt(at + 14) === 0x3a ? match(text, at, 'content-length', FIELD_CONTENT_LENGTH) : FIELD_PLAIN;
  }
  return text.charCodeAt(at + 8) === 0x3a ? match(text, at, CDN_LOOP_FIELD, FIELD_CDN_LOOP) : claimAt(text, at);
}

function isOneOf(code: number, one: number, other: number): boolean {
  const letter = code | 0x20;
  return letter === one || letter === other;
}

function claimAt(text: string, at: number): number {
  const length = text.indexOf(':', at) - at;
  if (length > 31) return FIELD_PLAIN;
  const names = CLAIMS[(text.charCodeAt(at) | 0x20) - 0x61]![length]!;
  for (let index = 0; index < names.length; index++) {
    const found = match(text, at, names[index]!, FIELD_FORWARDED_OTHER);
    if (found !== FIELD_PLAIN) return found;
  }
  return FIELD_PLAIN;
}

function extensionAt(text: string, at: number): number {
  const field = knownExtensionAt(text, at);
  if (field !== FIELD_PLAIN) return field;
  const family = match(text, at, FORWARDED_PREFIX, FIELD_FORWARDED_OTHER);
  if (family === FIELD_PLAIN) return claimAt(text, at);
  return family === FIELD_FORWARDED_OTHER && hasUnderscore(text, at + FORWARDED_PREFIX.length) ? FIELD_LOOKALIKE : family;
}

/** Whether the rest of a name, from `at`, has one. It never looks beyond the name: a head may have many of them. */
function hasUnderscore(text: string, at: number): boolean {
  for (let index = at; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === 0x3a) return false;
    if (code === 0x5f) return true;
  }
  return false;
}

function knownExtensionAt(text: string, at: number): number {
  if (text.charCodeAt(at + 12) === 0x3a) return match(text, at, 'x-request-id', FIELD_REQUEST_ID);
  if (text.charCodeAt(at + 15) === 0x3a) {
    const field = match(text, at, 'x-forwarded-for', FIELD_FORWARDED_FOR);
    return field === FIELD_PLAIN ? match(text, at, SHADOW_FIELD, FIELD_FORWARDED_OTHER) : field;
  }
  if (text.charCodeAt(at + 16) === 0x3a) {
    const field = match(text, at, 'x-forwarded-host', FIELD_FORWARDED_HOST);
    return field === FIELD_PLAIN ? match(text, at, 'x-sluice-outcome', FIELD_OUTCOME) : field;
  }
  return text.charCodeAt(at + 17) === 0x3a ? match(text, at, 'x-forwarded-proto', FIELD_FORWARDED_PROTO) : FIELD_PLAIN;
}

// In a name, bit 5 tells upper from lower case and nothing else, save that it turns `_` into 0x7f.
function match(text: string, at: number, name: string, field: number): number {
  let found = field;
  for (let i = 1; i < name.length; i++) {
    const code = text.charCodeAt(at + i) | 0x20;
    const wanted = name.charCodeAt(i);
    if (code === wanted) continue;
    if (code !== 0x7f || wanted !== 0x2d) return FIELD_PLAIN;
    found = FIELD_LOOKALIKE;
  }
  return found;
}
