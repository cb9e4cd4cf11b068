// Hosts as routes name them: what is one, in which form, and what is wrong with what is none.

import type { Fault } from '../fault.ts';
import { normalizeHost } from '../syntax.ts';

/** Lower case, without port; `*.x` for all names below x. */
export function readHostPattern(text: string): string | Fault {
  const shown = JSON.stringify(text);
  if (text === '*') return { fault: 'host "*" is not needed: leave hosts out to match any host' };
  const wild = text.startsWith('*.');
  const rest = wild ? text.slice(2) : text;
  if (rest.includes('*')) return { fault: `a wildcard may only stand as the first label, such as *.example.com, got ${shown}` };
  if (/^[^:]*:[0-9]+$|\]:[0-9]+$/.test(rest)) return { fault: `host must be without port, got ${shown}` };
  if (!wild && isHostText(rest)) return rest.startsWith('[') ? `[${normalizeHost(rest.slice(1, -1)) ?? ''}]` : (normalizeHost(rest) ?? '');
  const host = wild && !rest.startsWith('[') ? normalizeHost(rest) : undefined;
  if (host === undefined || host.includes(':')) {
    const url = /^[a-z]+:\/\/([^/:]+)/i.exec(text)?.[1];
    return { fault: `host must be a DNS name, an IP address or *.name, got ${shown}${url === undefined ? '' : ` (write ${url})`}` };
  }
  return `*.${host}`;
}

/** IPv6 needs brackets here, as in every authority (RFC 3986, section 3.2.2). */
export function isHostText(text: string): boolean {
  const bracketed = /^\[(.*)\]$/.exec(text)?.[1];
  if (bracketed !== undefined) return normalizeHost(bracketed)?.includes(':') === true && !bracketed.includes('%');
  return !text.includes(':') && normalizeHost(text) !== undefined;
}
