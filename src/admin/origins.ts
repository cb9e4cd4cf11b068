// Which web pages may speak to the admin API: those that it serves itself. Browsers name the page's origin; nothing else sends the field.

/**
 * Whether a request of this origin is taken. Reads may come from any page of an allowed host; a write must come from the very host and
 * port that it goes to, because a page of another port on this machine could send one without a body unasked.
 * @param origin the Origin field; @param host the Host field of the same request
 */
export function isAllowedOrigin(origin: string, host: string, method: string, allowed: (host: string) => boolean): boolean {
  const named = /^https?:\/\/([^/?#@\s]+)$/i.exec(origin)?.[1];
  if (named === undefined || !allowed(named)) return false;
  return method === 'GET' || method === 'HEAD' || named.toLowerCase() === host.toLowerCase();
}
