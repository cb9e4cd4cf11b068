// WebSocket and other changes of protocol: when they are passed on, what passes then, and how a tunnel ends.

import { readFileSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { makeAuthority } from '../scaffold/certificates.ts';
import { ask, connectTo, get } from './scaffold/client.ts';
import { eventually } from './scaffold/eventually.ts';
import { makeFolder } from './scaffold/folder.ts';
import { freePort } from '../scaffold/free-port.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { ConfigParts, Sluice } from './scaffold/sluice.ts';
import { responseText, startUpstream } from './scaffold/upstream.ts';
import { openSocket, refusal, startSockets } from './scaffold/websockets.ts';
import type { Wire } from './scaffold/wire.ts';

afterEach(closeAll);

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const ACCEPT = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=';
const HANDSHAKE = get('/', 'connection: Upgrade', 'upgrade: websocket', `sec-websocket-key: ${KEY}`, 'sec-websocket-version: 13');
const SWITCH = `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: ${ACCEPT}\r\n\r\n`;
/** More than the kernel takes for a client that does not read. */
const LARGE = 30_000_000;
const CLOSE_1012 = '\x88\x02\x03\xf4';

/** Responds to the handshake by hand. */
function switching(response = SWITCH, then: (wire: Wire) => Promise<void> = async () => undefined) {
  return startUpstream(async (wire) => {
    await wire.readHead();
    await wire.write(response);
    await then(wire);
  });
}

const startFor = (address: string, more: ConfigParts = {}): Promise<Sluice> => startSluice(configFor({ endpoints: [address], ...more }));

async function gauges(sluice: Sluice): Promise<Record<string, number>> {
  const metrics = await sluice.metrics();
  const of = (name: string): number => metrics.sum(name);
  return { tunnels: of('sluice_tunnels'), listener: of('sluice_listener_tunnels'), inFlight: of('sluice_requests_in_flight') };
}

const untilNone = (sluice: Sluice): Promise<unknown> =>
  eventually('no tunnel', async () => (await gauges(sluice))['tunnels'] === 0 && (await gauges(sluice))['listener'] === 0);

test('messages of all kinds and sizes pass, both ways, and are counted', async () => {
  const server = await startSockets('v1');
  const sluice = await startFor(server.address);
  const socket = await openSocket(sluice, { path: '/chat?room=1', perMessageDeflate: false });
  expect(server.requests[0]!.url).toBe('/chat?room=1');
  expect(server.requests[0]!.headers).toMatchObject({ upgrade: 'websocket', connection: 'upgrade', 'x-forwarded-for': '127.0.0.1' });
  expect((await socket.echo('hello')).toString()).toBe('hello');
  for (const size of [0, 125, 126, 16_384, 65_535, 65_536, 3_000_000]) {
    const content = Buffer.alloc(size, `${size}`);
    expect((await socket.echo(content)).equals(content)).toBe(true);
  }
  expect(await gauges(sluice)).toEqual({ tunnels: 1, listener: 1, inFlight: 0 });
  expect(await sluice.metric('sluice_requests_total', { status: '101', version: 'v1' })).toBe(1);
  const status = await fetch(`http://127.0.0.1:${sluice.adminPort}/v1/pools/shop`);
  expect(((await status.json()) as { versions: object[] }).versions[0]).toMatchObject({ tunnels: 1, inFlight: 1 });
  expect(await sluice.metric('sluice_tunnel_bytes_total', { direction: 'in' })).toBeGreaterThan(3_000_000);
  socket.socket.close(4321, 'bye');
  expect(await socket.gone).toBe(4321);
  await untilNone(sluice);
  expect(server.closes).toEqual([4321]);
  expect(await sluice.metric('sluice_tunnels_ended_total', { reason: 'client' })).toBe(1);
  expect(await sluice.metric('sluice_tunnel_age_seconds_count')).toBe(1);
  await sluice.untilQuiet(0);
});

test('nothing that a client sends early reaches the upstream before its 101, and all of it after', async () => {
  const upstream = await startUpstream(async (wire) => {
    await wire.readHead();
    // The early bytes are here for long: the interim response has come back behind them.
    await wire.write('HTTP/1.1 103 Early Hints\r\n\r\n');
    await wire.readTo('never').catch(() => undefined);
  });
  const sluice = await startFor(upstream.address);
  const early = `early ${'x'.repeat(100_000)} end`;
  const client = await connectTo(sluice);
  await client.write(HANDSHAKE + early);
  expect(await client.readHead()).toContain('103 Early Hints');
  const wire = await upstream.wire(0);
  expect(wire.unread).toBe('');
  await wire.write(SWITCH + 'first');
  const head = await client.readHead();
  expect(head).toMatch(/^HTTP\/1\.1 101 Switching Protocols\r\n/);
  expect(head).toContain(`sec-websocket-accept: ${ACCEPT}\r\n`);
  expect(head).toContain('upgrade: websocket\r\nconnection: upgrade\r\n');
  expect(await client.read(5)).toBe('first');
  await eventually('the early bytes', () => wire.unread === early);
  wire.destroy();
  expect(await client.readRest()).toBe('');
  client.destroy();
  await untilNone(sluice);
});

test('a 101 that does not fit what was asked for is a malformed response', async () => {
  let response = '';
  const upstream = await startUpstream(async (wire) => {
    await wire.readHead();
    await wire.write(response);
  });
  const sluice = await startFor(upstream.address);
  const plain = get('/', 'connection: upgrade', 'upgrade: other/1');
  const refused: (readonly [string, string])[] = [
    [HANDSHAKE, SWITCH.replace(ACCEPT, 'AAAA')],
    [HANDSHAKE, SWITCH.replace(/sec-websocket-accept.*\r\n/, '')],
    [HANDSHAKE, SWITCH.replace('upgrade: websocket', 'upgrade: other')],
    [HANDSHAKE, SWITCH.replace('connection: upgrade\r\n', '')],
    [HANDSHAKE, SWITCH.replace('HTTP/1.1', 'HTTP/1.0')],
    [HANDSHAKE, SWITCH.replace('\r\n\r\n', '\r\ncontent-length: 3\r\n\r\nabc')],
    [plain, SWITCH],
    [get('/'), SWITCH],
    // What is no whole handshake is a request like any other.
    [HANDSHAKE.replace('13', '8'), SWITCH],
    [HANDSHAKE.replace(KEY, 'short'), SWITCH],
    [HANDSHAKE.replace('GET', 'POST'), SWITCH],
    [get('/', 'connection: upgrade', 'upgrade: h2c'), SWITCH.replace('websocket', 'h2c')],
    [HANDSHAKE.replace('connection: Upgrade\r\n', ''), SWITCH],
  ];
  for (const [request, sent] of refused) {
    response = sent;
    const { status, field } = await ask(sluice, request);
    expect([status, field('x-sluice-outcome'), request, sent]).toEqual([502, 'upstream_malformed', request, sent]);
  }
  response = 'HTTP/1.1 101 OK\r\nupgrade: Other/1\r\nconnection: Upgrade\r\n\r\nhi';
  const client = await connectTo(sluice);
  await client.write(plain);
  expect(await client.readHead()).toMatch(/^HTTP\/1\.1 101 OK\r\n/);
  expect(await client.read(2)).toBe('hi');
  client.destroy();
  await sluice.untilQuiet(0);
});

test('a refused upgrade is a response like any other, and early bytes are no request', async () => {
  const upstream = await startUpstream(async (wire) => {
    for (;;) {
      const { line } = await wire.readMessage();
      const body = line.includes('/large') ? 'b'.repeat(300_000) : 'no';
      await wire.write(`HTTP/1.1 403 Forbidden\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
    }
  });
  const sluice = await startFor(upstream.address);
  const kept = await connectTo(sluice);
  for (const path of ['/', '/large', '/']) {
    await kept.write(HANDSHAKE.replace(' / ', ` ${path} `));
    const { status, body } = await kept.readMessage();
    expect([status, body.length]).toEqual([403, path === '/large' ? 300_000 : 2]);
  }
  const early = await connectTo(sluice);
  await early.write(HANDSHAKE + get('/smuggled'));
  const { status, field } = await early.readMessage();
  expect([status, field('connection')]).toEqual([403, 'close']);
  expect(await early.readRest()).toBe('');
  expect(await refusal(sluice)).toBe(403);
  expect(await gauges(sluice)).toMatchObject({ tunnels: 0, listener: 0 });
});

test('until a 101 has come a handshake is tried again as any request is, and never after', async () => {
  const early = 'early';
  // What each endpoint got on each connection: heads, and early bytes where it opened a tunnel.
  const got: Record<string, string[]> = {};
  const endpoint = async (name: string, then: (wire: Wire, head: string) => Promise<void> | void): Promise<string> => {
    got[name] = [];
    const upstream = await startUpstream(async (wire) => {
      const head = await wire.readHead();
      got[name]!.push(head.split(' ')[0]! + wire.unread);
      await then(wire, head);
    });
    return upstream.address;
  };
  const switches = async (wire: Wire, head: string): Promise<void> => {
    await wire.write(head.includes('upgrade: other') ? SWITCH.replace('websocket', 'other/1') : SWITCH);
    got['good']!.push(await wire.read(early.length));
    await wire.write('taken');
  };
  const good = await endpoint('good', switches);
  const bad: Record<string, string> = {
    refusing: `127.0.0.1:${await freePort()}`,
    resetting: await endpoint('resetting', (wire) => wire.reset()),
    failing: await endpoint('failing', async (wire) => wire.write(responseText(503, 'Unavailable', 'no'))),
    // An interim response is none.
    hinting: await endpoint('hinting', async (wire) => (await wire.write('HTTP/1.1 103 Early Hints\r\n\r\n'), wire.reset())),
    dying: await endpoint('dying', async (wire) => (await wire.write(SWITCH), wire.reset())),
    lying: await endpoint('lying', async (wire) => wire.write(SWITCH.replace(ACCEPT, 'AAAA'))),
  };
  const retries = { attempts: 1, on: ['connect-failure', 'reset', 503], budget: '100%' };
  const pool = (address: string): object => ({
    ...{ versions: { v1: { endpoints: [address, good] } }, balancer: 'round-robin', outlier: { consecutive: 0 }, retries },
  });
  const pools = Object.fromEntries(Object.entries(bad).map(([name, address]) => [name, pool(address)]));
  const none = { versions: { v1: { endpoints: [bad['resetting']] } }, retries: { attempts: 0 }, outlier: { consecutive: 0 } };
  const routes = [...Object.keys(pools), 'none'].map((name) => ({ name, match: [{ path: { prefix: `/${name}` } }], pool: name }));
  const base = configFor({ endpoints: [good], routes }) as { pools: object };
  const sluice = await startSluice({ ...base, pools: { ...base.pools, ...pools, none } });
  /** What a client that sends early bytes sees of it. */
  const seen = async (path: string, method = 'GET', protocol = 'websocket'): Promise<string> => {
    const client = await connectTo(sluice);
    await client.write(HANDSHAKE.replace('GET /', `${method} /${path}`).replace('upgrade: websocket', `upgrade: ${protocol}`) + early);
    let head = await client.readHead();
    while (head.includes(' 103 ')) head = await client.readHead();
    const rest = head.includes(' 101 ') ? await client.read(5).catch(() => 'cut') : '';
    client.destroy();
    return `${head.split(' ')[1]!} ${rest}`;
  };
  const several = async (path: string): Promise<string[]> => [await seen(path), await seen(path), await seen(path), await seen(path)];
  const opened = Array.from({ length: 4 }, () => '101 taken');
  for (const path of ['refusing', 'resetting', 'failing', 'hinting']) expect([path, await several(path)]).toEqual([path, opened]);
  const retried = (): Promise<number[]> =>
    Promise.all(['connect-failure', 'reset', 'status'].map((reason) => sluice.metric('sluice_retries_total', { reason })));
  const before = await retried();
  expect(before[0]).toBeGreaterThan(0);
  // Each handshake came once to one that failed it, and its early bytes came to those alone who had switched.
  const failed = [[...got['resetting']!, ...got['hinting']!], got['failing']];
  expect(failed).toEqual(before.slice(1).map((count) => Array.from({ length: count }, () => 'GET')));
  expect(got['good']).toEqual(Array.from({ length: 16 }, () => ['GET', early]).flat());

  // What has begun to respond, was not asked twice or may have been applied is not tried again.
  const notRetried = async (seenThere: Promise<readonly string[]>, name: string, what: string): Promise<void> => {
    const ends = await seenThere;
    expect([name, ends.filter((each) => each === what).length]).toEqual([name, got[name]!.length]);
    expect(ends.filter((each) => each !== what && each !== '101 taken')).toEqual([]);
    expect(got[name]!.length).toBeGreaterThan(0);
  };
  await notRetried(several('dying'), 'dying', '101 cut');
  await notRetried(several('lying'), 'lying', '502 ');
  got['resetting'] = [];
  await notRetried(
    Promise.all(['none', 'resetting', 'resetting'].map((path) => (path === 'none' ? seen(path) : seen(path, 'POST', 'other/1')))),
    'resetting',
    '502 ',
  );
  expect(await retried()).toEqual(before);
  await untilNone(sluice);
  await sluice.untilQuiet(0);
});

test('each direction ends by itself, and waits for who reads slowly', async () => {
  const upstream = await switching(SWITCH.replaceAll('websocket', 'raw'), async (wire) => {
    const request = await wire.readTo('.');
    await wire.write(`${request}-${'y'.repeat(LARGE)}`);
    wire.end();
    await wire.readRest();
  });
  const sluice = await startFor(upstream.address, { pool: { timeouts: { tunnel: '0s' } } });
  const client = await connectTo(sluice);
  await client.write(get('/', 'connection: upgrade', 'upgrade: raw'));
  await client.readHead();
  await client.write('question.');
  client.pause();
  const sent = (): Promise<number> => sluice.metric('sluice_tunnel_bytes_total', { direction: 'out' });
  await eventually('it waits for the client', async () => {
    const before = await sent();
    return before > 0 && before < LARGE && (await sluice.counted('sluice_tunnel_bytes_total', { direction: 'out' })) === before;
  });
  client.resume();
  expect(await client.readTo('question.-')).toBe('question.-');
  await client.digest(LARGE);
  expect(await client.readRest()).toBe('');
  // The other direction is open yet.
  const wire = await upstream.wire(0);
  const before = wire.total;
  await client.write('and more');
  await eventually('more', () => wire.total === before + 8);
  client.end();
  await client.closed;
  await untilNone(sluice);
  expect(await sluice.metric('sluice_tunnels_ended_total', { reason: 'upstream' })).toBe(1);
  await sluice.untilQuiet(0);
});

test('a version is chosen as for any request, no mirror copies it, and it outlives reloads and its route', async () => {
  const [one, two] = [await startSockets('v1'), await startSockets('v2')];
  const log = makeFolder().file('access.log');
  const config = (split: object, more: ConfigParts = {}): object =>
    configFor({
      endpoints: { v1: [one.address], v2: [two.address] },
      pool: {
        split,
        affinity: { header: 'x-user' },
        overrides: [{ name: 'qa', header: { name: 'x-version', value: 'v2' }, version: 'v2' }],
        mirrors: [{ name: 'dark', version: 'v2', percent: 100 }],
      },
      top: { accessLog: { path: log } },
      ...more,
    });
  const sluice = await startSluice(config({ v1: 50, v2: 50 }));
  const users = Array.from({ length: 16 }, (_, user) => ({ headers: { 'x-user': `${user}` } }));
  const first = await Promise.all(users.map((user) => openSocket(sluice, user)));
  const again = await Promise.all(users.map((user) => openSocket(sluice, user)));
  expect(again.map(({ server }) => server)).toEqual(first.map(({ server }) => server));
  expect(new Set(first.map(({ server }) => server))).toEqual(new Set(['v1', 'v2']));
  expect((await openSocket(sluice, { headers: { 'x-version': 'v2' } })).server).toBe('v2');
  expect(one.requests.length + two.requests.length).toBe(33);
  expect(await sluice.metric('sluice_mirrored_total')).toBe(0);
  sluice.writeConfig(config({ v1: 100, v2: 0 }));
  await eventually('the split', async () => (await sluice.metric('sluice_config_revision')) === 2);
  sluice.writeConfig(config({ v1: 100, v2: 0 }, { route: { hosts: ['other.example'] } }));
  await eventually('the route is gone', async () => (await sluice.metric('sluice_config_revision')) === 3);
  expect(await refusal(sluice)).toBe(404);
  for (const socket of [...first, ...again]) expect((await socket.echo('still here')).toString()).toBe('still here');
  for (const socket of [...first, ...again]) socket.socket.close(1000);
  await eventually('all but one gone', async () => (await gauges(sluice))['tunnels'] === 1);
  await eventually('lines of the log', () => readFileSync(log, 'utf8').split('\n').length > 32);
  const line = JSON.parse(
    readFileSync(log, 'utf8')
      .split('\n')
      .find((each) => each.includes('"status":101'))!,
  ) as object;
  expect(line).toMatchObject({ status: 101, outcome: 'ok', bytesIn: expect.any(Number) as number });
});

test('a drain ends tunnels with 1012, one after the other', async () => {
  const [one, two] = [await startSockets('v1'), await startSockets('v2')];
  const config = (isDrained: boolean): object =>
    configFor({
      endpoints: { v1: [{ address: one.address, drain: isDrained }, two.address] },
      pool: { drain: { timeout: '1s' }, balancer: 'round-robin' },
      top: { drain: { timeout: '1s' } },
    });
  const sluice = await startSluice(config(false));
  const sockets = await Promise.all(Array.from({ length: 40 }, () => openSocket(sluice)));
  const [left, stayed] = [sockets.filter(({ server }) => server === 'v1'), sockets.filter(({ server }) => server === 'v2')];
  expect([left.length, stayed.length]).toEqual([20, 20]);
  const beganMs = performance.now();
  sluice.writeConfig(config(true));
  expect(new Set(await Promise.all(left.map(({ gone }) => gone)))).toEqual(new Set([1012]));
  const times = left.map(({ goneAtMs }) => goneAtMs - beganMs).sort((a, b) => a - b);
  expect(times.at(-1)! - times[0]!).toBeGreaterThan(250);
  expect(times.at(-1)).toBeLessThan(2500);
  await eventually('their other ends', () => one.closes.length === 20);
  expect(new Set(one.closes)).toEqual(new Set([1012]));
  expect(await sluice.metric('sluice_tunnels_ended_total', { reason: 'drain' })).toBe(20);
  for (const socket of stayed) expect((await socket.echo('still here')).toString()).toBe('still here');
  expect((await openSocket(sluice)).server).toBe('v2');
  // In the middle of a frame no other may begin: it is passed on first.
  const wire = await connectTo(sluice);
  await wire.write(HANDSHAKE);
  await wire.readHead();
  await wire.readTo('v2');
  two.sockets.forEach((socket) => socket.send(Buffer.alloc(100_000)));
  sluice.signal('SIGTERM');
  expect(new Set(await Promise.all(stayed.map(({ gone }) => gone)))).toEqual(new Set([1012]));
  await wire.readTo(CLOSE_1012);
  expect(await wire.readRest()).toBe('');
  wire.destroy();
  expect((await sluice.exited).code).toBe(0);
});

test('a tunnel that stands still for too long ends, and a listener has no more of them than it may', async () => {
  const server = await startSockets('v1');
  const limits = { listener: { limits: { tunnels: 2 } }, pool: { timeouts: { tunnel: '2s' } } };
  const sluice = await startFor(server.address, limits);
  const [quiet, busy] = [await openSocket(sluice), await openSocket(sluice)];
  expect(await refusal(sluice)).toBe(503);
  expect(await sluice.metric('sluice_refused_total', { outcome: 'overload' })).toBe(1);
  let over = false;
  const gone = quiet.gone.then((code) => ((over = true), code));
  while (!over) await busy.echo('ping');
  expect(await gone).toBe(1001);
  expect((await busy.echo('still here')).toString()).toBe('still here');
  busy.socket.close(1000);
  await untilNone(sluice);
  expect(await sluice.metric('sluice_tunnels_ended_total', { reason: 'idle' })).toBe(1);
});

test('TLS on both sides', async () => {
  const authority = await makeAuthority();
  const pair = await authority.issue({ names: ['localhost', 'shop.test'] });
  const folder = makeFolder();
  const files = { certFile: folder.write('shop.pem', pair.cert), keyFile: folder.write('shop.key', pair.key) };
  const server = await startSockets('v1', { cert: pair.cert, key: pair.key });
  const versions = { v1: { endpoints: [server.address], tls: { caFile: folder.write('ca.pem', authority.pem) } } };
  const sluice = await startSluice(configFor({ listener: { tls: { certificates: [files] } }, pool: { versions } }));
  const socket = await openSocket(sluice, { scheme: 'wss', servername: 'shop.test', ca: authority.pem, headers: { host: 'shop.test' } });
  expect(server.requests[0]!.headers).toMatchObject({ 'x-forwarded-proto': 'https' });
  const content = Buffer.alloc(2_000_000, 'tls');
  expect((await socket.echo(content)).equals(content)).toBe(true);
  socket.socket.close(1000);
  expect(await socket.gone).toBe(1000);
  await untilNone(sluice);
});
