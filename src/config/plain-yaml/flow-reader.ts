// The parts of plain YAML that are the same in blocks and in brackets, and what stands in brackets.

import { Cursor, CR, COLON, HASH, LF, SPACE, TAB } from './cursor.ts';
import { GaveUp } from './give-up.ts';
import { endOfQuoted, plainScalar, quotedText } from './scalar.ts';
import { Shape } from './shape.ts';

/** As the library's tree is bounded. */
const MAX_DEPTH = 32;
/** The library refuses implicit keys of 1024 characters. */
const MAX_KEY_LENGTH = 1000;

/** Of maps, lists and scalars together. A config of 50,000 routes has half of it. */
const MAX_VALUES = 1_500_000;
/** Of one map, and of one list. */
export const MAX_KEYS = 20_000;
export const MAX_ITEMS = 100_000;

const [COMMA, OPEN_LIST, CLOSE_LIST, OPEN_MAP, CLOSE_MAP] = [0x2c, 0x5b, 0x5d, 0x7b, 0x7d];
const [DOUBLE, SINGLE] = [0x22, 0x27];
/** Characters that mean nothing wherever they stand in plain text: one step for a run of them, also where a text is one huge value. */
const ORDINARY = /[^\u0000- \u007f-\u009f\ufeff#,:[\]{}]+/y;
/** Characters that plain text may begin with. */
const STARTS = startsOf('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./+~^$();<=\\');
/** Those that it may begin with before one of `STARTS`. */
const SIGNS = startsOf('-:');

export class FlowReader extends Cursor {
  /** Of the value that was read last: where it begins, what stands in it where, and whether it turned out to be a key. */
  protected start = 0;
  protected shape: Shape | undefined = undefined;
  protected isKey = false;
  readonly #withShape: boolean;
  #depth = 0;
  #values = 0;

  constructor(text: string, withShape: boolean) {
    super(text);
    this.#withShape = withShape;
  }

  protected enter(isMap: boolean): Shape | undefined {
    if (++this.#depth > MAX_DEPTH) throw new GaveUp(this.pos, `nesting deeper than ${MAX_DEPTH} levels`);
    return this.#withShape ? new Shape(isMap) : undefined;
  }

  protected leave<T>(value: T, shape: Shape | undefined, start: number): T {
    this.#depth--;
    this.shape = shape;
    this.start = start;
    return value;
  }

  protected checkKey(map: object, key: string, at: number): void {
    if (key.length > MAX_KEY_LENGTH) throw new GaveUp(at, `a key longer than ${MAX_KEY_LENGTH} characters`);
    if (key === '__proto__') throw new GaveUp(at, 'the key "__proto__"');
    if (key === '<<') throw new GaveUp(at, 'a merge key');
    if (Object.hasOwn(map, key)) throw new GaveUp(at, `the key ${JSON.stringify(key.slice(0, 64))}, which is already there`);
  }

  protected count(at: number): void {
    if (++this.#values > MAX_VALUES) throw new GaveUp(at, `more than ${MAX_VALUES} values`);
  }

  protected checkSize(entries: number, most: number): void {
    if (entries > most) throw new GaveUp(this.pos, `a map or list with more than ${most} entries`);
  }

  protected note(shape: Shape, key: string | undefined, keyStart: number): void {
    if (key !== undefined) shape.keys.push(key);
    shape.keyOffsets.push(keyStart);
    shape.values.push(this.start);
    shape.children.push(this.shape);
  }

  /** Plain text of one line. Sets `isKey` where a colon follows, at which `pos` is then. */
  protected plainText(start: number, inFlow: boolean): string {
    const { text } = this;
    checkStart(text, start);
    let end = start;
    let at = start;
    this.isKey = false;
    for (; at < text.length; at++) {
      ORDINARY.lastIndex = at;
      if (ORDINARY.test(text)) end = at = ORDINARY.lastIndex;
      if (at === text.length) break;
      const code = text.charCodeAt(at);
      if (code === SPACE) continue;
      if (code === LF || (code === CR && text.charCodeAt(at + 1) === LF)) break;
      if (code === COLON && this.isBlankAt(at + 1)) {
        this.isKey = true;
        break;
      }
      if (code === HASH && text.charCodeAt(at - 1) === SPACE) break;
      if (code < SPACE || (code >= 0x7f && code < 0xa0) || code === 0xfeff) throw new GaveUp(at, 'a tab or a control character');
      if (code === OPEN_MAP && text.charCodeAt(at - 1) === 0x24) throw new GaveUp(at, 'a variable');
      if (inFlow && endsFlowText(text, at, code)) break;
      end = at + 1;
    }
    this.pos = this.isKey ? at : end;
    return text.slice(start, end);
  }

  protected flow(indent: number): unknown {
    return this.text.charCodeAt(this.pos) === OPEN_MAP ? this.#flowMap(indent) : this.#flowList(indent);
  }

  #flowMap(indent: number): Record<string, unknown> {
    const start = this.pos++;
    const shape = this.enter(true);
    const map: Record<string, unknown> = {};
    let keys = 0;
    while (this.#flowSpace(indent) !== CLOSE_MAP) {
      const keyStart = this.pos;
      this.checkSize(++keys, MAX_KEYS);
      const key = this.#flowKey();
      this.checkKey(map, key, keyStart);
      this.pos++;
      this.#flowSpace(indent);
      this.count(keyStart);
      map[key] = this.#flowValue(indent);
      if (shape !== undefined) this.note(shape, key, keyStart);
      this.#nextEntry(indent, CLOSE_MAP);
    }
    this.pos++;
    return this.leave(map, shape, start);
  }

  #flowList(indent: number): unknown[] {
    const start = this.pos++;
    const shape = this.enter(false);
    const list: unknown[] = [];
    while (this.#flowSpace(indent) !== CLOSE_LIST) {
      this.count(this.pos);
      this.checkSize(list.length + 1, MAX_ITEMS);
      list.push(this.#flowValue(indent));
      if (shape !== undefined) this.note(shape, undefined, this.start);
      this.#nextEntry(indent, CLOSE_LIST);
    }
    this.pos++;
    return this.leave(list, shape, start);
  }

  #nextEntry(indent: number, close: number): void {
    const code = this.#flowSpace(indent);
    if (code === COMMA) this.pos++;
    else if (code !== close) throw new GaveUp(this.pos, 'something else than a comma or the closing bracket');
  }

  #flowKey(): string {
    const { text } = this;
    const start = this.pos;
    const first = text.charCodeAt(start);
    if (first !== DOUBLE && first !== SINGLE) {
      const key = this.plainText(start, true);
      if (!this.isKey) throw new GaveUp(start, 'a key without a value, or without a space after its colon');
      return key;
    }
    const end = (this.pos = endOfQuoted(text, start));
    this.skipSpaces();
    if (text.charCodeAt(this.pos) !== COLON) throw new GaveUp(this.pos, 'a key without a colon');
    return quotedText(text, start, end);
  }

  #flowValue(indent: number): unknown {
    const { text } = this;
    const start = this.pos;
    const first = text.charCodeAt(start);
    if (first === OPEN_MAP || first === OPEN_LIST) return this.flow(indent);
    let value: unknown;
    if (first === DOUBLE || first === SINGLE) value = quotedText(text, start, (this.pos = endOfQuoted(text, start)));
    else {
      value = plainScalar(this.plainText(start, true), start);
      if (this.isKey) throw new GaveUp(this.pos, 'a colon where a comma or the closing bracket belongs');
    }
    this.shape = undefined;
    this.start = start;
    return value;
  }

  /** Passes blanks, comments and line ends inside brackets. Returns what comes then. */
  #flowSpace(indent: number): number {
    for (;;) {
      const before = this.pos;
      this.skipSpaces();
      const code = this.text.charCodeAt(this.pos);
      if (code === TAB && indent < 0) this.pos++;
      else if (code === HASH && (this.pos > before || this.pos === this.lineStart)) this.toLineEnd();
      else if (code === LF || (code === CR && this.endsAt(this.pos))) {
        this.nextLine();
        if (this.indent <= indent) throw new GaveUp(this.pos, 'a line in brackets that is not indented, or brackets that nothing closes');
      } else if (this.pos >= this.text.length) throw new GaveUp(this.pos, 'brackets that nothing closes');
      else return code;
    }
  }
}

/** Whether plain text in brackets ends here. */
function endsFlowText(text: string, at: number, code: number): boolean {
  if (code === COMMA || code === CLOSE_LIST || code === CLOSE_MAP) return true;
  if (code === OPEN_LIST || code === OPEN_MAP) throw new GaveUp(at, 'an opening bracket in plain text');
  if (code === COLON && ',[]{}'.includes(text.charAt(at + 1))) throw new GaveUp(at, 'a colon before a bracket or comma');
  return false;
}

function checkStart(text: string, start: number): void {
  const code = text.charCodeAt(start);
  if (code >= 0xa0 && code !== 0xfeff) return;
  if (STARTS[code] === 1 || (SIGNS[code] === 1 && STARTS[text.charCodeAt(start + 1)] === 1)) return;
  const what = start < text.length ? JSON.stringify(text.charAt(start)) : 'the end of the text';
  throw new GaveUp(start, `${what}, which begins no plain text`);
}

function startsOf(characters: string): Uint8Array {
  const starts = new Uint8Array(128);
  for (const character of characters) starts[character.charCodeAt(0)] = 1;
  return starts;
}
