// Finds what the law of words forbids in a name or in a text.

import type { Avoided } from './law.ts';

/** The ending of a type's name is meant. */
const ENDING = '…';

/** The first word or ending of the law that the name breaks; undefined when it breaks none. */
export function faultOfName(name: string, law: readonly Avoided[]): Avoided | undefined {
  const words = wordsOf(name);
  const isConstant = /^[A-Z][A-Z0-9_]*$/.test(name);
  const isType = /^[A-Z]/.test(name) && !isConstant;
  return law.find(({ written }) => {
    if (written.startsWith(ENDING)) return isType && name.endsWith(written.slice(1)) && name.length >= written.length;
    if (written === written.toUpperCase()) return isConstant && words.includes(written.toLowerCase());
    return says(words, written);
  });
}

/** The same of a text: sentences, help, messages, comments. */
export function faultOfText(text: string, law: readonly Avoided[]): Avoided | undefined {
  const words = wordsOf(text);
  return law.find(({ written }) => !written.startsWith(ENDING) && written !== written.toUpperCase() && says(words, written));
}

/** `holdDeadline`, `hold-deadline`, `HOLD_DEADLINE` and `hold deadline` are the same two words. */
export function wordsOf(text: string): readonly string[] {
  const parts = text.split(/[^A-Za-z]+|(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/);
  return parts.filter((part) => part !== '').map((part) => part.toLowerCase());
}

function says(words: readonly string[], written: string): boolean {
  const [forms, ...rest] = patternOf(written);
  return words.some((word, at) => forms!.has(word) && rest.every((each, nth) => each.has(words[at + nth + 1] ?? '')));
}

const patterns = new Map<string, readonly ReadonlySet<string>[]>();

/** Per word the forms that it may have. In a phrase only the last one varies. */
function patternOf(written: string): readonly ReadonlySet<string>[] {
  const known = patterns.get(written);
  if (known !== undefined) return known;
  const words = written.split(' ');
  const pattern = words.map((word, at) => (at === words.length - 1 ? formsOf(word) : new Set([word])));
  patterns.set(written, pattern);
  return pattern;
}

function formsOf(word: string): ReadonlySet<string> {
  const stem = word.endsWith('e') ? word.slice(0, -1) : word;
  return new Set([word, `${word}s`, `${word}es`, `${word}d`, `${stem}ed`, `${word}ing`, `${stem}ing`, `${stem}er`]);
}
