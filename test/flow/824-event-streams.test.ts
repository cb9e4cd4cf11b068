// Server-sent events: each leaves when it comes, and a drain ends streams of them between two events, spread over its time. Long polls are
// waited for.

import { afterEach, expect, test } from 'vitest';
import { connectTo, get } from './scaffold/client.ts';
import { eventually } from './scaffold/eventually.ts';
import { figure, promised, scaled } from './scaffold/full.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { ConfigParts, Sluice } from './scaffold/sluice.ts';
import { ok, startUpstream } from './scaffold/upstream.ts';
import type { Upstream } from './scaffold/upstream.ts';
import type { Wire } from './scaffold/wire.ts';

afterEach(closeAll);

const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n';
const CHUNKED = `${HEAD}transfer-encoding: chunked\r\n\r\n`;
const LAST = '0\r\n\r\n';
const chunk = (data: string): string => `${data.length.toString(16)}\r\n${data}\r\n`;

/** Begins a stream of events for each request, with its name. */
function streaming(name: string, head = CHUNKED): Promise<Upstream> {
  return startUpstream(async (wire) => {
    await wire.readHead();
    await wire.write(head + (head === CHUNKED ? chunk(`data: ${name}\n\n`) : `data: ${name}\n\n`));
    await wire.readRest();
  });
}

/** A client whose first event has come. */
async function subscribe(sluice: Sluice, request = get('/events')): Promise<{ readonly wire: Wire; readonly name: string }> {
  const wire = await connectTo(sluice);
  await wire.write(request);
  await wire.readTo('data: ');
  const name = (await wire.readTo('\n\n')).trim();
  return { wire, name };
}

function configOf(drained: boolean, endpoints: readonly unknown[], parts: ConfigParts = {}): object {
  const [first, ...rest] = endpoints;
  return configFor({
    endpoints: { v1: [{ address: first, drain: drained }, ...rest] },
    pool: { drain: { timeout: '1s' }, balancer: 'round-robin' },
    top: { drain: { timeout: '1s' } },
    ...parts,
  });
}

const streamsOf = (sluice: Sluice): Promise<number> => sluice.metric('sluice_event_streams');

test('each event leaves when it comes', async () => {
  const upstream = await streaming('v1');
  const sluice = await startSluice(configFor({ endpoints: [upstream.address] }));
  const { wire } = await subscribe(sluice);
  const from = await upstream.wire(0);
  const times: number[] = [];
  for (let event = 0; event < scaled(30, 1000); event++) {
    const sentMs = performance.now();
    await from.write(chunk(`data: ${event}\n\n`));
    await wire.readTo(`data: ${event}\n\n`);
    times.push(performance.now() - sentMs);
  }
  times.sort((a, b) => a - b);
  const [median, p99] = [times[times.length >> 1]!, times[Math.floor(times.length * 0.99)]!];
  figure('an event through', { 'median ms': median, 'p99 ms': p99 });
  expect(median).toBeLessThan(promised(1));
  expect(await sluice.metric('sluice_event_streams', { pool: 'shop', version: 'v1' })).toBe(1);
  const status = await fetch(`http://127.0.0.1:${sluice.adminPort}/v1/pools/shop`);
  expect(((await status.json()) as { versions: object[] }).versions[0]).toMatchObject({ eventStreams: 1, inFlight: 1 });
  wire.destroy();
  await eventually('its end', async () => (await streamsOf(sluice)) === 0);
  // That is how a stream ends, and no failure.
  expect(await sluice.metric('sluice_attempts_total', { outcome: 'ok' })).toBe(1);
  await sluice.untilQuiet(0);
});

test('a drain ends them between two events, one after the other; then SIGTERM does', async () => {
  const [one, two] = [await streaming('one'), await streaming('two')];
  const endpoints = [one.address, two.address];
  const sluice = await startSluice(configOf(false, endpoints));
  const all = await Promise.all(Array.from({ length: 40 }, () => subscribe(sluice)));
  const [left, stayed] = [all.filter(({ name }) => name === 'one'), all.filter(({ name }) => name === 'two')];
  expect([left.length, stayed.length]).toEqual([20, 20]);
  // One of them has begun an event.
  const begun = await one.wire(0);
  await begun.write(chunk('data: half'));
  const beganMs = performance.now();
  sluice.writeConfig(configOf(true, endpoints));
  const ended: { readonly atMs: number; readonly rest: string }[] = [];
  const ends = left.map(async ({ wire }) => {
    const rest = await wire.readRest();
    ended.push({ atMs: performance.now() - beganMs, rest });
    wire.destroy();
  });
  await eventually('most are gone', () => ended.length === 19);
  expect(new Set(ended.map(({ rest }) => rest))).toEqual(new Set([`\r\n${LAST}`]));
  const times = ended.map(({ atMs }) => atMs);
  expect(times.at(-1)! - times[0]!).toBeGreaterThan(250);
  await begun.write(chunk(' and the rest\n\n'));
  await Promise.all(ends);
  expect(ended.at(-1)!.rest).toBe(`\r\n${chunk('data: half')}${chunk(' and the rest\n\n')}${LAST}`);
  expect(await sluice.metric('sluice_event_streams_drained_total')).toBe(20);
  stayed.push(await subscribe(sluice));
  expect(stayed.at(-1)!.name).toBe('two');
  await eventually('its connections are gone', () => one.open === 0);
  sluice.signal('SIGTERM');
  for (const { wire } of stayed) {
    expect(await wire.readRest()).toBe(`\r\n${LAST}`);
    wire.destroy();
  }
  expect((await sluice.exited).code).toBe(0);
});

test('a stream without chunks, and one for HTTP/1.0, end with their connections', async () => {
  const [plain, chunked] = [await streaming('plain', `${HEAD}\r\n`), await streaming('chunked')];
  const endpoints = [plain.address, chunked.address];
  const sluice = await startSluice(configOf(false, endpoints));
  const old = 'GET /events HTTP/1.0\r\nhost: a.example\r\nconnection: keep-alive\r\n\r\n';
  const all = [await subscribe(sluice, old), await subscribe(sluice, old), await subscribe(sluice), await subscribe(sluice)];
  sluice.signal('SIGTERM');
  for (const { wire, name } of all)
    expect(['plain', 'chunked', '', `\r\n${LAST}`]).toEqual(expect.arrayContaining([name, await wire.readRest()]));
  for (const { wire } of all) wire.destroy();
  expect((await sluice.exited).code).toBe(0);
});

test('one may be quiet for longer than a stall, takes no place of a request, and ends when it has been quiet like a tunnel', async () => {
  const upstream = await streaming('v1');
  const pool = { timeouts: { stall: '100ms', tunnel: '800ms' }, limits: { requests: 1 } };
  const sluice = await startSluice(configFor({ endpoints: [upstream.address], pool }));
  const sinceMs = performance.now();
  const streams = [await subscribe(sluice), await subscribe(sluice), await subscribe(sluice)];
  for (const { wire } of streams) {
    expect(await wire.readRest()).toBe(`\r\n${LAST}`);
    wire.destroy();
  }
  expect(performance.now() - sinceMs).toBeGreaterThan(700);
  expect(await sluice.metric('sluice_event_streams_drained_total')).toBe(0);
});

test('a long poll is waited for, within the time of the drain', async () => {
  let respond: (wire: Wire) => void = () => undefined;
  const answered = new Promise<Wire>((resolve) => (respond = resolve));
  const slow = await startUpstream(async (wire) => {
    await wire.readHead();
    respond(wire);
    await wire.readRest();
  });
  const other = await streaming('other');
  const parts = { pool: { drain: { timeout: '5s' } } };
  const sluice = await startSluice(configOf(false, [slow.address, { address: other.address, weight: 0 }], parts));
  const client = await connectTo(sluice);
  await client.write(get('/poll'));
  const wire = await answered;
  sluice.writeConfig(configOf(true, [slow.address, other.address], parts));
  await eventually('the drain', async () => (await sluice.metric('sluice_endpoint_draining')) === 1);
  await wire.write(ok('news'));
  expect((await client.readMessage()).body).toBe('news');
  client.destroy();
});
