// The other way of a rewrite: where a response names the upstream (Location, Content-Location), it is given the place as the client knows it.

import { findLine, nextLine } from '../http/header-block.ts';
import { receivedLength } from './path.ts';
import type { RouteMatch } from './route-table.ts';

export interface KnownPlaces {
  /** What the upstream was told that it is, and the address that it was asked at. */
  readonly upstream: readonly string[];
  /** As the client asked; without an authority the place becomes a path. */
  readonly scheme: 'http' | 'https';
  readonly authority: string;
  /** Of the request. */
  readonly path: string;
  readonly match: RouteMatch;
}

const FIELDS = ['location', 'content-location'] as const;
const URL_WITH_AUTHORITY = /^(?:(https?):)?\/\/([^/?#]*)(.*)$/i;

/** The header block with the places that the client can reach. What does not name the upstream stays as it is. */
export function rewriteLocations(block: string, known: KnownPlaces): string {
  let made = block;
  for (const name of FIELDS) {
    for (let line = findLine(made, name, 0); line >= 0; line = findLine(made, name, nextLine(made, line))) {
      const start = line + name.length + 1;
      const end = nextLine(made, line);
      const written = made.slice(start, end).trim();
      const place = clientPlace(written, known);
      if (place !== undefined) made = made.slice(0, start) + ' ' + place + '\r\n' + made.slice(end);
    }
  }
  return made;
}

function clientPlace(written: string, known: KnownPlaces): string | undefined {
  const found = URL_WITH_AUTHORITY.exec(written);
  if (found === null) return undefined;
  const [, scheme = 'http', authority, rest] = found as unknown as readonly [string, string | undefined, string, string];
  const place = withoutOwnPort(authority, scheme);
  if (!known.upstream.some((each) => withoutOwnPort(each, scheme) === place)) return undefined;
  const path = clientPath(rest, known);
  if (known.authority !== '') return `${known.scheme}://${known.authority}${path}`;
  // Alone, a path that begins with two slashes would name a host.
  return path.startsWith('//') ? undefined : path;
}

/** A prefix that was replaced on the way there is put back. */
function clientPath(rest: string, { match, path }: KnownPlaces): string {
  const { rewritePath } = match.route;
  const whole = rest.startsWith('/') ? rest : `/${rest}`;
  if (rewritePath?.kind !== 'prefix' || match.prefixLength < 0) return rest === '' ? '/' : whole;
  const { value } = rewritePath;
  const sent = value.endsWith('/') ? value.slice(0, -1) : value;
  const after = whole.charAt(sent.length);
  if (!whole.startsWith(sent) || (after !== '' && after !== '/' && after !== '?' && after !== '#')) return whole;
  const made = path.slice(0, receivedLength(path, match.prefixLength)) + whole.slice(sent.length);
  return made.startsWith('/') ? made : `/${made}`;
}

function withoutOwnPort(authority: string, scheme: string): string {
  const lower = authority.toLowerCase();
  const port = scheme.toLowerCase() === 'https' ? ':443' : ':80';
  return lower.endsWith(port) ? lower.slice(0, -port.length) : lower;
}
