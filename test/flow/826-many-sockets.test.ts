// A crowd of WebSockets: none is closed by reloads and splits, only its own by a worker's death, and a drain sends them elsewhere one after
// the other. SLUICE_TEST_FULL=1: 5,000 of them, 200 reloads, 50 splits, 10 s.

import { afterEach, expect, test } from 'vitest';
import { call, setWeights } from './scaffold/admin.ts';
import { eventually } from './scaffold/eventually.ts';
import { makeFolder } from './scaffold/folder.ts';
import { figure, isFull, scaled } from './scaffold/full.ts';
import { mortal, strike } from './scaffold/mortal.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';
import { openSocket, startSockets } from './scaffold/websockets.ts';

afterEach(closeAll);

const SOCKETS = scaled(200, 5000);
const RELOADS = scaled(20, 200);
const SPLITS = scaled(5, 50);
const DRAIN_MS = scaled(4000, 10_000);
/** Of those that are sent away. Where other tests share the machine a thread may wait long for its turn. */
const MOST_IN_WINDOW = isFull ? 0.05 : 0.5;
const WINDOW_MS = 100;
/** Handshakes at a time. */
const OPENING = 50;
const WORKER_CHARACTERS = 12;
const TIMEOUT_MS = scaled(60_000, 600_000);

type Socket = Awaited<ReturnType<typeof openSocket>>;

/** Says which version it is, and which worker has brought the client. */
const startVersion = (name: string) =>
  startSockets(({ headers }) => `${name} ${String(headers['x-request-id']).slice(0, WORKER_CHARACTERS)}`);

const versionOf = ({ server }: Socket): string => server.split(' ')[0]!;
const workerOf = ({ server }: Socket): string => server.split(' ')[1]!;

async function openMany(sluice: Sluice, count: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  while (sockets.length < count) {
    const wanted = Math.min(OPENING, count - sockets.length);
    sockets.push(...(await Promise.all(Array.from({ length: wanted }, () => openSocket(sluice, { perMessageDeflate: false })))));
  }
  return sockets;
}

/** Each of them still carries a message there and back. */
async function echoAll(sockets: readonly Socket[]): Promise<void> {
  const echoed = await Promise.all(sockets.map((socket, index) => socket.echo(`still here ${index}`)));
  echoed.forEach((content, index) => expect(content.toString()).toBe(`still here ${index}`));
}

/** The most of these moments in one window, as a share. */
function mostInWindow(moments: readonly number[]): number {
  const sorted = [...moments].sort((a, b) => a - b);
  let [first, most] = [0, 0];
  sorted.forEach((moment, index) => {
    while (moment - sorted[first]! >= WINDOW_MS) first++;
    most = Math.max(most, index - first + 1);
  });
  return most / sorted.length;
}

test(
  `${SOCKETS} sockets through ${RELOADS} reloads, ${SPLITS} splits, a death and a drain`,
  async () => {
    const [one, two] = [await startVersion('v1'), await startVersion('v2')];
    const config = (revision: number): object =>
      configFor({
        endpoints: { v1: [one.address], v2: [two.address] },
        pool: { split: { v1: 100, v2: 0 }, limits: { connections: 4 * SOCKETS } },
        route: { timeout: `${revision + 1}m`, responseHeaders: { set: { 'x-revision': `${revision}` } } },
        top: { drain: { timeout: `${DRAIN_MS}ms` } },
      });
    const door = makeFolder().file('mortal');
    const sluice = await startSluice(config(0), { workers: 2, ...mortal(door) });
    const revision = (): Promise<number> => sluice.metric('sluice_config_revision');
    const emptyBytes = sluice.rssBytes();
    let sockets = await openMany(sluice, SOCKETS);
    const eachBytes = (sluice.rssBytes() - emptyBytes) / SOCKETS;
    const closed: Socket[] = [];
    const watch = (watched: readonly Socket[]): void => watched.forEach((socket) => void socket.gone.then(() => closed.push(socket)));
    watch(sockets);

    const changedMs = performance.now();
    for (let reload = 1; reload <= RELOADS; reload++) {
      const before = await revision();
      sluice.writeConfig(config(reload));
      await eventually(`reload ${reload}`, async () => (await revision()) > before);
      if (reload % (RELOADS / SPLITS) === 0) await setWeights(sluice, { v1: 100 - (reload % 100), v2: reload % 100 });
    }
    figure('WebSockets', { sockets: SOCKETS, reloads: RELOADS, splits: SPLITS, ms: performance.now() - changedMs });
    // Of few of them the memory of what starts meanwhile says more.
    if (isFull) figure('memory', { 'KiB each': eachBytes / 1024 });
    expect(closed).toEqual([]);
    await echoAll(sockets);

    sluice.expectLog(/a worker died|a worker was replaced/);
    await setWeights(sluice, { v1: 100, v2: 0 });
    await strike(door, 0, 'exit');
    await eventually('its replacement', async () => {
      const metrics = await sluice.metrics();
      return metrics.sum('sluice_worker_restarts_total') === 1 && metrics.sum('sluice_workers', { state: 'serving' }) === 2;
    });
    const dead = await eventually('its sockets to end', () => closed[0] && workerOf(closed[0]));
    const [lost, kept] = [sockets.filter((socket) => workerOf(socket) === dead), sockets.filter((socket) => workerOf(socket) !== dead)];
    await eventually('all of its sockets to end', () => closed.length >= lost.length);
    await echoAll(kept);
    expect(new Set(closed)).toEqual(new Set(lost));
    const again = await openMany(sluice, lost.length);
    sockets = [...kept, ...again];
    expect(new Set(sockets.map(versionOf))).toEqual(new Set(['v1']));

    await setWeights(sluice, { v1: 50, v2: 50 });
    const beganMs = performance.now();
    expect((await call(sluice, 'POST', '/v1/pools/shop/versions/v1/drain', { deadline: `${DRAIN_MS}ms` })).status).toBe(200);
    expect(new Set(await Promise.all(sockets.map(({ gone }) => gone)))).toEqual(new Set([1012]));
    // A client that is told to come again does so then.
    const moments = sockets.map(({ goneAtMs }) => goneAtMs - beganMs);
    const share = mostInWindow(moments);
    figure('a drain', { sockets: SOCKETS, 'drain ms': DRAIN_MS, 'last ms': Math.max(...moments), 'most in 100 ms, %': share * 100 });
    const elsewhere = await openMany(sluice, SOCKETS);
    expect(new Set(elsewhere.map(versionOf))).toEqual(new Set(['v2']));
    expect(Math.max(...moments)).toBeLessThan(DRAIN_MS);
    expect(share).toBeLessThan(MOST_IN_WINDOW);
    expect(await sluice.metric('sluice_tunnels_ended_total', { version: 'v1', reason: 'drain' })).toBe(SOCKETS);
    sluice.signal('SIGTERM');
    expect(new Set(await Promise.all(elsewhere.map(({ gone }) => gone)))).toEqual(new Set([1012]));
    expect((await sluice.exited).code).toBe(0);
  },
  TIMEOUT_MS,
);
