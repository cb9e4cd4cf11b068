// Reads JSON without losing what a double cannot hold: two ids of 20 digits must not become equal.

/** A number that a double does not hold exactly, or not at all: as it was written. */
export class ExactNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type Parsed = { readonly value: unknown } | undefined;

/** Cheap and generous: a number of 16 digits or more, or with an exponent of three. */
const UNSAFE = /(?:^|[:[,\s-])[0-9](?:[0-9]{15}|[0-9.]*[eE][+-]?[0-9]{3})/;

/**
 * The value of a JSON text, or undefined where it is none. Of duplicate keys the last counts (as in ECMA-262, section 25.5.1); `__proto__` is
 * a key like any other. Numbers that lose digits become `ExactNumber`.
 */
export function parseJson(text: string): Parsed {
  try {
    return { value: UNSAFE.test(text) ? (JSON.parse(text, keepDigits as Reviver) as unknown) : (JSON.parse(text) as unknown) };
  } catch {
    // Not JSON, or nested so deep that the stack ends.
    return undefined;
  }
}

type Reviver = (key: string, value: unknown) => unknown;

function keepDigits(_key: string, value: unknown, context: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || context.source === undefined) return value;
  return isExact(value, context.source) ? value : new ExactNumber(context.source);
}

// Fractions were rounded where they were written; whole numbers are ids.
function isExact(value: number, source: string): boolean {
  if (!Number.isFinite(value)) return false;
  if (value === 0) return !/^-?[0.]*[1-9]/.test(source);
  return !Number.isInteger(value) || Number.isSafeInteger(value) || /[.eE]/.test(source);
}
