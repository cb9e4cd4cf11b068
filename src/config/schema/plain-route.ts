// Decodes a route as most are written without asking the schema, which takes twenty times as long: 50,000 routes are read in a second less.
// It returns exactly what the schema returns (test/property/config/plain-route), or nothing: what is wrong or rare is left to the schema.

import { isMap } from '../../lib/plain.ts';
import type { Plain } from '../../lib/plain.ts';
import { parseDuration } from '../duration.ts';
import { isFault } from '../fault.ts';
import type { HeaderChanges, MatchConfig, PathMatcher, RewriteConfig, RouteConfig } from '../model.ts';
import { NAME_PATTERN, isPath, isPlainText } from '../syntax.ts';
import { readHostPattern } from './host-pattern.ts';

const name = new RegExp(NAME_PATTERN);
/** Of hosts, entries, listeners; with more the schema has its say. */
const MAX_ITEMS = 100;
const MAX_TIMEOUT_MS = 86_400_000;

// One object for all routes that have nothing of the kind: nobody changes a Config.
const NONE: readonly never[] = [];
const NO_CHANGES: HeaderChanges = { set: NONE, add: NONE, remove: NONE };
const NO_REWRITE: RewriteConfig = { host: undefined, path: undefined, location: false };
const ANY: MatchConfig = { path: { kind: 'prefix', path: '/' }, methods: NONE, headers: NONE, query: NONE };
const ANY_PATH: readonly MatchConfig[] = [ANY];

/** Undefined: ask the schema. */
export function plainRoute(written: unknown): RouteConfig | undefined {
  if (!isMap(written)) return undefined;
  for (const key in written) if (!KEYS.has(key)) return undefined;
  const { pool, version } = written;
  if (!isName(written['name']) || !isName(pool) || !(version === undefined || isName(version))) return undefined;
  const listeners = plainList(written['listeners'], listenerOf);
  const hosts = plainList(written['hosts'], hostOf);
  const match = written['match'] === undefined ? ANY_PATH : plainList(written['match'], entryOf);
  const timeoutMs = plainTimeout(written['timeout']);
  if (listeners === undefined || hosts === undefined || match === undefined || match.length === 0 || timeoutMs === undefined)
    return undefined;
  return {
    name: written['name'],
    listeners,
    hosts,
    match,
    action: { kind: 'pool', pool, version },
    timeoutMs,
    rewrite: NO_REWRITE,
    requestHeaders: NO_CHANGES,
    responseHeaders: NO_CHANGES,
  };
}

/** Whether `plainRoute` made it. */
export function isPlainRoute({ rewrite }: RouteConfig): boolean {
  return rewrite === NO_REWRITE;
}

const KEYS: ReadonlySet<string> = new Set(['name', 'listeners', 'hosts', 'match', 'pool', 'version', 'timeout']);

function isName(value: unknown): value is string {
  return typeof value === 'string' && name.test(value);
}

function plainList<T>(value: unknown, read: (item: unknown) => T | undefined): readonly T[] | undefined {
  if (value === undefined) return NONE;
  if (!Array.isArray(value) || value.length > MAX_ITEMS) return undefined;
  const list: T[] = [];
  for (let index = 0; index < value.length; index++) {
    const item = read(value[index]);
    if (item === undefined) return undefined;
    list.push(item);
  }
  return list.length === 0 ? NONE : list;
}

function listenerOf(value: unknown): string | undefined {
  return isName(value) ? value : undefined;
}

function hostOf(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const host = readHostPattern(value);
  return isFault(host) ? undefined : host;
}

function entryOf(value: unknown): MatchConfig | undefined {
  if (!isMap(value)) return undefined;
  for (const key in value) if (key !== 'path') return undefined;
  if (value['path'] === undefined) return ANY;
  const path = pathOf(value['path']);
  return path && { path, methods: NONE, headers: NONE, query: NONE };
}

function pathOf(value: unknown): PathMatcher | undefined {
  if (!isMap(value)) return undefined;
  const [kind, other] = Object.keys(value as Plain);
  const text = kind === undefined ? undefined : value[kind];
  if (other !== undefined || typeof text !== 'string') return undefined;
  if (kind === 'exact' || kind === 'prefix') return isPath(text) ? { kind, path: text } : undefined;
  return kind === 'regex' && text !== '' && isPlainText(text) ? { kind, pattern: text } : undefined;
}

function plainTimeout(value: unknown): number | undefined {
  if (value === undefined) return 0;
  const ms = typeof value === 'string' ? parseDuration(value) : undefined;
  return ms !== undefined && ms >= 0 && ms <= MAX_TIMEOUT_MS ? ms : undefined;
}
