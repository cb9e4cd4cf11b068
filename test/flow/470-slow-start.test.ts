// Slow start: an endpoint, or a whole version, that comes into use gets its share step by step.

import { afterEach, expect, test } from 'vitest';
import { connectTo, get } from './scaffold/client.ts';
import { eventually } from './scaffold/eventually.ts';
import { closeAll } from './scaffold/open.ts';
import { callRollout, rolloutOf, startRollout, startShops, untilRollout, visit } from './scaffold/shops.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';
import { responding, ok, startUpstream } from './scaffold/upstream.ts';
import type { Upstream } from './scaffold/upstream.ts';

afterEach(closeAll);

const named = (name: string): Promise<Upstream> => startUpstream(responding(() => ok(name)));

/** Share of `name` among the responses to `count` requests. */
async function share(sluice: Sluice, name: string, count: number, ...fields: string[]): Promise<number> {
  const wire = await connectTo(sluice);
  let of = 0;
  for (let i = 0; i < count; i++) {
    await wire.write(get('/', ...fields));
    if ((await wire.readMessage()).body === name) of++;
  }
  wire.destroy();
  return of / count;
}

async function reload(sluice: Sluice, config: object): Promise<void> {
  const revision = (await sluice.metric('sluice_config_revision')) + 1;
  sluice.writeConfig(config);
  await eventually('the reload', async () => (await sluice.metric('sluice_config_revision')) === revision);
}

test.each(['round-robin', 'least-request', 'random'])('%s: a new endpoint begins with a tenth of its share', async (balancer) => {
  const [old, fresh] = [await named('old'), await named('fresh')];
  const config = (endpoints: string[], slowStart: string): object => configFor({ endpoints, pool: { balancer, slowStart } });
  const sluice = await startSluice(config([old.address], '10m'));
  await reload(sluice, config([old.address, fresh.address], '10m'));
  // Round-robin offers it each request once: a tenth of all is taken. 600 draws stay below 17 % in all but one of a million runs.
  expect(await share(sluice, 'fresh', 600)).toBeLessThan(0.17);
  await reload(sluice, config([old.address, fresh.address], '1ms'));
  expect(await share(sluice, 'fresh', 200)).toBeGreaterThan(0.25);
});

test('peak-ewma: a new endpoint begins with a tenth of the requests at most, however much faster it is', async () => {
  const [old, fresh] = [await named('old'), await named('fresh')];
  const config = (endpoints: string[]): object => configFor({ endpoints, pool: { balancer: 'peak-ewma', slowStart: '10m' } });
  const sluice = await startSluice(config([old.address]));
  await reload(sluice, config([old.address, fresh.address]));
  // Of requests one after the other the faster endpoint would get all. 600 draws of a tenth stay below 17 % in all but one of a million runs.
  expect(await share(sluice, 'fresh', 600)).toBeLessThan(0.17);
});

test('at the start all endpoints get their share at once', async () => {
  const [a, b] = [await named('a'), await named('b')];
  const sluice = await startSluice(configFor({ endpoints: [a.address, b.address], pool: { balancer: 'round-robin', slowStart: '10m' } }));
  expect(await share(sluice, 'a', 100)).toBe(0.5);
});

test('an endpoint that returns from a drain starts slowly, too', async () => {
  const [a, b] = [await named('a'), await named('b')];
  const config = (drain: boolean): object =>
    configFor({ endpoints: { v1: [a.address, { address: b.address, drain }] }, pool: { balancer: 'round-robin', slowStart: '10m' } });
  const sluice = await startSluice(config(true));
  expect(await share(sluice, 'b', 20)).toBe(0);
  await reload(sluice, config(false));
  expect(await share(sluice, 'b', 600)).toBeLessThan(0.17);
});

const versions = (v1: Upstream, v2: Upstream, drain: boolean, slowStart: string): object =>
  configFor({
    pool: {
      versions: { v1: { endpoints: [v1.address] }, v2: { endpoints: [v2.address], drain, slowStart } },
      split: { v1: 50, v2: 50 },
      affinity: { header: 'x-user' },
    },
  });

test('a version that comes into use starts slowly; the reason is told', async () => {
  const [v1, v2] = [await named('v1'), await named('v2')];
  const sluice = await startSluice(versions(v1, v2, true, '10m'));
  expect(await share(sluice, 'v2', 20)).toBe(0);
  await reload(sluice, versions(v1, v2, false, '10m'));
  expect(await share(sluice, 'v2', 600)).toBeLessThan(0.1);
  expect(await sluice.counted('sluice_choices_total', { version: 'v1', reason: 'slow-start' })).toBeGreaterThan(200);
  await reload(sluice, versions(v1, v2, false, '1ms'));
  expect(await share(sluice, 'v2', 100)).toBeCloseTo(0.5, 1);
});

test('a keyed user comes to a version that starts once, and stays', async () => {
  const [v1, v2] = [await named('v1'), await named('v2')];
  const sluice = await startSluice(versions(v1, v2, true, '2s'));
  await reload(sluice, versions(v1, v2, false, '2s'));
  const wire = await connectTo(sluice);
  const users = Array.from({ length: 40 }, (_, index) => `user-${index}`);
  const last = new Map<string, string>();
  let moved = 0;
  const end = performance.now() + 2_500;
  while (performance.now() < end) {
    for (const user of users) {
      await wire.write(get('/', `x-user: ${user}`));
      const { body } = await wire.readMessage();
      if (last.get(user) === 'v2') expect(body).toBe('v2');
      if (last.get(user) === 'v1' && body === 'v2') moved++;
      last.set(user, body);
    }
  }
  expect(moved).toBeGreaterThan(3);
  const kept = [...last.values()].filter((version) => version === 'v2').length;
  expect(kept).toBeGreaterThan(8);
  expect(kept).toBeLessThan(32);
});

test('when all versions start together none gives its share away', async () => {
  const [v1, v2] = [await named('v1'), await named('v2')];
  const both = (drain: boolean): object =>
    configFor({
      pool: {
        versions: {
          v1: { endpoints: [v1.address], drain, slowStart: '10m' },
          v2: { endpoints: [v2.address], drain, slowStart: '10m' },
        },
        split: { v1: 80, v2: 20 },
      },
    });
  const sluice = await startSluice(both(true));
  await reload(sluice, both(false));
  // They begin within the same reload, microseconds apart.
  expect(await share(sluice, 'v2', 500)).toBeCloseTo(0.2, 1);
});

test(
  'a rollout gives a version that starts its weight step by step, and goes back so to endpoints that start',
  { timeout: 60_000 },
  async () => {
    const rollouts = {
      switch: { warmup: '0s', steps: [{ weight: '100%' }, { watch: { for: '1h' } }], checks: [{ name: 'errors', errors: {} }] },
    };
    const { sluice, shops, config } = await startShops(['shop'], { rollouts, pool: { slowStart: '2s' } });
    const { v1, v2 } = shops['shop']!;
    const drained = (one: boolean, two: boolean): object =>
      config({ versions: { v1: { endpoints: [v1.address], drain: one }, v2: { endpoints: [v2.address], drain: two } } });
    const back = async (one: boolean, two: boolean): Promise<void> => {
      await reload(sluice, drained(one, two));
      await reload(sluice, drained(false, false));
    };
    const visitors = visit(sluice);
    await back(false, true);
    const id = await startRollout(sluice, { pool: 'shop', to: 'v2', template: 'switch' });
    const shares = new Set<number>();
    await untilRollout(sluice, id, ({ state, share: { desired }, why }) => {
      shares.add(desired);
      // The last rise is decided when they have started, and in force a moment later.
      if (desired > 0 && desired < 1 && state !== 'watching')
        expect(why).toMatch(/as the endpoints of v2 start|the weight rises: 100 % by now/);
      return state === 'watching';
    });
    expect([...shares].filter((each) => each > 0 && each < 1).length).toBeGreaterThan(2);
    await back(true, false);
    await callRollout(sluice, 'POST', `/v1/rollouts/${id}/abort`, { reason: 'carts are empty' });
    const cold = await rolloutOf(sluice, id);
    expect([cold.state, cold.why]).toEqual(['held', expect.stringContaining('1 of 1 are, which start slowly and can take')]);
    await untilRollout(sluice, id, 'aborted');
    expect(visitors.faults).toEqual([]);
  },
);
