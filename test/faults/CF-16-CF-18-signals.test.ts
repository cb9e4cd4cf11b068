// CF-16: the process is killed. CF-17: it is asked to end while much is under way. CF-18: signals in storms.

import { connect, createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { connectTo, get, requestText } from '../flow/scaffold/client.ts';
import { eventually, within } from '../flow/scaffold/eventually.ts';
import { freePort } from '../scaffold/free-port.ts';
import { digestOf, recipe, startLoadUpstream } from '../flow/scaffold/load-upstream.ts';
import { startLoad } from '../flow/scaffold/load.ts';
import { closeAll } from '../flow/scaffold/open.ts';
import { configFor } from '../flow/scaffold/sluice.ts';
import { MAIN } from './inside.ts';
import { leavesNothing } from './leak-check.ts';
import { startMortals } from './mortal-upstream.ts';
import { at, poolsConfig, startRig, verdicts } from './rig.ts';
import { ends, kinds, startTraffic } from './traffic.ts';
import { promised } from '../flow/scaffold/full.ts';

afterEach(closeAll);

function refuses(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => (socket.destroy(), resolve(false))).once('error', () => resolve(true));
  });
}

test.each(['SIGKILL', 'abort'] as const)(
  'CF-16: by %s: no listener of the dead process accepts, and the next process takes its place',
  async (death) => {
    const [upstream] = await startMortals('a');
    const port = await freePort();
    const config = poolsConfig({ shop: at(upstream!.address) }, { listener: { address: `127.0.0.1:${port}` } });
    const rig = await startRig(config, { within: ['sh', '-c', 'ulimit -c 0; exec "$@"', 'sh'] });
    const { sluice } = rig;
    // An abort prints where it was.
    sluice.expectLog(/^(?!\{)/);
    sluice.exitCode = null;
    const traffic = startTraffic(sluice, { loops: 4 });
    await eventually('traffic', () => traffic.tally.sent > 100);
    if (death === 'abort') await rig.inside.obey({ kind: 'abort', worker: MAIN });
    else sluice.signal(death);
    const { signal } = await within('the end', sluice.exited);
    expect(signal).toBe(death === 'abort' ? 'SIGABRT' : 'SIGKILL');
    const tally = await traffic.stop();
    expect(kinds(tally).filter((kind) => !['200', 'cut', 'refused'].includes(kind))).toEqual([]);
    expect(await refuses(port)).toBe(true);
    // Alone on the port, not beside a forgotten thread that shares it.
    const server = createServer();
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen({ port, host: '127.0.0.1' }, resolve));
    await new Promise((resolve) => server.close(resolve));
    const next = await startRig(config);
    expect(await verdicts(next, 20)).toEqual(['200']);
  },
);

test('CF-17: SIGTERM with uploads, downloads and new clients: what began is finished, new ones are served or refused', async () => {
  const upstream = await startLoadUpstream();
  const rig = await startRig(configFor(upstream));
  const { sluice } = rig;
  const size = 1_000_000;
  const body = recipe(size, 5);
  const uploads = await Promise.all(Array.from({ length: 6 }, () => connectTo(sluice)));
  const downloads = await Promise.all(Array.from({ length: 6 }, () => connectTo(sluice)));
  for (const [seed, wire] of downloads.entries())
    await wire.write(get(`/bytes/${size}/${seed}?slow=800${seed % 2 === 0 ? '' : '&chunked'}`));
  for (const wire of uploads) {
    await wire.write(requestText('POST', '/digest', [`content-length: ${size}`]));
    await wire.write(body.subarray(0, size / 2));
  }
  const load = startLoad({ port: sluice.port, keepAlive: 3, fresh: 3, uploads: 1, untilRefused: true });
  await eventually('load', () => load.tally.exchanges > 50);
  for (const wire of downloads) await wire.arrival();
  const began = performance.now();
  sluice.signal('SIGTERM');
  const tally = await load.finished();
  for (const [seed, wire] of downloads.entries()) {
    const response = await wire.readMessage();
    expect(digestOf(Buffer.from(response.body, 'latin1'))).toBe(digestOf(recipe(size, seed)));
  }
  for (const wire of uploads) await wire.write(body.subarray(size / 2));
  for (const wire of uploads) expect((await wire.readMessage()).body).toBe(digestOf(body));
  for (const wire of [...uploads, ...downloads]) await eventually('the end of the connection', () => wire.ended);
  expect(tally.faults).toEqual([]);
  expect(await within('exit', sluice.exited, 7_000)).toEqual({ code: 0, signal: null });
  expect(performance.now() - began).toBeLessThan(promised(6_000));
});

test('CF-18: a storm of SIGHUP under load is few reloads and fails no request', async () => {
  const [upstream] = await startMortals('a');
  const rig = await startRig(poolsConfig({ shop: at(upstream!.address) }));
  const { sluice } = rig;
  await leavesNothing(rig, async () => {
    const unchanged = (): Promise<number> => sluice.metric('sluice_config_reloads_total', { result: 'unchanged' });
    const before = await unchanged();
    const traffic = startTraffic(sluice);
    for (let sent = 0; sent < 100; sent++) {
      sluice.signal('SIGHUP');
      await pause(10);
    }
    await eventually('a reload', async () => (await unchanged()) > before);
    const tally = await traffic.stop();
    expect(ends(tally)).toEqual({ 200: tally.sent });
    // 100 ms of quiet, or half a second: three in a second.
    expect((await unchanged()) - before).toBeLessThanOrEqual(6);
  });
});

test.each([
  ['SIGTERM', 'SIGINT', 130],
  ['SIGINT', 'SIGTERM', 143],
] as const)('CF-18: %s, then %s: the second ends it at once', async (first, second, code) => {
  const upstream = await startLoadUpstream();
  const { sluice } = await startRig(configFor({ endpoints: [upstream.address], top: { drain: { timeout: '60s' } } }));
  const wires = await Promise.all(Array.from({ length: 8 }, () => connectTo(sluice)));
  for (const wire of wires) await wire.write(get('/hold'));
  await eventually('all at the upstream', () => upstream.held === 8);
  sluice.expectLog(/stopped at once by a second signal/);
  sluice.exitCode = code;
  sluice.signal(first);
  await eventually('draining', () => sluice.logs.some(({ msg }) => msg === 'draining'));
  await pause(150);
  const began = performance.now();
  sluice.signal(second);
  expect(await sluice.exited).toEqual({ code, signal: null });
  expect(performance.now() - began).toBeLessThan(promised(2_000));
});
