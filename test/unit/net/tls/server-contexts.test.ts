// Which names have a context, and with it tickets, of their own.

import { expect, it } from 'vitest';
import { ServerContexts } from '../../../../src/net/tls/server-contexts.ts';
import { readPair } from '../../../../src/tls/certificate.ts';
import type { CertificatePair } from '../../../../src/tls/certificate.ts';
import { tlsPolicy } from '../../../../src/tls/policy.ts';
import { makeAuthority } from '../../../scaffold/certificates.ts';

const authority = await makeAuthority();

async function pairOf(...names: string[]): Promise<CertificatePair> {
  const { cert, key } = await authority.issue({ names });
  return readPair(cert, key) as CertificatePair;
}

async function contexts(strict = false): Promise<ServerContexts> {
  return new ServerContexts({
    certificates: [await pairOf('a.test'), await pairOf('*.b.test')],
    strict,
    policy: tlsPolicy('intermediate', '1.2'),
    clientAuthorities: undefined,
    needsCertificate: false,
    protocols: ['http/1.1'],
    ticketSeed: Buffer.alloc(32),
    listener: 'web',
  });
}

it('each name has one, with or without a certificate, and no name one more', async () => {
  const found = await contexts();
  const names = ['', 'a.test', 'x.b.test', 'y.b.test', 'one.unknown', 'two.unknown'];
  expect(new Set(names.map((name) => found.find(name))).size).toBe(names.length);
  for (const name of names) expect(found.find(name)).toBe(found.find(name));
});

it('more names than a second may bring share one without tickets, and strange names take no place of others', async () => {
  const found = await contexts();
  const strange = Array.from({ length: 100 }, (_, index) => found.find(`${index}.unknown`));
  expect(new Set(strange).size).toBeLessThan(strange.length);
  expect(strange[99]).toBe(strange[98]);
  expect(found.find('a.test')).not.toBe(strange[99]);
  expect(found.find('x.b.test')).not.toBe(found.find('y.b.test'));
});

it('where names are strict, one without a certificate has none', async () => {
  const found = await contexts(true);
  expect(found.find('one.unknown')).toBeUndefined();
  expect(found.find('')).toBeDefined();
  expect(found.find('a.test')).toBeDefined();
});
