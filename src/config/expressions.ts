// Regular expressions of operators (RE2, https://github.com/google/re2/wiki/Syntax): they match in linear time, and their size is bounded before
// they are compiled, since a repeated part is compiled as often as it may be repeated.

import { RE2JS } from 're2js';

/** The largest expression that may be compiled, as `expressionSize` counts. */
export const MAX_EXPRESSION_SIZE = 500;

/** Counted for a class of Unicode, such as \pL: a list of some hundred ranges. */
const UNICODE_SIZE = 10;
/** Of all that is kept. */
const MAX_KEPT_SIZE = 100_000;

const kept = new Map<string, RE2JS>();
let keptSize = 0;

/** Compiled once and kept for the next that asks. @throws an Error from re2js on a pattern that RE2 refuses */
export function compileExpression(pattern: string): RE2JS {
  const known = kept.get(pattern);
  if (known !== undefined) return known;
  const compiled = RE2JS.compile(pattern);
  keptSize += expressionSize(pattern);
  if (keptSize > MAX_KEPT_SIZE) {
    kept.clear();
    keptSize = expressionSize(pattern);
  }
  kept.set(pattern, compiled);
  return compiled;
}

interface Level {
  /** Of what is complete, and of the last part, which a repetition is about. */
  sum: number;
  last: number;
}

/** About how many steps the compiled expression has. In one pass; what is no expression has some size, too. */
export function expressionSize(pattern: string): number {
  const levels: Level[] = [];
  let level: Level = { sum: 0, last: 0 };
  for (let at = 0; at < pattern.length;) {
    const char = pattern[at]!;
    const times = char === '{' ? REPETITION.exec(pattern.slice(at, at + 12)) : null;
    if (times !== null) {
      const most = Math.max(Number(times[1]), Number(times[2] ?? 0), 1);
      level.last *= most;
      at += times[0].length;
    } else if (char === '(') {
      levels.push(level);
      level = { sum: 0, last: 0 };
      at++;
    } else if (char === ')') {
      const group = level.sum + level.last + 1;
      level = levels.pop() ?? { sum: 0, last: 0 };
      add(level, group);
      at++;
    } else {
      const [size, length] = char === '[' ? classAt(pattern, at) : char === '\\' ? escapeAt(pattern, at) : [1, 1];
      add(level, size);
      at += length;
    }
  }
  return levels.reduce((sum, each) => sum + each.sum + each.last, level.sum + level.last);
}

const REPETITION = /^\{(\d{1,4})(?:,(\d{0,4}))?\}/;

function add(level: Level, size: number): void {
  level.sum += level.last;
  level.last = size;
}

/** Size and length of the class that begins there. */
function classAt(pattern: string, from: number): readonly [size: number, length: number] {
  let size = 1;
  // A bracket at the beginning stands for itself.
  let at = from + (pattern[from + 1] === '^' ? 2 : 1);
  if (pattern[at] === ']') at++;
  while (at < pattern.length && pattern[at] !== ']') {
    const [part, length] = pattern[at] === '\\' ? escapeAt(pattern, at) : pattern[at] === '-' ? [1, 1] : [0.25, 1];
    size += part;
    at += length;
  }
  return [size, at + 1 - from];
}

function escapeAt(pattern: string, from: number): readonly [size: number, length: number] {
  return /[pP]/.test(pattern[from + 1] ?? '') ? [UNICODE_SIZE, 2] : [1, 2];
}
