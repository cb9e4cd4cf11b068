// What became of one line of a header block, so that the same line in the next block need not be looked at again: heads of one connection
// resemble each other. A field that entered the dynamic table is known by its whole line, one that is sent in full by its name.

import { SEND_ONCE } from './name-rules.ts';
import type { NameRule } from './name-rules.ts';

export class Step {
  /** What the line is known by, as it stands in the block. */
  readonly text: string;
  readonly rule: NameRule;
  /** How the field is sent: one of SEND_… */
  readonly use: number;
  /** Of an entry of the table: hash of its line, and its size in octets, as the table counts it. */
  readonly hash: number;
  readonly size: number;
  /** Of an entry of the table: they are numbered in the order in which they were inserted, from 1. */
  number = 0;
  /** What came behind it: likely what comes next. */
  next: Step | undefined = undefined;

  constructor(text: string, rule: NameRule, use: number, hash: number, size: number) {
    this.text = text;
    this.rule = rule;
    this.use = use;
    this.hash = hash;
    this.size = size;
  }
}

/** Stands before the first line of a block. */
export function startStep(rule: NameRule): Step {
  return new Step('', rule, SEND_ONCE, 0, 0);
}
