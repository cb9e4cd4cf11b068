// The time that a client takes for its upload is not the upstream's: it lowers no limit.

import { afterEach, expect, test } from 'vitest';
import { ask, connectTo, get, requestText } from '../flow/scaffold/client.ts';
import { eventually } from '../flow/scaffold/eventually.ts';
import { closeAll } from '../flow/scaffold/open.ts';
import { configFor, startSluice } from '../flow/scaffold/sluice.ts';
import type { Sluice } from '../flow/scaffold/sluice.ts';
import { responding, ok, startUpstream } from '../flow/scaffold/upstream.ts';

afterEach(closeAll);

const UPLOADS = 60;

/** Uploads that take as long as `until` says; then they end, or their clients leave. */
async function upload(sluice: Sluice, end: 'whole' | 'left'): Promise<void> {
  const wires = await Promise.all(Array.from({ length: UPLOADS }, () => connectTo(sluice)));
  await Promise.all(wires.map((wire) => wire.write(requestText('POST', '/', ['content-length: 2']) + 'a')));
  await eventually('all under way', async () => (await sluice.metric('sluice_endpoint_requests_in_flight')) === UPLOADS);
  const began = performance.now();
  await eventually('a slow client', () => performance.now() - began > 250);
  if (end === 'whole') {
    await Promise.all(wires.map((wire) => wire.write('b')));
    for (const response of await Promise.all(wires.map((wire) => wire.readMessage()))) expect(response.status).toBe(200);
  }
  for (const wire of wires) wire.reset();
  await sluice.untilQuiet();
}

test.each(['whole', 'left'] as const)('slow uploads, %s', async (end) => {
  const upstream = await startUpstream(responding(() => ok()));
  const sluice = await startSluice(configFor({ endpoints: [upstream.address], pool: { limits: { adaptive: true } } }));
  const learnt = performance.now();
  while (performance.now() - learnt < 300) expect((await ask(sluice, get('/'))).status).toBe(200);
  expect(await sluice.metric('sluice_concurrency_limit')).toBe(100);
  for (let round = 0; round < 4; round++) await upload(sluice, end);
  expect(await sluice.counted('sluice_concurrency_limit')).toBe(100);
});
