// CF-38: shadows that refuse, hang, drip, reset, are slow, or respond without end, and are compared. CF-39: clients that leave while a copy is under way.
// CF-40: uploads that the shadow takes slower than the primary, or not at all, and the reverse.

import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { connectAt, get } from '../flow/scaffold/client.ts';
import { eventually } from '../flow/scaffold/eventually.ts';
import { freePort } from '../scaffold/free-port.ts';
import { figure, isFull, scaled } from '../flow/scaffold/full.ts';
import { closeAll } from '../flow/scaffold/open.ts';
import { responding, ok, startUpstream } from '../flow/scaffold/upstream.ts';
import type { Upstream } from '../flow/scaffold/upstream.ts';
import { leavesNothing } from './leak-check.ts';
import type { Rig } from './leak-check.ts';
import { crowd, poolsConfig, startRig } from './rig.ts';
import { startShadowProcess } from './shadow-process.ts';
import { ends, quantile, startTraffic } from './traffic.ts';

afterEach(closeAll);

const MIB = 1024 * 1024;
const FAULTS = ['refuse', 'hang', 'drip', 'reset', 'endless', 'flood', 'slow', 'garbage'] as const;
const LOOPS = 4;

function mirrored(primary: string, shadow: string, mirror: object = {}): object {
  const versions = { v1: { endpoints: [primary] }, v2: { endpoints: [shadow] } };
  const mirrors = [{ name: 'dark', version: 'v2', timeout: '400ms', sideEffects: 'allow', ...mirror }];
  return { versions, split: { v1: 1, v2: 0 }, mirrors };
}

interface Took {
  halfMs: number;
  mostMs: number;
  calmMs: number;
}

/** How copies of a pool have ended. */
async function outcomes(rig: Rig, pool: string): Promise<Record<string, number>> {
  const metrics = await rig.sluice.metrics();
  const names = ['ok', 'response_too_large', 'connect_refused', 'upstream_reset', 'upstream_malformed', 'response_timeout', 'stale'];
  const others = ['breaker', 'limit', 'lag', 'aborted', 'memory'];
  const counts = [...names, ...others].map((outcome) => [outcome, metrics.sum('sluice_mirrored_total', { pool, outcome })] as const);
  return Object.fromEntries(counts.filter(([, count]) => count > 0));
}

const EXPECTED: Readonly<Record<(typeof FAULTS)[number], string>> = {
  refuse: 'connect_refused',
  hang: 'response_timeout',
  drip: 'response_timeout',
  reset: 'upstream_reset',
  endless: 'response_too_large',
  flood: 'response_too_large',
  slow: 'ok',
  garbage: 'upstream_malformed',
};

test('CF-38: no matter what the shadow does, the primary responds as if there were none', { timeout: 400_000 }, async () => {
  const primary = await startUpstream(responding(() => ok('primary')));
  const shadow = await startShadowProcess();
  const nobody = `127.0.0.1:${await freePort()}`;
  // All of it is compared, too, as far as there is a response.
  const mirror = { compare: { perTemplate: 100_000, noise: { percent: 20 } } };
  const faulty = FAULTS.map((fault) => [fault, mirrored(primary.address, fault === 'refuse' ? nobody : shadow.address, mirror)] as const);
  const calm = { versions: { v1: { endpoints: [primary.address] } } };
  const rig = await startRig(poolsConfig({ calm, ...Object.fromEntries(faulty) }));
  const rounds: number[] = [];
  const took = new Map(FAULTS.map((fault): [string, Took] => [fault, { halfMs: Infinity, mostMs: Infinity, calmMs: 0 }]));
  await leavesNothing(rig, async () => {
    for (const fault of FAULTS) {
      // One after the other: what a shadow costs one pool it may cost another as well.
      const without = await load(rig, 'calm');
      // What fails after a while only, on a busy machine, is to have failed often enough for the breaker.
      const with100 = await load(rig, fault, async () => fault === 'slow' || (await outcomes(rig, fault))['breaker'] !== undefined);
      expect(ends(with100)).toEqual({ 200: with100.sent });
      expect(ends(without)).toEqual({ 200: without.sent });
      const [calmMs, faultMs] = [quantile(without, 0.99), quantile(with100, 0.99)];
      figure(`p99 of a primary whose shadow does: ${fault}`, { 'without ms': calmMs, 'with ms': faultMs, requests: with100.sent });
      const best = took.get(fault)!;
      best.halfMs = Math.min(best.halfMs, quantile(with100, 0.5));
      best.mostMs = Math.min(best.mostMs, faultMs);
      best.calmMs = Math.max(best.calmMs, calmMs);
    }
    await eventually('the last copies', async () => (await rig.sluice.metric('sluice_mirror_in_flight')) === 0);
    rounds.push(rig.sluice.rssBytes() / MIB);
  });
  // Other tests share the machine, so the best of the rounds counts. A client that waited for a shadow would wait for 400 ms each time.
  for (const [fault, { halfMs, mostMs, calmMs }] of took) {
    expect(halfMs, fault).toBeLessThan(200);
    expect(mostMs, fault).toBeLessThan(isFull ? Math.max(calmMs * 1.05, calmMs + 1) : 3 * calmMs + 350);
  }
  for (const fault of FAULTS) expect(Object.keys(await outcomes(rig, fault))).toContain(EXPECTED[fault]);
  for (const fault of FAULTS.filter((each) => each !== 'slow')) expect(Object.keys(await outcomes(rig, fault))).toContain('breaker');
  expect(await rig.sluice.metric('sluice_mirror_waiting_bytes')).toBe(0);
  figure('memory after rounds of bad shadows', Object.fromEntries(rounds.map((mib, round) => [`round ${round} MiB`, mib])));
});

async function load({ sluice }: Rig, pool: string, isEnough = () => Promise.resolve(true)) {
  const traffic = startTraffic(sluice, { loops: LOOPS, request: () => get(`/${pool}/x`) });
  await pause(scaled(300, 4_000));
  await eventually(`enough for ${pool}`, isEnough);
  return traffic.stop();
}

test('CF-39: clients that leave take their copies along, or not; nothing stays', { timeout: 120_000 }, async () => {
  const primary = await startUpstream(async (wire) => void (await wire.readMessage()));
  const shadow = await startShadowProcess();
  const hung = mirrored(primary.address, shadow.address, { timeout: '1s' });
  const finishing = mirrored(primary.address, shadow.address, { onAbort: 'finish' });
  const rig = await startRig(poolsConfig({ hang: hung, slow: finishing }));
  const round = async (): Promise<void> => {
    const inFlight = (pool: string): Promise<number> => rig.sluice.metric('sluice_mirror_in_flight', { pool });
    const leave = (pool: string): Promise<unknown> =>
      crowd(rig, 20, get(`/${pool}`), () => eventually('copies', async () => (await inFlight(pool)) > 0));
    const before = await outcomes(rig, 'slow');
    await leave('hang');
    await leave('slow').catch(() => undefined);
    await eventually('no copies', async () => (await inFlight('hang')) + (await inFlight('slow')) === 0);
    const after = await outcomes(rig, 'slow');
    expect((after['ok'] ?? 0) - (before['ok'] ?? 0)).toBeGreaterThan(0);
    expect(after['aborted'] ?? 0).toBe(0);
  };
  await leavesNothing(rig, round);
  const ended = await outcomes(rig, 'hang');
  expect(ended['aborted'] ?? 0).toBeGreaterThan(0);
});

test('CF-40: uploads go on at full speed beside a shadow that does not read', { timeout: 240_000 }, async () => {
  const size = scaled(20, 100) * MIB;
  const body = Buffer.alloc(size, 'abcdefghijklmnopqrstuvwxyz012345');
  const digest = createHash('sha256').update(body).digest('hex');
  const primary = await startDigesting();
  const shadow = await startShadowProcess();
  const calm = { versions: { v1: { endpoints: [primary.address] } } };
  const deaf = mirrored(primary.address, shadow.address);
  const rig = await startRig(poolsConfig({ calm, deaf, well: mirrored(primary.address, shadow.address, { limits: { lag: '64MiB' } }) }));
  const before = rig.sluice.rssBytes();
  let peak = 0;
  await leavesNothing(rig, async () => {
    const took: Record<string, number> = {};
    for (const pool of ['calm', 'deaf', 'well']) {
      const began = performance.now();
      const watching = setInterval(() => (peak = Math.max(peak, rig.sluice.rssBytes())), 10);
      expect(await upload(rig, pool, body)).toBe(digest);
      clearInterval(watching);
      took[`${pool} ms`] = performance.now() - began;
    }
    figure(`an upload of ${size / MIB} MiB`, took);
    expect(took['deaf ms']).toBeLessThan(3 * took['calm ms']! + 1_500);
    await eventually('the last copies', async () => (await rig.sluice.metric('sluice_mirror_in_flight')) === 0);
    expect(await rig.sluice.metric('sluice_mirror_waiting_bytes')).toBe(0);
  });
  expect((await outcomes(rig, 'deaf'))['lag']).toBeGreaterThan(1);
  expect((await outcomes(rig, 'well'))['ok']).toBeGreaterThan(1);
  figure('memory of uploads', { 'before MiB': before / MIB, 'peak MiB': peak / MIB });
});

test('CF-40: a primary that is slow with an upload does not make its shadow wait, nor lose bytes', { timeout: 120_000 }, async () => {
  const body = Buffer.alloc(4 * MIB, 'abcdefghijklmnopqrstuvwxyz012345');
  const digest = createHash('sha256').update(body).digest('hex');
  const primary = await startUpstream(async (wire) => {
    for (;;) {
      const head = await wire.readHead();
      wire.pause();
      await pause(200);
      wire.resume();
      const length = Number(/content-length: (\d+)/i.exec(head)?.[1]);
      await wire.write(ok(await wire.digest(length)));
    }
  });
  const shadow = await startDigesting();
  const rig = await startRig(poolsConfig({ slow: mirrored(primary.address, shadow.address, { timeout: '5s' }) }));
  await leavesNothing(rig, async () => {
    const copied = (await outcomes(rig, 'slow'))['ok'] ?? 0;
    expect(await upload(rig, 'slow', body)).toBe(digest);
    await eventually('the copy', async () => ((await outcomes(rig, 'slow'))['ok'] ?? 0) === copied + 1);
    expect(shadow.digests.at(-1)).toBe(digest);
  });
});

async function upload({ sluice }: Rig, pool: string, body: Buffer): Promise<string> {
  const wire = await connectAt(sluice.whereOf());
  wire.deadlineMs = 60_000;
  await wire.write(`POST /${pool}/up HTTP/1.1\r\nhost: a\r\ncontent-length: ${body.length}\r\n\r\n`);
  await wire.write(body);
  const response = await wire.readMessage();
  wire.destroy();
  return response.body;
}

/** Responds to each upload with the digest of its body. */
async function startDigesting(): Promise<Upstream & { readonly digests: string[] }> {
  const digests: string[] = [];
  const upstream = await startUpstream(async (wire) => {
    for (;;) {
      const head = await wire.readHead();
      const digest = await wire.digest(Number(/content-length: (\d+)/i.exec(head)?.[1]));
      digests.push(digest);
      await wire.write(ok(digest));
    }
  });
  return Object.assign(upstream, { digests });
}
