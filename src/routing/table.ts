// A Config compiled for serving: immutable, swapped as a whole, never asked to parse a string again.
// Living state (readiness, connections, the split's position) is not here; it is passed in.

import type { CompiledHeaderChanges } from '../http/header-changes.ts';
import type { BalancerName, PathRewrite, PoolConfig, RespondConfig, RouteConfig } from '../config/model.ts';
import type { AffinityRule } from './affinity.ts';
import type { Matcher } from './match.ts';
import type { MirrorTable } from './mirror.ts';
import type { OverrideRule } from './overrides.ts';
import type { SessionRule } from './remembered-version.ts';
import type { Sessions } from './sessions.ts';

export interface Table {
  readonly revision: number;
  readonly pools: readonly PoolTable[];
  /** With `matchers` shared by all Tables that were compiled from the same list of routes. */
  readonly routes: readonly RouteTable[];
  /** By listener name. */
  readonly matchers: ReadonlyMap<string, Matcher>;
  /** By route index; undefined where Sluice itself answers. */
  readonly destinations: readonly (Destination | undefined)[];
}

/** Where a route leads. */
export interface Destination {
  readonly pool: PoolTable;
  /** The one version that the route always uses, or undefined. */
  readonly version: VersionTable | undefined;
}

export interface PoolTable {
  /** Position in `Table.pools`. */
  readonly index: number;
  readonly name: string;
  readonly versions: readonly VersionTable[];
  /** Weight by version index. */
  readonly weights: Float64Array;
  readonly weightTotal: number;
  /** Running sums of `weights` divided by their total; the last is 1 (all 0 when the total is 0). */
  readonly cumulative: Float64Array;
  /** Hash seed by version index; depends on the names of pool and version alone. */
  readonly seeds: Int32Array;
  readonly affinity: AffinityRule | undefined;
  /** Set where keyed users keep the version that they have. */
  readonly sessions: SessionRule | undefined;
  readonly overrides: readonly OverrideRule[];
  /** Undefined where nothing is copied, so that the hot path tests one field. */
  readonly mirrors: readonly MirrorTable[] | undefined;
  readonly fallback: 'split' | 'fail';
  /** Whether a request waits when no version that may answer it is ready. */
  readonly holds: boolean;
  /** Whether any version starts slowly. */
  readonly hasSlowStart: boolean;
  readonly balancer: BalancerName;
  readonly config: PoolConfig;
}

export interface VersionTable {
  /** Position in `PoolTable.versions`. */
  readonly index: number;
  readonly name: string;
}

export const ACTION_POOL = 0;
export const ACTION_REDIRECT = 1;
export const ACTION_RESPOND = 2;

export interface RouteTable {
  /** Position in `Table.routes`. */
  readonly index: number;
  readonly name: string;
  readonly action: typeof ACTION_POOL | typeof ACTION_REDIRECT | typeof ACTION_RESPOND;
  readonly redirect: CompiledRedirect | undefined;
  readonly respond: RespondConfig | undefined;
  readonly timeoutMs: number;
  readonly rewriteHost: string | undefined;
  readonly rewritePath: PathRewrite | undefined;
  /** Undefined when the route changes nothing, so that the hot path tests one field. */
  readonly requestHeaders: CompiledHeaderChanges | undefined;
  readonly responseHeaders: CompiledHeaderChanges | undefined;
  readonly config: RouteConfig;
}

export interface CompiledRedirect {
  readonly scheme: 'http' | 'https' | undefined;
  readonly host: string | undefined;
  readonly port: number | undefined;
  readonly path: PathRewrite | undefined;
  readonly status: number;
}

/** One entry of a route's `match` list, made once; what `Matcher.find` answers with. */
export interface RouteMatch {
  readonly route: RouteTable;
  /** Length of the matched prefix in the canonical path (without trailing slash); -1 for exact and regex matches, which take the whole path. */
  readonly prefixLength: number;
}

/** What routing reads of a request; `RequestHead` has this shape. */
export interface RoutableRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly authority: string;
  /** Field lines as one latin1 string, each ending in CRLF. */
  readonly block: string;
}

/** Living state of a pool that choosing a version needs; one per worker and pool, outlives Tables. */
export interface PoolState {
  /** Whether the version at this index has a ready endpoint. */
  ready(version: number): boolean;
  /** Part of its share that the version is to get at present: below 1 in its slow start, else 1. */
  rampShare(version: number): number;
  /** A random fraction, 0 <= x < 1. */
  chance(): number;
  /** Next value of the low-discrepancy sequence, 0 <= x < 1. */
  nextFraction(): number;
  /** A fresh random affinity key. */
  newKey(): string;
  /** Which version each user has; undefined in a pool without `affinity.remember`. */
  readonly sessions: Sessions | undefined;
  /** Whole seconds since the epoch. */
  wallSeconds(): number;
}

/**
 * `fallback`: what would have been chosen is not ready, or has failed the request, so another version of the split answers.
 * `slow-start`: another one answers because what would have been chosen is only starting.
 * `held`: the user keeps the version that it has, though the weights say otherwise by now.
 */
export const CHOICE_REASONS = [
  'route',
  'override',
  'affinity',
  'affinity-new',
  'weight',
  'fallback',
  'none',
  'slow-start',
  'remembered',
] as const;
/** Positions in `CHOICE_REASONS`. */
export const REASON_ROUTE = 0;
export const REASON_OVERRIDE = 1;
export const REASON_AFFINITY = 2;
export const REASON_AFFINITY_NEW = 3;
export const REASON_WEIGHT = 4;
export const REASON_FALLBACK = 5;
export const REASON_NONE = 6;
export const REASON_SLOW_START = 7;
export const REASON_REMEMBERED = 8;

/** Result of `choose`, reused by its caller. */
export class Choice {
  version: VersionTable | undefined = undefined;
  /** Position in `CHOICE_REASONS`. */
  reason = 0;
  /** Affinity key of the request (for ring-hash as well); empty when unkeyed. */
  key = '';
  /** Whether the answer must set the affinity cookie to `key`. */
  setCookie = false;
  /** Name of the override that decided; empty otherwise. */
  override = '';
}
