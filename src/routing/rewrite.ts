// The target that is sent upstream by a route that rewrites paths. A route without a rewrite forwards the received target as it is.

import type { PathRewrite } from '../config/model.ts';
import { receivedLength } from './path.ts';
import type { RoutableRequest } from './request.ts';
import type { RouteMatch } from './route-table.ts';

/** Origin-form target for the upstream; the query stays. `*` (OPTIONS) is never rewritten. */
export function rewriteTarget(match: RouteMatch, request: RoutableRequest): string {
  const { path, query } = request;
  const { rewritePath: rewrite } = match.route;
  const sent = rewrite === undefined || path === '*' ? path : rewritePath(rewrite, match, path);
  return query === '' ? sent : `${sent}?${query}`;
}

/**
 * The path with its matched prefix, or all of it, replaced (Gateway API, HTTPPathModifier): exactly one slash joins a new prefix
 * with the rest, and the result is never empty. Of a match that is no prefix, the whole path is replaced.
 */
export function rewritePath(rewrite: PathRewrite, match: RouteMatch, path: string): string {
  const { value } = rewrite;
  if (rewrite.kind === 'full' || match.prefixLength < 0) return value.startsWith('/') ? value : `/${value}`;
  const rest = path.slice(receivedLength(path, match.prefixLength));
  const isJoined = value.endsWith('/') && rest.startsWith('/');
  const made = (isJoined ? value.slice(0, -1) : value) + rest;
  return made.startsWith('/') ? made : `/${made}`;
}
