// What connections over TLS to endpoints are made with: what is the same is made once, and stays while it is.

import { expect, it } from 'vitest';
import type { PoolConfig } from '../../../src/config/model.ts';
import type { TlsUpdate, UpstreamFiles } from '../../../src/control/ports.ts';
import { UpstreamTls } from '../../../src/threads/upstream-tls.ts';
import { makeAuthority } from '../../scaffold/certificates.ts';

const { pem } = await makeAuthority();
const otherPem = (await makeAuthority()).pem;

const pools = [
  {
    name: 'shop',
    versions: ['v1', 'v2', 'v3'].map((name) => ({ name, tls: { verify: name !== 'v3', minVersion: '1.2' } })),
  },
] as unknown as PoolConfig[];

/** A clone, as it comes to a worker: texts that are the same are other objects each time. */
function updateOf(texts: readonly string[]): TlsUpdate {
  const upstreams = texts.map((text, index): UpstreamFiles => ({
    pool: 'shop',
    version: `v${index + 1}`,
    authorities: { pem: text },
    certificate: undefined,
  }));
  return structuredClone({ ticketSeed: '', listeners: [], upstreams });
}

/** As a worker does; returns whether anything is other than before. */
function set(tls: UpstreamTls, texts: readonly string[]): boolean {
  return tls.take(tls.make(pools, updateOf(texts)));
}

it('is one for all versions that trust and show the same', async () => {
  const tls = new UpstreamTls();
  await tls.prepare(pools);
  expect(set(tls, [pem, pem, pem])).toBe(true);
  const first = tls.find('shop', 'v1')!;
  expect(tls.find('shop', 'v2')).toBe(first);
  expect(tls.find('shop', 'v3')).not.toBe(first);
  expect(tls.find('shop', 'v4')).toBeUndefined();

  expect(set(tls, [pem, pem, pem])).toBe(false);
  expect(set(tls, [otherPem, pem, pem])).toBe(true);
  expect(tls.find('shop', 'v1')).not.toBe(first);
  expect(tls.find('shop', 'v2')).toBe(first);
});

it('is not made of a version whose files are missing, and what was there stays', async () => {
  const tls = new UpstreamTls();
  await tls.prepare(pools);
  set(tls, [pem, pem, pem]);
  const first = tls.find('shop', 'v1');
  expect(() => tls.make(pools, updateOf([pem, pem]))).toThrow('version v3 of shop speaks TLS and its files are missing');
  expect(tls.find('shop', 'v1')).toBe(first);
});
