// Reduces the authority of a request to the host that routes are compared with.

/**
 * Lower case, without port and without the trailing dot of a fully qualified name. An IPv6 literal keeps its brackets.
 * Linear; never fails: what is no host simply equals none.
 */
export function hostOfAuthority(authority: string): string {
  let end = authority.length;
  if (authority.charCodeAt(0) === 0x5b) {
    const close = authority.indexOf(']');
    end = close < 0 ? end : close + 1;
  } else {
    const colon = authority.indexOf(':');
    if (colon >= 0) end = colon;
    if (end > 0 && authority.charCodeAt(end - 1) === 0x2e) end--;
  }
  return (end === authority.length ? authority : authority.slice(0, end)).toLowerCase();
}

/** Port that the authority names, or undefined. */
export function portOf(authority: string): number | undefined {
  const from = authority.charCodeAt(0) === 0x5b ? authority.indexOf(']') + 1 : 0;
  const colon = authority.indexOf(':', from);
  if (colon < 0) return undefined;
  let port = 0;
  for (let i = colon + 1; i < authority.length; i++) {
    const digit = authority.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return undefined;
    port = port * 10 + digit;
    if (port > 65_535) return undefined;
  }
  return port === 0 ? undefined : port;
}

/** A host of the Config in the same form; IPv6 addresses may lack brackets there. Empty stands for any host. */
export function canonicalConfigHost(host: string): string {
  if (host === '*') return '';
  const colon = host.indexOf(':');
  return hostOfAuthority(colon >= 0 && colon !== host.lastIndexOf(':') && !host.startsWith('[') ? `[${host}]` : host);
}
