// CF-12: what can go wrong with names: no such name, no DNS answer, an empty one, too many, another one. CF-48: a name with two families, one of
// them dead.

import { afterEach, expect, test } from 'vitest';
import { get } from '../flow/scaffold/client.ts';
import { startDns } from '../flow/scaffold/dns-server.ts';
import type { Failure } from '../flow/scaffold/dns-server.ts';
import { eventually } from '../flow/scaffold/eventually.ts';
import { closeAll } from '../flow/scaffold/open.ts';
import { startSiblings } from '../flow/scaffold/siblings.ts';
import { leavesNothing } from './leak-check.ts';
import { poolsConfig, startRig } from './rig.ts';
import { ends, startTraffic } from './traffic.ts';

afterEach(closeAll);

const NAME = 'app.test';
const FAILURES: readonly Failure[] = ['nxdomain', 'servfail', 'empty', 'silence'];

test('CF-12: failing names keep their last good addresses, new ones are followed, no request fails', { timeout: 90_000 }, async () => {
  const dns = await startDns();
  const { port, upstreams } = await startSiblings('127.0.0.2', '127.0.0.3');
  dns.set(NAME, { a: ['127.0.0.2'], ttl: 0 });
  const versions = { v1: { endpoints: [`${NAME}:${port}`], dns: { servers: [dns.address], refresh: '50ms' } } };
  // Of the 1000 only some are there: those that are not cost a retry each.
  const shop = { versions, retries: { attempts: 3, budget: '100%' } };
  const rig = await startRig(poolsConfig({ shop }));
  const { sluice } = rig;
  sluice.expectLog(/a name does not resolve|a name has more addresses than are used/);
  const failures = (): Promise<number> => sluice.metric('sluice_discovery_failures_total', { source: NAME });
  const seen = async (index: number): Promise<void> => {
    const before = upstreams[index]!.requests;
    await eventually(`requests at ${index}`, () => upstreams[index]!.requests > before + 10);
  };
  await leavesNothing(rig, async () => {
    const traffic = startTraffic(sluice, { loops: 4, request: () => get('/bytes/10/1') });
    for (const how of FAILURES) {
      const before = await failures();
      dns.fail(NAME, how);
      await eventually(`${how} noticed`, async () => (await failures()) > before, 12_000);
      await seen(0);
      dns.set(NAME, { a: ['127.0.0.3'], ttl: 0 });
      await seen(1);
      dns.set(NAME, { a: ['127.0.0.2'], ttl: 0 });
      await seen(0);
    }
    const many = Array.from({ length: 1_000 }, (_, index) => `127.0.${index >> 8}.${index & 255}`);
    const tally = await traffic.stop();
    expect(ends(tally)).toEqual({ 200: tally.sent });
    dns.set(NAME, { a: many, ttl: 0 });
    await eventually('a bounded number', async () => (await sluice.metric('sluice_discovery_addresses', { source: NAME })) === 256);
    dns.set(NAME, { a: ['127.0.0.2'], ttl: 0 });
    await eventually('one again', async () => (await sluice.metric('sluice_discovery_addresses', { source: NAME })) === 1);
  });
});

test('CF-48: of two families one is dead: every request gets its response, and none is sent twice', async () => {
  const dns = await startDns();
  const { port, upstreams } = await startSiblings('127.0.0.2');
  // Nothing listens at ::1.
  dns.set(NAME, { a: ['127.0.0.2'], aaaa: ['::1'], ttl: 60 });
  const versions = { v1: { endpoints: [`${NAME}:${port}`], dns: { servers: [dns.address] } } };
  const shop = { versions, balancer: 'round-robin', retries: { attempts: 1, budget: '100%' } };
  const rig = await startRig(poolsConfig({ shop }));
  await leavesNothing(rig, async () => {
    const before = upstreams[0]!.requests;
    const refused = await rig.sluice.metric('sluice_attempts_total', { outcome: 'connect_refused' });
    const traffic = startTraffic(rig.sluice, { request: () => get('/bytes/10/1') });
    await eventually('traffic', () => traffic.tally.sent > 400);
    const tally = await traffic.stop();
    expect(ends(tally)).toEqual({ 200: tally.sent });
    expect(upstreams[0]!.requests - before).toBe(tally.sent);
    await eventually(
      'the dead family tried',
      async () => (await rig.sluice.metric('sluice_attempts_total', { outcome: 'connect_refused' })) > refused,
    );
  });
});
