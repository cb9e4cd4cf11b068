// CF-23: the disk that takes the access log is full. CF-24: stdout is closed, or is not read.

import { spawnSync } from 'node:child_process';
import { statSync, truncateSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { get } from '../flow/scaffold/client.ts';
import { eventually } from '../flow/scaffold/eventually.ts';
import { makeFolder } from '../flow/scaffold/folder.ts';
import { closeAll } from '../flow/scaffold/open.ts';
import type { Sluice } from '../flow/scaffold/sluice.ts';
import { leavesNothing } from './leak-check.ts';
import { startMortals } from './mortal-upstream.ts';
import { at, poolsConfig, startRig } from './rig.ts';
import { ends, expectQuick, startTraffic } from './traffic.ts';

afterEach(closeAll);

const MOUNT = 'mount -t tmpfs -o size=64k none "$0" && exec "$@"';
const hasMounts = spawnSync('unshare', ['-rm', 'sh', '-c', MOUNT, '/mnt', 'true']).status === 0;

function dropped(sluice: Sluice): Promise<number> {
  return sluice.metric('sluice_access_log_dropped_total');
}

/** Traffic until more lines were lost: all of it gets a response, and soon. */
async function losesLinesAlone(sluice: Sluice, request = get('/')): Promise<void> {
  const before = await dropped(sluice);
  const traffic = startTraffic(sluice, { pauseMs: 0, request: () => request });
  await eventually('lost lines', async () => (await dropped(sluice)) > before, 15_000);
  const { sent } = traffic.tally;
  await eventually('more traffic', () => traffic.tally.sent > sent + 200);
  const tally = await traffic.stop();
  expect(ends(tally)).toEqual({ 200: tally.sent });
  expectQuick(tally);
}

test('CF-23: a device without room costs lines, which are counted, and one complaint', async () => {
  const [upstream] = await startMortals('a');
  const rig = await startRig(poolsConfig({ shop: at(upstream!.address) }, { top: { accessLog: { path: '/dev/full' } } }));
  rig.sluice.expectLog(/the access log cannot be written.*ENOSPC|ENOSPC.*the access log cannot be written/);
  await leavesNothing(rig, () => losesLinesAlone(rig.sluice));
  expect(rig.sluice.logs.filter(({ msg }) => msg === 'the access log cannot be written').length).toBe(1);
});

test.skipIf(!hasMounts)('CF-23: a disk that fills up costs lines; when there is room again they are written again', async () => {
  const [upstream] = await startMortals('a');
  const folder = makeFolder();
  const path = folder.file('access.log');
  const config = poolsConfig({ shop: at(upstream!.address) }, { top: { accessLog: { path } } });
  const rig = await startRig(config, { within: ['unshare', '-rm', 'sh', '-c', MOUNT, folder.path] });
  const { sluice } = rig;
  sluice.expectLog(/the access log cannot be written/);
  // The file as Sluice sees it: its disk is its own.
  const seen = `/proc/${sluice.pid}/root${path}`;
  await leavesNothing(rig, async () => {
    await losesLinesAlone(sluice);
    expect(statSync(seen).size).toBeGreaterThan(32_000);
    await sluice.untilQuiet();
    truncateSync(seen);
    const traffic = startTraffic(sluice, { loops: 1 });
    await eventually('lines again', () => statSync(seen).size > 2_000);
    const tally = await traffic.stop();
    expect(ends(tally)).toEqual({ 200: tally.sent });
  });
});

test.each(['closed', 'unread'])('CF-24: a stdout that is %s costs lines, no response and no time', { timeout: 60_000 }, async (how) => {
  const [upstream] = await startMortals('a');
  const config = poolsConfig({ shop: at(upstream!.address) }, { top: { accessLog: { path: 'stdout' } } });
  const rig = await startRig(config);
  const { sluice } = rig;
  sluice.expectLog(/the access log cannot be written.*EPIPE|EPIPE.*the access log cannot be written/);
  if (how === 'closed') sluice.stdout.destroy();
  else sluice.stdout.pause();
  // Targets as long as they may be: a backlog of 8 MiB is soon full.
  await leavesNothing(rig, () => losesLinesAlone(sluice, get(`/${'x'.repeat(7_500)}`)));
});
