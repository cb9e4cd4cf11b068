// The Location of a redirect. Holds nothing but printable ASCII, and never leads to a host that neither operator nor request named.

import { hostOfAuthority, portOf } from './host.ts';
import { encodePath } from './path.ts';
import { rewritePath } from './rewrite.ts';
import type { RoutableRequest } from './request.ts';
import type { CompiledRedirect, RouteMatch } from './route-table.ts';

const DEFAULT_PORTS = { http: 80, https: 443 } as const;

/**
 * An absolute URL (RFC 9110, section 10.2.2). What the redirect does not name is taken from the request: scheme, host, path and always the
 * query. The port is that of the request's authority unless the scheme changes hands (Gateway API: a named scheme resets it), and is left
 * out when it is the scheme's own. A request without a usable authority gets a path alone.
 * @param scheme that the request came with.
 */
export function redirectLocation(
  redirect: CompiledRedirect,
  request: RoutableRequest,
  match: RouteMatch,
  scheme: 'http' | 'https',
): string {
  const path = redirect.path === undefined ? request.path : rewritePath(redirect.path, match, request.path);
  const target = encodePath(localPath(path) + (request.query === '' ? '' : `?${request.query}`));
  const host = redirect.host ?? hostOfAuthority(request.authority);
  if (!isHost(host)) return target;
  const newScheme = redirect.scheme ?? scheme;
  const port = redirect.port ?? (redirect.scheme === undefined ? portOf(request.authority) : undefined);
  const suffix = port === undefined || port === DEFAULT_PORTS[newScheme] ? '' : `:${port}`;
  return `${newScheme}://${host}${suffix}${target}`;
}

/** With one slash at its start: browsers take `//host` and `/\host` for another site. */
function localPath(path: string): string {
  let start = 0;
  while (start < path.length && (path[start] === '/' || path[start] === '\\')) start++;
  return `/${path === '*' ? '' : path.slice(start)}`;
}

function isHost(host: string): boolean {
  if (host === '') return false;
  for (let i = 0; i < host.length; i++) {
    const code = host.charCodeAt(i);
    const letter = code | 0x20;
    const isPlain =
      (letter >= 0x61 && letter <= 0x7a && code < 0x80) || (code >= 0x30 && code <= 0x3a) || '-._~[]%'.includes(host.charAt(i));
    if (!isPlain) return false;
  }
  return true;
}
