// YAML as almost all configs are written: maps, lists and scalars of one line, in blocks or in brackets, which includes all JSON. It reads in one
// pass, in time and memory linear to the text, a hundred times cheaper than the library, which sees all else. What it reads it must read
// exactly as the library does (test/property/config/plain-yaml); where there is a doubt, it gives up.

import { COLON } from './cursor.ts';
import { FlowReader, MAX_ITEMS, MAX_KEYS } from './flow-reader.ts';
import { GaveUp, NOTHING } from './give-up.ts';
import { endOfQuoted, plainScalar, quotedText } from './scalar.ts';
import type { Shape } from './shape.ts';

const [OPEN_LIST, OPEN_MAP] = [0x5b, 0x7b];
const [DOUBLE, SINGLE] = [0x22, 0x27];

export interface PlainText {
  readonly value: unknown;
  /** Where the value begins. */
  readonly start: number;
  /** Undefined unless it was asked for, or where the value is a scalar. */
  readonly shape: Shape | undefined;
}

/** @param withShape whether to note where everything stands */
export function readPlain(text: string, withShape = false): PlainText | GaveUp {
  try {
    return new BlockReader(text, withShape).document();
  } catch (error) {
    if (error instanceof GaveUp) return error;
    throw error;
  }
}

/** Whether the library is not needed. */
export function isPlainYaml(text: string): boolean {
  return !(readPlain(text) instanceof GaveUp);
}

class BlockReader extends FlowReader {
  document(): PlainText {
    if (this.text.startsWith('---\n')) this.pos = 4;
    this.enterLine();
    if (this.skipComment()) this.nextLine();
    if (this.indent < 0) throw new GaveUp(0, NOTHING);
    const start = this.pos;
    const code = this.text.charCodeAt(start);
    const isFlow = code === OPEN_LIST || code === OPEN_MAP;
    const value = isFlow ? this.flow(-1) : this.#block(this.indent);
    if (isFlow) this.#endLine();
    if (this.indent >= 0) throw new GaveUp(this.pos, 'an indent that fits nothing above');
    return { value, start, shape: this.shape };
  }

  #block(indent: number): unknown {
    return this.isDash ? this.#list(indent) : this.#map(indent);
  }

  #map(indent: number): Record<string, unknown> {
    const start = this.pos;
    const shape = this.enter(true);
    const map: Record<string, unknown> = {};
    let keys = 0;
    while (this.indent === indent && !this.isDash) {
      const keyStart = this.pos;
      this.checkSize(++keys, MAX_KEYS);
      const key = this.#blockText();
      if (!this.isKey) throw new GaveUp(keyStart, 'text without a colon, or of several lines');
      this.checkKey(map, key, keyStart);
      this.pos++;
      this.count(keyStart);
      map[key] = this.skipRest() ? this.#below(indent, true) : this.#inline(indent);
      if (shape !== undefined) this.note(shape, key, keyStart);
    }
    this.#refuseDeeper(indent);
    return this.leave(map, shape, start);
  }

  #list(indent: number): unknown[] {
    const start = this.pos;
    const shape = this.enter(false);
    const list: unknown[] = [];
    while (this.indent === indent && this.isDash) {
      this.pos++;
      this.count(this.pos);
      this.checkSize(list.length + 1, MAX_ITEMS);
      list.push(this.skipRest() ? this.#below(indent, false) : this.#item(indent));
      if (shape !== undefined) this.note(shape, undefined, this.start);
    }
    this.#refuseDeeper(indent);
    return this.leave(list, shape, start);
  }

  /** What stands in the line of its dash. */
  #item(indent: number): unknown {
    const column = this.pos - this.lineStart;
    if (this.isDash) {
      this.indent = column;
      return this.#list(column);
    }
    const code = this.text.charCodeAt(this.pos);
    if (code === OPEN_LIST || code === OPEN_MAP) return this.#inline(indent);
    const start = this.pos;
    const value = this.#scalar();
    if (this.isKey) {
      this.pos = start;
      this.indent = column;
      return this.#map(column);
    }
    this.#endLine();
    return this.#single(value, start, indent);
  }

  /** What stands in the lines below its key or dash; nothing is null. */
  #below(indent: number, mayBeLevel: boolean): unknown {
    const end = this.restStart;
    this.nextLine();
    if (this.indent > indent || (mayBeLevel && this.indent === indent && this.isDash)) return this.#block(this.indent);
    return this.#single(null, end, indent);
  }

  /** What stands in the line of its key. */
  #inline(indent: number): unknown {
    const start = this.pos;
    const code = this.text.charCodeAt(start);
    if (code === OPEN_LIST || code === OPEN_MAP) {
      const value = this.flow(indent);
      const [shape, begin] = [this.shape, this.start];
      this.#endLine();
      this.#refuseDeeper(indent);
      this.shape = shape;
      this.start = begin;
      return value;
    }
    const value = this.#scalar();
    if (this.isKey) throw new GaveUp(this.pos, 'a second colon in one line');
    this.#endLine();
    return this.#single(value, start, indent);
  }

  #single(value: unknown, start: number, indent: number): unknown {
    this.#refuseDeeper(indent);
    this.shape = undefined;
    this.start = start;
    return value;
  }

  #refuseDeeper(indent: number): void {
    if (this.indent > indent) throw new GaveUp(this.pos, 'text of several lines, or an indent that fits nothing above');
  }

  #endLine(): void {
    if (!this.skipRest()) throw new GaveUp(this.pos, 'something after the end of a value');
    this.nextLine();
  }

  /** Sets `isKey` where a colon follows, at which `pos` is then. */
  #scalar(): unknown {
    const start = this.pos;
    const text = this.#blockText();
    const first = this.text.charCodeAt(start);
    return first === DOUBLE || first === SINGLE || this.isKey ? text : plainScalar(text, start);
  }

  #blockText(): string {
    const { text } = this;
    const start = this.pos;
    const first = text.charCodeAt(start);
    if (first === DOUBLE || first === SINGLE) {
      const end = (this.pos = endOfQuoted(text, start));
      this.skipSpaces();
      this.isKey = text.charCodeAt(this.pos) === COLON && this.isBlankAt(this.pos + 1);
      if (!this.isKey) this.pos = end;
      return quotedText(text, start, end);
    }
    return this.plainText(start, false);
  }
}
