// CF-43: clients that give up, in every phase, in a storm. CF-44: a crowd of idle connections, and one of handshakes.

import { connect } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { get, requestText } from '../flow/scaffold/client.ts';
import { startCrowd } from '../flow/scaffold/crowd.ts';
import { eventually, within } from '../flow/scaffold/eventually.ts';
import { makeFolder } from '../flow/scaffold/folder.ts';
import { figure, scaled } from '../flow/scaffold/full.ts';
import { startLoadUpstream } from '../flow/scaffold/load-upstream.ts';
import { closeAll } from '../flow/scaffold/open.ts';
import { clientHello, secureTo } from '../flow/scaffold/secure-client.ts';
import { configFor } from '../flow/scaffold/sluice.ts';
import type { Wire } from '../flow/scaffold/wire.ts';
import { makeAuthority } from '../scaffold/certificates.ts';
import { leavesNothing } from './leak-check.ts';
import { startRig } from './rig.ts';
import { ends, expectQuick, quantile, startTraffic } from './traffic.ts';

afterEach(closeAll);

/** What is sent before the client gives up, and whether the response has begun by then. */
const PHASES: readonly { readonly text: string; readonly responded: boolean }[] = [
  { text: 'GET / HTTP/1.1\r\nho', responded: false },
  { text: get('/hold'), responded: false },
  { text: `${requestText('POST', '/digest', ['content-length: 200000'])}${'x'.repeat(60_000)}`, responded: false },
  { text: `${requestText('POST', '/digest', ['transfer-encoding: chunked'])}400\r\nhalf a chunk`, responded: false },
  { text: get('/bytes/1000000/1'), responded: true },
  { text: get('/bytes/300000/1?slow=300'), responded: true },
  { text: get('/bytes/10/1') + get('/hold'), responded: true },
];

/** One client: connects, sends, perhaps waits for the response to begin, and leaves by a reset or by an end. */
function giveUp(port: number, index: number): Promise<void> {
  const { text, responded } = PHASES[index % PHASES.length]!;
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, localAddress: `127.0.0.${3 + (index % 50)}` });
    const go = (): void => void (index % 2 === 0 ? socket.resetAndDestroy() : socket.destroy());
    socket.once('close', () => resolve());
    socket.once('error', (error: NodeJS.ErrnoException) => (/ECONNRESET|EPIPE/.test(error.code ?? '') ? resolve() : reject(error)));
    socket.once('connect', () => socket.write(text, () => (responded ? undefined : setTimeout(go, index % 3))));
    socket.once('data', go);
  });
}

test('CF-43: a storm of clients that give up leaves nothing behind, and others are served meanwhile', { timeout: 300_000 }, async () => {
  const upstream = await startLoadUpstream();
  const rig = await startRig(configFor({ endpoints: [upstream.address], listener: { limits: { connections: 0 } } }));
  const { sluice } = rig;
  const count = scaled(1_000, 10_000);
  await leavesNothing(rig, async () => {
    const traffic = startTraffic(sluice, { loops: 2, request: () => get('/bytes/10/1') });
    let next = 0;
    const loops = Array.from({ length: 50 }, async () => {
      while (next < count) await giveUp(sluice.port, next++);
    });
    await Promise.all(loops);
    const tally = await traffic.stop();
    // The upstream responds to those that still wait; their clients have left.
    upstream.release();
    await sluice.untilQuiet();
    expect(ends(tally)).toEqual({ 200: tally.sent });
  });
});

test('CF-44: a crowd of idle connections does not slow the others down, and leaves nothing behind', { timeout: 180_000 }, async () => {
  const upstream = await startLoadUpstream();
  const limits = { connections: 40_000, idleTimeout: '10m' };
  const rig = await startRig(configFor({ endpoints: [upstream.address], listener: { limits } }));
  const { sluice } = rig;
  const count = scaled(2_000, 10_000);
  const crowd = startCrowd();
  await leavesNothing(rig, async () => {
    await crowd.order({ kind: 'open', port: sluice.port, count, request: get('/bytes/10/1') });
    expect(await sluice.metric('sluice_connections')).toBe(count);
    const traffic = startTraffic(sluice, { loops: 4, request: () => get('/bytes/10/1') });
    await eventually('traffic', () => traffic.tally.sent > 500);
    const tally = await traffic.stop();
    expect(ends(tally)).toEqual({ 200: tally.sent });
    figure(`beside ${count} idle connections`, { 'p50 ms': quantile(tally, 0.5), 'p99 ms': quantile(tally, 0.99) });
    expectQuick(tally);
    await crowd.order({ kind: 'leave' });
    await eventually('all gone', async () => (await sluice.metric('sluice_connections')) === 0);
  });
});

test('CF-44: a crowd that begins handshakes and finishes none slows the others down little, and leaves nothing behind', async () => {
  const authority = await makeAuthority();
  const { cert, key } = await authority.issue({ names: ['a.test'] });
  const folder = makeFolder();
  const certificates = [{ certFile: folder.write('a.pem', cert), keyFile: folder.write('a.key', key) }];
  const config = configFor({ listener: { tls: { certificates, handshakeTimeout: '5s' }, limits: { connections: 0 } } });
  const rig = await startRig({ ...config, pools: {}, routes: [{ name: 'all', respond: { status: 200, body: 'hi' } }] });
  const { sluice } = rig;
  const hello = (await clientHello('a.test')).toString('latin1');
  const crowd = startCrowd();
  const connectSecurely = async (): Promise<Wire> => (await secureTo(sluice, { servername: 'a.test', ca: authority.pem })).wire;
  const results = (result: string): Promise<number> => sluice.metric('sluice_tls_handshakes_total', { listener: 'web', result });
  const count = scaled(1_500, 9_000);
  await leavesNothing(rig, async () => {
    const before = await results('crowded_out');
    const kept = startTraffic(sluice, { loops: 4, connect: connectSecurely });
    await eventually('traffic', () => kept.tally.sent > 50);
    await crowd.order({ kind: 'begin', port: sluice.port, count, bytes: hello });
    // More than there are places for: they give way, and a client that means it comes through.
    await eventually('some have given way', async () => (await results('crowded_out')) - before > 200, 20_000);
    const wire = await within('a client that comes', connectSecurely(), 5_000);
    await wire.write(get('/'));
    expect((await wire.readMessage()).status).toBe(200);
    wire.destroy();
    await crowd.order({ kind: 'leave' });
    const tally = await kept.stop();
    expect(ends(tally)).toEqual({ 200: tally.sent });
    figure(`beside ${count} handshakes`, { 'p50 ms': quantile(tally, 0.5), 'p99 ms': quantile(tally, 0.99) });
    expectQuick(tally);
  });
});
