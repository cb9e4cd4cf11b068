// A Config compiled for serving: immutable, swapped as a whole, never asked to parse a string again.
// Living state (readiness, connections, the split's position) is not here; it is passed in.

import type { BalancerName, MirrorConfig, PoolConfig } from '../config/model.ts';
import type { CompiledHeaderChanges } from '../http/header-changes.ts';
import type { AffinityRule } from './affinity.ts';
import type { VersionTable } from './choice.ts';
import type { Matcher } from './match.ts';
import type { MirrorConditions } from './mirror-conditions.ts';
import type { OverrideRule } from './overrides.ts';
import type { RouteTable } from './route-table.ts';
import type { SessionRule } from './session-rule.ts';

export interface Table {
  readonly revision: number;
  readonly pools: readonly PoolTable[];
  /** With `matchers` shared by all Tables that were compiled from the same list of routes. */
  readonly routes: readonly RouteTable[];
  /** By listener name. */
  readonly matchers: ReadonlyMap<string, Matcher>;
  /** By listener name, of those that allow CONNECT. */
  readonly connects: ReadonlyMap<string, ConnectTable>;
  /** By listener name, of those that pass connections through. */
  readonly passthroughs: ReadonlyMap<string, PassthroughTable>;
  /** By route index; undefined where Sluice itself responds. */
  readonly destinations: readonly (Destination | undefined)[];
}

/** Where CONNECT may lead on one listener. */
export interface ConnectTable {
  readonly pools: readonly PoolTable[];
  /** An exact name goes before wildcards, and of these the longest. @param authority with its port, as a client has it */
  find(authority: string): Destination | undefined;
}

/** Where a route leads. */
export interface Destination {
  readonly pool: PoolTable;
  /** The one version that the route always uses, or undefined. */
  readonly version: VersionTable | undefined;
}

/** Where the connections of a listener go that passes them through. */
export interface PassthroughTable {
  /** Whether the first bytes are looked at, for the name that a client of TLS asks for. */
  readonly isByName: boolean;
  /** @param name in lower case; empty: it asks for none, or nobody has looked. Undefined: it leads nowhere */
  find(name: string): Lead | undefined;
}

/** Where a name leads, and by what. */
interface Lead {
  readonly destination: Destination;
  /** The name as it is configured, such as `*.example.com`; empty: it stands for all others. */
  readonly name: string;
}

export interface PoolTable {
  /** Position in `Table.pools`. */
  readonly index: number;
  readonly name: string;
  readonly versions: readonly VersionTable[];
  /** Weight by version index. */
  readonly weights: Float64Array;
  readonly weightTotal: number;
  /** Index of the version under test, -1 without one. */
  readonly canary: number;
  /** Hash seed by version index; depends on the names of pool and version and on the version's salt alone. */
  readonly seeds: Int32Array;
  readonly affinity: AffinityRule | undefined;
  /** Set where keyed users keep the version that they have. */
  readonly sessions: SessionRule | undefined;
  readonly overrides: readonly OverrideRule[];
  /** Undefined where nothing is copied, so that the hot path tests one field. */
  readonly mirrors: readonly MirrorTable[] | undefined;
  readonly fallback: 'split' | 'fail';
  /** Whether a request waits when no version that may respond is ready. */
  readonly holds: boolean;
  /** Whether any version starts slowly. */
  readonly hasSlowStart: boolean;
  readonly balancer: BalancerName;
  readonly config: PoolConfig;
}

export interface MirrorTable {
  /** Position in `PoolTable.mirrors`. */
  readonly index: number;
  readonly name: string;
  /** Of the copies. */
  readonly pool: PoolTable;
  /** Undefined: as that pool splits. */
  readonly version: VersionTable | undefined;
  /** Of requests, 0 to 1. */
  readonly share: number;
  /** Whether users are sampled, where they can be told apart. */
  readonly bySession: boolean;
  /** Of the hash of users; depends on the names of pool and mirror alone. */
  readonly seed: number;
  readonly safeOnly: boolean;
  readonly conditions: MirrorConditions | undefined;
  readonly finishesAborted: boolean;
  readonly timeoutMs: number;
  readonly requestHeaders: CompiledHeaderChanges | undefined;
  readonly rewriteHost: string | undefined;
  readonly config: MirrorConfig;
}
