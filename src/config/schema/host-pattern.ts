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

/** The same with a port. */
export function readAuthorityPattern(text: string): string | Fault {
  const shown = JSON.stringify(text);
  const [, name = '', port = ''] = /^(.*):([0-9]{1,6})$/s.exec(text) ?? [];
  if (port === '') return { fault: `authority must be a host with its port, such as db.internal:5432 or *.corp.example:443, got ${shown}` };
  if (Number(port) < 1 || Number(port) > 65_535) return { fault: `port must be 1 to 65535, got ${port}` };
  if (name === '*') return { fault: `authority must say which hosts: *.example.com:${port}, got ${shown}` };
  const host = readHostPattern(name);
  return typeof host === 'string' ? `${host}:${Number(port)}` : host;
}

/** IPv6 needs brackets here, as in every authority (RFC 3986, section 3.2.2). */
export function isHostText(text: string): boolean {
  const bracketed = /^\[(.*)\]$/.exec(text)?.[1];
  if (bracketed !== undefined) return normalizeHost(bracketed)?.includes(':') === true && !bracketed.includes('%');
  return !text.includes(':') && normalizeHost(text) !== undefined;
}
