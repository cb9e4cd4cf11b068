// Every wait has an end, and the response says what was waited for.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { startBlackhole } from './scaffold/blackhole.ts';
import { ask, connectTo, get, post, requestText } from './scaffold/client.ts';
import { eventually } from './scaffold/eventually.ts';
import { promised } from './scaffold/full.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';
import { responding, ok, startUpstream } from './scaffold/upstream.ts';
import type { Upstream } from './scaffold/upstream.ts';

let sluice: Sluice;
let silent: Upstream;

beforeAll(async () => {
  silent = await startUpstream(() => undefined);
  const stuck = await startUpstream(async (wire) => {
    await wire.readMessage();
    await wire.write('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nsome');
    await wire.closed;
  });
  const deaf = await startUpstream((wire) => wire.pause());
  const good = await startUpstream(responding(() => ok()));
  const hole = await startBlackhole();
  const at = (name: string): object => ({ name, match: [{ path: { prefix: `/${name}` } }], pool: name });
  const to = (address: string, more: object = {}): object => ({ versions: { v1: { endpoints: [address] } }, ...more });
  const config = configFor({
    endpoints: [good.address],
    listener: { limits: { headerTimeout: '400ms', idleTimeout: '600ms' } },
    routes: [
      at('hole'),
      at('both'),
      at('silent'),
      { ...at('stuck'), timeout: '300ms' },
      { ...at('whole'), timeout: '200ms' },
      at('deaf'),
      at('halting'),
    ],
  }) as { pools: object };
  const retries = { attempts: 0 };
  const pools = {
    ...config.pools,
    hole: to(hole.address, { timeouts: { connect: '200ms' }, retries }),
    both: { versions: { v1: { endpoints: [hole.address, good.address] } }, timeouts: { connect: '200ms' }, balancer: 'round-robin' },
    silent: to(silent.address, { timeouts: { response: '200ms' }, retries }),
    stuck: to(stuck.address),
    whole: to(silent.address),
    deaf: to(deaf.address, { timeouts: { stall: '300ms' } }),
    halting: to(silent.address, { timeouts: { stall: '300ms' } }),
  };
  sluice = await startSluice({ ...config, pools });
});
afterAll(closeAll);

async function timed<T>(work: Promise<T>): Promise<{ readonly took: number; readonly value: T }> {
  const since = performance.now();
  const value = await work;
  return { took: performance.now() - since, value };
}

test('connect: 504 at its time', async () => {
  const { took, value } = await timed(ask(sluice, get('/hole')));
  expect([value.status, value.field('x-sluice-outcome')]).toEqual([504, 'connect_timeout']);
  expect(took).toBeGreaterThan(150);
  expect(took).toBeLessThan(promised(1_200));
});

test('connect: another endpoint, also for POST', async () => {
  for (let i = 0; i < 2; i++) expect((await ask(sluice, post('/both', 'body'))).status).toBe(200);
});

test('response: 504 at its time, and the connection is not used again', async () => {
  const opened = silent.wires.length;
  const { took, value } = await timed(ask(sluice, get('/silent')));
  expect([value.status, value.field('x-sluice-outcome')]).toEqual([504, 'response_timeout']);
  expect(took).toBeGreaterThan(150);
  expect(took).toBeLessThan(promised(1_200));
  await (
    await silent.wire(opened)
  ).closed;
});

test('exchange: 504 before the response', async () => {
  const response = await ask(sluice, get('/whole'));
  expect([response.status, response.field('x-sluice-outcome')]).toEqual([504, 'exchange_timeout']);
});

test('exchange: a broken response once it has begun', async () => {
  const wire = await connectTo(sluice);
  await wire.write(get('/stuck'));
  await wire.readTo('some');
  await eventually('the end', () => wire.ended);
  wire.destroy();
});

test('an upstream that takes no more of an upload: 504, and the client is not blamed', async () => {
  const wire = await connectTo(sluice);
  await wire.write(requestText('POST', '/deaf', [`content-length: ${1 << 26}`]));
  const sending = wire.write('x'.repeat(1 << 26)).catch(() => undefined);
  const response = await wire.readMessage();
  expect([response.status, response.field('x-sluice-outcome')]).toEqual([504, 'upstream_stalled']);
  wire.destroy();
  await sending;
});

test.each([
  ['in the request line', 'GET / HT'],
  ['in the fields', 'GET / HTTP/1.1\r\nhost: a.exa'],
])('a head that stops %s: 408', async (_what, text) => {
  const wire = await connectTo(sluice);
  const since = performance.now();
  await wire.write(text);
  const response = await wire.readMessage();
  expect([response.status, response.field('x-sluice-outcome')]).toEqual([408, 'request_timeout']);
  expect(performance.now() - since).toBeLessThan(promised(1_400));
  expect(await wire.readRest()).toBe('');
  wire.destroy();
});

test('slowloris, byte by byte: 408 within the header timeout and a second', async () => {
  const before = await sluice.metric('sluice_refused_total', { outcome: 'request_timeout' });
  const wire = await connectTo(sluice);
  const since = performance.now();
  for (const byte of requestText('GET', '/', [`x: ${'y'.repeat(10_000)}`])) {
    if (wire.total > 0 || wire.ended) break;
    await wire.write(byte).catch(() => undefined);
    await sluice.turn();
  }
  expect((await wire.readMessage()).status).toBe(408);
  expect(performance.now() - since).toBeLessThan(promised(1_400));
  expect(await sluice.metric('sluice_refused_total', { outcome: 'request_timeout' })).toBe(before + 1);
  wire.destroy();
});

test('slowloris on a kept connection, too', async () => {
  const wire = await connectTo(sluice);
  await wire.write(get('/'));
  await wire.readMessage();
  await wire.write('GET / HTTP/1.1\r\n');
  expect((await wire.readMessage()).status).toBe(408);
  wire.destroy();
});

test('a body that stops: 408', async () => {
  const wire = await connectTo(sluice);
  await wire.write(`${requestText('POST', '/halting', ['content-length: 10'])}some`);
  const response = await wire.readMessage();
  expect([response.status, response.field('x-sluice-outcome')]).toEqual([408, 'downstream_stalled']);
  wire.destroy();
});

test('an idle connection closes without a word', async () => {
  const wire = await connectTo(sluice);
  await wire.write(get('/'));
  await wire.readMessage();
  const { took, value } = await timed(wire.readRest());
  expect(value).toBe('');
  expect(took).toBeGreaterThan(400);
  expect(took).toBeLessThan(promised(1_700));
  wire.destroy();
});

test('a connection that never says anything, too', async () => {
  const { took, value } = await timed((await connectTo(sluice)).readRest());
  expect(value).toBe('');
  expect(took).toBeLessThan(promised(1_500));
});

test('leaves nothing in flight', () => sluice.untilQuiet(2));
