// Paths that no request can have, or that mean something else than their author expects.

import type { Config, MatchConfig, RouteConfig } from '../model.ts';
import type { Path } from '../path.ts';
import type { Review } from './review.ts';

/** `.` and `..` as elements, also encoded; `\`, which some servers read as `/`; and NUL. Requests that have one get 400. */
const REFUSED = /(?:^|\/|%2f)(?:\.|%2e){1,2}(?=\/|%2f|;|$)|\\|%5c|%00/i;

export function pathsCanMatch(config: Config, review: Review): void {
  for (const [index, route] of config.routes.entries()) {
    for (const [position, entry] of route.match.entries()) checkMatch(entry, ['routes', index, 'match', position, 'path'], review);
    checkRewrite(route, index, review);
  }
}

export function pathsOfMirrorsCanMatch(config: Config, review: Review): void {
  for (const { name, mirrors } of config.pools) {
    for (const [index, { match }] of mirrors.entries()) {
      for (const [position, path] of match.paths.entries())
        checkText(path.path, ['pools', name, 'mirrors', index, 'match', 'paths', position, path.kind], review);
    }
  }
}

function checkMatch({ path }: MatchConfig, at: Path, review: Review): void {
  if (path.kind !== 'regex') return checkText(path.path, [...at, path.kind], review);
  const reason = neverMatches(path.pattern);
  if (reason !== undefined) review.notice([...at, 'regex'], `this never matches: ${reason}`);
}

function checkText(text: string, at: Path, review: Review): void {
  if (REFUSED.test(text)) review.problem(at, 'this never matches: requests with dot segments, "\\", %5c or %00 in their path get 400');
  else if (text.includes('*')) review.notice(at, `"*" stands for itself here: a prefix needs none, and { regex: … } is for patterns`);
}

/** A path that we ourselves send must be one that everybody reads the same. */
function checkRewrite({ rewrite, action }: RouteConfig, index: number, review: Review): void {
  const message = 'a path must have no dot segments, "\\", %5c or %00: servers differ on where it leads';
  if (rewrite.path !== undefined && REFUSED.test(rewrite.path.value))
    review.problem(['routes', index, 'rewrite', 'path', rewrite.path.kind], message);
  const path = action.kind === 'redirect' ? action.redirect.path : undefined;
  if (path !== undefined && REFUSED.test(path.value)) review.problem(['routes', index, 'redirect', 'path', path.kind], message);
}

/** Why no path matches, where that is plain to see; undefined where it is not. */
function neverMatches(pattern: string): string | undefined {
  const body = pattern.replace(/^\(\?[a-z]+\)/, '');
  // Alternatives, and what may be left out, are not looked into.
  if (!/[|]/.test(body) && /^\^[A-Za-z0-9_%-](?![*?{])/.test(body)) return 'every path begins with "/", so write ^/';
  if (/[^\\]\$[A-Za-z0-9/]/.test(body) && !/[|[]/.test(body)) return 'nothing can come after "$"';
  if (/[A-Za-z0-9/]\^/.test(body) && !/[|[\\]/.test(body)) return 'nothing can come before "^"';
  if (/\\\?/.test(body) && !/[|[]/.test(body) && !/\\\?[?*{]/.test(body)) return 'a path ends before "?": use query to match parameters';
  if (/^\^?https?:/.test(body)) return 'a path has no scheme and no host';
  return undefined;
}
