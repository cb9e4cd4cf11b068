// A certificate chain with its key, as PEM texts: whether they are what they say and fit together, for which names, and until when.

import { X509Certificate, createPrivateKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

export interface CertificatePair {
  /** Chain, PEM: the certificate of the server first. */
  readonly cert: string;
  /** PEM. */
  readonly key: string;
  /** Names of hosts that it is good for, in lower case; `*.example.com` for one label. */
  readonly names: readonly string[];
  readonly kind: 'rsa' | 'ec' | 'ed25519' | 'other';
  /** SHA-256 of the certificate, in hex. */
  readonly fingerprint: string;
  readonly notBeforeMs: number;
  /** The earliest end of those in the chain. */
  readonly notAfterMs: number;
}

/** What is wrong with it, as the end of a sentence that begins with the name of a file. */
export interface PairFault {
  readonly file: 'cert' | 'key';
  readonly message: string;
}

/** Longest chain that is looked at. */
const MAX_CHAIN = 16;
const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;
const ENCRYPTED = /-----BEGIN ENCRYPTED PRIVATE KEY-----|Proc-Type: 4,ENCRYPTED/;

/** Reads a chain and its key and makes sure that they belong together. */
export function readPair(cert: string, key: string): CertificatePair | PairFault {
  const chain = readChain(cert);
  if (typeof chain === 'string') return { file: 'cert', message: chain };
  const secret = readKey(key);
  if (typeof secret === 'string') return { file: 'key', message: secret };
  const own = chain[0]!;
  if (!own.checkPrivateKey(secret)) return { file: 'key', message: 'holds the key of another certificate' };
  // The order of the others is left to clients, as TLS 1.3 does.
  if (chain.length > 1 && !chain.some((issuer, index) => index > 0 && own.checkIssued(issuer)))
    return { file: 'cert', message: 'has a chain without the issuer of its first certificate' };
  return {
    cert,
    key,
    names: namesOf(own),
    kind: kindOf(secret),
    fingerprint: fingerprintOf(own),
    notBeforeMs: own.validFromDate.getTime(),
    notAfterMs: Math.min(...chain.map((one) => one.validToDate.getTime())),
  };
}

/** Authorities, PEM; a sentence's end where they are none. */
export function readAuthorities(text: string): readonly X509Certificate[] | string {
  return readChain(text, Infinity);
}

/** SHA-256, in hex. */
export function fingerprintOf(certificate: X509Certificate): string {
  return certificate.fingerprint256.replaceAll(':', '').toLowerCase();
}

function readChain(text: string, most = MAX_CHAIN): readonly X509Certificate[] | string {
  const found = text.match(PEM_CERTIFICATE) ?? [];
  if (found.length === 0) return 'holds no certificate (PEM: -----BEGIN CERTIFICATE-----)';
  if (found.length > most) return `holds more than ${most} certificates`;
  const chain: X509Certificate[] = [];
  for (const [index, one] of found.entries()) {
    try {
      chain.push(new X509Certificate(one));
    } catch {
      return found.length === 1
        ? 'holds a certificate that cannot be read'
        : `holds a certificate that cannot be read (number ${index + 1})`;
    }
  }
  return chain;
}

function readKey(text: string): KeyObject | string {
  if (ENCRYPTED.test(text)) return 'holds a key that is locked by a passphrase: unlock it (openssl pkey -in … -out …)';
  if (!text.includes('PRIVATE KEY-----')) return 'holds no private key (PEM: -----BEGIN PRIVATE KEY-----)';
  try {
    return createPrivateKey(text);
  } catch {
    return 'holds a private key that cannot be read';
  }
}

function kindOf(key: KeyObject): CertificatePair['kind'] {
  const kind = key.asymmetricKeyType;
  if (kind === 'rsa' || kind === 'rsa-pss') return 'rsa';
  return kind === 'ec' || kind === 'ed25519' ? kind : 'other';
}

/** By the subject alternative names; by the common name where there are none, as tools that are old make them. */
function namesOf(certificate: X509Certificate): readonly string[] {
  const alternative = alternativeNames(certificate);
  const dns = alternative.filter(({ kind }) => kind === 'DNS').map(({ value }) => value.toLowerCase());
  if (alternative.length > 0) return [...new Set(dns)];
  const common = /^CN=(.+)$/m.exec(certificate.subject)?.[1]?.toLowerCase();
  return common === undefined || !/^(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*$/.test(common) ? [] : [common];
}

export interface AlternativeName {
  /** `DNS`, `URI`, `IP Address`, `email`, and others. */
  readonly kind: string;
  readonly value: string;
}

/** A quoted part is JSON: Node quotes values that could be taken for more than one entry. */
const ENTRY = /([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,]*)(?:, |$)/gy;

/** Entries of the subject alternative name, as they are; an empty list where there is none. */
export function alternativeNames(certificate: X509Certificate): readonly AlternativeName[] {
  const text = certificate.subjectAltName ?? '';
  const names: AlternativeName[] = [];
  ENTRY.lastIndex = 0;
  for (let entry = ENTRY.exec(text); entry !== null && entry[0] !== ''; entry = ENTRY.exec(text)) {
    const value = unquoted(entry[2]!);
    if (value !== undefined) names.push({ kind: entry[1]!, value });
  }
  return names;
}

function unquoted(value: string): string | undefined {
  if (!value.startsWith('"')) return value;
  try {
    return String(JSON.parse(value));
  } catch {
    return undefined;
  }
}
