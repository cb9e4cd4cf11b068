// CF-02: a SYN gets no response. CF-05: the other side of an open connection is gone without a word.

import { afterEach, expect, test } from 'vitest';
import { startBlackhole } from '../flow/scaffold/blackhole.ts';
import { connectAt, get, post } from '../flow/scaffold/client.ts';
import { eventually } from '../flow/scaffold/eventually.ts';
import { makeFolder } from '../flow/scaffold/folder.ts';
import { closeAll } from '../flow/scaffold/open.ts';
import { responding, ok, startUpstream } from '../flow/scaffold/upstream.ts';
import { leavesNothing } from './leak-check.ts';
import type { Rig } from './leak-check.ts';
import { hasNetworks, startNetwork } from './network.ts';
import { at, poolsConfig, startRig, verdicts } from './rig.ts';
import { ends, expectQuick, startTraffic } from './traffic.ts';
import { promised } from '../flow/scaffold/full.ts';

afterEach(closeAll);

const CONNECT = { timeouts: { connect: '200ms' } };

/** Sluice with a healthy upstream on a Unix socket and pools around `address`, which swallows SYNs. */
async function startAround(address: string, within: readonly string[]): Promise<Rig> {
  const folder = makeFolder();
  const good = await startUpstream(
    responding(() => ok()),
    { path: folder.file('good') },
  );
  const pools = {
    good: at(good.address),
    hole: { ...at(address), ...CONNECT },
    both: { ...at(address, good.address), ...CONNECT, balancer: 'round-robin' },
  };
  const parts = { listener: { address: `unix:${folder.file('web')}` }, top: { admin: { address: `unix:${folder.file('admin')}` } } };
  return startRig(poolsConfig(pools, parts), { within });
}

async function survivesLostSyns(rig: Rig): Promise<void> {
  await leavesNothing(rig, async () => {
    const traffic = startTraffic(rig.sluice, { loops: 4 });
    const began = performance.now();
    const [hole, both, uploads] = await Promise.all([
      verdicts(rig, 20, get('/hole')),
      verdicts(rig, 20, get('/both')),
      verdicts(rig, 20, post('/both', 'body')),
    ]);
    expect(hole).toEqual(['504 connect_timeout']);
    // The retries of so many at once may use up the budget.
    for (const kinds of [both, uploads]) expect(kinds.filter((kind) => !['200', '504 connect_timeout'].includes(kind))).toEqual([]);
    expect(both).toContain('200');
    expect(performance.now() - began).toBeLessThan(promised(3_000));
    const tally = await traffic.stop();
    expect(ends(tally)).toEqual({ 200: tally.sent });
    expectQuick(tally);
  });
}

test('CF-02: a full accept queue: 504 in time or another endpoint, others unharmed', async () => {
  const hole = await startBlackhole();
  await survivesLostSyns(await startAround(hole.address, []));
});

test.skipIf(!hasNetworks)('CF-02: SYNs that are lost: 504 in time or another endpoint, others unharmed', async () => {
  const network = await startNetwork();
  await survivesLostSyns(await startAround('10.99.0.7:80', network.within));
});

const SERVER = `
  require('node:http').createServer((request, response) => response.end('far')).listen(80, '10.99.0.7', () => console.log('ready'))
    .keepAliveTimeout = 600_000;
`;

test.skipIf(!hasNetworks)('CF-05: an upstream that vanishes: pooled connections cost one timeout at most, then they are gone', async () => {
  const network = await startNetwork();
  network.place('10.99.0.7');
  await network.startNode(SERVER);
  const folder = makeFolder();
  const good = await startUpstream(
    responding(() => ok('near')),
    { path: folder.file('good') },
  );
  const timeouts = { connect: '200ms', response: '300ms', idle: '1s' };
  const shop = {
    ...at('10.99.0.7:80', good.address),
    balancer: 'round-robin',
    timeouts,
    retries: { on: ['connect-failure', 'reset', 'response-timeout'], budget: '100%' },
  };
  const parts = { listener: { address: `unix:${folder.file('web')}` }, top: { admin: { address: `unix:${folder.file('admin')}` } } };
  const rig = await startRig(poolsConfig({ shop, far: { ...at('10.99.0.7:80'), timeouts } }, parts), { within: network.within });
  const { sluice } = rig;
  await leavesNothing(rig, async () => {
    expect(await verdicts(rig, 20, get('/far'))).toEqual(['200']);
    const pooled = await sluice.metric('sluice_endpoint_connections', { pool: 'far' });
    expect(pooled).toBeGreaterThan(0);
    network.lose('10.99.0.7');
    const began = performance.now();
    // On connections that are pooled still. GETs find the other endpoint; what may have been applied is not sent twice.
    expect(await verdicts(rig, 4, get('/far'))).toEqual(['504 response_timeout']);
    expect(await verdicts(rig, 20, get('/'))).toEqual(['200']);
    expect(performance.now() - began).toBeLessThan(promised(3_000));
    await eventually(
      'the idle connections gone',
      async () => (await sluice.metric('sluice_endpoint_connections', { pool: 'far' })) === 0,
      4_000,
    );
    expect(await verdicts(rig, 4, get('/far'))).toEqual(['504 connect_timeout']);
    network.place('10.99.0.7');
    expect(await verdicts(rig, 4, get('/far'))).toEqual(['200']);
  });
});

test('CF-05: a client that vanishes in the middle of its request is given up in time', async () => {
  const good = await startUpstream(responding(() => ok()));
  const listener = { limits: { headerTimeout: '300ms', idleTimeout: '500ms' } };
  const shop = { ...at(good.address), timeouts: { stall: '500ms' } };
  const rig = await startRig(poolsConfig({ shop }, { listener }));
  await leavesNothing(rig, async () => {
    // Nothing more comes from them, not even an end.
    const wires = await Promise.all(Array.from({ length: 20 }, () => connectAt(rig.sluice.whereOf())));
    const texts = ['', 'GET / HTTP/1.1\r\nho', 'POST / HTTP/1.1\r\nhost: a.example\r\ncontent-length: 100\r\n\r\nhalf'];
    await Promise.all(wires.map((wire, index) => wire.write(texts[index % 3]!)));
    for (const wire of wires) await eventually('given up', () => wire.ended, 3_000);
    for (const wire of wires) wire.destroy();
  });
});
