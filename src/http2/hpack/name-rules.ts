// What an encoder does with a field, by its name: whether it may enter the dynamic table. Only what is sent again pays for its place there;
// what opens doors stays out (RFC 7541, section 7.1.3), for who shares a connection could guess it.

import { SECRET_PARTS } from '../../lib/secret-names.ts';
import { STATIC_TABLE } from './static-table.ts';

/** Sent in full each time. */
const SEND_ALWAYS = 0;
/** Enters the table when the same field has been sent lately. */
export const SEND_ONCE = 1;
/** Sent in full, and no later hop may index it either. */
export const SEND_SECRETLY = 2;
/** Belongs to a connection of HTTP/1, or is said otherwise. */
export const SEND_NEVER = 3;

/** Hashes of names, in lower case, and of lines begin with it. */
export const HASH_START = 0x1e35;

export interface NameRule {
  /** Lower case. */
  readonly name: string;
  readonly hash: number;
  /** Index of the name in the static table; 0: it is not there. */
  readonly index: number;
  readonly inRequests: number;
  readonly inResponses: number;
}

const SECRETS = [...SECRET_PARTS, 'auth', 'api-key', 'apikey', 'signed'];
const KNOWN_SECRETS = 'authorization cookie proxy-authorization set-cookie';
const OF_CONNECTIONS = 'connection http2-settings keep-alive proxy-connection transfer-encoding upgrade';

/**
 * Requests of many clients share a connection to an upstream. These say nothing of a person that its neighbours on the connection should not
 * find out; all other fields are sent in full.
 */
const REPEATED_IN_REQUESTS =
  'accept accept-charset accept-encoding accept-language access-control-request-headers access-control-request-method cache-control ' +
  'content-encoding content-type dnt expect grpc-accept-encoding grpc-encoding pragma priority save-data sec-ch-ua sec-ch-ua-mobile ' +
  'sec-ch-ua-platform sec-fetch-dest sec-fetch-mode sec-fetch-site sec-fetch-user sec-gpc te upgrade-insecure-requests user-agent via ' +
  'x-forwarded-host x-forwarded-proto x-requested-with';

/** The client of a response is alone on its connection. These differ from response to response. */
const CHANGING_IN_RESPONSES =
  'age content-disposition content-length content-location content-range etag expires last-modified link location refresh retry-after x-request-id ' +
  'x-runtime';

/** Other names that are common, so that they are not looked at letter by letter. */
const COMMON =
  'access-control-allow-credentials access-control-allow-headers access-control-allow-methods access-control-allow-origin ' +
  'access-control-expose-headers access-control-max-age allow alt-svc accept-ranges content-language content-security-policy date ' +
  'forwarded from grpc-message grpc-status grpc-timeout if-match if-modified-since if-none-match if-range if-unmodified-since ' +
  'max-forwards origin permissions-policy proxy-authenticate range referer referrer-policy server strict-transport-security traceparent ' +
  'tracestate trailer vary www-authenticate x-content-type-options x-forwarded-for x-frame-options x-powered-by x-xss-protection';

/** Names of upstreams that are kept beside those; all others are looked at each time. */
const MAX_LEARNED = 512;
/** A power of two, more than all that are kept. */
const SLOTS = 2048;

const slots = new Array<NameRule | undefined>(SLOTS).fill(undefined);
let learned = 0;

for (const name of words(KNOWN_SECRETS)) keep(makeRule(name, SEND_SECRETLY, SEND_SECRETLY));
for (const name of words(OF_CONNECTIONS)) keep(makeRule(name, SEND_NEVER, SEND_NEVER));
for (const name of words(REPEATED_IN_REQUESTS)) keep(makeRule(name, SEND_ONCE, SEND_ONCE));
for (const name of words(CHANGING_IN_RESPONSES)) keep(makeRule(name, SEND_ALWAYS, SEND_ALWAYS));
for (const name of words(COMMON)) keep(makeRule(name, SEND_ALWAYS, SEND_ONCE));
// The authority has said it.
keep(makeRule('host', SEND_NEVER, SEND_ONCE));

/** The hash with one more character. */
export function hashOn(hash: number, code: number): number {
  return Math.imul(hash ^ code, 0x01000193);
}

/** The rule for the name in `text` from `from` to `to`, whose lower-case characters have this hash. */
export function ruleOf(text: string, from: number, to: number, hash: number): NameRule {
  for (let slot = slotOf(hash); ; slot = (slot + 1) & (SLOTS - 1)) {
    const rule = slots[slot];
    if (rule === undefined) return learn(text.slice(from, to).toLowerCase());
    if (rule.hash === hash && isNamed(text, from, to, rule.name)) return rule;
  }
}

/** A to Z in lower case. */
export function lower(code: number): number {
  return code >= 0x41 && code <= 0x5a ? code | 0x20 : code;
}

function isNamed(text: string, from: number, to: number, name: string): boolean {
  if (name.length !== to - from) return false;
  for (let at = 0; at < name.length; at++) if (lower(text.charCodeAt(from + at)) !== name.charCodeAt(at)) return false;
  return true;
}

function learn(name: string): NameRule {
  const isSecret = SECRETS.some((part) => name.includes(part));
  const rule = isSecret ? makeRule(name, SEND_SECRETLY, SEND_SECRETLY) : makeRule(name, SEND_ALWAYS, SEND_ONCE);
  if (learned < MAX_LEARNED) {
    learned++;
    keep(rule);
  }
  return rule;
}

function keep(rule: NameRule): void {
  let slot = slotOf(rule.hash);
  while (slots[slot] !== undefined) slot = (slot + 1) & (SLOTS - 1);
  slots[slot] = rule;
}

function slotOf(hash: number): number {
  return (hash ^ (hash >>> 15)) & (SLOTS - 1);
}

function makeRule(name: string, inRequests: number, inResponses: number): NameRule {
  let hash = HASH_START;
  for (let at = 0; at < name.length; at++) hash = hashOn(hash, name.charCodeAt(at));
  return {
    name,
    hash,
    index: Math.max(
      0,
      STATIC_TABLE.findIndex(([known], index) => index > 0 && known === name),
    ),
    inRequests,
    inResponses,
  };
}

function words(list: string): string[] {
  return list.split(' ');
}
