// PROXY headers to upstreams: whom they name, on which connections, and that no request of one client comes on a connection of another.

import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeAuthority } from '../scaffold/certificates.ts';
import { seededRandom } from '../scaffold/seeded-random.ts';
import { call } from './scaffold/admin.ts';
import { connectAt, connectTo, get, post } from './scaffold/client.ts';
import { startBlackhole } from './scaffold/blackhole.ts';
import { eventually } from './scaffold/eventually.ts';
import { makeFolder } from './scaffold/folder.ts';
import { freePort } from '../scaffold/free-port.ts';
import { startIntroduced } from './scaffold/introduced-upstream.ts';
import type { IntroducedRequest, IntroducedUpstream } from './scaffold/introduced-upstream.ts';
import { closeAll, open } from './scaffold/open.ts';
import { proxyHeader } from './scaffold/proxy-header.ts';
import { secureTo } from './scaffold/secure-client.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';
import { ok, responseText, startUpstream } from './scaffold/upstream.ts';
import { Wire } from './scaffold/wire.ts';

let sluice: Sluice;
let ca: string;
let config: { readonly pools: object };
let plain: IntroducedUpstream;
let secure: IntroducedUpstream;
let byTcp: IntroducedUpstream;
let byUnix: IntroducedUpstream;
let shadow: IntroducedUpstream;
let narrow: IntroducedUpstream;
/** The endpoints of `busy`; the last one speaks TLS. */
let busy: readonly IntroducedUpstream[];
/** Paths with the client as it was told. */
const seen: string[] = [];
/** How many of those are this one. */
const timesSeen = (request: string): number => seen.filter((each) => each === request).length;
let held = Promise.resolve();
/** Nobody listens there at first. */
let latePort: number;

const withConnection = ({ client, connection }: IntroducedRequest): string => ok(`${client} #${connection}`);

async function respond({ line, client, wire, body }: IntroducedRequest): Promise<string> {
  const path = line.split(' ')[1]!;
  seen.push(`${path} ${client}`);
  if (path === '/copied/broken' && timesSeen(`${path} ${client}`) === 1) return '';
  if (path !== '/copied/tunnel') return ok(body === '' ? client : body);
  await wire.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n');
  return wire.read(5);
}

beforeAll(async () => {
  const authority = await makeAuthority();
  const pair = await authority.issue({ names: ['localhost'] });
  const folder = makeFolder();
  ca = authority.pem;
  const tls = { caFile: folder.write('ca.pem', ca) };
  const ours = { certificates: [{ certFile: folder.write('a.pem', pair.cert), keyFile: folder.write('a.key', pair.key) }] };
  [plain, secure, byTcp] = await Promise.all([
    startIntroduced(withConnection),
    startIntroduced(withConnection, { tls: pair }),
    startIntroduced(respond),
  ]);
  [byUnix, shadow] = await Promise.all([
    startIntroduced(respond, { where: { path: folder.file('u') } }),
    startIntroduced(respond, { tls: pair }),
  ]);
  narrow = await startIntroduced(async (request) => (await held, withConnection(request)));
  busy = await Promise.all([{}, {}, { tls: pair }].map((options) => startIntroduced(unreliable, options)));
  latePort = await freePort();
  const of = (upstream: IntroducedUpstream, proxyProtocol: string): object => ({ endpoints: [upstream.address], proxyProtocol });
  const outlier = { consecutive: 0 };
  const pools = {
    'v1-plain': { versions: { v1: of(plain, 'v1') } },
    'v2-plain': { versions: { v1: of(plain, 'v2') } },
    'v1-secure': { versions: { v1: { ...of(secure, 'v1'), tls } } },
    'v2-secure': { versions: { v1: { ...of(secure, 'v2'), tls } } },
    copied: {
      versions: { v1: of(byUnix, 'v1'), v2: { ...of(shadow, 'v2'), tls } },
      split: { v1: 1, v2: 0 },
      mirrors: [{ name: 'dark', version: 'v2' }],
      health: { path: '/healthz', interval: '50ms', timeout: '1s' },
      outlier,
    },
    ...Object.fromEntries(Object.entries(await faulty()).map(([name, of]) => [name, failing(of, tls)])),
    large: { versions: { v1: { ...of(shadow, 'v2'), tls } } },
    'by-tcp': { versions: { v1: of(byTcp, 'v2') }, health: { protocol: 'tcp', interval: '50ms' } },
    late: { versions: { v1: { endpoints: [`127.0.0.1:${latePort}`], proxyProtocol: 'v1' } }, hold: '10s' },
    narrow: { versions: { v1: of(narrow, 'v2') }, limits: { connections: 2 } },
    busy: {
      versions: {
        v1: { endpoints: busy.slice(0, 2).map(({ address }) => address), proxyProtocol: 'v2' },
        v2: { ...of(busy[2]!, 'v1'), tls },
      },
      split: { v1: 1, v2: 1 },
      mirrors: [{ name: 'dark', version: 'v2', percent: 50 }],
      retries: { attempts: 2, on: ['connect-failure', 'reset', 503], budget: '100%' },
      outlier: { consecutive: 3, ejection: '50ms', interval: '50ms' },
      limits: { connections: 5 },
    },
  };
  const proxied = { address: '127.0.0.1:0', proxyProtocol: true, trustedProxies: ['127.0.0.1'] };
  const listeners = [
    { name: 'web', address: '127.0.0.1:0' },
    { name: 'proxied', ...proxied },
    { name: 'proxied-secure', ...proxied, tls: ours },
    { name: 'secure', address: '127.0.0.1:0', tls: ours },
    { name: 'unix', address: `unix:${folder.file('s')}` },
    { name: 'both', address: '[::]:0' },
  ];
  const routes = Object.keys(pools).map((pool) => ({ name: pool, match: [{ path: { prefix: `/${pool}` } }], pool }));
  const rollouts = { sure: { steps: [{ smoke: [{ path: '/smoke' }] }, { weight: '100%' }] } };
  const base = configFor({ endpoints: [(await startUpstream(() => undefined)).address], routes, top: { listeners, rollouts } }) as {
    pools: object;
  };
  config = { ...base, pools: { ...base.pools, ...pools } };
  sluice = await startSluice(config);
  sluice.expectLog(/endpoint ejected|no secure connection/);
});
afterAll(closeAll);

/** Endpoints to which no secure connection leads, by name. */
async function faulty(): Promise<Readonly<Record<string, string>>> {
  const stranger = await (await makeAuthority('CN=Other')).issue({ names: ['localhost'] });
  const [closing, silent, hole] = [
    await startUpstream(async (wire) => (await wire.arrival(), wire.destroy())),
    await startUpstream(async (wire) => void (await wire.readTo('never'))),
    await startBlackhole(),
  ];
  const unknown = await startIntroduced(withConnection, { tls: stranger });
  return { unknown: unknown.address, closing: closing.address, silent: silent.address, hole: hole.address, refusing: '127.0.0.1:1' };
}

function failing(address: string, tls: object): object {
  const versions = { v1: { endpoints: [address], proxyProtocol: 'v2', tls: { ...tls, serverName: 'localhost' } } };
  return { versions, outlier: { consecutive: 0 }, retries: { attempts: 0 }, timeouts: { connect: '300ms' } };
}

function endsOf({ socket }: { readonly socket: Socket }): string {
  return `${socket.localAddress}:${socket.localPort} > ${socket.remoteAddress}:${socket.remotePort}`;
}

async function bodyOf(wire: Wire, request: string): Promise<string> {
  await wire.write(request);
  return (await wire.readMessage()).body;
}

test.each([
  ['v1', 'plain'],
  ['v2', 'plain'],
  ['v1', 'secure'],
  ['v2', 'secure'],
] as const)('a header of %s names the client, and each client has connections of its own (%s)', async (version, carried) => {
  const upstream = carried === 'plain' ? plain : secure;
  const first = upstream.connections.length;
  const asked = get(`/${version}-${carried}`);
  const [one, two] = [await connectTo(sluice), await connectAt({ ...sluice.whereOf(), localAddress: '127.0.0.2' })];
  for (let round = 0; round < 3; round++) {
    expect(await bodyOf(one, asked)).toBe(`${endsOf(one)} #${first}`);
    expect(await bodyOf(two, asked)).toBe(`${endsOf(two)} #${first + 1}`);
  }
  const made = upstream.connections.slice(first);
  expect(made.map((each) => `v${each.version}`)).toEqual([version, version]);
  // In plain text the header and the first request leave in one write.
  if (carried === 'plain') expect(made.every(({ behind }) => behind > 30)).toBe(true);
  expect(upstream.open).toBe(2);
  one.end();
  await eventually('the end of its connection', () => upstream.open === 1);
  expect(await bodyOf(two, asked)).toBe(`${endsOf(two)} #${first + 1}`);
  two.reset();
  await eventually('the end of all', () => upstream.open === 0);
  const three = await connectTo(sluice);
  expect(await bodyOf(three, asked)).toBe(`${endsOf(three)} #${first + 2}`);
  if (carried === 'secure') expect(upstream.connections[first + 2]!.resumed).toBe(true);
  three.destroy();
  await eventually('the end of its connection', () => upstream.open === 0);
  expect(upstream.faults).toEqual([]);
});

test.each([
  ['unknown', 'connect_tls'],
  ['closing', 'connect_refused'],
  ['silent', 'connect_timeout'],
  ['hole', 'connect_timeout'],
  ['refusing', 'connect_refused'],
])('a connection that comes to nothing behind its header fails as others do (%s)', async (pool, outcome) => {
  const client = await connectTo(sluice);
  await client.write(get(`/${pool}`));
  expect((await client.readMessage()).field('x-sluice-outcome')).toBe(outcome);
  client.destroy();
  await eventually('none', async () => (await sluice.metric('sluice_endpoint_connections', { pool })) === 0);
});

test('large bodies pass both ways behind a header and TLS', async () => {
  const client = await connectTo(sluice);
  const large = Buffer.alloc(3_000_000, 'large ').toString();
  expect(await bodyOf(client, post('/large', large))).toBe(large);
  client.destroy();
});

test('what a listener is told of the client is told on, and a client without an address is none', async () => {
  const told = async (listener: string, header: string | Buffer = ''): Promise<string> => {
    const wire = await connectTo(sluice, listener);
    await wire.write(header);
    const body = (await bodyOf(wire, get('/v2-plain'))).replace(/ #.*/, '');
    return body === endsOf(wire) ? 'itself' : body;
  };
  expect(await told('proxied', 'PROXY TCP4 203.0.113.7 192.0.2.1 12345 443\r\n')).toBe('203.0.113.7:12345 > 192.0.2.1:443');
  expect(await told('proxied', proxyHeader({ client: '203.0.113.9' }))).toBe('203.0.113.9:12345 > 192.0.2.1:443');
  expect(await told('proxied', 'PROXY TCP6 2001:db8::7 ::1 1 2\r\n')).toBe('2001:db8::7:1 > ::1:2');
  // The proxy itself is the client then.
  expect(await told('proxied', 'PROXY UNKNOWN\r\n')).toBe('itself');
  expect(await told('unix')).toBe('local');
  const mapped = await connectAt({ host: '127.0.0.1', port: sluice.portOf('both') });
  expect(await bodyOf(mapped, get('/v1-plain'))).toContain(endsOf(mapped));
  const asked = get('/v2-plain').replace('a.example', 'localhost');
  const behind = await connectTo(sluice, 'proxied-secure');
  await behind.write('PROXY TCP4 203.0.113.7 192.0.2.1 12345 443\r\n');
  const wrapped = open(new Wire(connectTls({ socket: behind.socket, servername: 'localhost', ca })));
  expect(await bodyOf(wrapped, asked)).toContain('203.0.113.7:12345 > 192.0.2.1:443');
  const { wire } = await secureTo(sluice, { servername: 'localhost', ca }, { listener: 'secure' });
  expect(await bodyOf(wire, asked)).toContain(endsOf(wire));
});

test('retries, copies, tunnels and Unix sockets have it, too', async () => {
  const [one, two] = [await connectTo(sluice), await connectTo(sluice)];
  expect(await bodyOf(one, get('/copied/broken'))).toBe(endsOf(one));
  // Twice to the version, and a copy.
  await eventually('the copy', () => timesSeen(`/copied/broken ${endsOf(one)}`) === 3);
  for (const wire of [one, two, one, two]) expect(await bodyOf(wire, get('/copied'))).toBe(endsOf(wire));
  await eventually('the copies', () => [one, two].every((wire) => timesSeen(`/copied ${endsOf(wire)}`) === 4));
  await two.write(get('/copied/tunnel', 'connection: upgrade', 'upgrade: echo'));
  expect(await two.readHead()).toContain(' 101 ');
  await two.write('hello');
  expect(await two.read(5)).toBe('hello');
  expect(timesSeen(`/copied/tunnel ${endsOf(two)}`)).toBe(1);
  const clients = [endsOf(one), endsOf(two)];
  two.destroy();
  one.destroy();
  const openFor = ({ connections }: IntroducedUpstream): number =>
    connections.filter(({ client, socket }) => clients.includes(client) && !socket.destroyed).length;
  await eventually('the end of their connections', () => openFor(byUnix) + openFor(shadow) === 0);
});

test('probes and smoke requests say that they are nobody else’s, over TLS as well', async () => {
  await eventually('probes', () => timesSeen('/healthz local') > 2 && byTcp.connections.length > 1);
  expect(seen.filter((each) => each.startsWith('/healthz') && each !== '/healthz local')).toEqual([]);
  expect(new Set(byTcp.connections.map(({ client, behind }) => `${client} ${behind}`))).toEqual(new Set(['local 0']));
  expect((await call(sluice, 'POST', '/v1/rollouts', { pool: 'copied', to: 'v2', template: 'sure' })).status).toBe(201);
  await eventually('the smoke request', () => timesSeen('/smoke local') === 1);
  expect([plain, secure, byTcp, byUnix, shadow].flatMap(({ faults }) => faults)).toEqual([]);
});

test('the bound on connections holds: those of clients that rest give way, and who waits gets one of its own', async () => {
  const clients = await Promise.all(Array.from({ length: 5 }, () => connectTo(sluice)));
  const asked = get('/narrow');
  for (const client of [...clients, ...clients]) expect(await bodyOf(client, asked)).toMatch(`${endsOf(client)} #`);
  expect(narrow.open).toBeLessThanOrEqual(2);
  let release = (): void => undefined;
  held = new Promise((resolve) => (release = resolve));
  const bodies = Promise.all(clients.map((client) => bodyOf(client, asked)));
  await eventually('all that may be', () => narrow.open === 2);
  expect(await sluice.metric('sluice_endpoint_connections', { pool: 'narrow' })).toBe(2);
  release();
  for (const [index, body] of (await bodies).entries()) expect(body).toMatch(`${endsOf(clients[index]!)} #`);
  for (const client of clients) client.destroy();
  await eventually('the end of all', () => narrow.open === 0);
});

test('requests that were held go on, each with a header of its own', async () => {
  const clients = await Promise.all(Array.from({ length: 3 }, () => connectTo(sluice)));
  const bodies = Promise.all(clients.map((client) => bodyOf(client, get('/late'))));
  await eventually('all of them', async () => (await sluice.metric('sluice_requests_held', { pool: 'late' })) === 3);
  const late = await startIntroduced(({ client }) => ok(client), { where: { host: '127.0.0.1', port: latePort } });
  expect(await bodies).toEqual(clients.map(endsOf));
  expect(late.connections.map(({ requests }) => requests.length)).toEqual([1, 1, 1]);
  for (const client of clients) client.destroy();
});

/** What an endpoint of `busy` has to say against a client: a request of its own on a connection of another. */
const mixedUp: string[] = [];
let served = 0;
const chance = seededRandom(11);

async function unreliable({ client, connection, field, wire }: IntroducedRequest): Promise<string> {
  if (field('x-client') !== client) mixedUp.push(`${field('x-client')} came by a connection of ${client} (${connection})`);
  const drawn = chance();
  if (drawn < 0.1) return '';
  if (drawn < 0.15) return responseText(503, 'Unavailable', '');
  if (drawn < 0.25) await new Promise((resolve) => setTimeout(resolve, 5 * chance()));
  if (drawn < 0.3) await wire.write('HTTP/1.1 103 Early Hints\r\n\r\n');
  return ok(client, ...(drawn > 0.95 ? ['connection: close'] : []));
}

/** One connection of a client, which asks a few times, several requests at once now and then, and leaves somehow. */
async function converse(last: number): Promise<void> {
  const wire = await connectAt({ ...sluice.whereOf(), localAddress: `127.0.0.${last}` });
  const asked = get('/busy', `x-client: ${endsOf(wire)}`);
  for (let turns = Math.ceil(5 * chance()); turns > 0; turns--) {
    const count = Math.ceil(4 * chance());
    await wire.write(asked.repeat(count));
    // It leaves with responses on their way.
    if (chance() < 0.15) break;
    for (let read = 0; read < count; read++) {
      const { status, body } = await wire.readMessage();
      if (status === 103) read--;
      if (status !== 200) continue;
      expect(body).toBe(endsOf(wire));
      served++;
    }
  }
  if (chance() < 0.5) wire.reset();
  else wire.destroy();
}

test('no request of one client comes on a connection of another, whatever clients and endpoints do', async () => {
  const client = async (last: number): Promise<void> => {
    for (let round = 0; round < 8; round++) await converse(last);
  };
  let over = false;
  // Endpoints lose all their connections now and then.
  const dying = (async () => {
    while (!over) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      const { connections } = busy[Math.floor(3 * chance())]!;
      for (const { socket } of connections) if (!socket.destroyed) socket.destroy();
    }
  })();
  await Promise.all(Array.from({ length: 12 }, (_, index) => client(index + 1))).finally(() => (over = true));
  await dying;
  expect(mixedUp).toEqual([]);
  expect(busy.flatMap(({ faults }) => faults)).toEqual([]);
  expect(served).toBeGreaterThan(200);
  expect(busy.every(({ connections }) => connections.length > 5)).toBe(true);
  await eventually('the end of all', () => busy.every((upstream) => upstream.open === 0));
});

test('a version that takes headers from now on, or none any more, gets no connection that was made otherwise', async () => {
  // Each connection by what came first on it.
  const firsts: string[] = [];
  let release = (): void => undefined;
  const upstream = await startUpstream(async (wire, index) => {
    for (let count = 0; ; count++) {
      const head = await wire.readHead();
      if (count === 0) firsts[index] = head.split(' ')[0]!;
      if (head.includes('/held')) await new Promise<void>((resolve) => (release = resolve));
      await wire.write(ok(String(index)));
    }
  });
  const apply = async (proxyProtocol?: string): Promise<void> => {
    const applied = (): number => sluice.logs.filter(({ msg }) => msg === 'config applied').length;
    const before = applied();
    const narrower = { versions: { v1: { endpoints: [upstream.address], proxyProtocol } } };
    sluice.writeConfig({ ...config, pools: { ...config.pools, narrow: narrower } });
    await eventually('the change', () => applied() > before);
  };
  await apply();
  const client = await connectTo(sluice);
  for (const [count, next] of ['v1', undefined].entries()) {
    await client.write(get('/narrow/held'));
    await eventually('the request', () => firsts.length === count + 1);
    await apply(next);
    release();
    expect((await client.readMessage()).body).toBe(String(count));
    expect(await bodyOf(client, get('/narrow'))).toBe(String(count + 1));
  }
  expect(firsts).toEqual(['GET', 'PROXY', 'GET']);
});
