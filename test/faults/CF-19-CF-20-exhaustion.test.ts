// CF-19: no descriptors are left. CF-20: no local ports are left.

import { afterEach, expect, test } from 'vitest';
import { connectToEach } from '../flow/scaffold/by-worker.ts';
import { connectTo, get } from '../flow/scaffold/client.ts';
import { eventually } from '../flow/scaffold/eventually.ts';
import { makeFolder } from '../flow/scaffold/folder.ts';
import { closeAll } from '../flow/scaffold/open.ts';
import type { Sluice } from '../flow/scaffold/sluice.ts';
import { responding, ok, startUpstream } from '../flow/scaffold/upstream.ts';
import type { Wire } from '../flow/scaffold/wire.ts';
import { leavesNothing } from './leak-check.ts';
import { startMortals } from './mortal-upstream.ts';
import { hasNetworks, startNetwork } from './network.ts';
import { at, crowd, poolsConfig, startRig, verdictOf, verdicts } from './rig.ts';

afterEach(closeAll);

const DESCRIPTORS = 160;
/** Of connections; two workers that accept at the same moment may be one over it. */
const MOST = (DESCRIPTORS - 64) / 2 + 1;
const LIMITED = { within: ['prlimit', `--nofile=${DESCRIPTORS}:${DESCRIPTORS}`] };

/** More clients than there are descriptors; some are turned away by then. */
async function startTooMany(sluice: Sluice): Promise<Wire[]> {
  const wires = await Promise.all(Array.from({ length: 2 * DESCRIPTORS }, () => connectTo(sluice).catch(() => undefined)));
  const connected = wires.filter((wire): wire is Wire => wire !== undefined);
  await eventually('descriptors to run out', () => connected.some((wire) => wire.ended));
  return connected;
}

test('CF-19: more clients than descriptors: no crash, connected clients are served, and new ones are when there is room again', async () => {
  const [upstream] = await startMortals('a');
  const rig = await startRig(poolsConfig({ shop: at(upstream!.address) }), LIMITED);
  const { sluice } = rig;
  await leavesNothing(rig, async () => {
    const kept = await connectToEach(sluice, 2);
    const tooMany = await startTooMany(sluice);
    // Their upstream connections are there.
    for (const wire of kept) {
      await wire.write(get());
      expect((await wire.readMessage()).status).toBe(200);
    }
    for (const wire of [...kept, ...tooMany]) wire.destroy();
    await eventually('room again', async () => (await verdicts(rig, 20)).join() === '200');
  });
});

test('CF-19: metrics live while there is no descriptor left, and say how many were turned away', async () => {
  const [upstream] = await startMortals('a');
  const { sluice } = await startRig(poolsConfig({ shop: at(upstream!.address) }), LIMITED);
  const tooMany = await startTooMany(sluice);
  const metrics = await sluice.metrics();
  expect(metrics.sum('sluice_connections')).toBeGreaterThan(40);
  expect(metrics.sum('sluice_connections')).toBeLessThanOrEqual(MOST);
  expect(metrics.sum('sluice_refused_total', { outcome: 'overload' })).toBeGreaterThan(0);
  for (const wire of tooMany) wire.destroy();
});

test('CF-19: requests that wait upstream take descriptors, too: there are enough for all connected clients, and no endpoint is ejected', async () => {
  const [a, b] = await startMortals('a', 'b');
  const held: (() => void)[] = [];
  for (const mortal of [a!, b!]) mortal.respond = (_request, response) => void held.push(() => response.end('late'));
  const outlier = { consecutive: 1, ejection: '60s', maxEjected: '100%' };
  // Unused connections of one worker would take the descriptors of the other.
  const timeouts = { idle: '100ms' };
  const rig = await startRig(poolsConfig({ shop: { ...at(a!.address, b!.address), outlier, timeouts } }), LIMITED);
  const { sluice } = rig;
  await leavesNothing(rig, async () => {
    const wires = await startTooMany(sluice);
    const into = (): Wire[] => wires.filter((wire) => !wire.ended);
    await eventually('the others turned away', async () => into().length === (await sluice.metric('sluice_connections')));
    expect(into().length).toBeLessThanOrEqual(MOST);
    const asking = into();
    for (const wire of asking) await wire.write(get());
    await eventually('all requests upstream', () => held.length === asking.length);
    for (const finish of held.splice(0)) finish();
    for (const wire of asking) expect((await wire.readMessage()).body).toBe('late');
    for (const wire of wires) wire.destroy();
    await sluice.untilQuiet(0);
    expect(await sluice.metric('sluice_endpoint_ejections_total')).toBe(0);
    expect(await sluice.metric('sluice_endpoint_failures_total')).toBe(0);
  });
});

const SERVER = `
  const held = [];
  require('node:http').createServer((request, response) => {
    if (request.url === '/far/hold') return held.push(response);
    for (const each of held.splice(0)) each.end('late');
    response.end('far');
  }).listen(80, '10.99.0.7', () => console.log('ready')).keepAliveTimeout = 600_000;
`;

test.skipIf(!hasNetworks)(
  'CF-20: no local port left: an error at once, others unharmed; a bound on connections makes them wait instead',
  async () => {
    const network = await startNetwork();
    network.place('10.99.0.7');
    network.run('echo "40000 40009" > /proc/sys/net/ipv4/ip_local_port_range');
    await network.startNode(SERVER);
    const folder = makeFolder();
    const good = await startUpstream(
      responding(() => ok()),
      { path: folder.file('good') },
    );
    const pools = {
      far: at('10.99.0.7:80'),
      bounded: { ...at('10.99.0.7:80'), limits: { connections: 8 } },
      good: at(good.address),
    };
    const parts = { listener: { address: `unix:${folder.file('web')}` }, top: { admin: { address: `unix:${folder.file('admin')}` } } };
    const rig = await startRig(poolsConfig(pools, parts), { within: network.within });
    await leavesNothing(rig, async () => {
      expect(await verdicts(rig, 40, get('/bounded'))).toEqual(['200']);
      // Idle ones would hold their ports: the pool gives them back when it has nothing to do for a while, here at a reload's cost.
      const holding = crowd(rig, 30, get('/far/hold'), async (wire) => verdictOf(await wire.readMessage()));
      await eventually('ports to run out', async () => (await rig.sluice.metric('sluice_attempts_total', { outcome: 'overload' })) > 0);
      expect(await verdicts(rig, 20, get('/good'))).toEqual(['200']);
      // Through a connection that is there, if any is: it lets the others go.
      await eventually('released', async () => {
        const first = await Promise.race([holding.then(() => 'all'), verdicts(rig, 1, get('/bounded')).then(() => 'asked')]);
        return first === 'all' || (await rig.sluice.metric('sluice_requests_in_flight', { pool: 'far' })) === 0;
      });
      // What this machine lacks is no fault of the endpoint's.
      expect(await rig.sluice.metric('sluice_endpoint_failures_total', { pool: 'far' })).toBe(0);
      expect([...new Set(await holding)].filter((verdict) => !/^(200|503 \w+)$/.test(verdict))).toEqual([]);
    });
  },
);
