// The syntax of a Host value or of the authority in an absolute-form target: a name, IPv4 or [IPv6] address with an optional port.
// Narrower than RFC 3986: no userinfo, no percent-encoding, no sub-delims and no empty name. A colon without a port is
// taken off first.

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

/** The target of CONNECT (RFC 9112, section 3.2.3): an authority with a port, which is not 0. */
export function isConnectAuthority(value: string): boolean {
  return /:0{0,4}[1-9][0-9]{0,4}$/.test(value) && isAuthority(value);
}

/** A colon without a port says nothing (RFC 3986, section 3.2.3). */
export function withoutEmptyPort(value: string): string {
  return value.endsWith(':') ? value.slice(0, -1) : value;
}

function isPort(digits: string | undefined): boolean {
  return digits === undefined || Number(digits) <= 65535;
}
