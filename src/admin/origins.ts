// Which web pages may speak to the admin API: those that it serves itself. Browsers name the page's origin; nothing else sends the field.

import type { IncomingHttpHeaders } from 'node:http';

/** What a request with an Origin field goes to. */
export interface OriginTarget {
  /** Its Host field. */
  readonly host: string;
  readonly method: string;
  readonly isSecure: boolean;
}

/**
 * Whether a request of this origin is taken. Reads may come from any page of an allowed host; a write must come from the very host and
 * port that it goes to, because a page of another port on this machine could send one without a body unasked.
 * Over TLS the page must have come over TLS as well: others on the way can write into one that did not.
 * @param origin the Origin field
 */
export function isAllowedOrigin(origin: string, { host, method, isSecure }: OriginTarget, allowed: (host: string) => boolean): boolean {
  const named = /^https?:\/\/([^/?#@\s]+)$/i.exec(origin)?.[1];
  if (named === undefined || !allowed(named)) return false;
  if (isSecure && !/^https:/i.test(origin)) return false;
  return method === 'GET' || method === 'HEAD' || named.toLowerCase() === host.toLowerCase();
}

/**
 * Whether a browser may send this without a token, by its Fetch Metadata: for pages of this very origin, for a person that types the address,
 * and for a person that follows a link to a document, which the page with the link cannot read. Others send none of these fields.
 * @param isStream whether the response stays open: a page that opens such links would use up the places of others
 */
export function isAllowedSite(headers: IncomingHttpHeaders, method: string, isStream: boolean): boolean {
  const site = headers['sec-fetch-site'];
  if (site === undefined || site === 'same-origin' || site === 'none') return true;
  const isLink = headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document';
  return isLink && !isStream && (method === 'GET' || method === 'HEAD');
}
