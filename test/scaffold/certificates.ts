// Certificates for tests, made when they are asked for: authorities, servers, clients; of any kind, time and name.
//
//   const ca = await makeAuthority()
//   const { cert, key } = await ca.issue({ names: ['a.test', '*.b.test'] })          PEM texts; kind: 'rsa' | 'weak' | 'ec'
//   ca.pem                                                                            for `ca` of a client

// What the library below needs, and must find before it.
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

x509.cryptoProvider.set(webcrypto as never);

interface KeyPair {
  readonly publicKey: webcrypto.CryptoKey;
  readonly privateKey: webcrypto.CryptoKey;
}

const EC = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const RSA = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', publicExponent: new Uint8Array([1, 0, 1]), modulusLength: 2048 };
/** Fits together, and OpenSSL does not serve with it. */
const WEAK = { ...RSA, modulusLength: 1024 };
const DAY_MS = 86_400_000;

const KINDS = { ec: EC, rsa: RSA, weak: WEAK };

export interface Pair {
  readonly cert: string;
  readonly key: string;
}

interface Wanted {
  readonly names?: readonly string[];
  readonly uris?: readonly string[];
  readonly subject?: string;
  readonly kind?: keyof typeof KINDS;
  /** From now; negative: it has ended. Default 90. */
  readonly days?: number;
}

export interface Authority {
  readonly pem: string;
  issue(wanted: Wanted): Promise<Pair>;
}

let serial = 0;

export async function makeAuthority(name = 'CN=Test Authority'): Promise<Authority> {
  const keys = await generate('ec');
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: nextSerial(),
    name,
    notBefore: new Date(Date.now() - DAY_MS),
    notAfter: new Date(Date.now() + 365 * DAY_MS),
    signingAlgorithm: EC,
    keys,
    extensions: [new x509.BasicConstraintsExtension(true, 1, true), new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true)],
  });
  const issue = async ({ names = [], uris = [], subject = 'CN=test', kind = 'ec', days = 90 }: Wanted): Promise<Pair> => {
    const own = await generate(kind);
    const end = Date.now() + days * DAY_MS;
    const alternative = [
      ...names.map((value) => ({ type: 'dns' as const, value })),
      ...uris.map((value) => ({ type: 'url' as const, value })),
    ];
    const made = await x509.X509CertificateGenerator.create({
      serialNumber: nextSerial(),
      subject,
      issuer: root.subject,
      notBefore: new Date(Math.min(Date.now(), end) - DAY_MS),
      notAfter: new Date(end),
      signingAlgorithm: EC,
      publicKey: own.publicKey,
      signingKey: keys.privateKey,
      extensions: alternative.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(alternative)],
    });
    const key = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', own.privateKey)).toString('base64');
    return {
      cert: made.toString('pem'),
      key: `-----BEGIN PRIVATE KEY-----\n${key.replace(/.{64}/g, '$&\n')}\n-----END PRIVATE KEY-----\n`,
    };
  };
  return { pem: root.toString('pem'), issue };
}

function nextSerial(): string {
  serial++;
  return (0x1000_0000 + serial).toString(16);
}

async function generate(kind: keyof typeof KINDS): Promise<KeyPair> {
  return (await webcrypto.subtle.generateKey(KINDS[kind], true, ['sign', 'verify'])) as KeyPair;
}
