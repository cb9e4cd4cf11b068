// An upstream that fails, in every phase: a response that names the failure where none was begun, a visibly broken one where it was.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask, connectTo, get, post } from './scaffold/client.ts';
import { eventually } from './scaffold/eventually.ts';
import { heldByKernel } from './scaffold/held-by-kernel.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';
import { ok, scripted, startUpstream } from './scaffold/upstream.ts';
import type { Upstream } from './scaffold/upstream.ts';
import { Ended, Reset } from './scaffold/wire.ts';
import type { Wire } from './scaffold/wire.ts';

let upstream: Upstream;
let sluice: Sluice;
let script: (wire: Wire) => Promise<void>;

beforeAll(async () => {
  upstream = await startUpstream(scripted(() => script));
  const dead = await startUpstream(() => undefined);
  await dead.close();
  const routes = [{ name: 'dead', match: [{ path: { prefix: '/dead' } }], pool: 'dead' }];
  const config = configFor({ endpoints: [upstream.address], pool: { retries: { attempts: 0 } }, routes }) as { pools: object };
  sluice = await startSluice({ ...config, pools: { ...config.pools, dead: { versions: { v1: { endpoints: [dead.address] } } } } });
});
afterAll(closeAll);

/** The script writes `text` in one piece, then does `then`. */
function respondsWith(text: string, then: (wire: Wire) => Promise<void> | void = () => undefined): (wire: Wire) => Promise<void> {
  return async (wire) => {
    await wire.readMessage();
    if (text !== '') await wire.write(text);
    // What was written shall have been read before the connection goes: a reset overtakes nothing then.
    await sluice.turn();
    await then(wire);
  };
}

async function worksAfterwards(): Promise<void> {
  await sluice.untilQuiet(0);
  script = respondsWith(ok('well', 'connection: close'));
  expect((await ask(sluice, get('/'))).body).toBe('well');
  expect(await sluice.counted('sluice_internal_errors_total')).toBe(0);
}

test('refuses the connection', async () => {
  const response = await ask(sluice, get('/dead'));
  expect([response.status, response.field('x-sluice-outcome')]).toEqual([502, 'connect_refused']);
});

test.each([
  ['resets after the request', (wire: Wire) => wire.reset()],
  ['closes after the request', (wire: Wire) => wire.end()],
])('%s, without a byte: GET and POST', async (_what, then) => {
  for (const request of [get('/'), post('/', 'body')]) {
    script = respondsWith('', then);
    const wire = await connectTo(sluice);
    await wire.write(request);
    const response = await wire.readMessage();
    expect([response.status, response.field('x-sluice-outcome')]).toEqual([502, 'upstream_reset']);
    // It was not the client's fault: it may go on.
    script = respondsWith(ok('next', 'connection: close'));
    await wire.write(get('/'));
    expect((await wire.readMessage()).body).toBe('next');
    wire.destroy();
  }
  await worksAfterwards();
});

test.each([
  ['resets', (wire: Wire) => wire.reset()],
  ['closes', (wire: Wire) => wire.end()],
])('%s in the middle of the head', async (_what, then) => {
  script = respondsWith('HTTP/1.1 200 OK\r\ncontent-le', then);
  const response = await ask(sluice, get('/'));
  expect([response.status, response.field('x-sluice-outcome')]).toEqual([502, 'upstream_reset']);
  await worksAfterwards();
});

const LENGTH = 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nsome';
const CHUNKS = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nsome\r\n';
const TO_END = 'HTTP/1.1 200 OK\r\n\r\nsome';

test.each([
  ['resets a body by length', LENGTH, (wire: Wire) => wire.reset()],
  ['closes a body by length', LENGTH, (wire: Wire) => wire.end()],
  ['resets a chunked body', CHUNKS, (wire: Wire) => wire.reset()],
  ['closes a chunked body', CHUNKS, (wire: Wire) => wire.end()],
  ['closes in the middle of a chunk', `${CHUNKS}a\r\nmo`, (wire: Wire) => wire.end()],
  ['closes before the last empty line', `${CHUNKS}0\r\n`, (wire: Wire) => wire.end()],
  ['closes in the middle of a size', `${CHUNKS}1`, (wire: Wire) => wire.end()],
])('%s: the client sees a broken response', async (_what, text, then) => {
  script = respondsWith(text, then);
  const wire = await connectTo(sluice);
  await wire.write(get('/'));
  expect((await wire.readHead()).startsWith('HTTP/1.1 200 OK\r\n')).toBe(true);
  await wire.readTo('some');
  await eventually('the end', () => wire.ended);
  expect(wire.unread.endsWith('0\r\n\r\n')).toBe(false);
  // The framing says that it is not whole, unless its last chunk has begun.
  expect(wire.isReset).toBe(text.endsWith('0\r\n'));
  wire.destroy();
  expect(await sluice.metric('sluice_attempts_total', { outcome: 'upstream_reset' })).toBeGreaterThan(0);
  await worksAfterwards();
});

test('resets a body that lasts until the end: the client must not see a clean one', async () => {
  script = respondsWith(TO_END, (wire) => wire.reset());
  const wire = await connectTo(sluice);
  await wire.write(get('/'));
  await wire.readHead();
  await wire.readTo('some');
  await expect(wire.readRest()).rejects.toThrow(Reset);
  await worksAfterwards();
});

test.each([
  ['in the last chunk', `${CHUNKS}0`],
  ['in the last chunk, padded', `${CHUNKS}000\r`],
  ['behind the last chunk', `${CHUNKS}0\r\n`],
  ['in its trailers', `${CHUNKS}0\r\nx: y\r\n`],
])('closes a chunked body %s: a client that takes that for the end must not see a clean one', async (_what, text) => {
  for (const fields of [[], ['te: trailers', 'connection: te']]) {
    script = respondsWith(text, (wire) => wire.end());
    const wire = await connectTo(sluice);
    await wire.write(get('/', ...fields));
    await wire.readHead();
    await wire.readTo('some');
    await expect(wire.readRest()).rejects.toThrow(Reset);
  }
  await worksAfterwards();
});

test.each([
  ['by length', 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nsome', false],
  ['chunked', CHUNKS, true],
])('truncates a body %s for an HTTP/1.0 client: no clean end', async (_what, text, isReset) => {
  script = respondsWith(text, (wire) => wire.end());
  const wire = await connectTo(sluice);
  await wire.write('GET / HTTP/1.0\r\n\r\n');
  await wire.readHead();
  await wire.readTo('some');
  await eventually('the end', () => wire.ended);
  expect([wire.isReset, wire.unread]).toEqual([isReset, '']);
  await worksAfterwards();
});

const PART = 'x'.repeat(900_000);

describe.each([
  ['by length', 'HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n', PART, false],
  ['in chunks', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n', `f4240\r\n${PART}`, false],
  ['to the end', 'HTTP/1.1 200 OK\r\n\r\n', PART, true],
])('a large body %s that its upstream cuts short', (_what, head, part, onlyReset) => {
  test.each([
    ['closes', false, (wire: Wire) => wire.end()],
    ['resets', false, (wire: Wire) => wire.reset()],
    ['closes', true, (wire: Wire) => wire.end()],
    ['resets', true, (wire: Wire) => wire.reset()],
  ] as const)('when it %s, slow reader: %s: all that came is delivered', async (how, isSlow, then) => {
    // Without a length the upstream's close is a clean end, and only its reset cuts.
    const isCut = !onlyReset || how === 'resets';
    let sent: () => void = () => undefined;
    const isSent = new Promise<void>((resolve) => (sent = resolve));
    script = async (wire) => {
      await wire.readMessage();
      await wire.write(head + part);
      sent();
      // A reset takes back what has not been read. A slow reader may have its part still to come, from Sluice.
      const isRead = (): boolean => (isSlow ? heldByKernel(wire.socket.remotePort) === 0 : seen > part.length - 100);
      await eventually('that all is read', async () => (await sluice.turn(), isRead()));
      await then(wire);
    };
    let seen = 0;
    const wire = await connectTo(sluice);
    wire.socket.on('data', (bytes: Buffer) => (seen += bytes.length));
    await wire.write(get('/'));
    if (isSlow) {
      await wire.arrival();
      wire.pause();
      await isSent;
      for (let i = 0; i < 5; i++) await sluice.turn();
      wire.resume();
    }
    await eventually('the end', () => wire.ended, 20_000);
    expect(wire.isReset).toBe(onlyReset && isCut);
    const got = wire.unread.slice(wire.unread.indexOf('\r\n\r\n') + 4);
    expect(got.length).toBe(part.length);
    await worksAfterwards();
  });
});

test.each([
  ['bad chunk size', `${CHUNKS}xyz\r\n`],
  ['chunk longer than its size', `${CHUNKS}1\r\nabc\r\n`],
  ['bare LF after a chunk', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nsome\r\n1\r\na\n'],
  ['a trailer that is a framing field', `${CHUNKS}0\r\nContent-Length: 5\r\n\r\n`],
  ['a trailer that is no field', `${CHUNKS}0\r\nno field\r\n\r\n`],
])('sends a malformed body later on (%s): a broken response, and the connection closes', async (_what, text) => {
  script = async (wire) => {
    await wire.readMessage();
    await wire.write(text.slice(0, CHUNKS.length));
    await sluice.turn();
    await wire.write(text.slice(CHUNKS.length));
    await wire.closed;
  };
  const wire = await connectTo(sluice);
  await wire.write(get('/'));
  await wire.readHead();
  await wire.readTo('some');
  await eventually('the end', () => wire.ended);
  expect(wire.unread.endsWith('0\r\n\r\n')).toBe(false);
  await worksAfterwards();
});

test('sends more than it announced: the surplus goes nowhere, the connection is not used again', async () => {
  script = respondsWith('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison');
  const opened = upstream.wires.length;
  const wire = await connectTo(sluice);
  await wire.write(get('/'));
  expect((await wire.readMessage()).body).toBe('ok');
  script = respondsWith(ok('clean', 'connection: close'));
  await wire.write(get('/'));
  expect((await wire.readMessage()).body).toBe('clean');
  expect(upstream.wires.length).toBe(opened + 2);
  wire.destroy();
  await worksAfterwards();
});

test('speaks on an idle connection: it is closed, and what it said goes nowhere', async () => {
  script = respondsWith(ok('first'), async (wire) => {
    await wire.write('HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison');
    await expect(wire.readHead()).rejects.toThrow(Ended);
  });
  const opened = upstream.wires.length;
  const wire = await connectTo(sluice);
  await wire.write(get('/'));
  expect((await wire.readMessage()).body).toBe('first');
  await (
    await upstream.wire(opened)
  ).closed;
  script = respondsWith(ok('second', 'connection: close'));
  await wire.write(get('/'));
  expect((await wire.readMessage()).body).toBe('second');
  wire.destroy();
  await worksAfterwards();
});

test('closes an idle connection: the next request takes a fresh one', async () => {
  script = respondsWith(ok('first'));
  const opened = upstream.wires.length;
  await ask(sluice, get('/'));
  const idle = await upstream.wire(opened);
  idle.end();
  await idle.closed;
  script = respondsWith(ok('second', 'connection: close'));
  expect((await ask(sluice, post('/', 'body'))).body).toBe('second');
  await worksAfterwards();
});
