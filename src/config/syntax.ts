// The small grammars of HTTP and DNS that names and values in the YAML must obey, so that nothing written there can break a message.

import ipaddr from 'ipaddr.js';

/** RFC 9110, section 5.6.2: names of fields, methods and cookies. */
const TOKEN_PATTERN = "^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}$";

/** Names of pools, versions, routes and the like; they become metric labels and parts of URLs. */
export const NAME_PATTERN = '^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$';

const token = new RegExp(TOKEN_PATTERN);
const label = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;

export function isToken(text: string): boolean {
  return token.test(text);
}

/**
 * Printable ASCII and tabs, with no blank at either end (RFC 9110, section 5.5, without obs-text): blanks would be cut off in transit, and
 * wider characters could turn into line ends when written as bytes.
 */
export function isFieldValue(text: string): boolean {
  return text.length <= 8192 && /^[\t\x20-\x7e]*$/.test(text) && !/^[\t ]|[\t ]$/.test(text);
}

/** Text without control characters, nor halves of characters, which would not outlast being written. */
export function isPlainText(text: string): boolean {
  return text.length <= 8192 && !/[\u0000-\u001f\u007f-\u009f]/.test(text) && text.isWellFormed();
}

/** An absolute path: `/`, then visible ASCII without `?` and `#`. */
export function isPath(text: string): boolean {
  return text.length <= 8192 && /^\/[\x21\x22\x24-\x3e\x40-\x7e]*$/.test(text);
}

/**
 * A host in canonical form: lower case, IPv4 as four decimals, IPv6 compressed and without brackets. Undefined when it is none of them.
 * A name whose last label is a number is refused, because resolvers would read it as an odd way to write an IPv4 address.
 */
export function normalizeHost(text: string): string | undefined {
  if (text.includes(':')) return ipaddr.IPv6.isValid(text) ? ipaddr.IPv6.parse(text).toString() : undefined;
  // The library throws and catches an Error for all else, which takes longer than everything around it.
  if (/^[0-9.]+$/.test(text) && ipaddr.IPv4.isValidFourPartDecimal(text)) return ipaddr.IPv4.parse(text).toString();
  const host = text.toLowerCase();
  const labels = (host.endsWith('.') ? host.slice(0, -1) : host).split('.');
  if (host.length > 253 || !labels.every((part) => label.test(part))) return undefined;
  return /^(?:[0-9]+|0x[0-9a-f]*)$/.test(labels.at(-1) ?? '') ? undefined : host;
}

/** A CIDR range or a single address. */
export function isRange(text: string): boolean {
  const address = /^([0-9A-Fa-f.:]+)(?:\/[0-9]{1,3})?$/.exec(text)?.[1];
  if (address === undefined) return false;
  if (!text.includes('/')) return address.includes(':') ? ipaddr.IPv6.isValid(address) : ipaddr.IPv4.isValidFourPartDecimal(address);
  return address.includes(':') ? ipaddr.IPv6.isValidCIDR(text) : ipaddr.IPv4.isValidCIDRFourPartDecimal(text);
}
