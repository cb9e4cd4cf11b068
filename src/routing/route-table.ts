// A route compiled for serving: what is done with a request that matches it. It names no pool; `Table.destinations` does.

import type { PathRewrite, RouteConfig } from '../config/model.ts';
import type { CompiledHeaderChanges } from '../http/header-changes.ts';

export const ACTION_POOL = 0;
export const ACTION_REDIRECT = 1;
export const ACTION_RESPOND = 2;

export interface RouteTable {
  /** Position in `Table.routes`. */
  readonly index: number;
  readonly name: string;
  readonly action: typeof ACTION_POOL | typeof ACTION_REDIRECT | typeof ACTION_RESPOND;
  readonly redirect: CompiledRedirect | undefined;
  readonly respond: FixedResponse | undefined;
  readonly timeoutMs: number;
  readonly rewriteHost: string | undefined;
  readonly rewritePath: PathRewrite | undefined;
  /** Whether responses that name the upstream are given the place as the client knows it. */
  readonly rewritesLocation: boolean;
  /** Undefined when the route changes nothing, so that the hot path tests one field. */
  readonly requestHeaders: CompiledHeaderChanges | undefined;
  readonly responseHeaders: CompiledHeaderChanges | undefined;
  readonly config: RouteConfig;
}

/** What a route responds with itself. */
export interface FixedResponse {
  readonly status: number;
  /** Field lines. */
  readonly fields: string;
  readonly body: string;
}

export interface CompiledRedirect {
  readonly scheme: 'http' | 'https' | undefined;
  readonly host: string | undefined;
  readonly port: number | undefined;
  readonly path: PathRewrite | undefined;
  readonly status: number;
}

/** One entry of a route's `match` list, made once; what `Matcher.find` returns. */
export interface RouteMatch {
  readonly route: RouteTable;
  /** Length of the matched prefix in the canonical path (without trailing slash); -1 for exact and regex matches, which take the whole path. */
  readonly prefixLength: number;
}
