// CF-33: the wall clock jumps by an hour, both ways. What measures time must not notice.

import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { connectTo, get } from '../flow/scaffold/client.ts';
import { eventually } from '../flow/scaffold/eventually.ts';
import { makeFolder } from '../flow/scaffold/folder.ts';
import { closeAll } from '../flow/scaffold/open.ts';
import { leavesNothing } from './leak-check.ts';
import { startMortals } from './mortal-upstream.ts';
import { at, crowd, poolsConfig, startRig, verdictOf, verdicts } from './rig.ts';
import { ends, startTraffic } from './traffic.ts';
import { promised } from '../flow/scaffold/full.ts';

afterEach(closeAll);

const HOUR_MS = 3_600_000;
const INTERVAL_MS = 100;
const EJECTION_MS = 400;

test('CF-33: no timeout, ejection, probe or idle time is early or late when the clock jumps', { timeout: 60_000 }, async () => {
  const [steady, probed, failing] = await startMortals('steady', 'probed', 'failing');
  const path = makeFolder().file('access.log');
  steady!.respond = (request, response) => {
    if (request.url === '/slow') setTimeout(() => response.end('slow'), 700);
    else response.end('steady');
  };
  const outlier = { consecutive: 1, ejection: `${EJECTION_MS}ms`, interval: '100ms', maxEjected: '50%' };
  const pools = {
    shop: { ...at(steady!.address), timeouts: { response: '2s', idle: '30s' } },
    probed: { ...at(probed!.address), health: { interval: `${INTERVAL_MS}ms`, timeout: '1s' } },
    failing: { ...at(failing!.address, steady!.address), balancer: 'round-robin', outlier, retries: { attempts: 0 } },
  };
  const rig = await startRig(poolsConfig(pools, { top: { accessLog: { path } } }));
  const { sluice, inside } = rig;
  sluice.expectLog(/endpoint ejected/);
  const ready = (): Promise<number> => sluice.metric('sluice_endpoint_ready', { pool: 'failing', endpoint: failing!.address });
  const jump = async (ms: number): Promise<void> => {
    const idle = await connectTo(sluice);
    await idle.write(get('/'));
    await idle.readMessage();
    const traffic = startTraffic(sluice, { loops: 4 });
    const slow = crowd(rig, 10, get('/slow'), async (wire) => verdictOf(await wire.readMessage()));
    failing!.respond = (_request, response) => void response.writeHead(503).end();
    await eventually('the ejection', async () => (await verdicts(rig, 2, get('/failing')), (await ready()) === 0));
    const ejectedMs = performance.now();
    failing!.respond = (_request, response) => void response.end('well');
    const probes = probed!.requests;
    await inside.obey({ kind: 'shift', ms });
    await pause(10 * INTERVAL_MS);
    // Neither a flood of probes nor none.
    expect(probed!.requests - probes).toBeGreaterThan(4);
    expect(probed!.requests - probes).toBeLessThan(25);
    await eventually('back', async () => (await ready()) === 1);
    expect(performance.now() - ejectedMs).toBeLessThan(promised(4 * EJECTION_MS + 2_500));
    expect(new Set(await slow)).toEqual(new Set(['200']));
    expect(await sluice.metric('sluice_endpoint_ready', { pool: 'probed' })).toBe(1);
    await idle.write(get('/'));
    expect((await idle.readMessage()).status).toBe(200);
    idle.destroy();
    const tally = await traffic.stop();
    expect(ends(tally)).toEqual({ 200: tally.sent });
  };
  await leavesNothing(rig, async () => {
    await jump(HOUR_MS);
    await jump(-HOUR_MS);
  });
  await eventually('the last lines', () => readFileSync(path, 'utf8').endsWith('\n'));
  const lines = readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { time: string; durationMs: number });
  const offsets = lines.map(({ time }) => (Date.parse(time) - Date.now()) / HOUR_MS);
  // The log shows the time that the system has.
  expect(Math.max(...offsets)).toBeGreaterThan(0.9);
  expect(lines.filter(({ durationMs }) => !(durationMs >= 0 && durationMs < 5_000))).toEqual([]);
});
