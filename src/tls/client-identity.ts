// Whom a client's certificate stands for, and the field by which upstreams learn it (x-forwarded-client-cert, as Envoy writes it).

import type { X509Certificate } from 'node:crypto';
import { alternativeNames, fingerprintOf } from './certificate.ts';

export interface ClientIdentity {
  /** SHA-256 of the certificate, in hex. */
  readonly fingerprint: string;
  /** As in RFC 2253: `CN=shop,O=Example`. */
  readonly subject: string;
  /** URIs of the certificate, such as `spiffe://mesh/shop`. */
  readonly uris: readonly string[];
  /** Names of hosts in the certificate. */
  readonly names: readonly string[];
}

/** Longest name that is looked at; a certificate may hold anything that an authority signs. */
const MAX_NAME = 1024;
const MAX_NAMES = 64;

export function identityOf(certificate: X509Certificate): ClientIdentity {
  const names = alternativeNames(certificate)
    .filter(({ value }) => value.length <= MAX_NAME)
    .slice(0, MAX_NAMES);
  return {
    fingerprint: fingerprintOf(certificate),
    subject: subjectOf(certificate),
    uris: names.filter(({ kind }) => kind === 'URI').map(({ value }) => value),
    names: names.filter(({ kind }) => kind === 'DNS').map(({ value }) => value.toLowerCase()),
  };
}

/** Node gives one attribute on each line, in the order of the certificate; RFC 2253 has the last one first. */
function subjectOf({ subject }: X509Certificate): string {
  return (subject ?? '').split('\n').filter(Boolean).reverse().join(',').slice(0, MAX_NAME);
}

/**
 * Whether one of its names is allowed.
 * @param allow URIs or names of hosts, where `*` at the end stands for anything and `*.` at the start for one label
 */
export function isAllowed(identity: ClientIdentity, allow: readonly string[]): boolean {
  return allow.some((pattern) => [...identity.uris, ...identity.names].some((name) => fits(pattern, name)));
}

function fits(pattern: string, name: string): boolean {
  if (pattern.startsWith('*.')) {
    const dot = name.indexOf('.');
    return dot > 0 && name.slice(dot) === pattern.slice(1);
  }
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}
