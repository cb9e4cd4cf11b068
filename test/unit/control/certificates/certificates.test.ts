// The certificates of an instance between a reload and files that change: what the workers are told must fit the config that they have.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serialize } from 'node:v8';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ListenerConfig, PoolConfig } from '../../../../src/config/model.ts';
import { formatPath } from '../../../../src/config/path.ts';
import { Certificates } from '../../../../src/control/certificates/certificates.ts';
import { tlsFaultOf } from '../../../../src/control/certificates/tls-files.ts';
import type { Certified } from '../../../../src/control/certificates/tls-files.ts';
import type { TlsUpdate } from '../../../../src/control/ports.ts';
import { makeAuthority } from '../../../scaffold/certificates.ts';
import type { Authority } from '../../../scaffold/certificates.ts';
import { ManualClock } from '../../../scaffold/manual-clock.ts';

const dir = mkdtempSync(join(tmpdir(), 'sluice-certificates-'));
const SEED_MS = 12 * 3_600_000;
const QUIET = { info: () => undefined, warn: () => undefined, error: () => undefined };
let ca: Authority;
beforeAll(async () => void (ca = await makeAuthority()));
afterAll(() => rmSync(dir, { recursive: true }));

async function write(name: string): Promise<void> {
  const { cert, key } = await ca.issue({ names: [`${name}.test`] });
  writeFileSync(join(dir, `${name}.crt`), cert);
  writeFileSync(join(dir, `${name}.key`), key);
}

function configOf(...names: string[]): Certified {
  const files = (name: string) => ({ certFile: join(dir, `${name}.crt`), keyFile: join(dir, `${name}.key`) });
  const listeners = names.map((name) => ({ name, tls: { certificates: [files(name)] } }) as unknown as ListenerConfig);
  return { listeners, pools: [], admin: { tls: undefined } };
}

it('tell the workers nothing of the config before while another is on its way to them', async () => {
  await Promise.all(['a', 'b'].map(write));
  const clock = new ManualClock(Date.now());
  const told: string[][] = [];
  const tell = async ({ listeners }: TlsUpdate) => void told.push(listeners.map(({ listener }) => listener));
  const log = QUIET;
  let seeds = 0;
  const certificates = new Certificates({ tell, newSeed: () => `seed-${seeds++}`, clock, log: log as never });
  /** Looks, until it is done with it. */
  const look = async (ms = 500): Promise<void> => {
    clock.advance(ms);
    await certificates.looked();
  };
  const first = configOf('a');
  certificates.follow(first, await certificates.prepare(first));
  await look();
  expect(told).toEqual([]);
  await write('a');
  await look();
  expect(told).toEqual([['a']]);

  const second = configOf('a', 'b');
  const read = await certificates.prepare(second);
  await write('a');
  await look();
  await look(SEED_MS);
  expect(told).toEqual([['a']]);
  certificates.follow(second, read);
  await look();
  // The seed, and the files.
  expect(told.slice(1)).toEqual([
    ['a', 'b'],
    ['a', 'b'],
  ]);
  expect(seeds).toBe(2);
  await certificates.close();
});

it('tell once, not at each look, that a certificate ends soon', async () => {
  const { cert, key } = await ca.issue({ names: ['soon.test'], days: 10 });
  writeFileSync(join(dir, 'soon.crt'), cert);
  writeFileSync(join(dir, 'soon.key'), key);
  const clock = new ManualClock(Date.now());
  const told: string[] = [];
  const log = { info: () => undefined, warn: (_: object, line: string) => void told.push(line), error: () => undefined };
  const certificates = new Certificates({ tell: async () => undefined, newSeed: () => 'seed', clock, log: log as never });
  const config = configOf('soon');
  certificates.follow(config, await certificates.prepare(config));
  for (let looks = 0; looks < 4; looks++) {
    clock.advance(500);
    await certificates.looked();
  }
  expect(told).toHaveLength(1);
  expect(certificates.findings()).toEqual([expect.not.objectContaining({ sinceMs: expect.anything() })]);
  await certificates.close();
});

it('read a file once for all who use it, so that a message to a worker holds it once', async () => {
  await write('shared');
  writeFileSync(join(dir, 'ca.crt'), ca.pem.repeat(100));
  const certificate = { certFile: join(dir, 'shared.crt'), keyFile: join(dir, 'shared.key') };
  const caFile = join(dir, 'ca.crt');
  const versions = ['v1', 'v2'].map((name) => ({ name, tls: { caFile, certificate, verify: true, minVersion: '1.2' } }));
  const pools = [{ name: 'shop', versions }] as unknown as PoolConfig[];
  const listeners = ['one', 'two'].map((name) => ({ name, tls: { certificates: [certificate], clientAuth: { caFile } } }));
  const config: Certified = { listeners: listeners as unknown as ListenerConfig[], pools, admin: { tls: undefined } };
  const clock = new ManualClock(Date.now());
  const certificates = new Certificates({ tell: async () => undefined, newSeed: () => 'seed', clock, log: QUIET as never });
  const read = await certificates.prepare(config);
  expect(serialize(certificates.update(read)).length).toBeLessThan(1.2 * ca.pem.length * 100);
  expect(read.own).toHaveLength(4);
  const { authorities } = read.upstreams[0]!;
  expect(certificates.tlsOf('shop', 'v2')).toMatchObject({ version: 'v2', authorities, verify: true, serverName: undefined });
  certificates.follow(config, read);
  expect(certificates.tlsOf('shop', 'v2')?.authorities).toBe(authorities);
  expect(certificates.tlsOf('shop', 'v3')).toBeUndefined();
  await certificates.close();
});

it('give each pair that is written two seconds to be whole, also after one that was refused', async () => {
  await write('half');
  const clock = new ManualClock(Date.now());
  const told: string[] = [];
  const log = { ...QUIET, error: ({ reason }: { reason: string }) => void told.push(reason) };
  const certificates = new Certificates({ tell: async () => undefined, newSeed: () => 'seed', clock, log: log as never });
  const look = async (ms = 500): Promise<void> => {
    clock.advance(ms);
    await certificates.looked();
  };
  const config = configOf('half');
  certificates.follow(config, await certificates.prepare(config));
  await look();
  writeFileSync(join(dir, 'half.key'), (await ca.issue({ names: ['x.test'] })).key);
  await look();
  expect(told).toEqual([]);
  for (let looks = 0; looks < 4; looks++) await look();
  expect(told).toEqual([expect.stringContaining('holds the key of another certificate')]);

  // The next one comes a minute later, its certificate before its key.
  await look(60_000);
  const next = await ca.issue({ names: ['half.test'] });
  writeFileSync(join(dir, 'half.crt'), 'none');
  await look();
  writeFileSync(join(dir, 'half.crt'), next.cert);
  await look();
  expect(told).toHaveLength(1);
  writeFileSync(join(dir, 'half.key'), next.key);
  await look();
  expect(certificates.findings()).toEqual([]);
  expect(certificates.inUse.listeners[0]?.certificates[0]?.key).toBe(next.key);
  await certificates.close();
});

it('look on after a config that was refused, and hand out what is in force', async () => {
  await Promise.all(['kept', 'refused'].map(write));
  const clock = new ManualClock(Date.now());
  const told: TlsUpdate[] = [];
  const certificates = new Certificates({
    tell: async (update) => void told.push(update),
    newSeed: () => 'seed',
    clock,
    log: QUIET as never,
  });
  const look = async (): Promise<void> => {
    clock.advance(500);
    await certificates.looked();
  };
  const pools = [{ name: 'shop', versions: [{ name: 'v1', tls: { verify: true, minVersion: '1.2' } }] }] as unknown as PoolConfig[];
  const config = configOf('kept');
  certificates.follow(config, await certificates.prepare(config));
  await look();
  await certificates.prepare({ ...configOf('kept', 'refused'), pools });
  expect(certificates.tlsOf('shop', 'v1')).toBeDefined();
  certificates.forget();
  expect(certificates.tlsOf('shop', 'v1')).toBeUndefined();
  expect(certificates.inUse.listeners.map(({ listener }) => listener)).toEqual(['kept']);
  await Promise.all(['kept', 'refused'].map(write));
  await look();
  expect(told.map(({ listeners }) => listeners.map(({ listener }) => listener))).toEqual([['kept']]);
  await certificates.close();
});

it('are refused, by place, where they fit together and OpenSSL does not serve with them', async () => {
  const { cert, key } = await ca.issue({ names: ['weak.test'], kind: 'weak' });
  writeFileSync(join(dir, 'weak.crt'), cert);
  writeFileSync(join(dir, 'weak.key'), key);
  const files = { certFile: join(dir, 'weak.crt'), keyFile: join(dir, 'weak.key') };
  const pools = [{ name: 'shop', versions: [{ name: 'v1', tls: { certificate: files, verify: true } }] }] as unknown as PoolConfig[];
  const admin = { tls: { certificates: [files] } } as unknown as Certified['admin'];
  const plain = { listeners: [], pools: [], admin: { tls: undefined } };
  const paths = [configOf('weak'), { ...plain, pools }, { ...plain, admin }].map(async (config) => {
    const fault = await tlsFaultOf(config);
    expect(fault?.message).toBe(`${files.certFile} has a key that is too short for TLS: RSA needs 2048 bits`);
    return formatPath(fault!.path);
  });
  expect(await Promise.all(paths)).toEqual([
    'listeners[0].tls.certificates[0].certFile',
    'pools.shop.versions.v1.tls.certificate.certFile',
    'admin.tls.certificates[0].certFile',
  ]);
});
