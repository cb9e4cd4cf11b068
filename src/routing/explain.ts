// Says which route, pool and version a request gets, and why. It takes the same steps as serving does, and changes no state.

import { readKey } from './affinity.ts';
import { rankByKey } from './rank-by-key.ts';
import { choose } from './choose.ts';
import { heaviestVersion } from './split.ts';
import { explainMirrors, type ExplainedMirror } from './explain-mirrors.ts';
import { explainRoute, type ConsideredRoute } from './explain-route.ts';
import { mirrorKey } from './mirror.ts';
import { isAmbiguousPath } from './path.ts';
import { redirectLocation } from './redirect.ts';
import { rewriteTarget } from './rewrite.ts';
import type { SessionMemory } from './session-reader.ts';
import { Choice, CHOICE_REASONS, REASON_NONE } from './choice.ts';
import type { PoolState } from './pool-state.ts';
import type { RoutableRequest } from './request.ts';
import type { RouteMatch } from './route-table.ts';
import type { Destination, PoolTable, Table } from './table.ts';

export interface ExplainQuestion {
  readonly listener: string;
  readonly request: RoutableRequest;
  /** The client's address; empty when unknown. */
  readonly client: string;
  readonly scheme: 'http' | 'https';
  /** Whether a version has a ready endpoint. */
  ready(pool: PoolTable, version: number): boolean;
  /** Of the instance that is asked; undefined where it is a file that is asked. */
  readonly memory?: SessionMemory | undefined;
}

interface VersionShare {
  readonly version: string;
  readonly weight: number;
  /** Part of the requests that no override or key decides, 0 to 1; versions that are not ready have 0 while another can respond. */
  readonly share: number;
  readonly ready: boolean;
}

export interface Explanation {
  readonly listener: string;
  readonly method: string;
  readonly authority: string;
  readonly path: string;
  /** `pool`, `redirect`, `respond`, or what the request is refused with: `bad_request`, `no_route`, `no_endpoint`, an outcome of CONNECT. */
  readonly outcome: string;
  /** Status of a local reply; undefined when a version responds. */
  readonly status: number | undefined;
  readonly route: string | undefined;
  readonly match: string | undefined;
  readonly pool: string | undefined;
  /** Undefined when no single version is certain: then `shares` says how likely each is. */
  readonly version: string | undefined;
  /** One of the choice reasons; undefined without a pool. */
  readonly reason: string | undefined;
  readonly override: string | undefined;
  readonly location: string | undefined;
  /** Target that the upstream sees. */
  readonly target: string | undefined;
  readonly shares: readonly VersionShare[];
  /** Of the pool that is reached: which of them would copy the request. */
  readonly mirrors: readonly ExplainedMirror[];
  readonly considered: readonly ConsideredRoute[];
  readonly omitted: number;
  /** The decisions in order, one sentence each. */
  readonly steps: readonly string[];
}

interface Draft {
  outcome: string;
  status: number | undefined;
  pool: string | undefined;
  version: string | undefined;
  reason: string | undefined;
  override: string | undefined;
  location: string | undefined;
  target: string | undefined;
  shares: readonly VersionShare[];
  mirrors: readonly ExplainedMirror[];
  readonly steps: string[];
}

/** Asks the Table. On an unknown listener no route fits. */
export function explain(table: Table, question: ExplainQuestion): Explanation {
  const { request, listener } = question;
  const draft = emptyDraft();
  if (request.method === 'CONNECT') return explainConnect(draft, table, question);
  const matcher = table.matchers.get(listener);
  const isRefused = isAmbiguousPath(request.path);
  const routing = isRefused || matcher === undefined ? undefined : explainRoute(matcher, request);
  const found = routing?.found;
  if (isRefused)
    refuse(draft, 'bad_request', 400, `The path ${request.path} has dot segments or bytes that servers read differently; it is refused.`);
  else if (matcher === undefined) refuse(draft, 'no_route', 404, `There is no listener ${listener}.`);
  else if (found === undefined)
    refuse(draft, 'no_route', 404, `None of the ${matcher.candidates.length} matches on listener ${listener} fits.`);
  else {
    draft.steps.push(`Route ${found.route.name} (${routing?.match ?? ''}): ${routing?.reason ?? ''}.`);
    explainAction(draft, found, table.destinations[found.route.index], question);
  }
  return {
    ...asked(question),
    route: found?.route.name,
    match: found === undefined ? undefined : routing?.match,
    considered: routing?.considered ?? [],
    omitted: routing?.omitted ?? 0,
    ...draft,
  };
}

function asked({ listener, request }: ExplainQuestion): Pick<Explanation, 'listener' | 'method' | 'authority' | 'path'> {
  const { method, authority, path } = request;
  return { listener, method, authority, path };
}

/** No route has it: its listener says where it leads. */
function explainConnect(draft: Draft, table: Table, question: ExplainQuestion): Explanation {
  const { listener, request } = question;
  const connects = table.connects.get(listener);
  const destination = connects?.find(request.authority);
  if (connects === undefined) refuse(draft, 'not_implemented', 501, `Listener ${listener} allows no CONNECT.`);
  else if (destination === undefined)
    refuse(draft, 'authority_not_allowed', 403, `Listener ${listener} allows no CONNECT to ${request.authority}.`);
  else {
    draft.outcome = 'pool';
    draft.pool = destination.pool.name;
    draft.steps.push(`CONNECT to ${request.authority} opens a tunnel to an endpoint of pool ${destination.pool.name}.`);
    explainVersion(draft, destination, question);
  }
  return { ...asked(question), route: undefined, match: undefined, considered: [], omitted: 0, ...draft };
}

function explainAction(draft: Draft, found: RouteMatch, destination: Destination | undefined, question: ExplainQuestion): void {
  const { route } = found;
  if (route.redirect !== undefined) {
    draft.location = redirectLocation(route.redirect, question.request, found, question.scheme);
    response(draft, 'redirect', route.redirect.status, `It redirects to ${draft.location} with status ${route.redirect.status}.`);
  } else if (route.respond !== undefined) {
    response(draft, 'respond', route.respond.status, `Sluice itself responds with status ${route.respond.status}.`);
  } else if (destination !== undefined) {
    draft.outcome = 'pool';
    draft.pool = destination.pool.name;
    draft.target = rewriteTarget(found, question.request);
    if (route.rewritePath !== undefined) draft.steps.push(`The upstream sees the target ${draft.target}.`);
    const key = explainVersion(draft, destination, question);
    const responding = respondingShares(draft, destination);
    draft.mirrors = explainMirrors(destination.pool, { request: question.request, key, responding });
  }
}

/** Returns the key of the user, for mirrors; empty where the request brings none. */
function explainVersion(draft: Draft, { pool, version: fixed }: Destination, question: ExplainQuestion): string {
  draft.shares = sharesOf(pool, question);
  if (fixed !== undefined) {
    draft.reason = 'route';
    draft.steps.push(`The route always uses version ${fixed.name} of pool ${pool.name}.`);
    if (question.ready(pool, fixed.index)) draft.version = fixed.name;
    else if (pool.holds) draft.steps.push(waits(pool));
    else refuse(draft, 'no_endpoint', 503, `Version ${fixed.name} has no ready endpoint.`);
    return mirrorKey(pool, question.request, question.client, '');
  }
  const choice = new Choice();
  choose(pool, question.request, question.client, stateOf(pool, question), choice);
  draft.reason = CHOICE_REASONS[choice.reason];
  draft.version = isCertain(choice, pool, draft.shares) ? choice.version?.name : undefined;
  draft.override = choice.override === '' ? undefined : choice.override;
  draft.steps.push(describeChoice(choice, pool, question), `Shares of pool ${pool.name}: ${describeShares(draft.shares)}.`);
  if (pool.holds && choice.version !== undefined && !question.ready(pool, choice.version.index)) draft.steps.push(waits(pool));
  if (choice.reason === REASON_NONE)
    refuse(draft, 'no_endpoint', 503, `No version of pool ${pool.name} that may respond has a ready endpoint.`);
  return mirrorKey(pool, question.request, question.client, choice.setCookie ? '' : choice.key);
}

/** How likely each version of the pool responds; a request that waits gets a response some time. */
function respondingShares({ outcome, version, shares }: Draft, { pool, version: fixed }: Destination): readonly number[] {
  if (outcome !== 'pool') return shares.map(() => 0);
  const certain = fixed?.name ?? version;
  if (certain !== undefined) return shares.map((each) => (each.version === certain ? 1 : 0));
  const isAnyReady = shares.some(({ share }) => share > 0);
  return shares.map(({ share, weight }) => (isAnyReady ? share : weight / (pool.weightTotal || 1)));
}

function waits(pool: PoolTable): string {
  return `No endpoint is ready: the request waits for one, at most ${pool.config.holdMs} ms.`;
}

function describeChoice(choice: Choice, pool: PoolTable, question: ExplainQuestion): string {
  const version = choice.version?.name ?? 'none';
  switch (CHOICE_REASONS[choice.reason]) {
    case 'override':
      return `Override ${choice.override} names version ${version} of pool ${pool.name}, whatever the weights say.`;
    case 'affinity':
      return `The affinity key "${choice.key}" belongs to version ${version} of pool ${pool.name}.`;
    case 'remembered':
      return `The affinity key "${choice.key}" keeps version ${version} of pool ${pool.name} for now (affinity.remember); by the weights it belongs to ${nameOf(pool, rankByKey(pool, choice.key, undefined))}.`;
    case 'affinity-new':
      return `The request brings no affinity key of pool ${pool.name}; it gets a new one, and the weights say how likely each version is.`;
    case 'weight':
      return `Nothing ties the request to a version of pool ${pool.name}: chance decides, by the weights.`;
    case 'fallback':
      return `The version that was meant has no ready endpoint; another version of pool ${pool.name} responds.`;
    default:
      return isKeyed(pool, question)
        ? 'The version of the affinity key has no ready endpoint.'
        : 'The version that was meant has no ready endpoint.';
  }
}

function nameOf(pool: PoolTable, version: number): string {
  return pool.versions[version]?.name ?? 'none';
}

/** Without a key chance decides, unless only one version can come. */
function isCertain(choice: Choice, pool: PoolTable, shares: readonly VersionShare[]): boolean {
  const isTied = choice.override !== '' || (choice.key !== '' && !choice.setCookie);
  return isTied || shares.filter((each) => each.share > 0).length === 1 || pool.versions.length === 1;
}

function isKeyed(pool: PoolTable, question: ExplainQuestion): boolean {
  return pool.affinity !== undefined && readKey(pool.affinity, question.request, question.client) !== '';
}

/** Chance is replaced by what is likeliest: an explanation must not move the stream of the split. */
function stateOf(pool: PoolTable, question: ExplainQuestion): PoolState {
  const ready = (version: number): boolean => question.ready(pool, version);
  return {
    ready,
    rampShare: () => 1,
    chance: () => 0,
    nextVersion: () => heaviestVersion(pool, () => true),
    nextReadyVersion: () => heaviestVersion(pool, ready),
    newKey: () => 'new',
    sessions: pool.sessions === undefined ? undefined : question.memory?.find(pool.name),
    wallSeconds: () => question.memory?.wallSeconds() ?? 0,
  };
}

function sharesOf(pool: PoolTable, question: ExplainQuestion): VersionShare[] {
  const ready = pool.versions.map(({ index }) => question.ready(pool, index));
  const counts = pool.versions.map(({ index }) => pool.fallback === 'fail' || ready[index] === true);
  const total = pool.weights.reduce((sum, weight, version) => sum + (counts[version] === true ? weight : 0), 0);
  return pool.versions.map(({ name, index }) => {
    const weight = pool.weights[index] ?? 0;
    return { version: name, weight, share: total > 0 && counts[index] === true ? weight / total : 0, ready: ready[index] === true };
  });
}

function describeShares(shares: readonly VersionShare[]): string {
  return shares
    .map(({ version, share, ready }) => `${version} ${Number((share * 100).toFixed(2))} %${ready ? '' : ' (not ready)'}`)
    .join(', ');
}

function emptyDraft(): Draft {
  return {
    outcome: '',
    status: undefined,
    pool: undefined,
    version: undefined,
    reason: undefined,
    override: undefined,
    location: undefined,
    target: undefined,
    shares: [],
    mirrors: [],
    steps: [],
  };
}

function refuse(draft: Draft, outcome: string, status: number, step: string): void {
  response(draft, outcome, status, `${step} The response is ${status} ${outcome}.`);
}

function response(draft: Draft, outcome: string, status: number, step: string): void {
  draft.outcome = outcome;
  draft.status = status;
  draft.steps.push(step);
}
