// Same key, same version: reads the key of a request. A key names a user, never a version.

import { findCookie, findField, toFieldText } from '../http/header-block.ts';
import type { KeySource } from '../config/model.ts';
import type { RoutableRequest } from './request.ts';

export const AFFINITY_OWN_COOKIE = 0;
const AFFINITY_COOKIE = 1;
export const AFFINITY_HEADER = 2;
export const AFFINITY_CLIENT_IP = 3;

export interface AffinityRule {
  readonly kind: typeof AFFINITY_OWN_COOKIE | typeof AFFINITY_COOKIE | typeof AFFINITY_HEADER | typeof AFFINITY_CLIENT_IP;
  /** Of the cookie, or of the field in lower case; empty for the client's address. */
  readonly name: string;
  /** The text before and after the key in the Set-Cookie line of an own cookie; the last where the client speaks https. */
  readonly cookieStart: string;
  readonly cookieEnd: string;
  readonly secureCookieEnd: string;
}

// A key that we issued has 22 characters; the range leaves room for keys of other lengths later.
const SHORTEST_OWN_KEY = 16;
const MAX_OWN_KEY_LENGTH = 64;
const MAPPED_IPV4 = '::ffff:';

export function compileAffinity(config: KeySource): AffinityRule {
  if (config.kind === 'clientIp') return { kind: AFFINITY_CLIENT_IP, name: '', cookieStart: '', cookieEnd: '', secureCookieEnd: '' };
  if (config.kind === 'header')
    return { kind: AFFINITY_HEADER, name: config.name.toLowerCase(), cookieStart: '', cookieEnd: '', secureCookieEnd: '' };
  const kind = config.own ? AFFINITY_OWN_COOKIE : AFFINITY_COOKIE;
  const name = toFieldText(config.name);
  const start = `set-cookie: ${name}=`;
  return { kind, name, cookieStart: start, cookieEnd: cookieEnd(config, false), secureCookieEnd: cookieEnd(config, true) };
}

/** Browsers refuse SameSite=None and Partitioned without Secure. */
function cookieEnd(config: Extract<KeySource, { kind: 'cookie' }>, isHttps: boolean): string {
  const { sameSite, secure, domain, partitioned } = config;
  const isSecure = secure === 'auto' ? isHttps || sameSite === 'none' || partitioned : secure;
  const attributes = [
    `Path=${toFieldText(config.path)}`,
    ...(domain === undefined ? [] : [`Domain=${domain}`]),
    `Max-Age=${Math.round(config.maxAgeMs / 1000)}`,
    'HttpOnly',
    ...(isSecure ? ['Secure'] : []),
    `SameSite=${sameSite[0]?.toUpperCase() ?? ''}${sameSite.slice(1)}`,
    ...(partitioned ? ['Partitioned'] : []),
  ];
  return `; ${attributes.join('; ')}\r\n`;
}

/** The key that the request brings, or the empty string. An own cookie that we cannot have issued counts as absent. */
export function readKey(rule: AffinityRule, request: RoutableRequest, client: string): string {
  switch (rule.kind) {
    case AFFINITY_OWN_COOKIE: {
      const key = findCookie(request.block, rule.name);
      return key !== undefined && isOwnKey(key) ? key : '';
    }
    case AFFINITY_COOKIE:
      return findCookie(request.block, rule.name) ?? '';
    case AFFINITY_HEADER:
      return findField(request.block, rule.name) ?? '';
    case AFFINITY_CLIENT_IP:
      return canonicalClient(client);
  }
}

/** The full Set-Cookie line, with its CRLF, that gives the client its key. */
export function affinityCookie(rule: AffinityRule, key: string, isHttps: boolean): string {
  return rule.cookieStart + key + (isHttps ? rule.secureCookieEnd : rule.cookieEnd);
}

/** An IPv4 address that came in through an IPv6 socket is the same client. */
export function canonicalClient(address: string): string {
  return address.startsWith(MAPPED_IPV4) && address.indexOf('.') > 0 ? address.slice(MAPPED_IPV4.length) : address;
}

function isOwnKey(key: string): boolean {
  if (key.length < SHORTEST_OWN_KEY || key.length > MAX_OWN_KEY_LENGTH) return false;
  for (let i = 0; i < key.length; i++) {
    const code = key.charCodeAt(i);
    const letter = code | 0x20;
    const isPlain = (letter >= 0x61 && letter <= 0x7a) || (code >= 0x30 && code <= 0x39) || code === 0x2d || code === 0x5f;
    if (!isPlain) return false;
  }
  return true;
}
