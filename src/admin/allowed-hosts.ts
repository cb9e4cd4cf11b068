// Which Host a request to the admin API may name. A web page that points a name of its own at us (DNS rebinding) names another.

import { isIP } from 'node:net';
import type { Address } from '../config/model.ts';

/**
 * Loopback names, the configured address and the configured names with any port; on a wildcard address any IP literal; on a Unix socket anything.
 * @param hosts names in lower case; `*.x` for all names below x
 */
export function allowedHosts(address: Address, hosts: readonly string[] = []): (host: string) => boolean {
  if (address.kind !== 'tcp') return () => true;
  const names = new Set(['localhost', '127.0.0.1', '[::1]', hostName(address.host), ...hosts]);
  const suffixes = hosts.filter((host) => host.startsWith('*.')).map((host) => host.slice(1));
  // Which addresses a machine has is unknown here, but a rebinding page always uses a name, never a literal.
  const anyLiteral = address.host === '0.0.0.0' || bare(address.host) === '::';
  return (host) => {
    // A fully qualified name may end with a dot.
    const name = withoutPort(host.toLowerCase()).replace(/\.$/, '');
    if (names.has(name) || (anyLiteral && isIP(bare(name)) !== 0)) return true;
    return suffixes.some((suffix) => name.length > suffix.length && name.endsWith(suffix));
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
