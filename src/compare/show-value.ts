// How a value of a response is shown in a report. By default as its type and length: responses hold secrets and names of people.

import { SECRET_PARTS } from '../lib/secret-names.ts';
import { ExactNumber } from './parse-json.ts';
import { typeOf } from './json-type.ts';

/** shapes: type and length alone; values: scalars as they are, except what looks like a secret or a person. */
export type ShowValues = 'shapes' | 'values';

const MAX_SHOWN_LENGTH = 64;

/** Field names of bodies are words of any trade: `auth` and `key` alone would hide authors and keyboards. */
const SECRET_NAME = new RegExp(
  [
    ...SECRET_PARTS,
    'passphrase',
    'api[_-]?key',
    'authori[sz]ation',
    'private',
    'otp',
    '\\bpin\\b',
    'cvv',
    'ssn',
    'iban',
    'card',
    'account',
  ].join('|'),
  'i',
);
const PERSONAL_NAME = /mail|phone|mobile|address|street|zip|birth|(?:first|last|full|family|given|user|nick)[_-]?name/i;
const MAIL = /[^\s@]+@[^\s@]+/;
/** Tokens, keys, JWTs: long runs without a blank. */
const TOKEN = /[A-Za-z0-9+/_=.-]{24,}/;
const CARD_OR_PHONE = /(?:[0-9][ ()-]*){9,}/;

/** One line that stands for a value at `path`. */
export function showValue(value: unknown, path: string, isRedacted: boolean, show: ShowValues): string {
  if (value === undefined) return 'absent';
  if (isRedacted) return 'redacted';
  if (show === 'shapes' || SECRET_NAME.test(path) || PERSONAL_NAME.test(path)) return shapeOf(value);
  const type = typeOf(value);
  if (type === 'array' || type === 'object') return shapeOf(value);
  const text = type === 'string' ? JSON.stringify((value as string).slice(0, MAX_SHOWN_LENGTH + 1)) : numberOrWord(value);
  if (looksPrivate(text)) return shapeOf(value);
  return text.length > MAX_SHOWN_LENGTH ? `${text.slice(0, MAX_SHOWN_LENGTH)}…` : text;
}

function looksPrivate(text: string): boolean {
  return MAIL.test(text) || TOKEN.test(text) || CARD_OR_PHONE.test(text);
}

/** Cut before it is looked at: a number may have a million digits, and the patterns take time with the square of the length. */
function numberOrWord(value: unknown): string {
  return value instanceof ExactNumber ? value.text.slice(0, MAX_SHOWN_LENGTH + 1) : String(value);
}

function shapeOf(value: unknown): string {
  if (value instanceof Uint8Array) return `bytes(${value.length})`;
  if (value instanceof BodyLength) return value.bound === 'exact' ? `bytes(${value.bytes})` : `bytes(over ${value.bytes})`;
  switch (typeOf(value)) {
    case 'string':
      return `string(${(value as string).length})`;
    case 'array':
      return `array(${(value as readonly unknown[]).length})`;
    case 'object':
      return `object(${Object.keys(value as object).length})`;
    case 'number':
      return 'number';
    case 'boolean':
      return 'boolean';
    case 'null':
      return 'null';
  }
}

/** A body of which only the length is known, or what it is longer than. */
export class BodyLength {
  readonly bytes: number;
  readonly bound: 'exact' | 'more';

  constructor(bytes: number, bound: 'exact' | 'more') {
    this.bytes = bytes;
    this.bound = bound;
  }
}
