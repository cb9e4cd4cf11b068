// CF-13: upstreams whose TLS is not what it must be. CF-25 and CF-45, as far as they are about certificates: files that are broken, belong to
// another, or are renewed while clients come.

import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { get } from '../flow/scaffold/client.ts';
import { eventually } from '../flow/scaffold/eventually.ts';
import { makeFolder } from '../flow/scaffold/folder.ts';
import { closeAll, open } from '../flow/scaffold/open.ts';
import { secureTo } from '../flow/scaffold/secure-client.ts';
import { startSecure } from '../flow/scaffold/secure-upstream.ts';
import { configFor } from '../flow/scaffold/sluice.ts';
import type { Wire } from '../flow/scaffold/wire.ts';
import { makeAuthority } from '../scaffold/certificates.ts';
import type { Authority, Pair } from '../scaffold/certificates.ts';
import { leavesNothing } from './leak-check.ts';
import { poolsConfig, startRig, verdicts } from './rig.ts';
import { ends, expectQuick, startTraffic } from './traffic.ts';

afterEach(closeAll);

let authority: Authority;
beforeAll(async () => void (authority = await makeAuthority()));

/** Accepts, and says nothing. */
async function startSilent(): Promise<{ readonly address: string; readonly firstBytes: number[] }> {
  const sockets = new Set<Socket>();
  const firstBytes: number[] = [];
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined).on('close', () => sockets.delete(socket)));
    socket.once('data', (bytes: Buffer) => void firstBytes.push(bytes[0]!));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open({
    close: () =>
      new Promise<void>((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  });
  return { address: `localhost:${(server.address() as AddressInfo).port}`, firstBytes };
}

test('CF-13: upstreams that have expired, are others, speak an old TLS, or stall in the handshake', async () => {
  const right = await authority.issue({ names: ['shop.internal'] });
  const [good, expired, misnamed, old, silent] = await Promise.all([
    startSecure(right),
    startSecure(await authority.issue({ names: ['shop.internal'], days: -1 })),
    startSecure(await authority.issue({ names: ['elsewhere.internal'] })),
    startSecure({ ...right, maxVersion: 'TLSv1.1', minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' }),
    startSilent(),
  ]);
  const tls = { caFile: makeFolder().write('ca.pem', authority.pem), serverName: 'shop.internal' };
  const pool = (...endpoints: string[]): object => ({
    versions: { v1: { endpoints, tls } },
    timeouts: { connect: '300ms' },
    retries: { attempts: endpoints.length - 1, budget: '100%' },
    balancer: 'round-robin',
  });
  const pools = {
    well: pool(good.address),
    expired: pool(expired.address),
    misnamed: pool(misnamed.address),
    old: pool(old.address),
    silent: pool(silent.address),
    mixed: pool(expired.address, good.address),
    stalled: pool(silent.address, good.address),
  };
  const rig = await startRig(poolsConfig(pools));
  rig.sluice.expectLog(/no secure connection to an endpoint/);
  await leavesNothing(rig, async () => {
    const traffic = startTraffic(rig.sluice, { loops: 4, request: () => get('/well') });
    for (const name of ['expired', 'misnamed', 'old'])
      expect([name, await verdicts(rig, 10, get(`/${name}`))]).toEqual([name, ['502 connect_tls']]);
    expect(await verdicts(rig, 10, get('/silent'))).toEqual(['504 connect_timeout']);
    // Nothing was sent: another endpoint gets the request.
    for (const name of ['mixed', 'stalled']) expect([name, await verdicts(rig, 20, get(`/${name}`))]).toEqual([name, ['200']]);
    const tally = await traffic.stop();
    expect(ends(tally)).toEqual({ 200: tally.sent });
    expectQuick(tally);
  });
  // No request has met one of them, and none was tried without TLS.
  expect([expired, misnamed, old].flatMap(({ requests }) => requests)).toEqual([]);
  expect(new Set(silent.firstBytes)).toEqual(new Set([0x16]));
});

test('CF-25, CF-45: certificates that are cut off, empty or of another key, and renewed ones, while clients come', async () => {
  const folder = makeFolder();
  const write = ({ cert, key }: Pair): object => ({ certFile: folder.write('a.pem', cert), keyFile: folder.write('a.key', key) });
  let served = await authority.issue({ names: ['a.test', '0.test'] });
  const routes = [{ name: 'all', respond: { status: 200, body: 'hi' } }];
  const config = configFor({ listener: { tls: { certificates: [write(served)] } } });
  const rig = await startRig({ ...config, pools: {}, routes });
  const { sluice } = rig;
  sluice.expectLog(/new certificates are not used/);
  const options = { servername: 'a.test', ca: authority.pem };
  const connect = async (): Promise<Wire> => (await secureTo(sluice, options)).wire;
  const shown = async (): Promise<string> => {
    const { socket, wire } = await secureTo(sluice, options);
    const names = socket.getPeerX509Certificate()!.subjectAltName!;
    wire.destroy();
    return names;
  };
  const isRefused = async (): Promise<boolean> => {
    const overview = await (await fetch(`http://127.0.0.1:${sluice.adminPort}/v1/overview`)).text();
    return overview.includes('certificate-refused');
  };
  const breaks: readonly ((next: Pair) => Pair)[] = [
    ({ cert, key }) => ({ cert: cert.slice(0, 300), key }),
    ({ cert }) => ({ cert, key: served.key }),
    ({ cert }) => ({ cert, key: '' }),
    ({ key }) => ({ cert: '', key }),
  ];
  let round = 0;
  await leavesNothing(rig, async () => {
    round++;
    const kept = startTraffic(sluice, { loops: 2, connect });
    const coming = startTraffic(sluice, { loops: 2, connect, request: () => get('/', 'connection: close') });
    const before = await shown();
    const next = await authority.issue({ names: ['a.test', `${round}.test`] });
    write(breaks[(round - 1) % breaks.length]!(next));
    await eventually('the fault is told', isRefused, 10_000);
    expect(await shown()).toBe(before);
    write(next);
    await eventually('the new one', async () => (await shown()).includes(`${round}.test`), 10_000);
    expect(await isRefused()).toBe(false);
    served = next;
    for (const tally of [await kept.stop(), await coming.stop()]) expect(ends(tally)).toEqual({ 200: tally.sent });
  });
});
