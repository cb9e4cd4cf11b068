// Says why each route fits a request or not. For people; never on the hot path.

import { MASK, isSecretName } from '../lib/mask.ts';
import type { MatchConfig } from '../config/model.ts';
import type { Candidate } from './candidate.ts';
import { hostOfAuthority } from './host.ts';
import { hostsOf, type HostGroup, type Matcher } from './match.ts';
import { canonicalPath } from './path.ts';
import type { RoutableRequest } from './request.ts';
import type { RouteMatch } from './route-table.ts';
import { describeValue } from './value.ts';

/** One match entry of a route, and why it did not win. */
export interface ConsideredRoute {
  readonly route: string;
  readonly match: string;
  readonly reason: string;
}

export interface RouteExplanation {
  readonly found: RouteMatch | undefined;
  readonly match: string;
  /** Why the match won; empty without one. */
  readonly reason: string;
  /** The others, nearest misses first; at most 20. */
  readonly considered: readonly ConsideredRoute[];
  /** How many more there are. */
  readonly omitted: number;
}

const MAX_CONSIDERED = 20;

interface Miss {
  /** How many of the steps host, path, method, headers and query fit before one did not. */
  readonly steps: number;
  readonly considered: ConsideredRoute;
}

export function explainRoute(matcher: Matcher, request: RoutableRequest): RouteExplanation {
  const found = matcher.find(request);
  const winner = matcher.candidates.find((candidate) => candidate === found);
  const misses = matcher.candidates.filter((candidate) => candidate !== winner).map((candidate) => explainMiss(candidate, request, winner));
  misses.sort((a, b) => b.steps - a.steps);
  return {
    found,
    match: winner === undefined ? '' : describeMatch(winner.config),
    reason: winner === undefined ? '' : explainWin(winner, misses, matcher.groupOf(request.authority)),
    considered: misses.slice(0, MAX_CONSIDERED).map((miss) => miss.considered),
    omitted: Math.max(0, misses.length - MAX_CONSIDERED),
  };
}

/** Such as `prefix /cart, method GET or HEAD, header x-tenant = acme`. */
function describeMatch(match: MatchConfig): string {
  const parts = [match.path.kind === 'regex' ? `regex ${match.path.pattern}` : `${match.path.kind} ${match.path.path}`];
  if (match.methods.length > 0) parts.push(`method ${match.methods.join(' or ')}`);
  for (const { name, value } of match.headers) parts.push(`header ${name} ${shown(name, value)}`);
  for (const { name, value } of match.query) parts.push(`query ${name} ${shown(name, value)}`);
  return parts.join(', ');
}

function explainMiss(candidate: Candidate, request: RoutableRequest, winner: Candidate | undefined): Miss {
  const steps = [
    { fits: fitsHost(candidate, request), reason: `host ${hostOfAuthority(request.authority) || '(none)'} is not among its hosts` },
    { fits: fitsPath(candidate, request), reason: `path ${request.path} does not fit` },
    { fits: candidate.hasMethod(request), reason: `method ${request.method} does not fit` },
    { fits: candidate.hasHeaders(request), reason: 'header fields do not fit' },
    { fits: candidate.hasQuery(request), reason: 'query does not fit' },
  ];
  const missed = steps.findIndex((step) => !step.fits);
  const reason = missed < 0 ? `fits as well, but ${winner?.route.name ?? 'another route'} comes first` : (steps[missed]?.reason ?? '');
  const considered = { route: candidate.route.name, match: describeMatch(candidate.config), reason };
  return { steps: missed < 0 ? steps.length : missed, considered };
}

function explainWin(winner: Candidate, misses: readonly Miss[], group: HostGroup | undefined): string {
  const rivals = misses.filter((miss) => miss.steps === 5).length;
  const host = group === undefined || group.name === '*' ? 'any host' : `host group ${group.name}`;
  const own = hostsOf(winner.route);
  const isNearest = group !== undefined && own.has(group.name === '*' ? '' : group.name);
  const where = isNearest ? `on ${host}` : `on ${[...own].map((name) => name || 'any host').join(', ')}; no route of ${host} fits`;
  if (rivals === 0) return `the only match that fits (${where})`;
  return `first of ${rivals + 1} matches that fit (${where}): nearer host, then exact path, regex (in the order of the file), longest prefix, method, more headers, more query parameters, order in the file`;
}

function fitsHost(candidate: Candidate, request: RoutableRequest): boolean {
  const host = hostOfAuthority(request.authority);
  for (const own of hostsOf(candidate.route)) {
    if (own === '' || own === host) return true;
    if (own.startsWith('*.') && host.endsWith(own.slice(1)) && host.length > own.length - 1) return true;
  }
  return false;
}

function fitsPath(candidate: Candidate, request: RoutableRequest): boolean {
  const path = canonicalPath(request.path);
  switch (candidate.config.path.kind) {
    case 'exact':
      return path === candidate.path;
    case 'prefix':
      return candidate.path === '' || path === candidate.path || path.startsWith(`${candidate.path}/`);
    case 'regex':
      return candidate.hasPattern(path);
  }
}

/** Who asks may know that a header decides, not which value opens the door. */
function shown(name: string, value: Parameters<typeof describeValue>[0]): string {
  return isSecretName(name) ? `= ${MASK}` : describeValue(value);
}
