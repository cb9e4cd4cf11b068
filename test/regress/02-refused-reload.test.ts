// A reload that is refused at the last step changes nothing: not what is counted, and not what is bounded by counting.

import { afterEach, expect, test } from 'vitest';
import { ask, connectTo, get } from '../flow/scaffold/client.ts';
import { eventually } from '../flow/scaffold/eventually.ts';
import { freePort } from '../scaffold/free-port.ts';
import { closeAll } from '../flow/scaffold/open.ts';
import { startSluice } from '../flow/scaffold/sluice.ts';
import type { Sluice } from '../flow/scaffold/sluice.ts';
import { scripted, ok, startUpstream } from '../flow/scaffold/upstream.ts';

afterEach(closeAll);

function config(host: string, port: number, upstream: string, name: string): object {
  return {
    listeners: [{ name, address: `${host}:${port}`, limits: { connections: 3 } }],
    admin: { address: '127.0.0.1:0' },
    state: 'memory',
    pools: { [name]: { versions: { v1: { endpoints: [upstream] } } } },
    routes: [{ name, pool: name }],
  };
}

/** When as many requests as that have been counted: that is the last thing a worker does for one. */
async function countsOf(sluice: Sluice, requests: number): Promise<object> {
  await eventually(`${requests} requests`, async () => (await sluice.metric('sluice_requests_total', { route: 'one' })) >= requests);
  return counts(sluice);
}

async function counts(sluice: Sluice): Promise<object> {
  const metrics = await sluice.metrics();
  return {
    requests: metrics.sum('sluice_requests_total', { route: 'one', pool: 'one', status: '200' }),
    attempts: metrics.sum('sluice_attempts_total', { pool: 'one', outcome: 'ok' }),
    inFlight: metrics.sum('sluice_requests_in_flight', { pool: 'one' }),
    endpoint: metrics.sum('sluice_endpoint_requests_in_flight', { pool: 'one' }),
    upstreams: metrics.sum('sluice_endpoint_connections', { pool: 'one' }),
    clients: metrics.sum('sluice_connections', { listener: 'one' }),
  };
}

test.each([1, 2])('counters and limits outlive a reload that could not be bound, with %i worker(s)', async (workers) => {
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  let isHeld = false;
  const upstream = await startUpstream(
    scripted(() => async (wire) => {
      await wire.readMessage();
      if (isHeld) await released;
      await wire.write(ok());
    }),
  );
  const port = await freePort();
  const sluice = await startSluice(config('127.0.0.1', port, upstream.address, 'one'), { workers });
  const kept = await connectTo(sluice);
  await kept.write(get('/'));
  expect((await kept.readMessage()).status).toBe(200);
  await eventually('the first to be counted', async () => (await sluice.metric('sluice_requests_total', { route: 'one' })) === 1);

  sluice.expectLog(/EADDRNOTAVAIL/);
  sluice.writeConfig(config('192.0.2.7', port, upstream.address, 'two'));
  await eventually('the refusal', async () => (await sluice.metric('sluice_config_reloads_total', { result: 'rejected' })) === 1);

  await kept.write(get('/'));
  expect((await kept.readMessage()).status).toBe(200);
  expect((await ask(sluice, get('/'))).status).toBe(200);
  await eventually('one client', async () => (await sluice.metric('sluice_connections', { listener: 'one' })) === 1);
  expect(await countsOf(sluice, 3)).toMatchObject({ requests: 3, attempts: 3, inFlight: 0, endpoint: 0, clients: 1 });

  isHeld = true;
  await kept.write(get('/'));
  const others = [await connectTo(sluice), await connectTo(sluice)];
  for (const wire of others) await wire.write(get('/'));
  await eventually('all three', async () => (await sluice.metric('sluice_endpoint_requests_in_flight', { pool: 'one' })) === 3);
  expect(await counts(sluice)).toMatchObject({ inFlight: 3, endpoint: 3, clients: 3 });
  const fourth = await connectTo(sluice);
  await eventually('the end of the fourth', () => fourth.ended, 3000);
  release();
  for (const wire of [kept, ...others]) expect((await wire.readMessage()).status).toBe(200);
  for (const wire of [kept, ...others]) wire.destroy();
  await sluice.untilQuiet();
  expect(await countsOf(sluice, 6)).toMatchObject({ requests: 6, attempts: 6, inFlight: 0, endpoint: 0, clients: 0 });
});
