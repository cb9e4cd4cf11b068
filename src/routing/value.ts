// Compiled form of a value condition. The only regular expressions are the operator's own, and they run in linear time.

import type { RE2JS } from 're2js';
import type { ValueMatcher } from '../config/model.ts';
import { compileExpression } from '../config/expressions.ts';

const KIND_EXACT = 0;
const KIND_REGEX = 1;
const KIND_PRESENT = 2;

export class ValueTest {
  readonly #kind: typeof KIND_EXACT | typeof KIND_REGEX | typeof KIND_PRESENT;
  readonly #exact: string;
  readonly #pattern: RE2JS | undefined;

  /** `exact` is the value of an exact matcher in the encoding it will meet: field text for headers and cookies. */
  constructor(matcher: ValueMatcher, exact: string) {
    this.#kind = matcher.kind === 'exact' ? KIND_EXACT : matcher.kind === 'regex' ? KIND_REGEX : KIND_PRESENT;
    this.#exact = exact;
    this.#pattern = matcher.kind === 'regex' ? compileExpression(matcher.pattern) : undefined;
  }

  /** Whether a value is there and passes. A regular expression may match anywhere in it; anchors are the operator's. */
  passes(value: string | undefined): boolean {
    if (value === undefined) return false;
    if (this.#kind === KIND_EXACT) return value === this.#exact;
    return this.#pattern === undefined || this.#pattern.test(value);
  }
}

/** Such as `= v2`, `matches ^v[0-9]+$` or `is present`. */
export function describeValue(matcher: ValueMatcher): string {
  switch (matcher.kind) {
    case 'exact':
      return `= ${matcher.value}`;
    case 'regex':
      return `matches ${matcher.pattern}`;
    case 'present':
      return 'is present';
  }
}
