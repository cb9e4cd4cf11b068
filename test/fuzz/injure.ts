// Injuries by chance: bytes and fragments of the grammar in wrong places, lines twice, in another order, or gone.

import { choose, pick } from './target.ts';
import type { Chance } from './target.ts';

const MAX_INJURIES = 5;
const MAX_REPEATS = 200;

/** @param fragments what the grammar is made of */
export function injure(chance: Chance, text: string, fragments: readonly string[]): string {
  let injured = text;
  for (let left = 1 + pick(chance, MAX_INJURIES); left > 0; left--) injured = injureOnce(chance, injured, fragments);
  return injured;
}

function injureOnce(chance: Chance, text: string, fragments: readonly string[]): string {
  const at = pick(chance, text.length + 1);
  const [line, next] = lineAround(text, at);
  switch (pick(chance, 10)) {
    case 0: // another byte
      return text.slice(0, at) + String.fromCharCode(pick(chance, 256)) + text.slice(at + 1);
    case 1: // one bit
      return text.slice(0, at) + String.fromCharCode((text.charCodeAt(at) || 0) ^ (1 << pick(chance, 8))) + text.slice(at + 1);
    case 2: // without some
      return text.slice(0, at) + text.slice(at + 1 + pick(chance, 8));
    case 3: // cut off
      return text.slice(0, at);
    case 4: // a fragment many times
      return text.slice(0, at) + choose(chance, fragments).repeat(pick(chance, MAX_REPEATS)) + text.slice(at);
    case 5: // a line twice
      return text.slice(0, next) + text.slice(line, next) + text.slice(next);
    case 6: // without a line
      return text.slice(0, line) + text.slice(next);
    case 7: // a line elsewhere
      return moveLine(text, line, next, at);
    default: // a fragment
      return text.slice(0, at) + choose(chance, fragments) + text.slice(at);
  }
}

function moveLine(text: string, line: number, next: number, at: number): string {
  const without = text.slice(0, line) + text.slice(next);
  const to = without.lastIndexOf('\n', at % (without.length + 1)) + 1;
  return without.slice(0, to) + text.slice(line, next) + without.slice(to);
}

function lineAround(text: string, at: number): readonly [from: number, to: number] {
  const next = text.indexOf('\n', at);
  return [text.lastIndexOf('\n', Math.max(0, at - 1)) + 1, next < 0 ? text.length : next + 1];
}
