// The resolver against a DNS server on loopback.

import { afterEach, expect, test } from 'vitest';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../../src/lib/clock.ts';
import type { Unresolved } from '../../../../src/upstream/discovery/resolution.ts';
import { NameResolver } from '../../../../src/upstream/discovery/resolver.ts';
import { SystemNames } from '../../../../src/upstream/discovery/system-names.ts';
import { startDns } from '../../../flow/scaffold/dns-server.ts';
import type { DnsServer } from '../../../flow/scaffold/dns-server.ts';
import { closeAll, open } from '../../../flow/scaffold/open.ts';

afterEach(closeAll);

function resolving(dns: DnsServer, hosts?: string, resolvConf = ''): NameResolver {
  let system: SystemNames | undefined;
  if (hosts !== undefined) {
    const dir = mkdtempSync(join(tmpdir(), 'sluice-resolver-'));
    open({ close: async () => rmSync(dir, { recursive: true }) });
    const paths = { hosts: join(dir, 'hosts'), resolvConf: join(dir, 'resolv.conf') };
    writeFileSync(paths.hosts, hosts);
    writeFileSync(paths.resolvConf, resolvConf);
    system = new SystemNames(systemClock, paths);
  }
  const resolver = new NameResolver({ clock: systemClock, servers: [dns.address], system });
  open({ close: async () => resolver.close() });
  return resolver;
}

async function hostsOf(resolver: NameResolver, name: string): Promise<string[]> {
  return (await resolver.name(name)).found.map(({ host }) => host);
}

test('both families, canonical and sorted, with the shorter TTL', async () => {
  const dns = await startDns();
  dns.set('app.test', { a: ['10.0.0.2', '10.0.0.1'], aaaa: ['fd00:0:0:0:0:0:0:1'], ttl: 7 });
  const resolution = await resolving(dns).name('app.test');
  expect(resolution.found.map(({ host }) => host)).toEqual(['10.0.0.1', '10.0.0.2', 'fd00::1']);
  expect(resolution).toMatchObject({ ttlMs: 7000, unresolved: [], leftOut: 0 });
});

test('one family that has nothing or fails is no failure; a failed one is named', async () => {
  const dns = await startDns();
  dns.set('app.test', { a: ['10.0.0.1'] });
  expect((await resolving(dns).name('app.test')).unresolved).toEqual([]);
  dns.fail('app.test', 'servfail', 'AAAA');
  expect((await resolving(dns).name('app.test')).unresolved).toEqual(['AAAA app.test']);
});

test('failures have the code of what happened', async () => {
  const dns = await startDns();
  const resolver = resolving(dns);
  await expect(resolver.name('nowhere.test')).rejects.toMatchObject({ code: 'ENOTFOUND' });
  dns.set('empty.test', {});
  await expect(resolver.name('empty.test')).rejects.toMatchObject({ code: 'ENODATA' });
  dns.fail('broken.test', 'servfail');
  await expect(resolver.name('broken.test')).rejects.toMatchObject({ code: 'ESERVFAIL' });
  await expect(resolver.service('_http._tcp.nowhere.test')).rejects.toMatchObject({ code: 'ENOTFOUND' });
});

test('the hosts file and the search list count when the system resolves', async () => {
  const dns = await startDns();
  dns.set('shop.default.svc.test', { a: ['10.0.0.7'] });
  dns.set('api', { a: ['10.0.0.8'] });
  const resolver = resolving(dns, '10.0.0.9 own.test own', 'search default.svc.test svc.test\noptions ndots:2');
  expect(await hostsOf(resolver, 'own')).toEqual(['10.0.0.9']);
  expect(await hostsOf(resolver, 'own.test.')).toEqual(['10.0.0.9']);
  expect(await hostsOf(resolver, 'localhost')).toEqual(['127.0.0.1']);
  expect(await hostsOf(resolver, 'app.localhost')).toEqual(['127.0.0.1']);
  expect(dns.asked('A own')).toBe(0);
  expect(await hostsOf(resolver, 'shop.default')).toEqual(['10.0.0.7']);
  expect(dns.asked('A shop.default.default.svc.test')).toBe(1);
  expect(dns.asked('A shop.default')).toBe(0);
  expect(await hostsOf(resolver, 'api')).toEqual(['10.0.0.8']);
});

test('a search ends at a failure that says nothing: the next name may be another one', async () => {
  const dns = await startDns();
  dns.fail('shop.a.test', 'servfail');
  dns.set('shop.b.test', { a: ['10.0.0.6'] });
  await expect(resolving(dns, '', 'search a.test b.test').name('shop')).rejects.toMatchObject({ code: 'ESERVFAIL' });
});

test('neither counts when the config names the servers', async () => {
  const dns = await startDns();
  dns.set('localhost', { a: ['10.0.0.5'] });
  expect(await hostsOf(resolving(dns), 'localhost')).toEqual(['10.0.0.5']);
});

test('at most 32 names at once; close gives up those under way and those in line', async () => {
  const dns = await startDns();
  const resolver = resolving(dns);
  const names = Array.from({ length: 100 }, (_, index) => `n${index}.test`);
  for (const name of names) dns.fail(name, 'silence');
  const asked = names.map((name) => resolver.name(name).catch((error: unknown) => (error as Unresolved).code));
  const begun = (): number => names.filter((name) => dns.asked(`A ${name}`) > 0).length;
  await expect.poll(begun).toBe(32);
  resolver.close();
  expect(new Set(await Promise.all(asked))).toEqual(new Set(['ECANCELLED']));
  await expect(resolving(dns).name('another.test')).rejects.toThrow();
  expect(begun()).toBe(32);
});

test('of a service the records with the lowest priority; targets that are addresses need no question', async () => {
  const dns = await startDns();
  dns.set('t.test', { a: ['10.0.0.1'], ttl: 9 });
  const at = (priority: number, weight: number, port: number, target: string) => ({ priority, weight, port, target });
  dns.set('_http._tcp.app.test', {
    srv: [at(1, 0, 81, 't.test'), at(1, 5, 82, 't.test'), at(2, 5, 83, 't.test'), at(1, 2, 84, 'nowhere.test')],
  });
  const resolution = await resolving(dns).service('_http._tcp.app.test');
  expect(resolution.found.map(({ host, port, weight }) => [host, port, weight])).toEqual([
    ['10.0.0.1', 81, 1],
    ['10.0.0.1', 82, 5],
  ]);
  expect(resolution).toMatchObject({ ttlMs: 9000, unresolved: [], leftOut: 0 });
  expect(dns.asked('A t.test')).toBe(1);
});
