// CF-46: scrapers that do not read, and requests that are all different. CF-47: a response without end, to a quick and to a slow client.

import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { connectAt, get, requestText } from '../flow/scaffold/client.ts';
import { eventually } from '../flow/scaffold/eventually.ts';
import { figure, scaled, promised } from '../flow/scaffold/full.ts';
import { closeAll } from '../flow/scaffold/open.ts';
import type { Sluice } from '../flow/scaffold/sluice.ts';
import { responding, ok, startUpstream } from '../flow/scaffold/upstream.ts';
import { leavesNothing } from './leak-check.ts';
import { at, poolsConfig, startRig } from './rig.ts';
import { kinds, startTraffic } from './traffic.ts';

afterEach(closeAll);

const MIB = 1024 * 1024;
const METHODS = ['GET', 'PUT', 'DELETE', 'OPTIONS', 'BREW', 'X-ODD'];
const SCRAPE_MS = 100;

/** Names and labels of all that a scrape shows. */
async function series(sluice: Sluice): Promise<Set<string>> {
  const text = await (await fetch(`http://127.0.0.1:${sluice.adminPort}/metrics`)).text();
  return new Set(
    text
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => line.slice(0, line.lastIndexOf(' '))),
  );
}

/** The quickest of some: what the machine does besides only adds to it. */
async function scrapeMs(sluice: Sluice): Promise<number> {
  let quickestMs = Infinity;
  for (let scraped = 0; scraped < 9; scraped++) {
    const began = performance.now();
    await series(sluice);
    quickestMs = Math.min(quickestMs, performance.now() - began);
  }
  return quickestMs;
}

test('CF-46: no request makes a series of its own; scrapes stay quick beside scrapers that do not read', { timeout: 600_000 }, async () => {
  const upstream = await startUpstream(responding(() => ok()));
  const rig = await startRig(poolsConfig({ shop: at(upstream.address) }));
  const { sluice } = rig;
  const count = scaled(5_000, 500_000);
  let number = 0;
  // Each differs in path, host, agent and, of a few, in method.
  const request = (): string => {
    number++;
    const method = METHODS[number % METHODS.length]!;
    return `${requestText(method, `/${number}?q=${number}`).replace('a.example', `h${number}.example`).slice(0, -2)}user-agent: agent/${number}\r\n\r\n`;
  };
  let known = new Set<string>();
  let fresh: string[] = [];
  await leavesNothing(rig, async () => {
    const scrapers = await Promise.all(Array.from({ length: 20 }, () => connectAt({ host: '127.0.0.1', port: sluice.adminPort })));
    for (const wire of scrapers) {
      wire.pause();
      await wire.write('GET /metrics HTTP/1.1\r\nhost: localhost\r\n\r\n'.repeat(100));
    }
    const traffic = startTraffic(sluice, { loops: 32, pauseMs: 0, request });
    await eventually('all kinds of requests', () => traffic.tally.sent >= count, 300_000);
    const tally = await traffic.stop();
    expect(kinds(tally)).toEqual(['200']);
    const now = await series(sluice);
    // Those that are about the process itself come when there is something to tell: kinds of garbage collection, of handles.
    fresh = [...now].filter((each) => !known.has(each) && !each.startsWith('nodejs_'));
    known = now;
    const tookMs = await scrapeMs(sluice);
    figure(`scrape beside ${scrapers.length} that do not read`, { 'quickest ms': tookMs, series: known.size });
    expect(tookMs).toBeLessThan(promised(SCRAPE_MS));
    for (const wire of scrapers) wire.destroy();
  });
  expect(fresh).toEqual([]);
  expect([...known].filter((each) => /\.example|agent|BREW|ODD|\?q=/.test(each))).toEqual([]);
});

test('CF-47: a huge response costs no memory, whether its client is quick or slow', { timeout: 600_000 }, async () => {
  const size = scaled(256, 10_240) * MIB;
  const block = Buffer.alloc(256 * 1024, 'b');
  const upstream = await startUpstream(async (wire) => {
    await wire.readMessage();
    await wire.write(`HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: ${size}\r\n\r\n`);
    for (let sent = 0; sent < size; sent += block.length) await wire.write(block);
    await wire.readRest();
  });
  const rig = await startRig(poolsConfig({ shop: at(upstream.address) }));
  const { sluice } = rig;
  const before = sluice.rssBytes();
  let peak = 0;
  await leavesNothing(rig, async () => {
    const quick = await connectAt(sluice.whereOf());
    const slow = await connectAt(sluice.whereOf());
    for (const wire of [quick, slow]) {
      wire.deadlineMs = Infinity;
      await wire.write(get('/'));
      await wire.readHead();
    }
    let done = false;
    const watching = (async () => {
      for (; !done; await pause(20)) {
        peak = Math.max(peak, sluice.rssBytes());
        // A sip of what the socket holds, now and then.
        slow.resume();
        await pause(1);
        slow.pause();
      }
    })();
    await quick.digest(size);
    done = true;
    await watching;
    expect(slow.total).toBeLessThan(size / 2);
    for (const wire of [quick, slow]) wire.destroy();
    await eventually('the upstream let go', () => upstream.open === 0);
  });
  figure(`a response of ${size / MIB} MiB`, { 'before MiB': before / MIB, 'peak MiB': peak / MIB });
  expect(peak - before).toBeLessThan(64 * MIB);
});
