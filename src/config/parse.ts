// Text to a Source: YAML 1.2 with merge keys, one document, a map or a list at the top. Bounded in size, depth and aliases; never throws.

import { LineCounter, Pair, Scalar, YAMLMap, isAlias, isMap, isNode, isScalar, isSeq, parseDocument } from 'yaml';
import { lineStarts } from './line-starts.ts';
import type { Alias, Document, Node, YAMLSeq } from 'yaml';
import { isMap as isPlainMap } from '../lib/plain.ts';
import { Filler, hideVariables, soleVariable } from './environment.ts';
import type { Environment } from './environment.ts';
import { isFault } from './fault.ts';
import { MAX_LIBRARY_LENGTH, libraryRefusal, refusalOfLong } from './library-bounds.ts';
import { isMergeKey } from './merge-keys.ts';
import { formatPath } from './path.ts';
import type { Path } from './path.ts';
import { GaveUp, NOTHING, OTHER_KIND } from './plain-yaml/give-up.ts';
import { readPlainSource } from './plain-yaml/plain-source.ts';
import { readPlain } from './plain-yaml/reader.ts';
import { UNENDED } from './plain-yaml/scalar.ts';
import type { Problem } from './problem.ts';
import { keyText, placeOf } from './source.ts';
import type { Source } from './source.ts';
import { explainSyntax } from './syntax-message.ts';

export interface Parsed {
  readonly source: Source | undefined;
  readonly problems: readonly Problem[];
  /** Where the source has null in place of a value that is not known: what stands there is one of the Problems, and the only one. */
  readonly unknown?: readonly Problem[];
}

/** In characters. */
export const MAX_TEXT_LENGTH = 8 * 1024 * 1024;
const MAX_LINES = 1_000_000;
/** Of one character. */
const MAX_UTF8_BYTES = 3;
const MAX_UNSURE = 4 * 1024;
const UNSURE: readonly string[] = [NOTHING, OTHER_KIND, UNENDED];
const MAX_DEPTH = 32;
/** Nodes that aliases may add, so that a small file cannot stand for a huge one. */
const MAX_ALIASED = 10_000;
const MAX_READ_PROBLEMS = 1_000;
/** What people write in a token of the admin API for the secret itself, or for its variable as if that were filled in. */
const SECRET_KEYS: readonly string[] = ['token', 'value', 'secret', 'password', 'env'];

/** What kind of text it is. */
export interface Reading {
  /** What the map at the top holds, for messages. */
  readonly keys?: string;
  /** Of a config: variables are filled in, and keys at the top that begin with `x-` are left out. */
  readonly config?: { readonly environment: Environment };
}

interface Origin extends Pick<Source, 'file' | 'text' | 'lines'> {
  /** Undefined: `${` has no meaning. */
  readonly filler: Filler | undefined;
}

export function parseText(file: string, text: string, { keys = 'listeners, pools and routes', config }: Reading = {}): Parsed {
  const origin: Origin = { file, text, lines: new LineCounter(), filler: config && new Filler(config.environment) };
  const whenEmpty = `the file is empty: it needs at least ${keys.split(/[, ]/, 1)[0] ?? ''}`;
  const whenOther = `the file must be a map with keys such as ${keys}`;
  const root = readTop(origin, { whenEmpty, whenOther });
  if (isNode(root) && !isMap(root)) return failed(origin, root.range?.[0] ?? 0, whenOther);
  const parsed = isNode(root) ? toSource(origin, root as YAMLMap) : root;
  return config === undefined ? parsed : withoutExtensions(parsed);
}

/** Of a text, as many bytes as `refuseByBeginning` looks at. */
export const BEGINNING = 16 * 1024;

/**
 * Why a long text cannot be read, as far as its beginning shows that; undefined when it does not. Most texts that are made to cost much are
 * refused by it in a millisecond.
 * @param bytes of the whole text
 */
export function refuseByBeginning(file: string, beginning: string, bytes: number): Problem | undefined {
  if (bytes <= MAX_UTF8_BYTES * MAX_LIBRARY_LENGTH) return undefined;
  const plain = readPlain(beginning);
  // Near the end, and where nothing was found, it may be that the text goes on well.
  if (!(plain instanceof GaveUp) || plain.offset > beginning.length - MAX_UNSURE || UNSURE.includes(plain.reason)) return undefined;
  const refusal = refusalOfLong(plain);
  const origin: Origin = { file, text: beginning, lines: new LineCounter(), filler: undefined };
  countLines(origin);
  return failed(origin, refusal.offset, refusal.reason).problems[0];
}

/** Text with a list at the top; in the Source it stands under `key`, as if the file were a map with that one key. */
export function parseList(file: string, text: string, key: string): Parsed {
  const origin: Origin = { file, text, lines: new LineCounter(), filler: undefined };
  const whenOther = 'the file must be a list';
  const root = readTop(origin, { whenEmpty: 'the file is empty: write [] for an empty list', whenOther, listKey: key });
  if (!isNode(root)) return root;
  if (!isSeq(root)) return failed(origin, root.range?.[0] ?? 0, whenOther);
  const around = new YAMLMap();
  around.items.push(new Pair(new Scalar(key), root));
  return toSource(origin, around);
}

interface Expected {
  /** What to say of an empty text, and of another kind of value at the top. */
  readonly whenEmpty: string;
  readonly whenOther: string;
  /** What a list at the top stands under; without it there must be a map. */
  readonly listKey?: string;
}

/** The Source of plain YAML, or why there is none; else the node that the library finds at the top. */
function readTop(origin: Origin, { whenEmpty, whenOther, listKey }: Expected): Parsed | Node {
  if (origin.text.length > MAX_TEXT_LENGTH) return failed(origin, 0, `the file is larger than ${MAX_TEXT_LENGTH / 1024 ** 2} MiB`);
  if (!countLines(origin)) return failed(origin, 0, `the file has more than ${MAX_LINES} lines`);
  const plain = readPlainSource(origin, listKey);
  if (!(plain instanceof GaveUp)) return { source: plain, problems: [] };
  if (plain.reason === NOTHING) return failed(origin, 0, whenEmpty);
  if (plain.reason === OTHER_KIND) return failed(origin, plain.offset, whenOther);
  const refusal = libraryRefusal(origin.text, plain);
  return refusal === undefined ? readRoot(origin, whenEmpty) : failed(origin, refusal.offset, refusal.reason);
}

/** The node at the top, or why there is none. */
function readRoot(origin: Origin, whenEmpty: string): Node | Parsed {
  const document = read(origin);
  if (document === undefined) return failed(origin, 0, 'the YAML cannot be read: it nests too deeply');
  // One mistake makes the parser stumble over much that comes after it, so only the first fault is told.
  const [fault] = [...document.errors, ...document.warnings];
  if (fault !== undefined) return unreadable(origin, fault);
  const root: unknown = document.contents;
  return root === null || (isScalar(root) && root.value === null) ? failed(origin, 0, whenEmpty) : (root as Node);
}

/**
 * Done here because the package loses count in text that is not valid YAML. Returns whether there are not too many: then there are none, since
 * a million of them take more memory than the text.
 */
function countLines({ text, lines }: Origin): boolean {
  let count = 1;
  for (const _ of lineStarts(text)) if (++count > MAX_LINES) return false;
  lines.addNewLine(0);
  for (const start of lineStarts(text)) lines.addNewLine(start);
  return true;
}

function read(origin: Origin): Document | undefined {
  try {
    // The package compares every key with every other; `Reader.map` finds repeated keys in linear time instead.
    return parseDocument(origin.filler === undefined ? origin.text : hideVariables(origin.text), {
      uniqueKeys: false,
      stringKeys: true,
      merge: false,
      resolveKnownTags: false,
      prettyErrors: false,
      logLevel: 'error',
    });
  } catch {
    return undefined;
  }
}

function toSource(origin: Origin, root: YAMLMap): Parsed {
  const reader = new Reader(origin);
  const value = reader.map(root, []);
  if (reader.problems.length > 0) return { source: undefined, problems: [...reader.problems, ...reader.unknown] };
  return { source: { ...origin, root, value, targets: reader.targets }, problems: [], unknown: reader.unknown };
}

function failed(origin: Origin, offset: number, message: string): Parsed {
  return { source: undefined, problems: [{ ...placeOf(origin, offset), path: '', message }] };
}

function unreadable(origin: Origin, fault: Document['errors'][number] | Document['warnings'][number]): Parsed {
  const { offset, message } = explainSyntax(origin.text, fault);
  return failed(origin, offset, message);
}

/** Keys that Sluice does not know on purpose: anchors for the rest of the file, or notes for other tools. */
function withoutExtensions({ source, ...found }: Parsed): Parsed {
  if (source === undefined) return { source, ...found };
  const value = Object.fromEntries(Object.entries(source.value).filter(([key]) => !key.startsWith('x-')));
  return { source: { ...source, value }, ...found };
}

/** Turns nodes into plain data. Anchors are met before their aliases, because YAML is read in order. */
class Reader {
  readonly problems: Problem[] = [];
  /** Faults of single values, which leave the rest as it is. */
  readonly unknown: Problem[] = [];
  readonly targets = new Map<Alias, Node>();
  private readonly anchors = new Map<string, Node>();
  private readonly origin: Origin;
  private aliased = 0;
  private inAlias = 0;

  constructor(origin: Origin) {
    this.origin = origin;
  }

  map(node: YAMLMap, path: Path): Record<string, unknown> {
    const value: Record<string, unknown> = {};
    const merged: unknown[] = [];
    for (const { key, value: child } of node.items) {
      const name = keyText(key);
      if (isMergeKey(key)) merged.push(...this.mergedMaps(key, child, path));
      else if (name === undefined) this.refuse(key, path, 'keys must be plain text');
      else if (name === '__proto__') this.refuse(key, path, 'the key "__proto__" is not allowed');
      else if (Object.hasOwn(value, name)) this.refuse(key, [...path, name], `the key ${JSON.stringify(name)} is already there`);
      else value[name] = this.value(child, [...path, name]);
    }
    for (const map of merged)
      for (const [name, inner] of Object.entries(map as object)) if (!Object.hasOwn(value, name)) value[name] = inner;
    return value;
  }

  /** What `<<` brings in: a map, or several of which the first counts. */
  private mergedMaps(key: unknown, node: unknown, path: Path): readonly unknown[] {
    const found = this.value(node, [...path, '<<']);
    const maps: readonly unknown[] = Array.isArray(found) ? found : [found];
    if (maps.every(isPlainMap)) return maps;
    if (this.problems.length === 0) this.refuse(key, path, '"<<" needs a map, such as *name of an anchor &name, or a list of maps');
    return [];
  }

  private value(node: unknown, path: Path): unknown {
    if (node === null || node === undefined) return null;
    if (path.length > MAX_DEPTH) return this.refuse(node, path.slice(0, MAX_DEPTH), 'the YAML nests too deeply');
    if (this.inAlias > 0 && ++this.aliased > MAX_ALIASED) return this.tooManyAliases(node, path);
    if (isAlias(node)) return this.alias(node, path);
    const anchor = (node as { anchor?: string }).anchor;
    let value: unknown;
    if (isMap(node)) value = this.map(node, path);
    else if (isSeq(node)) value = this.list(node, path);
    else value = isScalar(node) ? this.scalar(node, path) : null;
    // Only now, so that an alias inside its own anchor finds nothing and cannot make a circle.
    if (anchor !== undefined && this.inAlias === 0) this.anchors.set(anchor, node as Node);
    return value;
  }

  private scalar(node: Scalar, path: Path): unknown {
    const { filler } = this.origin;
    const variable = filler && secretVariable(path, node.value);
    if (variable !== undefined) return this.leaveUnknown(node, path, `a token names where its secret is: write env: ${variable}`);
    const value = filler === undefined ? node.value : filler.fill(node.value, node.type === 'PLAIN');
    return isFault(value) ? this.leaveUnknown(node, path, value.fault) : value;
  }

  private list(node: YAMLSeq, path: Path): unknown[] {
    return node.items.map((item, index) => this.value(item, [...path, index]));
  }

  private alias(node: Alias, path: Path): unknown {
    const target = this.targets.get(node) ?? this.anchors.get(node.source);
    if (target === undefined) return this.refuse(node, path, noAnchor(node.source.slice(0, 64)));
    this.targets.set(node, target);
    this.inAlias++;
    const value = this.value(target, path);
    this.inAlias--;
    return value;
  }

  private tooManyAliases(node: unknown, path: Path): undefined {
    if (this.aliased === MAX_ALIASED + 1) this.refuse(node, path, `aliases may stand for ${MAX_ALIASED} values at most`);
    return undefined;
  }

  private leaveUnknown(node: Scalar, path: Path, message: string): null {
    this.add(this.unknown, { node, path, message });
    return null;
  }

  private refuse(node: unknown, path: Path, message: string): undefined {
    this.add(this.problems, { node, path, message });
  }

  private add(
    problems: Problem[],
    { node, path, message }: { readonly node: unknown; readonly path: Path; readonly message: string },
  ): void {
    const where = formatPath(path);
    const offset = (node as Node | null)?.range?.[0] ?? 0;
    if (problems.length >= MAX_READ_PROBLEMS) return;
    problems.push({ ...placeOf(this.origin, offset), path: where, message: where === '' ? message : `${where}: ${message}` });
  }
}

/** The variable that a token of the admin API has in place of its secret; undefined when this is no such place. */
function secretVariable(path: Path, value: unknown): string | undefined {
  const isSecret = path.length === 5 && path[0] === 'admin' && path[2] === 'tokens' && SECRET_KEYS.includes(String(path[4]));
  return isSecret ? soleVariable(value) : undefined;
}

function noAnchor(name: string): string {
  if (/^[A-Za-z0-9_-]+$/.test(name)) return `no anchor &${name} stands before the alias *${name}`;
  return `a text that begins with "*" must be in quotes: "*${name}"`;
}
