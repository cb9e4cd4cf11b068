// CF-03: a reset after the connection was accepted. CF-04: a connection that is accepted and never gets a response.

import { afterEach, expect, test } from 'vitest';
import { get, post } from '../flow/scaffold/client.ts';
import { eventually } from '../flow/scaffold/eventually.ts';
import { closeAll } from '../flow/scaffold/open.ts';
import { responding, ok, startUpstream } from '../flow/scaffold/upstream.ts';
import { leavesNothing } from './leak-check.ts';
import { at, poolsConfig, startRig, verdicts } from './rig.ts';
import { ends, expectQuick, startTraffic } from './traffic.ts';
import { promised } from '../flow/scaffold/full.ts';

afterEach(closeAll);

const GENEROUS = { balancer: 'round-robin', retries: { budget: '100%' } };

test('CF-03: endpoints that reset at once, after the request, and on the second use', async () => {
  const posts: string[] = [];
  const noting = (request: { readonly line: string }): void => void (request.line.startsWith('POST') && posts.push(request.line));
  const good = await startUpstream(responding((request) => (noting(request), ok())));
  const atOnce = await startUpstream((wire) => wire.reset());
  const afterRequest = await startUpstream(async (wire) => {
    noting(await wire.readMessage());
    wire.reset();
  });
  const onReuse = await startUpstream(async (wire) => {
    noting(await wire.readMessage());
    await wire.write(ok());
    noting(await wire.readMessage());
    wire.reset();
  });
  const pools = {
    once: { ...at(atOnce.address, good.address), ...GENEROUS },
    asked: { ...at(afterRequest.address, good.address), ...GENEROUS },
    reused: { ...at(onReuse.address), retries: { attempts: 0 } },
    sole: at(afterRequest.address),
    well: at(good.address),
  };
  const rig = await startRig(poolsConfig(pools));
  let round = 0;
  await leavesNothing(rig, async () => {
    round++;
    const traffic = startTraffic(rig.sluice, { loops: 4, request: () => get('/well') });
    for (const pool of ['once', 'asked', 'reused']) {
      for (let times = 0; times < 3; times++) expect([pool, await verdicts(rig, 20, get(`/${pool}`))]).toEqual([pool, ['200']]);
    }
    expect(await verdicts(rig, 20, get('/sole'))).toEqual(['502 upstream_reset']);
    for (const pool of ['once', 'asked', 'reused']) {
      for (let number = 0; number < 20; number++) {
        const [verdict = ''] = await verdicts(rig, 1, post(`/${pool}?${round}-${number}`, 'body'));
        expect(['200', '502 upstream_reset']).toContain(verdict);
      }
    }
    const tally = await traffic.stop();
    expect(ends(tally)).toEqual({ 200: tally.sent });
  });
  // A request that an upstream may have acted on is never sent again.
  expect(posts.length).toBeGreaterThan(round * 40);
  expect(new Set(posts).size).toBe(posts.length);
});

/** Before it writes to that port a thread is busy for a while: the reset is there by then, and it is the write that meets it. */
const HESITATE = `
  import net from 'node:net';
  const { write } = net.Socket.prototype;
  net.Socket.prototype.write = function (...given) {
    if (this.remotePort === Number(process.env.HESITATE_PORT)) for (const end = performance.now() + 60; performance.now() < end;);
    return write.apply(this, given);
  };
`;

test('CF-03: a reset between the connection and the request is a reset, not a silence', async () => {
  const upstream = await startUpstream((wire) => void setTimeout(() => wire.reset(), 15));
  const rig = await startRig(poolsConfig({ shop: { ...at(upstream.address), retries: { attempts: 0 } } }), {
    env: { HESITATE_PORT: String(upstream.port) },
    nodeArguments: ['--import', `data:text/javascript,${encodeURIComponent(HESITATE)}`],
  });
  await leavesNothing(rig, async () => {
    const began = performance.now();
    const met: string[] = [];
    for (const request of [get('/'), post('/', 'body'), get('/'), post('/', 'body')]) met.push(...(await verdicts(rig, 1, request)));
    // Where the worker itself was late the reset came before the connection was known to be there.
    expect(met.filter((verdict) => verdict !== '502 upstream_reset' && verdict !== '502 connect_refused')).toEqual([]);
    expect(met).toContain('502 upstream_reset');
    // Of the response timeout there are 15 s.
    expect(performance.now() - began).toBeLessThan(promised(5_000));
  });
});

test('CF-04: 504 at the response timeout, the connections are closed, others are served', async () => {
  const good = await startUpstream(responding(() => ok()));
  const silent = await startUpstream(async (wire) => {
    await wire.readHead();
    await wire.closed;
  });
  const pools = { well: at(good.address), silent: { ...at(silent.address), timeouts: { response: '300ms' } } };
  const rig = await startRig(poolsConfig(pools));
  await leavesNothing(rig, async () => {
    const opened = silent.wires.length;
    const traffic = startTraffic(rig.sluice, { loops: 4 });
    const began = performance.now();
    expect(await verdicts(rig, 30, get('/silent'))).toEqual(['504 response_timeout']);
    const tookMs = performance.now() - began;
    expect(tookMs).toBeGreaterThan(280);
    expect(tookMs).toBeLessThan(promised(3_000));
    expect(await verdicts(rig, 30, post('/silent', 'body'))).toEqual(['504 response_timeout']);
    const tally = await traffic.stop();
    expect(ends(tally)).toEqual({ 200: tally.sent });
    expectQuick(tally);
    // Not retried, and none is kept for another request.
    expect(silent.wires.length - opened).toBe(60);
    await eventually('all closed', () => silent.open === 0);
  });
});
