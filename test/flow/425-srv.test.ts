// Services as endpoints: ports and weights come from their SRV records.

import { afterEach, expect, test } from 'vitest';
import { connectTo, get } from './scaffold/client.ts';
import { startDns } from './scaffold/dns-server.ts';
import type { DnsServer } from './scaffold/dns-server.ts';
import { eventually } from './scaffold/eventually.ts';
import { startLoadUpstream } from './scaffold/load-upstream.ts';
import type { LoadUpstream } from './scaffold/load-upstream.ts';
import { startLoad } from './scaffold/load.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';

afterEach(closeAll);

const SERVICE = '_http._tcp.app.test';

function served(dns: DnsServer, more: object = {}): object {
  const versions = { v1: { endpoints: [`srv:${SERVICE}`], dns: { servers: [dns.address], refresh: '200ms' } } };
  return configFor({ pool: { versions, balancer: 'round-robin', ...more } });
}

function portOf({ address }: LoadUpstream): number {
  return Number(address.split(':')[1]);
}

function recordOf(upstream: LoadUpstream, weight: number, priority = 10, target = `${upstream.version}.app.test`) {
  return { priority, weight, port: portOf(upstream), target };
}

async function shares(sluice: Sluice, requests: number): Promise<Record<string, number>> {
  const wire = await connectTo(sluice);
  const found: Record<string, number> = {};
  for (let asked = 0; asked < requests; asked++) {
    await wire.write(get('/bytes/2/0'));
    const version = (await wire.readMessage()).field('x-version') ?? '';
    found[version] = (found[version] ?? 0) + 1;
  }
  wire.destroy();
  return found;
}

async function three(dns: DnsServer): Promise<[LoadUpstream, LoadUpstream, LoadUpstream]> {
  const upstreams = [await startLoadUpstream('a'), await startLoadUpstream('b'), await startLoadUpstream('c')] as const;
  for (const { version } of upstreams) dns.set(`${version}.app.test`, { a: ['127.0.0.1'], ttl: 1 });
  return [...upstreams];
}

test('each record is an endpoint with its port and weight; records of a higher priority number wait', async () => {
  const dns = await startDns();
  const [a, b, c] = await three(dns);
  dns.set(SERVICE, { srv: [recordOf(a, 3), recordOf(b, 1), recordOf(c, 1, 20)] });
  const sluice = await startSluice(served(dns, { health: { path: '/bytes/2/0', interval: '200ms' } }));
  const found = await shares(sluice, 40);
  expect(found['c']).toBeUndefined();
  expect(Math.abs(found['a']! - 30)).toBeLessThanOrEqual(1);
  // Probes follow: what is resolved is probed.
  await eventually('probes', async () => (await sluice.metric('sluice_health_checks_total', { endpoint: b.address, result: 'ok' })) > 0);
  expect(await sluice.metric('sluice_discovery_addresses', { source: `srv:${SERVICE}` })).toBe(2);
});

test('records and addresses of targets change under load without a failed request', async () => {
  const dns = await startDns();
  const [a, b, c] = await three(dns);
  dns.set(SERVICE, { srv: [recordOf(a, 0), recordOf(b, 0)] });
  const sluice = await startSluice(served(dns), { workers: 2 });
  const load = startLoad({ port: sluice.port, keepAlive: 2, fresh: 2 });
  await eventually('requests', () => a.requests > 5 && b.requests > 5);
  dns.set(SERVICE, { srv: [recordOf(b, 0), recordOf(c, 0)] });
  await eventually('the third', () => c.requests > 5);
  const ready = async (upstream: LoadUpstream): Promise<number> => sluice.metric('sluice_endpoint_ready', { endpoint: upstream.address });
  await eventually('the first to leave', async () => (await ready(a)) === 0);
  // A service that is withdrawn is kept as it was.
  sluice.expectLog(/a name does not resolve/);
  dns.set(SERVICE, { srv: [{ priority: 0, weight: 0, port: 80, target: '.' }] });
  await eventually('a failure', async () => (await sluice.metric('sluice_discovery_failures_total')) > 1);
  expect([await ready(b), await ready(c)]).toEqual([1, 1]);
  const tally = await load.stop();
  expect(tally.faults).toEqual([]);
});

test('a target that does not resolve takes nothing from the others; one whose question failed keeps its place', async () => {
  const dns = await startDns();
  const [a, b] = await three(dns);
  dns.set(SERVICE, { srv: [recordOf(a, 1), recordOf(b, 1), recordOf(b, 1, 10, 'nowhere.app.test')] });
  const sluice = await startSluice(served(dns));
  expect(await sluice.metric('sluice_discovery_addresses')).toBe(2);
  dns.fail('a.app.test', 'servfail');
  const asked = dns.asked('A a.app.test');
  await eventually('some more DNS answers', () => dns.asked('A a.app.test') > asked + 3);
  expect(Object.keys(await shares(sluice, 10)).sort()).toEqual(['a', 'b']);
  // That it is gone is a DNS answer, too.
  dns.fail('a.app.test', 'nxdomain');
  await eventually('it to leave', async () => (await sluice.metric('sluice_endpoint_ready', { endpoint: a.address })) === 0);
  expect(await sluice.metric('sluice_discovery_addresses')).toBe(1);
  expect(await shares(sluice, 10)).toEqual({ b: 10 });
});
