// Interim responses and `Expect: 100-continue` in all its endings.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectTo, get, requestText } from './scaffold/client.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';
import { ok, scripted, startUpstream } from './scaffold/upstream.ts';
import type { Wire } from './scaffold/wire.ts';

let sluice: Sluice;
let script: (wire: Wire) => Promise<void>;

beforeAll(async () => {
  const upstream = await startUpstream(scripted(() => script));
  sluice = await startSluice(configFor(upstream));
});
afterAll(closeAll);

const EXPECTING = requestText('POST', '/', ['Expect: 100-continue', 'Content-Length: 4']);

test('passes 103 and any number of interim responses on', async () => {
  script = async (wire) => {
    await wire.readMessage();
    await wire.write('HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n' + ok('done'));
  };
  const wire = await connectTo(sluice);
  await wire.write(get('/'));
  expect(await wire.readHead()).toBe('HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n');
  expect(await wire.readHead()).toBe('HTTP/1.1 102 Processing\r\n\r\n');
  expect((await wire.readMessage()).body).toBe('done');
  wire.destroy();
});

test('keeps interim responses from HTTP/1.0 clients', async () => {
  const wire = await connectTo(sluice);
  await wire.write('GET / HTTP/1.0\r\n\r\n');
  expect((await wire.readMessage()).body).toBe('done');
  wire.destroy();
});

test('100-continue: the upstream says go on', async () => {
  script = async (wire) => {
    const head = await wire.readHead();
    expect(head).toContain('\r\nExpect: 100-continue\r\n');
    await wire.write('HTTP/1.1 100 Continue\r\n\r\n');
    await wire.write(ok(await wire.read(4)));
  };
  const wire = await connectTo(sluice);
  await wire.write(EXPECTING);
  expect(await wire.readHead()).toBe('HTTP/1.1 100 Continue\r\n\r\n');
  await wire.write('abcd');
  expect((await wire.readMessage()).body).toBe('abcd');
  await wire.write(EXPECTING);
  expect(await wire.readHead()).toBe('HTTP/1.1 100 Continue\r\n\r\n');
  await wire.write('efgh');
  expect((await wire.readMessage()).body).toBe('efgh');
  wire.destroy();
});

test.each([413, 417])('100-continue: the upstream refuses with %d and never sees the body', async (status) => {
  let rest: string | undefined;
  script = async (wire) => {
    await wire.readHead();
    await wire.write(`HTTP/1.1 ${status} No\r\nContent-Length: 2\r\n\r\nno`);
    rest = await wire.readRest();
  };
  const wire = await connectTo(sluice);
  await wire.write(EXPECTING);
  const response = await wire.readMessage();
  expect(response.status).toBe(status);
  expect(response.body).toBe('no');
  expect(response.field('connection')).toBe('close');
  expect(await wire.readRest()).toBe('');
  wire.destroy();
  await sluice.untilQuiet(0);
  expect(rest).toBe('');
});

test('100-continue: the upstream ignores it, the client sends after a while', async () => {
  script = async (wire) => {
    const request = await wire.readMessage();
    await wire.write(ok(request.body));
  };
  const wire = await connectTo(sluice);
  await wire.write(EXPECTING);
  await sluice.turn();
  await wire.write('abcd');
  expect((await wire.readMessage()).body).toBe('abcd');
  wire.destroy();
});

test('100-continue with the body right behind it', async () => {
  const wire = await connectTo(sluice);
  await wire.write(`${EXPECTING}abcd`);
  expect((await wire.readMessage()).body).toBe('abcd');
  wire.destroy();
});

test('leaves nothing in flight', () => sluice.untilQuiet());
