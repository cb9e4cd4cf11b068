// Connections that are passed through: by the name that a client of TLS asks for, or whatever they speak. Who ends their TLS, which version
// gets them, what becomes of them when something fails or changes, and what clients can do that mean no good.

import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:tls';
import type { Server } from 'node:tls';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { makeAuthority } from '../scaffold/certificates.ts';
import type { Authority } from '../scaffold/certificates.ts';
import { ask, connectTo, get } from './scaffold/client.ts';
import { eventually } from './scaffold/eventually.ts';
import { makeFolder } from './scaffold/folder.ts';
import { freePort } from '../scaffold/free-port.ts';
import { closeAll, open } from './scaffold/open.ts';
import { proxyHeader } from './scaffold/proxy-header.ts';
import { secureTo, tlsFailure } from './scaffold/secure-client.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice, SluiceOptions } from './scaffold/sluice.ts';
import { PATIENCE_MS, rolloutOf, startRollout } from './scaffold/shops.ts';
import { startUpstream } from './scaffold/upstream.ts';
import type { Upstream } from './scaffold/upstream.ts';
import { Reset } from './scaffold/wire.ts';
import type { Wire } from './scaffold/wire.ts';

afterEach(closeAll);

/** More than the kernel takes for a peer that does not read. */
const LARGE = 30_000_000;

let authority: Authority;
beforeAll(async () => {
  authority = await makeAuthority();
});

/** Beside `web`, which serves requests, listeners and pools with these keys. */
function passing(listeners: Readonly<Record<string, object>>, pools: Readonly<Record<string, object>>, top: object = {}): object {
  const web = configFor({ endpoints: ['127.0.0.1:1'], top }) as { listeners: object[]; pools: object };
  const own = Object.entries(listeners).map(([name, keys]) => ({ name, address: '127.0.0.1:0', ...keys }));
  return { ...web, listeners: [...web.listeners, ...own], pools: { ...web.pools, ...pools } };
}

const poolOf = (addresses: readonly unknown[], more: object = {}): object => ({
  versions: { v1: { endpoints: addresses } },
  outlier: { consecutive: 0 },
  ...more,
});

/** Says its name, then repeats what it hears. */
function startEcho(name: string): Promise<Upstream> {
  return startUpstream(async (wire) => {
    await wire.write(`${name}\n`);
    wire.socket.pipe(wire.socket);
    await wire.closed;
  });
}

/** The same over TLS, with a certificate for these names. */
async function startSecureEcho(name: string, names: readonly string[]): Promise<{ readonly address: string; readonly asked: string[] }> {
  const asked: string[] = [];
  const server: Server = createServer(await authority.issue({ names }), (socket) => {
    asked.push((socket as unknown as { servername: string }).servername);
    socket.on('error', () => undefined).write(`${name}\n`);
    socket.pipe(socket);
  });
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open({ close: () => new Promise<void>((resolve) => server.close(() => resolve())) });
  return { address: `127.0.0.1:${(server.address() as { port: number }).port}`, asked };
}

/** A client of a listener, and the name of who has taken it up. */
async function meet(
  sluice: Sluice,
  listener = 'tcp',
  first: string | Buffer = '',
): Promise<{ readonly name: string; readonly wire: Wire }> {
  const wire = await connectTo(sluice, listener);
  if (first.length > 0) await wire.write(first);
  return { name: (await wire.readTo('\n')).trim(), wire };
}

async function echoes(wire: Wire, text = 'still here'): Promise<void> {
  await wire.write(text);
  expect(await wire.read(text.length)).toBe(text);
}

/** What was there to read, or how it ended. */
const end = (wire: Wire): Promise<string> => wire.readRest().catch((error: unknown) => (error instanceof Reset ? 'reset' : String(error)));
const result = (sluice: Sluice, listener: string, code: string): Promise<number> =>
  sluice.metric('sluice_passthrough_total', { listener, result: code });

async function untilNone(sluice: Sluice): Promise<void> {
  await eventually('no tunnel', async () => {
    const metrics = await sluice.metrics();
    return metrics.sum('sluice_tunnels') === 0 && metrics.sum('sluice_listener_tunnels') === 0;
  });
  await sluice.untilQuiet(0);
}

const linesOf = (path: string): readonly Record<string, unknown>[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line.includes('"tcp"'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe.each([
  ['by callbacks', false],
  ['by plain events', true],
])('%s', (_how, isPlain) => {
  const options = (): SluiceOptions =>
    isPlain
      ? { nodeArguments: ['--import', './test/flow/scaffold/plain-streams.ts'], env: { PLAIN_STREAMS: makeFolder().file('plain') } }
      : {};

  test('TLS goes where its name leads, and nobody but the endpoint ends it', async () => {
    const [db, shop, rest] = [
      await startSecureEcho('db', ['db.test']),
      await startSecureEcho('shop', ['*.shop.test', '*.eu.shop.test']),
      await startSecureEcho('rest', ['localhost']),
    ];
    const pools = { db: poolOf([db.address]), shop: poolOf([shop.address]), rest: poolOf([rest.address]) };
    const sni = { 'db.test': 'db', '*.shop.test': 'shop' };
    const log = makeFolder().file('access.log');
    const listeners = { strict: { passthrough: { sni } }, lenient: { passthrough: { sni, otherwise: 'rest' } } };
    const sluice = await startSluice(passing(listeners, pools, { accessLog: { path: log } }), options());
    const name = async (servername: string, listener = 'strict', more: object = {}): Promise<string> => {
      const { wire, socket } = await secureTo(
        sluice,
        { servername, ca: authority.pem, checkServerIdentity: () => undefined, ...more },
        { listener },
      );
      const said = (await wire.readTo('\n')).trim();
      await echoes(wire, 'x'.repeat(40_000));
      const { subjectaltname } = socket.getPeerCertificate();
      wire.destroy();
      return `${said} ${subjectaltname}`;
    };
    expect(await name('db.test')).toBe('db DNS:db.test');
    expect(await name('DB.test', 'strict', { maxVersion: 'TLSv1.2' })).toBe('db DNS:db.test');
    expect(await name('a.shop.test')).toBe('shop DNS:*.shop.test, DNS:*.eu.shop.test');
    expect(await name('a.eu.shop.test')).toBe('shop DNS:*.shop.test, DNS:*.eu.shop.test');
    expect(await name('other.test', 'lenient')).toBe('rest DNS:localhost');
    expect(await name('', 'lenient')).toBe('rest DNS:localhost');
    expect(shop.asked).toEqual(['a.shop.test', 'a.eu.shop.test']);
    for (const servername of ['other.test', 'shop.test', ''])
      expect(await tlsFailure(sluice, { servername }, 'strict')).toBe('ERR_SSL_TLSV1_UNRECOGNIZED_NAME');
    await untilNone(sluice);
    expect([await result(sluice, 'strict', 'opened'), await result(sluice, 'strict', 'unknown_name')]).toEqual([4, 3]);
    const lines = await eventually('the lines', () => linesOf(log).length === 9 && linesOf(log));
    expect(lines[0]).toMatchObject({
      ...{
        protocol: 'tcp',
        listener: 'strict',
        pool: 'db',
        version: 'v1',
        endpoint: db.address,
        serverName: 'db.test',
        client: '127.0.0.1',
      },
      ...{ outcome: 'ok', detail: 'tunnel ended: client', reason: 'weight', attempts: 1 },
    });
    expect(lines[0]!['bytesIn']).toBeGreaterThan(40_000);
    expect(lines[0]!['bytesOut']).toBeGreaterThan(40_000);
    const refused = lines.filter(({ outcome }) => outcome === 'no_route');
    expect(refused.map(({ serverName, attempts, pool }) => [serverName, attempts, pool])).toEqual([
      ['other.test', 0, ''],
      ['shop.test', 0, ''],
      ['', 0, ''],
    ]);
    const { exchanges } = (await (await fetch(`http://127.0.0.1:${sluice.adminPort}/v1/exchanges?pool=db`)).json()) as {
      exchanges: object[];
    };
    expect(exchanges[0]).toMatchObject({ protocol: 'tcp', serverName: 'db.test', outcome: 'ok', status: 0, method: '' });
  });

  test('whatever is spoken passes, in each direction by itself, as fast as it is taken', async () => {
    const upstream = await startUpstream(async (wire) => {
      await wire.write('ready.');
      const question = await wire.readTo('.');
      await wire.write(`${question}-${'y'.repeat(LARGE)}`);
      wire.end();
      await wire.readRest();
    });
    const sluice = await startSluice(passing({ tcp: { passthrough: { pool: 'db' } } }, { db: poolOf([upstream.address]) }), options());
    const client = await connectTo(sluice, 'tcp');
    expect(await client.readTo('.')).toBe('ready.');
    await client.write('question.');
    client.pause();
    const sent = (): Promise<number> => sluice.metric('sluice_tunnel_bytes_total', { direction: 'out' });
    await eventually('it waits for the client', async () => {
      const before = await sent();
      return before > 0 && before < LARGE && (await sluice.counted('sluice_tunnel_bytes_total', { direction: 'out' })) === before;
    });
    const status = await fetch(`http://127.0.0.1:${sluice.adminPort}/v1/pools/db`);
    expect(((await status.json()) as { versions: object[] }).versions[0]).toMatchObject({ tunnels: 1, inFlight: 1 });
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
    // A client that ends its side first still gets all that is said to it.
    const asking = await connectTo(sluice, 'tcp');
    await asking.write('once.');
    asking.end();
    expect(await asking.readTo('once.-')).toBe('ready.once.-');
    await asking.digest(LARGE);
    expect(await asking.readRest()).toBe('');
    await untilNone(sluice);
  });
});

test('the weights decide, or the address of the client, and what is open outlives every change of them', async () => {
  const [one, two] = [await startEcho('v1'), await startEcho('v2')];
  const versions = { v1: { endpoints: [one.address] }, v2: { endpoints: [two.address] } };
  const proxied = { proxyProtocol: true, trustedProxies: ['127.0.0.1'], passthrough: { pool: 'keyed' } };
  const listeners = { tcp: { passthrough: { pool: 'db' } }, keyed: proxied };
  const config = (split: object, kept = listeners as Readonly<Record<string, object>>): object =>
    passing(kept, { db: { versions, split }, keyed: { versions, split: { v1: 50, v2: 50 }, affinity: { clientIp: {} } } });
  const sluice = await startSluice(config({ v1: 50, v2: 50 }));
  sluice.expectLog(/no route leads to this pool/);
  const all: Wire[] = [];
  const names: string[] = [];
  for (let count = 0; count < 40; count++) {
    const { name, wire } = await meet(sluice);
    names.push(name);
    all.push(wire);
  }
  expect(names.filter((name) => name === 'v1').length).toBeGreaterThanOrEqual(19);
  expect(names.filter((name) => name === 'v1').length).toBeLessThanOrEqual(21);
  const clients = Array.from({ length: 16 }, (_, at) => `203.0.113.${at}`);
  const keyed = async (client: string): Promise<string> => {
    const { name, wire } = await meet(sluice, 'keyed', Buffer.concat([proxyHeader({ client }), Buffer.from('x')]));
    expect(await wire.read(1)).toBe('x');
    wire.destroy();
    return name;
  };
  const first = await Promise.all(clients.map(keyed));
  expect(await Promise.all(clients.map(keyed))).toEqual(first);
  expect(new Set(first)).toEqual(new Set(['v1', 'v2']));
  sluice.writeConfig(config({ v1: 0, v2: 100 }));
  await eventually('the split', async () => (await sluice.metric('sluice_config_revision')) === 2);
  for (let count = 0; count < 5; count++) expect((await meet(sluice)).name).toBe('v2');
  // The listener leaves, and what it has passed through stays.
  sluice.writeConfig(config({ v1: 0, v2: 100 }, { keyed: proxied }));
  await eventually('the listener is gone', async () => (await sluice.metric('sluice_config_revision')) === 3);
  await expect(connectTo(sluice, 'tcp')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  for (const wire of all) await echoes(wire);
  for (const wire of all) wire.end();
  for (const wire of all) expect(await end(wire)).toBe('');
});

test('endpoints learn by a PROXY header who the client is, before anything of its own comes', async () => {
  const heard = await startUpstream(async (wire) => {
    await wire.write(`${JSON.stringify(await wire.readTo('\r\n'))}\n`);
    for (;;) {
      await wire.arrival();
      await wire.write(await wire.read(wire.unread.length));
    }
  });
  const ending = await startSecureEcho('tls', ['db.test']);
  const names = { 'db.test': 'secure' };
  const pools = {
    db: { versions: { v1: { endpoints: [heard.address], proxyProtocol: 'v1' } } },
    // As another instance at the edge has it: the header comes before the TLS of the client, and nobody in between ends that.
    secure: { versions: { v1: { endpoints: ['127.0.0.1:1'], proxyProtocol: 'v2' } } },
    last: poolOf([ending.address]),
  };
  const inner = { proxyProtocol: true, trustedProxies: ['127.0.0.1'] };
  const port = await freePort();
  const listeners = {
    tcp: { passthrough: { pool: 'db' } },
    behind: { ...inner, passthrough: { pool: 'db' } },
    edge: { passthrough: { sni: names } },
    inner: { ...inner, address: `127.0.0.1:${port}`, passthrough: { sni: { 'db.test': 'last' } } },
  };
  pools.secure.versions.v1.endpoints = [`127.0.0.1:${port}`];
  const log = makeFolder().file('access.log');
  const sluice = await startSluice(passing(listeners, pools, { accessLog: { path: log } }));
  const direct = await meet(sluice, 'tcp', 'early');
  const own = (direct.wire.socket.address() as { port: number }).port;
  expect(direct.name).toBe(JSON.stringify(`PROXY TCP4 127.0.0.1 127.0.0.1 ${own} ${sluice.portOf('tcp')}\r\n`));
  expect(await direct.wire.read(5)).toBe('early');
  const named = await meet(sluice, 'behind', Buffer.concat([proxyHeader({ client: '203.0.113.9' }), Buffer.from('x')]));
  expect(named.name).toBe(JSON.stringify('PROXY TCP4 203.0.113.9 192.0.2.1 12345 443\r\n'));
  const { wire } = await secureTo(sluice, { servername: 'db.test', ca: authority.pem }, { listener: 'edge' });
  expect(await wire.readTo('\n')).toBe('tls\n');
  await echoes(wire);
  for (const each of [wire, direct.wire, named.wire]) each.destroy();
  const lines = await eventually('their lines', () => linesOf(log).length === 4 && linesOf(log));
  expect(lines.find(({ listener }) => listener === 'inner')).toMatchObject({ serverName: 'db.test', client: '127.0.0.1' });
  expect(lines.find(({ listener }) => listener === 'behind')).toMatchObject({ client: '203.0.113.9' });
});

test('an endpoint that cannot be reached is replaced before a byte is lost, and where none can the client sees it', async () => {
  const echo = await startEcho('good');
  const [closed, later] = [`127.0.0.1:${await freePort()}`, await freePort()];
  const other = { versions: { v1: { endpoints: [closed] }, v2: { endpoints: [echo.address] } }, split: { v1: 99, v2: 1 } };
  const pools = {
    retried: poolOf([closed, echo.address], { balancer: 'round-robin' }),
    none: poolOf([closed], { retries: { attempts: 0 } }),
    other: { ...other, outlier: { consecutive: 1 } },
    held: poolOf([`127.0.0.1:${later}`], { hold: '5s', retries: { attempts: 0 } }),
  };
  const log = makeFolder().file('access.log');
  const listeners = Object.fromEntries(Object.keys(pools).map((pool) => [pool, { passthrough: { pool } }]));
  const sluice = await startSluice(passing(listeners, pools, { accessLog: { path: log } }));
  sluice.expectLog(/endpoint ejected/);
  for (let count = 0; count < 4; count++) {
    const { name, wire } = await meet(sluice, 'retried', 'early bytes');
    expect([name, await wire.read(11)]).toEqual(['good', 'early bytes']);
    wire.destroy();
  }
  expect(await sluice.metric('sluice_retries_total', { pool: 'retried', reason: 'connect-failure' })).toBeGreaterThan(0);
  const { name, wire } = await meet(sluice, 'other');
  expect(name).toBe('good');
  wire.destroy();
  expect(await sluice.metric('sluice_version_fallbacks_total', { pool: 'other', version: 'v1' })).toBe(1);
  const lost = await connectTo(sluice, 'none');
  expect(await end(lost)).toBe('reset');
  await eventually('it is counted', async () => (await result(sluice, 'none', 'unreachable')) === 1);
  const metrics = await sluice.metrics();
  expect(metrics.sum('sluice_attempts_total', { pool: 'none', outcome: 'connect_refused' })).toBe(1);
  expect(metrics.sum('sluice_request_errors_total', { pool: 'none', version: 'v1' })).toBe(1);
  const line = await eventually('its line', () => linesOf(log).find(({ listener }) => listener === 'none'));
  expect(line).toMatchObject({ pool: 'none', version: 'v1', endpoint: closed, outcome: 'connect_refused', attempts: 1, firstByteMs: -1 });
  // One that may wait waits, and loses nothing meanwhile.
  const waiting = await connectTo(sluice, 'held');
  await waiting.write('patience');
  await eventually('it is held', async () => (await sluice.metric('sluice_requests_held', { pool: 'held' })) === 1);
  await startUpstream((upstream) => void upstream.socket.pipe(upstream.socket), { host: '127.0.0.1', port: later });
  expect(await waiting.read(8)).toBe('patience');
  waiting.destroy();
  await untilNone(sluice);
});

test('a reset is passed on as one, and an upstream that ends without a word has failed', async () => {
  let act: (wire: Wire) => Promise<void> | void = () => undefined;
  const upstream = await startUpstream((wire) => act(wire));
  const log = makeFolder().file('access.log');
  const echo = await startEcho('good');
  const two = { balancer: 'round-robin', outlier: { consecutive: 2, ejection: '30s' } };
  const pools = { db: poolOf([upstream.address]), two: poolOf([upstream.address, echo.address], two) };
  const listeners = { tcp: { passthrough: { pool: 'db' } }, two: { passthrough: { pool: 'two' } } };
  const sluice = await startSluice(passing(listeners, pools, { accessLog: { path: log } }));
  sluice.expectLog(/endpoint ejected/);
  const outcomes = (): unknown[] => linesOf(log).map(({ outcome, detail }) => `${String(outcome)} ${String(detail)}`);
  const errors = (): Promise<number> => sluice.metric('sluice_request_errors_total', { pool: 'db' });
  act = async (wire) => {
    await wire.write('part');
    await wire.arrival();
    wire.reset();
  };
  const cut = await connectTo(sluice, 'tcp');
  expect(await cut.read(4)).toBe('part');
  await cut.write('go');
  expect(await end(cut)).toBe('reset');
  expect(await eventually('its line', () => outcomes().length === 1 && outcomes())).toEqual(['upstream_reset tunnel ended: upstream']);
  expect(await errors()).toBe(1);
  // The other way round.
  act = async (wire) => {
    await wire.write('part');
  };
  const leaving = await connectTo(sluice, 'tcp');
  await leaving.read(4);
  const wire = await upstream.wire(1);
  leaving.reset();
  await eventually('the upstream sees a reset', () => wire.isReset);
  await eventually('its line', () => outcomes()[1] === 'ok tunnel ended: client');
  // A client that has asked, and goes before there is anything, has given up; one that only looks whether somebody is there has not.
  act = () => undefined;
  const asking = await connectTo(sluice, 'tcp');
  await asking.write('question');
  await eventually('it is asked', () => upstream.wires[2]?.unread === 'question');
  asking.reset();
  const looking = await connectTo(sluice, 'tcp');
  await upstream.wire(3);
  looking.end();
  await eventually('their lines', () => outcomes().length === 4);
  expect(outcomes().slice(2).sort()).toEqual(['downstream_closed tunnel ended: client', 'ok tunnel ended: client']);
  expect(await errors()).toBe(1);
  // One that is told to go at once has been failed, and enough of them eject the endpoint.
  act = (accepted) => accepted.end();
  const said: string[] = [];
  for (let count = 0; count < 4; count++) {
    const turned = await connectTo(sluice, 'two');
    await turned.write('x');
    said.push(await turned.readTo('\n').catch(() => ''));
    turned.destroy();
  }
  expect(said.sort()).toEqual(['', '', 'good\n', 'good\n']);
  await eventually('it is ejected', async () => (await sluice.metric('sluice_endpoint_ejected', { endpoint: upstream.address })) === 1);
  const failed = (): number => outcomes().filter((each) => each === 'upstream_reset tunnel ended: upstream').length;
  await eventually('their lines', () => failed() === 3);
  expect((await meet(sluice, 'two')).name).toBe('good');
});

test('a rollout takes a canary back that accepts connections and ends them, before more than a few have met it', async () => {
  const good = await startEcho('v1');
  const bad = await startUpstream((wire) => wire.end());
  const versions = { v1: { endpoints: [good.address] }, v2: { endpoints: [bad.address] } };
  const db = { versions, split: { v1: 100, v2: 0 }, outlier: { consecutive: 0 } };
  const rollouts = { quick: { steps: [{ weight: '20%', until: 'evidence' }, { weight: '100%' }], warmup: '0s' } };
  const sluice = await startSluice(passing({ tcp: { passthrough: { pool: 'db' } } }, { db }, { rollouts }));
  sluice.expectLog(/rollout/);
  const id = await startRollout(sluice, { pool: 'db', to: 'v2', template: 'quick' });
  let failures = 0;
  const visit = async (): Promise<void> => {
    const wire = await connectTo(sluice, 'tcp');
    failures += await wire.readTo('\n').then(
      () => 0,
      () => 1,
    );
    wire.destroy();
  };
  const { why } = await eventually(
    'it is rolled back',
    async () => {
      await visit();
      const rollout = await rolloutOf(sluice, id);
      return rollout.state === 'rolled-back' && rollout;
    },
    PATIENCE_MS,
  );
  expect(why).toMatch(/v2 failed \d+ of \d+/);
  expect(failures).toBeGreaterThan(1);
  expect(failures).toBeLessThan(12);
  expect((await meet(sluice)).name).toBe('v1');
});

test('a drain ends connections one after the other, an idle one ends by itself, and a listener has no more than it may', async () => {
  const [one, two] = [await startEcho('v1'), await startEcho('v2')];
  const config = (isDrained: boolean): object =>
    passing(
      { tcp: { passthrough: { pool: 'db' } }, few: { passthrough: { pool: 'quiet' }, limits: { tunnels: 1 } } },
      {
        db: poolOf([{ address: one.address, drain: isDrained }, two.address], { drain: { timeout: '1s' }, balancer: 'round-robin' }),
        quiet: poolOf([one.address], { timeouts: { tunnel: '1s' } }),
      },
      { drain: { timeout: '1s' } },
    );
  const sluice = await startSluice(config(false));
  const quiet = await meet(sluice, 'few');
  const refused = await connectTo(sluice, 'few');
  expect(await end(refused)).toBe('reset');
  expect(await result(sluice, 'few', 'overload')).toBe(1);
  const met = await Promise.all(Array.from({ length: 20 }, () => meet(sluice)));
  const [left, stayed] = [met.filter(({ name }) => name === 'v1'), met.filter(({ name }) => name === 'v2')];
  expect([left.length, stayed.length]).toEqual([10, 10]);
  const times: number[] = [];
  const gone = left.map(async ({ wire }) => {
    expect(await end(wire)).toBe('');
    times.push(performance.now());
    wire.end();
  });
  const beganMs = performance.now();
  sluice.writeConfig(config(true));
  await Promise.all(gone);
  expect(times.at(-1)! - times[0]!).toBeGreaterThan(150);
  expect(times.at(-1)! - beganMs).toBeLessThan(3000);
  for (const { wire } of stayed) await echoes(wire);
  const late = await meet(sluice);
  expect(late.name).toBe('v2');
  stayed.push(late);
  expect(await end(quiet.wire)).toBe('');
  quiet.wire.end();
  await eventually(
    'it is counted',
    async () => (await sluice.metric('sluice_tunnels_ended_total', { pool: 'quiet', reason: 'idle' })) === 1,
  );
  expect(await sluice.metric('sluice_tunnels_ended_total', { pool: 'db', reason: 'drain' })).toBe(10);
  sluice.signal('SIGTERM');
  await Promise.all(stayed.map(async ({ wire }) => (expect(await end(wire)).toBe(''), wire.end())));
  expect((await sluice.exited).code).toBe(0);
});

test('what is no TLS, or never says a name, costs others nothing and is gone in time', async () => {
  const db = await startSecureEcho('db', ['db.test']);
  const limits = { headerTimeout: '700ms' };
  const sluice = await startSluice(passing({ sni: { passthrough: { sni: { 'db.test': 'db' } }, limits } }, { db: poolOf([db.address]) }));
  const plain = await connectTo(sluice, 'sni');
  await plain.write(get('/'));
  expect(await end(plain)).toBe('');
  const broken = await connectTo(sluice, 'sni');
  await broken.write(Buffer.from('16030100050200000100', 'hex'));
  expect(Buffer.from(await end(broken), 'latin1').toString('hex')).toBe('15030300020232');
  const giant = await connectTo(sluice, 'sni');
  await giant.write(Buffer.concat([Buffer.from('1603014000010fffff', 'hex'), Buffer.alloc(20_000)])).catch(() => undefined);
  await eventually('it is refused', async () => (await result(sluice, 'sni', 'malformed')) === 2);
  const silent = await Promise.all(Array.from({ length: 300 }, () => connectTo(sluice, 'sni')));
  const slow = await connectTo(sluice, 'sni');
  await slow.write(Buffer.from('16030102000100', 'hex'));
  await slow.write('x');
  // Others are served meanwhile.
  expect((await ask(sluice, get('/', 'host: turn.sluice.test').replace('host: a.example\r\n', ''))).status).toBe(204);
  const { wire } = await secureTo(sluice, { servername: 'db.test', ca: authority.pem }, { listener: 'sni' });
  expect(await wire.readTo('\n')).toBe('db\n');
  expect(await Promise.all([...silent, slow].map(end))).toEqual(new Array(301).fill(''));
  await eventually('they are counted', async () => (await result(sluice, 'sni', 'timeout')) === 301);
  expect([await result(sluice, 'sni', 'not_tls'), await result(sluice, 'sni', 'opened')]).toEqual([1, 1]);
  await echoes(wire);
  wire.destroy();
  giant.destroy();
  broken.destroy();
  await untilNone(sluice);
});

test('a connection that comes back again and again ends at the limit of its listener, and others go on', async () => {
  const port = await freePort();
  const file = makeFolder().write('loop.yaml', `- 127.0.0.1:${port}\n`);
  const db = { versions: { v1: { endpointsFile: file } }, outlier: { consecutive: 0 } };
  const loop = { address: `127.0.0.1:${port}`, passthrough: { pool: 'db' }, limits: { connections: 60 } };
  const sluice = await startSluice(passing({ loop }, { db }));
  const lost = await connectTo(sluice, 'loop');
  await end(lost);
  lost.destroy();
  expect(await sluice.metric('sluice_connections_accepted_total', { listener: 'loop' })).toBe(60);
  await untilNone(sluice);
  const echo = await startEcho('found');
  writeFileSync(file, `- ${echo.address}\n`);
  await eventually('the endpoint', async () => (await sluice.metric('sluice_endpoint_ready', { endpoint: echo.address })) === 1);
  expect((await meet(sluice, 'loop')).name).toBe('found');
});

test('a listener that turns from requests to connections, and back, drops neither', async () => {
  const upstream = await startUpstream(async (wire) => {
    for (;;) {
      const { line } = await wire.readMessage();
      isAsked ||= line.includes('/slow');
      if (line.includes('/slow')) await eventually('the go', () => isOver);
      await wire.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
    }
  });
  let [isAsked, isOver] = [false, false];
  const port = await freePort();
  const config = (keys: object): object =>
    passing({ both: { address: `127.0.0.1:${port}`, ...keys } }, { shop: poolOf([upstream.address]) }, {});
  const sluice = await startSluice(config({}));
  const [slow, idle] = [await connectTo(sluice, 'both'), await connectTo(sluice, 'both')];
  await idle.write(get('/'));
  expect((await idle.readMessage()).field('connection')).toBeUndefined();
  await slow.write(get('/slow'));
  await eventually('it waits', () => isAsked);
  sluice.writeConfig(config({ passthrough: { pool: 'shop' } }));
  await eventually('it has turned', async () => (await sluice.metric('sluice_config_revision')) === 2);
  const passed = await connectTo(sluice, 'both');
  await passed.write(get('/'));
  // Whatever it speaks: nobody adds a field.
  expect((await passed.readMessage()).fields).toEqual(['content-length: 2']);
  isOver = true;
  expect((await slow.readMessage()).field('connection')).toBe('close');
  expect(await idle.readRest()).toBe('');
  sluice.writeConfig(config({}));
  await eventually('it has turned back', async () => (await sluice.metric('sluice_config_revision')) === 3);
  const again = await connectTo(sluice, 'both');
  await again.write(get('/'));
  expect((await again.readMessage()).status).toBe(200);
  await passed.write(get('/'));
  expect((await passed.readMessage()).status).toBe(200);
  for (const wire of [slow, idle, passed, again]) wire.destroy();
});
