// Finds routes that never get a request, because others that come before them take all of theirs. Says so only where it is certain:
// on each of its listeners and hosts, each of its entries is hidden by one that comes earlier, fits every path that it fits, and
// asks for nothing that it does not ask for. The order is that of the matcher in `routing`; paths that are no plain text are only
// compared as they are written.

import { leadOf, type Lead } from '../../lib/lead.ts';
import type { Config, MatchConfig, RouteConfig, ValueMatcher } from '../model.ts';
import { servingListeners } from '../passthrough.ts';

/** How many entries of one path are looked at for each: enough for people, and a bound for what a program wrote. */
const MAX_COMPARED = 100;

interface Entry {
  readonly route: number;
  /** Position among all entries of the file. */
  readonly order: number;
  readonly match: MatchConfig;
  /** Undefined where the path is no expression. */
  readonly lead: Lead | undefined;
}

/** Entries of one host on one listener, in the order of the file. */
interface HostEntries {
  readonly all: Entry[];
  /** By kind and text of the path. */
  readonly same: Map<string, Entry[]>;
  /** Expressions that match whatever begins with a text, by that text. */
  readonly covering: Map<string, Entry[]>;
}

/** By index of each hidden route: the indices of those that hide it, in the order of the file. */
export function findHiddenRoutes({ listeners, routes }: Pick<Config, 'listeners' | 'routes'>): ReadonlyMap<number, readonly number[]> {
  const hiders = new Map<number, Set<number>>();
  const visible = new Set<number>();
  const entries = entriesOf(routes);
  for (const served of routesByListener(listeners, routes)) {
    for (const host of entriesByHost(served, routes, entries).values()) {
      for (const entry of host.all) noteHider(entry, visible.has(entry.route) ? undefined : findHider(entry, host), hiders, visible);
    }
  }
  const hidden = [...hiders].filter(([route]) => !visible.has(route));
  return new Map(hidden.map(([route, found]) => [route, [...found].sort((a, b) => a - b)]));
}

function noteHider(entry: Entry, hider: Entry | undefined, hiders: Map<number, Set<number>>, visible: Set<number>): void {
  if (hider === undefined) {
    visible.add(entry.route);
    return;
  }
  const known = hiders.get(entry.route);
  if (known === undefined) hiders.set(entry.route, new Set([hider.route]));
  else known.add(hider.route);
}

function entriesOf(routes: readonly RouteConfig[]): readonly (readonly Entry[])[] {
  let order = 0;
  return routes.map(({ match }, route) =>
    match.map((entry): Entry => {
      const lead = entry.path.kind === 'regex' ? leadOf(entry.path.pattern) : undefined;
      return { route, order: order++, match: entry, lead };
    }),
  );
}

/** Indices of the routes of each listener; one list for all where every listener serves every route. */
function routesByListener(listeners: Config['listeners'], routes: readonly RouteConfig[]): readonly (readonly number[])[] {
  const all = routes.map((_, index) => index);
  if (routes.every((route) => route.listeners.length === 0)) return [all];
  const serves = (index: number, name: string): boolean => {
    const own = routes[index]?.listeners ?? [];
    return own.length === 0 || own.includes(name);
  };
  return servingListeners({ listeners }).map(({ name }) => all.filter((index) => serves(index, name)));
}

function entriesByHost(
  served: readonly number[],
  routes: readonly RouteConfig[],
  entries: readonly (readonly Entry[])[],
): ReadonlyMap<string, HostEntries> {
  const hosts = new Map<string, HostEntries>();
  for (const index of served) {
    const names = routes[index]?.hosts ?? [];
    for (const name of new Set(names.length === 0 ? ['*'] : names.map((host) => host.toLowerCase()))) {
      const host = hosts.get(name) ?? { all: [], same: new Map<string, Entry[]>(), covering: new Map<string, Entry[]>() };
      hosts.set(name, host);
      for (const entry of entries[index] ?? []) addTo(host, entry);
    }
  }
  return hosts;
}

function addTo(host: HostEntries, entry: Entry): void {
  host.all.push(entry);
  push(host.same, keyOf(entry.match.path), entry);
  if (entry.lead?.covered !== undefined) push(host.covering, entry.lead.covered, entry);
}

function push(lists: Map<string, Entry[]>, key: string, entry: Entry): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [entry]);
  else if (list.length < MAX_COMPARED) list.push(entry);
}

function findHider(entry: Entry, host: HostEntries): Entry | undefined {
  const { path } = entry.match;
  const earlier = host.same.get(keyOf(path))?.find((other) => isBefore(other, entry) && asksNoMore(other, entry));
  if (earlier !== undefined || path.kind === 'exact') return earlier;
  if (path.kind === 'prefix') return isPlain(path.path) ? findCovering(entry, withoutSlash(path.path), host) : undefined;
  const { required, isWhole } = entry.lead ?? leadOf(path.pattern);
  const exact = isWhole && isPlain(required) ? host.same.get(`exact ${required}`) : undefined;
  return exact?.find((other) => isOther(other, entry) && asksNoMore(other, entry)) ?? findCovering(entry, required, host);
}

/** An expression that takes every path which begins with `text`. Expressions come before prefixes, and among each other in the order of the file. */
function findCovering(entry: Entry, text: string, host: HostEntries): Entry | undefined {
  if (host.covering.size === 0) return undefined;
  const isRegex = entry.match.path.kind === 'regex';
  const hides = (other: Entry): boolean =>
    isOther(other, entry) && (!isRegex || other.order < entry.order) && asksNoMore(other, entry) && coversAsterisk(other, entry);
  for (let length = 0; length <= text.length; length++) {
    const found = host.covering.get(text.slice(0, length))?.find(hides);
    if (found !== undefined) return found;
  }
  // Every path but the `*` of OPTIONS begins with a slash.
  return text === '' ? host.covering.get('/')?.find(hides) : undefined;
}

/** Whether nothing is left of `entry` that begins with no slash: `OPTIONS *` fits the prefix / and expressions without a beginning. */
function coversAsterisk(other: Entry, { match, lead }: Entry): boolean {
  if (other.lead?.covered === '') return true;
  const { path, methods } = match;
  const beginsWithSlash = path.kind === 'prefix' ? withoutSlash(path.path) !== '' : lead?.required.startsWith('/') === true;
  return beginsWithSlash || (methods.length > 0 && !methods.includes('OPTIONS'));
}

/** Among entries of one exact path, prefix or expression. */
function isBefore(other: Entry, entry: Entry): boolean {
  if (!isOther(other, entry) || other.order > entry.order) return false;
  if (entry.match.path.kind === 'regex') return true;
  // One that asks for no more comes first only where it asks for as much.
  const isRanked = other.match.methods.length > 0 === entry.match.methods.length > 0;
  return isRanked && other.match.headers.length === entry.match.headers.length && other.match.query.length === entry.match.query.length;
}

function isOther(other: Entry, entry: Entry): boolean {
  return other.route !== entry.route;
}

/** Whether whatever meets the conditions of `entry` meets those of `other`; the path is not looked at. */
function asksNoMore({ match: other }: Entry, { match: entry }: Entry): boolean {
  const methods = other.methods.length === 0 || (entry.methods.length > 0 && entry.methods.every((each) => other.methods.includes(each)));
  return methods && areImplied(other.headers, entry.headers) && areImplied(other.query, entry.query);
}

function areImplied(asked: MatchConfig['headers'], given: MatchConfig['headers']): boolean {
  return asked.every(({ name, value }) => given.some((each) => each.name === name && isImplied(value, each.value)));
}

function isImplied(asked: ValueMatcher, given: ValueMatcher): boolean {
  if (asked.kind === 'present') return true;
  if (asked.kind === 'exact') return given.kind === 'exact' && given.value === asked.value;
  return given.kind === 'regex' && given.pattern === asked.pattern;
}

function keyOf(path: MatchConfig['path']): string {
  if (path.kind === 'regex') return `regex ${path.pattern}`;
  return path.kind === 'exact' ? `exact ${path.path}` : `prefix ${isPlain(path.path) ? withoutSlash(path.path) : path.path}`;
}

/** Whether the text is its own canonical form. */
function isPlain(path: string): boolean {
  return /^[!-$&-~]*$/.test(path) && !path.includes('//');
}

function withoutSlash(path: string): string {
  return path.endsWith('/') ? path.slice(0, -1) : path;
}
