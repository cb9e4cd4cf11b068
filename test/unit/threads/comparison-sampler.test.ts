// The worker's side of comparison: which mirrored requests are compared and get a secondary copy, and what becomes of what finds no room.

import { connect } from 'node:net';
import { MessageChannel } from 'node:worker_threads';
import { afterEach, expect, test } from 'vitest';
import { ComparisonSampler } from '../../../src/threads/comparison-sampler.ts';
import type { FromWorker } from '../../../src/threads/messages.ts';
import type { CompareConfig } from '../../../src/config/model.ts';
import { VERSION_IN_FLIGHT } from '../../../src/telemetry/counter-layout.ts';
import { ComparisonLoad } from '../../../src/compare/comparison-load.ts';
import type { RecordedExchange } from '../../../src/compare/mirrored-exchange.ts';
import { get, post } from '../../flow/scaffold/client.ts';
import { eventually } from '../../flow/scaffold/eventually.ts';
import { closeAll, open } from '../../flow/scaffold/open.ts';
import { responding, responseText, ok, startUpstream } from '../../flow/scaffold/upstream.ts';
import { Wire } from '../../flow/scaffold/wire.ts';
import { askAt, startMirrored } from '../proxy/mirror/mirrored-proxy.ts';

afterEach(closeAll);

async function startWatched(compare: Partial<CompareConfig> = {}, pool: object = {}, mirror: object = {}) {
  const primary = await startUpstream(responding(() => ok('{}')));
  const shadow = await startUpstream(responding(({ line }) => (line.startsWith('GET') ? ok('{}') : responseText(409, 'Conflict', ''))));
  const proxy = await startMirrored({ primary: [primary.address], shadow: [shadow.address], compare, pool, mirror });
  const posted: FromWorker[] = [];
  const watch = new ComparisonSampler(1, (message) => void posted.push(message));
  proxy.context.shadows.createTap = watch.find;
  const memory = ComparisonLoad.create();
  const { port1, port2 } = new MessageChannel();
  const recorded: RecordedExchange[] = [];
  port1.on('message', (message: RecordedExchange) => void recorded.push(message));
  open({ close: () => (port1.close(), watch.connect(undefined), Promise.resolve()) });
  watch.connect({ port: port2, load: memory });
  return { ...proxy, primary, shadow, watch, posted, recorded, load: new ComparisonLoad(memory) };
}

test('what is recorded comes through the link, and counts as waiting until it is compared', async () => {
  const { port, recorded, load } = await startWatched();
  await askAt(port, get('/a?b'));
  await eventually('the record', () => recorded.length === 1);
  const [{ pool, mirror, version, exchange }] = recorded as [RecordedExchange];
  expect([pool, mirror, version, exchange.target, exchange.secondary?.outcome]).toEqual(['shop', 'dark', 'v2', '/a?b', 'ok']);
  expect(Math.abs(Date.now() - exchange.atMs)).toBeLessThan(60_000);
  expect(load.waiting).toBe(1);
  load.remove(recorded[0]!);
  expect(load.waiting).toBe(0);
});

test('without a link, or without room, nothing is recorded', async () => {
  const { port, recorded, load, watch, shadow } = await startWatched();
  await askAt(port, get('/a'));
  await eventually('the record', () => recorded.length === 1);
  for (let n = load.waiting; n < 1000; n++) load.add(recorded[0]!);
  await askAt(port, get('/a'));
  watch.connect(undefined);
  await askAt(port, get('/a'));
  await eventually('the copies', () => shadow.wires.reduce((sum, wire) => sum + wire.total, 0) > 0);
  expect(recorded).toHaveLength(1);
});

test('a template is compared as often as it may be in a second', async () => {
  const { port, recorded } = await startWatched({ perTemplate: 3 });
  for (let n = 0; n < 12; n++) await askAt(port, get(`/items/${n}`));
  await askAt(port, get('/other'));
  await eventually('the other', () => recorded.some(({ exchange }) => exchange.target === '/other'));
  const items = recorded.filter(({ exchange }) => exchange.target !== '/other').length;
  // It may fall into two or three seconds.
  expect(items).toBeGreaterThanOrEqual(3);
  expect(items).toBeLessThan(12);
});

test('a version that requests wait for gets no secondary copies', async () => {
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  const secondaries: string[] = [];
  const primary = await startUpstream(async (wire) => {
    for (;;) {
      const request = await wire.readMessage();
      if (request.field('x-sluice-shadow') === undefined) await held;
      else secondaries.push(request.line);
      await wire.write(ok('{}'));
    }
  });
  const shadow = await startUpstream(responding(() => ok('{}')));
  const { context, port, counted } = await startMirrored({
    primary: [primary.address],
    shadow: [shadow.address],
    compare: {},
    pool: { limits: { connections: 1 } },
  });
  const watch = new ComparisonSampler(1, () => undefined);
  const { port1, port2 } = new MessageChannel();
  const recorded: RecordedExchange[] = [];
  port1.on('message', (message: RecordedExchange) => void recorded.push(message));
  open({ close: () => (port1.close(), watch.connect(undefined), Promise.resolve()) });
  watch.connect({ port: port2, load: ComparisonLoad.create() });
  context.shadows.createTap = watch.find;
  const wires: Wire[] = [];
  for (const path of ['/1', '/2', '/3']) {
    const wire = open(new Wire(connect(port, '127.0.0.1')));
    wires.push(wire);
    await wire.write(get(path));
    // In this order: the first has the connection, the others wait for it.
    const inFlight = (): number => counted.blocks('version').reduce((sum, block) => sum + block.total(VERSION_IN_FLIGHT), 0);
    await eventually('it is served', () => inFlight() === wires.length);
  }
  expect(context.serving.pools[0]!.versions[0]!.isBusy).toBe(true);
  release();
  for (const wire of wires) await wire.readMessage();
  await eventually('all records', () => recorded.length === 3);
  expect(secondaries).not.toContain('GET /2 HTTP/1.1');
  expect(secondaries).toContain('GET /1 HTTP/1.1');
});

test('missed writes are reported together, and those beyond the bound are counted', async () => {
  const { port, posted, watch, shadow } = await startWatched({}, {}, { sideEffects: 'allow' });
  for (let n = 0; n < 3; n++) await askAt(port, post(`/${n}`, 'x'));
  await eventually('the responses of the shadow', () => shadow.bytes > 0);
  await eventually('all of them', () => {
    watch.flush();
    return posted.reduce((sum, message) => sum + (message.kind === 'missed' ? message.writes.length : 0), 0) === 3;
  });
  const writes = posted.flatMap((message) => (message.kind === 'missed' ? message.writes : []));
  expect(writes.map(({ target, status, outcome }) => [target, status, outcome])).toEqual([0, 1, 2].map((n) => [`/${n}`, 409, 'ok']));
  const before = posted.length;
  watch.flush();
  expect(posted).toHaveLength(before);
});
