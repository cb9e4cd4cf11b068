// Which Host a request to the admin API may name. A web page that points a name of its own at us (DNS rebinding) names another.

import { isIP } from 'node:net';
import type { Address } from '../config/model.ts';

/** Loopback names and the configured address with any port; on a wildcard address any IP literal; on a Unix socket anything. */
export function allowedHosts(address: Address): (host: string) => boolean {
  if (address.kind !== 'tcp') return () => true;
  const names = new Set(['localhost', '127.0.0.1', '[::1]', hostName(address.host)]);
  // Which addresses a machine has is unknown here, but a rebinding page always uses a name, never a literal.
  const anyLiteral = address.host === '0.0.0.0' || bare(address.host) === '::';
  return (host) => {
    const name = withoutPort(host.toLowerCase());
    return names.has(name) || (anyLiteral && isIP(bare(name)) !== 0);
  };
}

function hostName(host: string): string {
  const name = bare(host).toLowerCase();
  return isIP(name) === 6 ? `[${name}]` : name;
}

function bare(host: string): string {
  return host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
}

function withoutPort(host: string): string {
  return host.replace(/:[0-9]{1,5}$/, '');
}
