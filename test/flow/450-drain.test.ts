// Endpoints that are drained by the config get nothing new, finish what they have, and are cut at the deadline.

import { afterEach, expect, test } from 'vitest';
import { ask, connectTo, get, post } from './scaffold/client.ts';
import { eventually } from './scaffold/eventually.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';
import { responding, ok, startUpstream } from './scaffold/upstream.ts';
import type { Upstream } from './scaffold/upstream.ts';

afterEach(closeAll);

interface Held {
  readonly upstream: Upstream;
  /** Lets the request that waits have its response. */
  release: () => void;
}

/** Responds with its name: to `/held` when told to, to everything else at once. */
async function startHeld(name: string): Promise<Held> {
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  const upstream = await startUpstream(async (wire) => {
    for (;;) {
      const request = await wire.readMessage();
      if (request.line.includes('/held')) await released;
      await wire.write(ok(name));
    }
  });
  return { upstream, release };
}

const listed = (a: Upstream, b: Upstream, drain: boolean) => [{ address: a.address, drain }, b.address];

async function start(a: Upstream, b: Upstream): Promise<{ sluice: Sluice; drain: (yes: boolean) => Promise<void> }> {
  const config = (yes: boolean): object => configFor({ endpoints: { v1: listed(a, b, yes) }, pool: { balancer: 'round-robin' } });
  const sluice = await startSluice(config(false));
  let revision = 1;
  return {
    sluice,
    drain: async (yes) => {
      sluice.writeConfig(config(yes));
      revision++;
      await eventually('the reload', async () => (await sluice.metric('sluice_config_revision')) === revision);
    },
  };
}

test('a drained endpoint finishes what it has, loses its unused connections, and gets nothing new until it is back', async () => {
  const a = await startHeld('a');
  const b = await startHeld('b');
  const { sluice, drain } = await start(a.upstream, b.upstream);
  const of = { endpoint: a.upstream.address };
  const waiting = [await connectTo(sluice), await connectTo(sluice)];
  for (const wire of waiting) await wire.write(get('/held'));
  await eventually('both held', async () => (await sluice.metric('sluice_endpoint_requests_in_flight')) === 2);
  await Promise.all(Array.from({ length: 4 }, () => ask(sluice, get('/'))));
  await eventually('an unused connection', async () => (await sluice.metric('sluice_endpoint_connections', of)) >= 2);

  await drain(true);
  await eventually('only the used one left', async () => (await sluice.metric('sluice_endpoint_connections', of)) === 1);
  expect(await sluice.metric('sluice_endpoint_draining', of)).toBe(1);
  expect(await sluice.metric('sluice_endpoint_ready', of)).toBe(0);
  expect(await sluice.metric('sluice_endpoint_requests_in_flight', of)).toBe(1);
  for (let i = 0; i < 10; i++) expect((await ask(sluice, get('/'))).body).toBe('b');

  a.release();
  b.release();
  const bodies = await Promise.all(waiting.map(async (wire) => (await wire.readMessage()).body));
  expect(bodies.sort()).toEqual(['a', 'b']);
  await eventually('the drain is over', () =>
    sluice.logs.some(({ msg, fields }) => msg === 'endpoint is drained' && fields['endpoint'] === of.endpoint),
  );
  expect(await sluice.metric('sluice_endpoint_connections', of)).toBe(0);

  await drain(false);
  const seen = new Set<string>();
  for (let i = 0; i < 4; i++) seen.add((await ask(sluice, get('/'))).body);
  expect(seen).toEqual(new Set(['a', 'b']));
  expect(await sluice.metric('sluice_endpoint_draining', of)).toBe(0);
});

test('a request that is not done at the deadline is cut: a GET goes to another endpoint, a POST gets 503', async () => {
  const a = await startHeld('a');
  const b = await startUpstream(responding(() => ok('b')));
  const drained = (which: Upstream): object => {
    const endpoints = [a.upstream, b].map((upstream) => ({ address: upstream.address, drain: upstream === which }));
    return configFor({ endpoints: { v1: endpoints }, pool: { drain: { timeout: '200ms' } } });
  };
  const sluice = await startSluice(drained(b));
  sluice.expectLog(/cut at the deadline of a drain/);
  const getting = await connectTo(sluice);
  const posting = await connectTo(sluice);
  await getting.write(get('/held'));
  await posting.write(post('/held', 'x'));
  await eventually('both held', async () => (await sluice.metric('sluice_endpoint_requests_in_flight')) === 2);

  sluice.writeConfig(drained(a.upstream));
  expect((await getting.readMessage()).body).toBe('b');
  const refused = await posting.readMessage();
  expect([refused.status, refused.field('x-sluice-outcome')]).toEqual([503, 'drain_timeout']);
  expect(await sluice.counted('sluice_endpoint_connections', { endpoint: a.upstream.address })).toBe(0);
  expect(await sluice.metric('sluice_endpoint_failures_total')).toBe(0);
  a.release();
});

test('a drain may have a time of its own', async () => {
  const a = await startHeld('a');
  const b = await startUpstream(responding(() => ok('b')));
  const config = (drain: boolean | string): object =>
    configFor({
      endpoints: {
        v1: [
          { address: a.upstream.address, drain },
          { address: b.address, drain: drain === false },
        ],
      },
    });
  const sluice = await startSluice(config(false));
  sluice.expectLog(/cut at the deadline of a drain/);
  const wire = await connectTo(sluice);
  await wire.write(get('/held'));
  await eventually('held', async () => (await sluice.metric('sluice_endpoint_requests_in_flight')) === 1);
  sluice.writeConfig(config('100ms'));
  expect((await wire.readMessage()).body).toBe('b');
  a.release();
});

test('a drained version gives its share to the others', async () => {
  const a = await startUpstream(responding(() => ok('a')));
  const b = await startUpstream(responding(() => ok('b')));
  const versions = { v1: { endpoints: [a.address], drain: true }, v2: { endpoints: [b.address] } };
  const sluice = await startSluice(configFor({ pool: { versions, split: { v1: 90, v2: 10 } } }));
  for (let i = 0; i < 10; i++) expect((await ask(sluice, get('/'))).body).toBe('b');
  expect(await sluice.counted('sluice_choices_total', { version: 'v2', reason: 'fallback' })).toBeGreaterThan(0);
});
