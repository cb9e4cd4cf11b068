// A request that is held for its version goes to another one of the split as soon as that is ready, as a new request would.

import { afterEach, expect, test } from 'vitest';
import { connectTo, get } from '../flow/scaffold/client.ts';
import { eventually } from '../flow/scaffold/eventually.ts';
import { closeAll } from '../flow/scaffold/open.ts';
import { configFor, startSluice } from '../flow/scaffold/sluice.ts';
import type { Sluice } from '../flow/scaffold/sluice.ts';
import { responding, ok, startUpstream } from '../flow/scaffold/upstream.ts';
import type { Wire } from '../flow/scaffold/wire.ts';

afterEach(closeAll);

const HELD = 100;

async function start(fallback: string): Promise<{ sluice: Sluice; wires: Wire[]; readyOther: () => void; removeFirst: () => void }> {
  const other = await startUpstream(responding(() => ok('other')));
  const config = (drain: boolean, rest: object, split: object): object =>
    configFor({
      pool: { versions: { ...rest, v2: { endpoints: [other.address], drain } }, split, hold: '3s', fallback: { whenNoneReady: fallback } },
    });
  const rest = { v1: { endpoints: ['127.0.0.2:9'], drain: true } };
  const split = { v1: 1000, v2: 1 };
  const sluice = await startSluice(config(true, rest, split));
  const wires = await Promise.all(Array.from({ length: HELD }, () => connectTo(sluice)));
  for (const wire of wires) await wire.write(get('/'));
  await eventually('all held', async () => (await sluice.metric('sluice_requests_held')) === HELD);
  return {
    sluice,
    wires,
    readyOther: () => sluice.writeConfig(config(false, rest, split)),
    removeFirst: () => sluice.writeConfig(config(false, {}, { v2: 1 })),
  };
}

test.each(['readyOther', 'removeFirst'] as const)('%s', async (change) => {
  const { sluice, wires, ...changes } = await start('split');
  changes[change]();
  const responses = await Promise.all(wires.map((wire) => wire.readMessage()));
  expect(new Set(responses.map(({ status, body }) => `${status} ${body}`))).toEqual(new Set(['200 other']));
  for (const wire of wires) wire.destroy();
  await sluice.untilQuiet();
  expect(await sluice.metric('sluice_requests_held')).toBe(0);
});

test('not where another version is no substitute', async () => {
  const { wires, readyOther } = await start('fail');
  readyOther();
  const responses = await Promise.all(wires.map((wire) => wire.readMessage()));
  // The split meant one in a thousand for the other.
  expect(responses.filter(({ status }) => status === 503).length).toBeGreaterThanOrEqual(HELD - 1);
});
