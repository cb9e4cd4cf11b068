// CF-09: the upstream gives up idle connections just when they are used again.

import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { get, post } from '../flow/scaffold/client.ts';
import { eventually } from '../flow/scaffold/eventually.ts';
import { figure, scaled } from '../flow/scaffold/full.ts';
import { closeAll } from '../flow/scaffold/open.ts';
import { ok, startUpstream } from '../flow/scaffold/upstream.ts';
import type { Wire } from '../flow/scaffold/wire.ts';
import { leavesNothing } from './leak-check.ts';
import { at, poolsConfig, startRig } from './rig.ts';
import { ends, kinds, startTraffic } from './traffic.ts';

afterEach(closeAll);

const IDLE_MS = 30;

/** Responds until the next request is late by its own clock, and closes then, no matter what is on its way. */
async function impatient(wire: Wire, seen: string[]): Promise<void> {
  for (let responded = 0; ; responded++) {
    const stop = new AbortController();
    const late = pause(IDLE_MS - 5 + Math.random() * 10, 'late', { signal: stop.signal }).catch(() => 'stopped');
    const first = await Promise.race([wire.arrival(), late]);
    stop.abort();
    if (first === 'late' && responded > 0) return Math.random() < 0.5 ? wire.destroy() : wire.end();
    const request = await wire.readMessage();
    seen.push(request.line);
    await wire.write(ok());
  }
}

test('CF-09: keep-alive times that race: no GET fails, no POST is sent twice', { timeout: 120_000 }, async () => {
  const seen: string[] = [];
  const upstream = await startUpstream((wire) => impatient(wire, seen));
  const timeouts = { idle: `${IDLE_MS + 20}ms` };
  const rig = await startRig(poolsConfig({ shop: { ...at(upstream.address), timeouts } }));
  const count = scaled(1_000, 10_000);
  let round = 0;
  const totals = { gets: 0, posts: 0, failedPosts: 0 };
  await leavesNothing(rig, async () => {
    round++;
    // Each pause is near the time at which the upstream gives up.
    const gets = startTraffic(rig.sluice, { loops: 32, pauseMs: IDLE_MS, request: (number) => get(`/get?${round}-${number}`) });
    const posts = startTraffic(rig.sluice, { loops: 8, pauseMs: IDLE_MS, request: (number) => post(`/post?${round}-${number}`, 'body') });
    await eventually('enough', () => gets.tally.sent >= count, 60_000);
    const [gotten, posted] = [await gets.stop(), await posts.stop()];
    expect(ends(gotten)).toEqual({ 200: gotten.sent });
    expect(kinds(posted).filter((kind) => kind !== '200' && kind !== '502 upstream_reset')).toEqual([]);
    totals.gets += gotten.sent;
    totals.posts += posted.sent;
    totals.failedPosts += posted.ends.get('502 upstream_reset') ?? 0;
  });
  const stale = await rig.sluice.metric('sluice_retries_total', { reason: 'stale' });
  figure('keep-alive race', { ...totals, connections: upstream.wires.length, 'repeated on a fresh connection': stale });
  // The race was there, else this shows nothing.
  expect(upstream.wires.length).toBeGreaterThan(50);
  expect(stale).toBeGreaterThan(0);
  const posts = seen.filter((line) => line.startsWith('POST'));
  expect(new Set(posts).size).toBe(posts.length);
});
