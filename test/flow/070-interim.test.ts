// Interim responses and `Expect: 100-continue` in all its endings.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectTo, get, requestText } from './scaffold/client.ts';
import { eventually, within } from './scaffold/eventually.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';
import { ok, scripted, startUpstream } from './scaffold/upstream.ts';
import type { Upstream } from './scaffold/upstream.ts';
import type { Wire } from './scaffold/wire.ts';

let upstream: Upstream;
let sluice: Sluice;
let script: (wire: Wire) => Promise<void>;

beforeAll(async () => {
  upstream = await startUpstream(scripted(() => script));
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

/** Reads a head and no body, as if the message ended there, responds, and shows what comes next on the connection. */
async function ignoringBody(wire: Wire, before: string): Promise<void> {
  await wire.readHead();
  if (before !== '') await wire.write(before);
  await wire.arrival();
  await wire.write('HTTP/1.1 417 Expectation Failed\r\ncontent-length: 0\r\n\r\n');
  await wire.closed;
}

const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nhost: a.example\r\n\r\n';
const CHUNKED_BODY = `${SMUGGLED.length.toString(16)}\r\n${SMUGGLED}\r\n0\r\n\r\n`;

test.each([
  ['with its head', `content-length: ${SMUGGLED.length}`, SMUGGLED, true, ''],
  ['after its head', `content-length: ${SMUGGLED.length}`, SMUGGLED, false, ''],
  ['in chunks, with its head', 'transfer-encoding: chunked', CHUNKED_BODY, true, ''],
  ['in chunks, after its head', 'transfer-encoding: chunked', CHUNKED_BODY, false, ''],
  ['before a 100 that came late', `content-length: ${SMUGGLED.length}`, SMUGGLED, true, 'HTTP/1.1 100 Continue\r\n\r\n'],
  ['after an interim response that was no 100', `content-length: ${SMUGGLED.length}`, SMUGGLED, true, 'HTTP/1.1 102 Processing\r\n\r\n'],
])(
  'a body that nobody asked for (%s) is not the next request: the connection is used no more',
  async (_what, field, body, atOnce, before) => {
    const opened = upstream.wires.length;
    script = (wire) => ignoringBody(wire, before);
    const head = requestText('POST', '/', ['Expect: 100-continue', field]);
    const wire = await connectTo(sluice);
    await wire.write(atOnce ? head + body : head);
    const there = await upstream.wire(opened);
    await eventually('the head', () => there.total > 0);
    if (!atOnce) await wire.write(body);
    let response = await wire.readMessage();
    while (response.status < 200) response = await wire.readMessage();
    expect(response.status).toBe(417);
    await within('the end of the connection', there.closed);
    script = async (next) => {
      await next.readMessage();
      await next.write(ok('clean'));
    };
    await wire.write(get('/'));
    expect((await wire.readMessage()).body).toBe('clean');
    expect(upstream.wires.length).toBe(opened + 2);
    wire.destroy();
    for (const each of upstream.wires) each.destroy();
  },
);

test('a body that was asked for leaves the connection as it was', async () => {
  const opened = upstream.wires.length;
  script = async (wire) => {
    const head = await wire.readHead();
    if (head.startsWith('GET')) return wire.write(ok('again'));
    await wire.write('HTTP/1.1 100 Continue\r\n\r\n');
    await wire.write(ok(await wire.read(4)));
  };
  const wire = await connectTo(sluice);
  await wire.write(EXPECTING);
  await wire.readHead();
  await wire.write('abcd');
  expect((await wire.readMessage()).body).toBe('abcd');
  await wire.write(get('/'));
  expect((await wire.readMessage()).body).toBe('again');
  expect(upstream.wires.length).toBe(opened + 1);
  wire.destroy();
});
