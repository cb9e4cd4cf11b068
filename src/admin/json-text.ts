// JSON text of a body: judged before it is parsed, and its keys and values found again afterwards. Everything here takes one pass over the text,
// because strangers write it and the thread that steers reads it.

import { formatPath } from '../config/path.ts';
import type { Path } from '../config/path.ts';

export interface TextPlace {
  readonly line: number;
  readonly column: number;
}

const MAX_DEPTH = 32;
/** Members and items together; the largest body that is meant, of 1,000 events of users, has 4,002. */
const MAX_VALUES = 5_000;

/** What makes a text too costly to be parsed at all; undefined when it may be. The text need not be JSON. */
export function boundsFault(text: string): string | undefined {
  let depth = 0;
  let values = 1;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = endOfString(text, at) - 1;
    else if (code === OPEN_LIST || code === OPEN_MAP) {
      if (++depth > MAX_DEPTH) return `the JSON nests deeper than ${MAX_DEPTH}`;
      values++;
    } else if (code === CLOSE_LIST || code === CLOSE_MAP) depth--;
    else if (code === COMMA && ++values > MAX_VALUES) break;
  }
  return values > MAX_VALUES ? `the JSON has more than ${MAX_VALUES} values` : undefined;
}

/** Where each path of a text stands. */
export interface JsonPlaces {
  /** Of the deepest thing that exists on the path. */
  place(path: Path, side: 'key' | 'value'): TextPlace;
  /** The first key that its map has already. */
  readonly repeated: { readonly path: string; readonly key: string; readonly place: TextPlace } | undefined;
}

/** @param text valid JSON within the bounds above */
export function readPlaces(text: string): JsonPlaces {
  const reader = new PlaceReader(text);
  const root = reader.read([]);
  return {
    repeated: reader.repeated,
    place: (path, side) => {
      let node = root;
      let offset = root.at;
      for (const [depth, part] of path.entries()) {
        const next = node.inner?.get(String(part));
        if (next === undefined) break;
        offset = depth === path.length - 1 && side === 'key' ? (next.keyAt ?? next.at) : next.at;
        node = next;
      }
      return placeAt(text, offset);
    },
  };
}

/** Line and column, from 1. */
export function placeAt(text: string, offset: number): TextPlace {
  const lineStart = text.lastIndexOf('\n', offset - 1) + 1;
  let line = 1;
  for (let at = text.indexOf('\n'); at !== -1 && at < lineStart; at = text.indexOf('\n', at + 1)) line++;
  return { line, column: offset - lineStart + 1 };
}

interface Node {
  readonly at: number;
  readonly keyAt: number | undefined;
  /** Of a map or a list. */
  readonly inner: Map<string, Node> | undefined;
}

/** Trusts that the text is valid JSON: it only counts. */
class PlaceReader {
  repeated: JsonPlaces['repeated'] = undefined;
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(path: Path, keyAt?: number): Node {
    const at = this.#next();
    const code = this.#text.charCodeAt(at);
    if (code === OPEN_MAP) return { at, keyAt, inner: this.#readMap(path) };
    if (code === OPEN_LIST) return { at, keyAt, inner: this.#readList(path) };
    this.#at = code === QUOTE ? endOfString(this.#text, at) : this.#endOfWord(at);
    return { at, keyAt, inner: undefined };
  }

  #readMap(path: Path): Map<string, Node> {
    const inner = new Map<string, Node>();
    this.#at++;
    for (let at = this.#next(); this.#text.charCodeAt(at) === QUOTE; at = this.#next()) {
      const end = endOfString(this.#text, at);
      const key = JSON.parse(this.#text.slice(at, end)) as string;
      if (inner.has(key)) this.repeated ??= { path: formatPath([...path, key]), key, place: placeAt(this.#text, at) };
      this.#at = end;
      // The colon.
      this.#at = this.#next() + 1;
      inner.set(key, this.read([...path, key], at));
      if (this.#text.charCodeAt(this.#next()) === COMMA) this.#at++;
    }
    this.#at++;
    return inner;
  }

  #readList(path: Path): Map<string, Node> {
    const inner = new Map<string, Node>();
    this.#at++;
    while (this.#text.charCodeAt(this.#next()) !== CLOSE_LIST) {
      inner.set(String(inner.size), this.read([...path, inner.size]));
      if (this.#text.charCodeAt(this.#next()) === COMMA) this.#at++;
    }
    this.#at++;
    return inner;
  }

  /** Position of the next character that is no blank. */
  #next(): number {
    while (this.#at < this.#text.length && this.#text.charCodeAt(this.#at) <= BLANK) this.#at++;
    return this.#at;
  }

  #endOfWord(from: number): number {
    let at = from + 1;
    while (at < this.#text.length && /[A-Za-z0-9+.-]/.test(this.#text.charAt(at))) at++;
    return at;
  }
}

/** Position behind the closing quote of the string that begins at `from`; the end of the text when it has none. */
function endOfString(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === BACKSLASH) at++;
    else if (code === QUOTE) return at + 1;
  }
  return text.length;
}

const BLANK = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_LIST = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_LIST = 0x5d;
const OPEN_MAP = 0x7b;
const CLOSE_MAP = 0x7d;
