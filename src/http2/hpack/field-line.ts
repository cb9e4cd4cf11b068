// One line of a header block, taken apart for the encoder.

import { HASH_START, hashOn, lower, ruleOf } from './name-rules.ts';
import type { NameRule } from './name-rules.ts';

const TAB = 0x09;
const LINE_FEED = 0x0a;
const SPACE = 0x20;
const COLON = 0x3a;
const NO_RULE: NameRule = { name: '', hash: 0, index: 0, inRequests: 0, inResponses: 0 };

/** Reused: it holds the line that was read last. */
export class FieldLine {
  block = '';
  /** The line with its line feed. */
  from = 0;
  to = 0;
  /** The value, without outer blanks and CR. */
  valueFrom = 0;
  valueTo = 0;
  rule = NO_RULE;

  /** Takes the line that begins at `from` apart. False: it has no name, which no line of a checked block lacks; `to` is right even so. */
  read(block: string, from: number): boolean {
    const end = block.indexOf('\n', from);
    this.block = block;
    this.from = from;
    this.to = end < 0 ? block.length : end + 1;
    let hash = HASH_START;
    let colon = from;
    for (let code = block.charCodeAt(colon); code !== COLON; code = block.charCodeAt(++colon)) {
      if (colon >= this.to) return false;
      hash = hashOn(hash, lower(code));
    }
    if (colon === from) return false;
    this.rule = ruleOf(block, from, colon, hash);
    this.#trim(colon + 1);
    return true;
  }

  /** Takes what follows a name that is known already, its colon and one blank. False: more of them follow, or stand at the end. */
  readValue(block: string, from: number): boolean {
    const end = block.indexOf('\n', from);
    const valueTo = end - 1;
    this.block = block;
    this.to = end + 1;
    this.valueFrom = from;
    this.valueTo = valueTo;
    if (valueTo < from || block.charCodeAt(valueTo) !== 0x0d) return false;
    return valueTo === from || (!isBlank(block.charCodeAt(from)) && !isBlank(block.charCodeAt(valueTo - 1)));
  }

  /** Whether one blank or none stands between colon and value, so that what is before the value may be known again. */
  get isPlain(): boolean {
    return (
      this.valueFrom < this.valueTo &&
      this.block.charCodeAt(this.valueFrom - 1) === (this.block.charCodeAt(this.valueFrom - 2) === COLON ? SPACE : COLON)
    );
  }

  /** Takes a pseudo-field: `value` is the whole text. */
  set(rule: NameRule, value: string): void {
    this.block = value;
    this.from = 0;
    this.to = value.length;
    this.valueFrom = 0;
    this.valueTo = value.length;
    this.rule = rule;
  }

  /** Of all its characters. */
  hash(): number {
    let hash = HASH_START;
    for (let at = this.from; at < this.to; at++) hash = hashOn(hash, this.block.charCodeAt(at));
    return hash;
  }

  #trim(from: number): void {
    let start = from;
    let end = this.to;
    while (start < end && isBlank(this.block.charCodeAt(start))) start++;
    while (end > start && isOuter(this.block.charCodeAt(end - 1))) end--;
    this.valueFrom = start;
    this.valueTo = end;
  }
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}

function isOuter(code: number): boolean {
  return isBlank(code) || code === 0x0d || code === LINE_FEED;
}
