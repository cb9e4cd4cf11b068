// The candidates of one host, found by path in a time that hardly depends on their number and allocates nothing.

import { mix } from '../lib/hash.ts';
import { STEP_COUNT } from '../lib/steps.ts';
import type { Steps } from '../lib/steps.ts';
import { compareCandidates, type Candidate } from './candidate.ts';
import type { RoutableRequest } from './request.ts';

const SLASH = 0x2f;
const HASH_START = 0x2545f491;
const HASH_FACTOR = 0x01000193;

interface PrefixEntry {
  readonly path: string;
  readonly candidates: Candidate[];
  /** Those whose paths all begin with the whole elements of this one; in the order of the file. */
  readonly regexes: Candidate[];
  /** The next shorter prefix of the same host. */
  parent: PrefixEntry | undefined;
}

export class PathIndex {
  readonly #exact: ReadonlyMap<string, readonly Candidate[]>;
  readonly #root: PrefixEntry;
  readonly #hasRegexes: boolean;
  /** Open addressing by the hash of the prefix; at most half full. */
  readonly #slots: (PrefixEntry | undefined)[];
  readonly #hashes: Int32Array;
  readonly #longest: number;
  readonly #shortest: number;

  private constructor({ exact, root, entries, hasRegexes }: Sorted) {
    this.#exact = exact;
    this.#root = root;
    this.#hasRegexes = hasRegexes;
    const size = 2 ** Math.ceil(Math.log2(entries.length * 2 + 1));
    this.#slots = new Array<PrefixEntry | undefined>(size).fill(undefined);
    this.#hashes = new Int32Array(size);
    this.#longest = entries.reduce((most, entry) => Math.max(most, entry.path.length), 0);
    this.#shortest = entries.reduce((least, entry) => Math.min(least, entry.path.length), this.#longest);
  }

  /** `candidates` are in the order of the file. */
  static *make(candidates: readonly Candidate[]): Steps<PathIndex> {
    const sorted = yield* sort(candidates);
    const index = new PathIndex(sorted);
    for (let at = 0; at < sorted.entries.length; at++) {
      index.#insert(sorted.entries[at]!);
      if (at % STEP_COUNT === STEP_COUNT - 1) yield;
    }
    return index;
  }

  /** The candidate that wins: exact path, first regex of the file, longest prefix; those of one path in the order of `compareCandidates`. */
  find(path: string, request: RoutableRequest): Candidate | undefined {
    if (this.#exact.size > 0) {
      const list = this.#exact.get(path);
      const found = list === undefined ? undefined : firstOf(list, path, request);
      if (found !== undefined) return found;
    }
    const longest = this.#longestPrefix(path);
    if (this.#hasRegexes) {
      const found = firstRegex(longest, path, request);
      if (found !== undefined) return found;
    }
    for (let entry: PrefixEntry | undefined = longest; entry !== undefined; entry = entry.parent) {
      const found = firstOf(entry.candidates, path, request);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** One pass over at most the length of the longest prefix, with a hash that grows along; looks a prefix up at each slash. */
  #longestPrefix(path: string): PrefixEntry {
    let best = this.#root;
    if (this.#longest === 0) return best;
    const limit = Math.min(path.length, this.#longest);
    let hash = HASH_START;
    for (let i = 0; i < limit; i++) {
      const code = path.charCodeAt(i);
      if (code === SLASH && i >= this.#shortest) best = this.#lookUp(path, i, hash) ?? best;
      hash = Math.imul(hash ^ code, HASH_FACTOR);
    }
    if (limit === path.length || path.charCodeAt(limit) === SLASH) best = this.#lookUp(path, limit, hash) ?? best;
    return best;
  }

  #lookUp(path: string, length: number, hash: number): PrefixEntry | undefined {
    const mask = this.#hashes.length - 1;
    for (let slot = mix(hash) & mask; ; slot = (slot + 1) & mask) {
      const entry = this.#slots[slot];
      if (entry === undefined) return undefined;
      if (this.#hashes[slot] === hash && entry.path.length === length && path.startsWith(entry.path)) return entry;
    }
  }

  #insert(entry: PrefixEntry): void {
    let hash = HASH_START;
    for (let i = 0; i < entry.path.length; i++) hash = Math.imul(hash ^ entry.path.charCodeAt(i), HASH_FACTOR);
    const mask = this.#hashes.length - 1;
    let slot = mix(hash) & mask;
    while (this.#slots[slot] !== undefined) slot = (slot + 1) & mask;
    this.#slots[slot] = entry;
    this.#hashes[slot] = hash;
  }
}

/** Candidates where they belong, each list in the order in which they are asked. */
interface Sorted {
  readonly exact: ReadonlyMap<string, readonly Candidate[]>;
  readonly root: PrefixEntry;
  /** All but the root. */
  readonly entries: readonly PrefixEntry[];
  readonly hasRegexes: boolean;
}

function* sort(candidates: readonly Candidate[]): Steps<Sorted> {
  const [exact, root] = [new Map<string, Candidate[]>(), makeEntry('')];
  const prefixes = new Map<string, PrefixEntry>([['', root]]);
  let hasRegexes = false;
  for (let index = 0; index < candidates.length; index++) {
    const candidate = candidates[index]!;
    const { kind } = candidate.config.path;
    if (kind === 'exact') pushTo(exact, candidate);
    if (kind === 'prefix') entryOf(prefixes, candidate.path).candidates.push(candidate);
    if (kind === 'regex') entryOf(prefixes, wholeElements(candidate.lead)).regexes.push(candidate);
    hasRegexes ||= kind === 'regex';
    if (index % STEP_COUNT === STEP_COUNT - 1) yield;
  }
  for (const list of exact.values()) list.sort(compareCandidates);
  root.candidates.sort(compareCandidates);
  if (candidates.length >= STEP_COUNT) yield;
  const entries = [...prefixes.values()].filter((entry) => entry !== root);
  for (let index = 0; index < entries.length; index++) {
    const entry = entries[index]!;
    entry.candidates.sort(compareCandidates);
    entry.parent = parentOf(entry.path, prefixes);
    if (index % STEP_COUNT === STEP_COUNT - 1) yield;
  }
  return { exact, root, entries, hasRegexes };
}

function firstOf(list: readonly Candidate[], path: string, request: RoutableRequest): Candidate | undefined {
  for (const candidate of list) {
    if (candidate.accepts(path, request)) return candidate;
  }
  return undefined;
}

/** The first in the order of the file, of all that may fit: those of an entry and of its shorter prefixes. */
function firstRegex(longest: PrefixEntry, path: string, request: RoutableRequest): Candidate | undefined {
  let found: Candidate | undefined;
  for (let entry: PrefixEntry | undefined = longest; entry !== undefined; entry = entry.parent) {
    for (const candidate of entry.regexes) {
      if (found !== undefined && found.order < candidate.order) break;
      if (!path.startsWith(candidate.lead) || !candidate.accepts(path, request)) continue;
      found = candidate;
      break;
    }
  }
  return found;
}

function makeEntry(path: string): PrefixEntry {
  return { path, candidates: [], regexes: [], parent: undefined };
}

/** `/a/b` of `/a/bc` is not whole: `/a`. */
function wholeElements(lead: string): string {
  return lead.slice(0, Math.max(0, lead.lastIndexOf('/')));
}

function pushTo(lists: Map<string, Candidate[]>, candidate: Candidate): void {
  const list = lists.get(candidate.path);
  if (list === undefined) lists.set(candidate.path, [candidate]);
  else list.push(candidate);
}

function entryOf(prefixes: Map<string, PrefixEntry>, path: string): PrefixEntry {
  const known = prefixes.get(path);
  if (known !== undefined) return known;
  const made = makeEntry(path);
  prefixes.set(path, made);
  return made;
}

function parentOf(path: string, prefixes: ReadonlyMap<string, PrefixEntry>): PrefixEntry | undefined {
  for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
    const entry = prefixes.get(path.slice(0, end));
    if (entry !== undefined) return entry;
  }
  return prefixes.get('');
}
