// A held request stays counted while scouts go ahead in vain, and is held for as long as `hold` says, no matter where it waited before.

import { afterEach, expect, test } from 'vitest';
import { connectTo, get } from '../flow/scaffold/client.ts';
import { eventually } from '../flow/scaffold/eventually.ts';
import { closeAll } from '../flow/scaffold/open.ts';
import { configFor, startSluice } from '../flow/scaffold/sluice.ts';
import { responding, ok, startUpstream } from '../flow/scaffold/upstream.ts';

afterEach(closeAll);

test('the gauge of held requests does not forget the scout that came back', async () => {
  const upstream = await startUpstream(responding(() => ok()));
  const versions = { v1: { endpoints: [upstream.address], drain: true } };
  const sluice = await startSluice(configFor({ pool: { versions, hold: '10s' } }));
  const wires = [await connectTo(sluice), await connectTo(sluice)];
  for (const wire of wires) await wire.write(get('/'));
  await eventually('both held', async () => (await sluice.metric('sluice_requests_held')) === 2);
  const began = performance.now();
  // Several scouts, one every 100 ms.
  while (performance.now() - began < 400) expect(await sluice.metric('sluice_requests_held')).toBe(2);
  for (const wire of wires) wire.destroy();
  await eventually('none held', async () => (await sluice.metric('sluice_requests_held')) === 0);
});

test('a request that waited in the line before it was held is held for the whole time, not for that of the line', async () => {
  let well = true;
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  const upstream = await startUpstream(async (wire) => {
    for (;;) {
      const { line } = await wire.readMessage();
      if (line.includes('/held')) await released;
      await wire.write(line.includes('/healthz') && !well ? 'HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n' : ok());
    }
  });
  const health = { interval: '100ms', healthyAfter: 1, unhealthyAfter: 1 };
  const pool = { hold: '20s', limits: { connections: 1 }, timeouts: { connect: '1500ms' }, health };
  const sluice = await startSluice(configFor({ endpoints: [upstream.address], pool }));
  sluice.expectLog(/unhealthy/);
  const [first, second] = [await connectTo(sluice), await connectTo(sluice)];
  await first.write(get('/held'));
  await eventually('one in flight', async () => (await sluice.metric('sluice_endpoint_requests_in_flight')) === 1);
  well = false;
  await second.write(get('/'));
  await eventually('the second in line', async () => (await sluice.metric('sluice_requests_in_flight')) === 2);
  const began = performance.now();
  await eventually('unhealthy', async () => (await sluice.metric('sluice_endpoint_ready')) === 0);
  release();
  expect((await first.readMessage()).status).toBe(200);
  await eventually('the second held', async () => (await sluice.metric('sluice_requests_held')) === 1);
  await eventually('the time of the line to be over', () => performance.now() - began > 1700);
  well = true;
  const response = await second.readMessage();
  expect([response.status, response.field('x-sluice-outcome')]).toEqual([200, undefined]);
});
