// CF-06: heads and bodies that come a byte at a time, from either side.

import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { get, requestText } from '../flow/scaffold/client.ts';
import { closeAll } from '../flow/scaffold/open.ts';
import { responding, ok, startUpstream } from '../flow/scaffold/upstream.ts';
import { Ended } from '../flow/scaffold/wire.ts';
import type { Wire } from '../flow/scaffold/wire.ts';
import { leavesNothing } from './leak-check.ts';
import { at, crowd, poolsConfig, startRig, verdictOf, verdicts } from './rig.ts';
import { ends, startTraffic } from './traffic.ts';
import { promised } from '../flow/scaffold/full.ts';

afterEach(closeAll);

async function drip(wire: Wire, text: string, everyMs: number): Promise<void> {
  for (const byte of text) {
    if (wire.ended) return;
    await wire.write(byte);
    await pause(everyMs);
  }
}

test('CF-06: what drips in time arrives whole; what does not ends at its time and never cleanly', async () => {
  const good = await startUpstream(responding(() => ok()));
  const dripping = await startUpstream(async (wire) => {
    const path = (await wire.readMessage()).line.split(' ')[1];
    if (path === '/drip/head') return drip(wire, ok('never', `x-long: ${'x'.repeat(500)}`), 20);
    await wire.write('HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 30\r\n\r\n');
    await drip(wire, 'abcdefghijklmnopqrstuvwxyz1234', path === '/drip/body' ? 10 : 100);
  });
  const pools = { well: at(good.address), drip: { ...at(dripping.address), timeouts: { response: '400ms' } } };
  const listener = { limits: { headerTimeout: '400ms', idleTimeout: '2s' } };
  const late = { name: 'late', match: [{ path: { exact: '/drip/late' } }], pool: 'drip', timeout: '500ms' };
  const rig = await startRig(poolsConfig(pools, { listener, routes: [late] }));
  await leavesNothing(rig, async () => {
    const traffic = startTraffic(rig.sluice, { loops: 4 });
    const began = performance.now();
    const slowHeads = crowd(rig, 10, 'G', async (wire) => {
      const sending = drip(wire, get('/', `x-long: ${'x'.repeat(200)}`).slice(1), 20).catch(() => undefined);
      const verdict = verdictOf(await wire.readMessage());
      await sending;
      return verdict;
    });
    const slowUploads = crowd(rig, 10, requestText('POST', '/', ['content-length: 40']), async (wire) => {
      await drip(wire, 'x'.repeat(40), 10);
      return verdictOf(await wire.readMessage());
    });
    const [heads, bodies, cut, requests, uploads] = await Promise.all([
      verdicts(rig, 10, get('/drip/head')),
      crowd(rig, 10, get('/drip/body'), async (wire) => (await wire.readMessage()).body),
      crowd(rig, 10, get('/drip/late'), (wire) => wire.readMessage().catch((error: unknown) => error)),
      slowHeads,
      slowUploads,
    ]);
    expect(heads).toEqual(['504 response_timeout']);
    expect(new Set(bodies)).toEqual(new Set(['abcdefghijklmnopqrstuvwxyz1234']));
    expect(cut.every((end) => end instanceof Ended)).toBe(true);
    expect(new Set(requests)).toEqual(new Set(['408 request_timeout']));
    expect(new Set(uploads)).toEqual(new Set(['200']));
    expect(performance.now() - began).toBeLessThan(promised(4_000));
    const tally = await traffic.stop();
    expect(ends(tally)).toEqual({ 200: tally.sent });
  });
});
