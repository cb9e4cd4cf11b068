// The syntax of a Host value or of the authority in an absolute-form target: a name, IPv4 or [IPv6] address with an optional port.
// Narrower than RFC 3986: no userinfo, no percent-encoding, no sub-delims, no empty name and no empty port.

import { isIPv6 } from 'node:net';

const NAME = /^[A-Za-z0-9_][A-Za-z0-9._~-]{0,254}(?::([0-9]{1,5}))?$/;
const LITERAL = /^\[([0-9A-Fa-f:.]{2,45})\](?::([0-9]{1,5}))?$/;

export function isAuthority(value: string): boolean {
  if (value.charCodeAt(0) === 0x5b) {
    const literal = LITERAL.exec(value);
    return literal !== null && isPort(literal[2]) && isIPv6(literal[1]!);
  }
  const name = NAME.exec(value);
  return name !== null && isPort(name[1]);
}

/** Whether both name the same place under this scheme: letter case and the scheme's own port make no difference. */
export function sameAuthority(one: string, other: string, scheme: string): boolean {
  return one === other || canonical(one, scheme) === canonical(other, scheme);
}

function isPort(digits: string | undefined): boolean {
  return digits === undefined || Number(digits) <= 65535;
}

function canonical(value: string, scheme: string): string {
  const lower = value.toLowerCase();
  const port = scheme === 'https' ? ':443' : ':80';
  return lower.endsWith(port) ? lower.slice(0, -port.length) : lower;
}
