// The field by which upstreams learn whom a client's certificate stands for. A file of its own: workers without TLS load no certificates.

import type { ClientIdentity } from './client-identity.ts';

/** The value of x-forwarded-client-cert for it: what a field may not hold is left out, and quotes are escaped. */
export function forwardedClientCert({ fingerprint, subject, uris, names }: ClientIdentity): string {
  const parts = [`Hash=${fingerprint}`, `Subject="${escaped(subject)}"`];
  for (const uri of uris) parts.push(`URI=${quoted(uri)}`);
  for (const name of names) parts.push(`DNS=${quoted(name)}`);
  return parts.join(';');
}

function quoted(value: string): string {
  return /[",;=]/.test(value) ? `"${escaped(value)}"` : printable(value);
}

function escaped(value: string): string {
  return printable(value).replace(/["\\]/g, String.raw`\$&`);
}

/** Fields hold visible ASCII. */
function printable(value: string): string {
  return value.replace(/[^\x20-\x7e]/g, '?');
}
