// CONNECT: refused unless its listener allows it to what it names; then a tunnel to an endpoint of a pool, whatever the name is.

import { readFileSync } from 'node:fs';
import { request as askBy } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { connect as connectSecurely } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeAuthority } from '../scaffold/certificates.ts';
import { ask, connectTo } from './scaffold/client.ts';
import { eventually } from './scaffold/eventually.ts';
import { makeFolder } from './scaffold/folder.ts';
import { freePort } from '../scaffold/free-port.ts';
import { closeAll, open } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';
import { startUpstream } from './scaffold/upstream.ts';
import type { Upstream } from './scaffold/upstream.ts';

const ESTABLISHED = 'HTTP/1.1 200 Connection established\r\n\r\n';

let sluice: Sluice;
let talker: Upstream;
let secure: { readonly address: string; readonly ca: string };
let log = '';

const connectText = (authority: string, ...fields: readonly string[]): string =>
  [`CONNECT ${authority} HTTP/1.1`, `host: ${authority}`, ...fields, '', ''].join('\r\n');

beforeAll(async () => {
  // Speaks first, as databases do.
  talker = await startUpstream(async (wire) => {
    await wire.write('hello\n');
    const said = await wire.readTo('\n');
    await wire.write(said.toUpperCase());
    await wire.readRest();
  });
  const other = await startUpstream(async (wire) => void (await wire.write('other\n')));
  const told = await startUpstream(async (wire) => void (await wire.write(await wire.readTo('early\n'))));
  secure = await startSecure();
  log = makeFolder().file('access.log');
  const dead = `127.0.0.1:${await freePort()}`;
  const base = configFor({
    endpoints: [talker.address],
    listener: {
      connect: [
        { authority: 'db.internal:5432', pool: 'db' },
        { authority: '*.corp.example:443', pool: 'corp' },
        { authority: 'dead.internal:1', pool: 'dead' },
        { authority: 'half.internal:1', pool: 'half' },
        { authority: 'told.internal:1', pool: 'told' },
      ],
    },
    top: { accessLog: { path: log }, drain: { timeout: '1s' } },
  }) as { listeners: object[]; pools: object };
  sluice = await startSluice({
    ...base,
    listeners: [...base.listeners, { name: 'plain', address: '127.0.0.1:0' }],
    pools: {
      ...base.pools,
      db: {
        versions: { v1: { endpoints: [talker.address] }, v2: { endpoints: [other.address] } },
        split: { v1: 100, v2: 0 },
        overrides: [{ name: 'qa', header: { name: 'x-version', value: 'v2' }, version: 'v2' }],
      },
      corp: { versions: { v1: { endpoints: [secure.address] } } },
      told: { versions: { v1: { endpoints: [told.address], proxyProtocol: 'v1' } } },
      dead: { versions: { v1: { endpoints: [dead] } } },
      half: { versions: { v1: { endpoints: [dead, talker.address] } }, balancer: 'round-robin' },
    },
  });
});
afterAll(closeAll);

/** Responds over TLS of its own, of which Sluice sees nothing. */
async function startSecure(): Promise<{ readonly address: string; readonly ca: string }> {
  const authority = await makeAuthority();
  const { cert, key } = await authority.issue({ names: ['shop.corp.example'] });
  const server = createSecureServer({ cert, key }, (request, response) => void response.end(`you asked for ${request.url ?? ''}`));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open({ close: () => new Promise<void>((resolve) => (server.close(() => resolve()), server.closeAllConnections())) });
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, ca: authority.pem };
}

test('bytes pass both ways once the connection stands, also those that came early, and what is ended is counted', async () => {
  const client = await connectTo(sluice);
  await client.write(connectText('db.internal:5432') + 'early\n');
  expect(await client.readTo('\r\n\r\n')).toBe(ESTABLISHED);
  expect(await client.readTo('hello\nEARLY\n')).toBe('hello\nEARLY\n');
  expect((await talker.wire(0)).total).toBe(6);
  const metrics = await sluice.metrics();
  expect(metrics.sum('sluice_tunnels', { pool: 'db', version: 'v1' })).toBe(1);
  expect(metrics.sum('sluice_requests_total', { route: '', pool: 'db', version: 'v1', status: '200' })).toBe(1);
  expect(metrics.sum('sluice_requests_in_flight', { pool: 'db' })).toBe(0);
  client.end();
  await client.closed;
  const ended = { pool: 'db', reason: 'client' };
  await eventually('its end', async () => (await sluice.metric('sluice_tunnels_ended_total', ended)) === 1);
  await eventually('its line', () => readFileSync(log, 'utf8').includes('"status":200'));
  const line = JSON.parse(
    readFileSync(log, 'utf8')
      .split('\n')
      .find((each) => each.includes('"status":200'))!,
  ) as object;
  expect(line).toMatchObject({ method: 'CONNECT', target: 'db.internal:5432', pool: 'db', version: 'v1', bytesIn: 6, bytesOut: 12 });
});

test('an override, as the split and affinity, decides as for any request', async () => {
  const client = await connectTo(sluice);
  await client.write(connectText('DB.internal:5432', 'x-version: v2'));
  expect(await client.readTo('other\n')).toBe(ESTABLISHED + 'other\n');
  client.destroy();
});

test('a client that Sluice did not bring along speaks TLS end to end through it', async () => {
  const socket = await new Promise<Socket>((resolve, reject) => {
    const asked = askBy({ port: sluice.port, method: 'CONNECT', path: 'shop.corp.example:443' });
    asked.once('connect', (response, made) => (response.statusCode === 200 ? resolve(made) : reject(new Error(`${response.statusCode}`))));
    asked.once('error', reject).end();
  });
  const body = await new Promise<string>((resolve, reject) => {
    const createConnection = () => connectSecurely({ socket, servername: 'shop.corp.example', ca: secure.ca });
    const asked = askBy({ host: 'shop.corp.example', path: '/over-there', createConnection });
    asked.once('response', (response) => void response.setEncoding('utf8').on('data', resolve));
    asked.once('error', reject).end();
  });
  expect(body).toBe('you asked for /over-there');
  socket.destroy();
});

test('what is not allowed is refused, and what came behind it is no request', async () => {
  const behind = 'GET /smuggled HTTP/1.1\r\nhost: a\r\n\r\n';
  const refused: (readonly [string, number, string, string?])[] = [
    [connectText('db.internal:5433'), 403, 'authority_not_allowed'],
    [connectText('127.0.0.1:22'), 403, 'authority_not_allowed'],
    [connectText('corp.example:443'), 403, 'authority_not_allowed'],
    [connectText(talker.address), 403, 'authority_not_allowed'],
    [connectText('db.internal:5432'), 501, 'not_implemented', 'plain'],
    [connectText('db.internal'), 400, 'bad_request'],
    [connectText('db.internal:5432', 'content-length: 1'), 400, 'bad_request'],
    [connectText('dead.internal:1'), 502, 'connect_refused'],
  ];
  for (const [text, status, outcome, listener] of refused) {
    const client = await connectTo(sluice, listener);
    await client.write(text + behind);
    const response = await client.readMessage();
    expect([text, response.status, response.field('x-sluice-outcome'), response.field('connection')]).toEqual([
      text,
      status,
      outcome,
      'close',
    ]);
    expect(await client.readRest()).toBe('');
    client.destroy();
  }
  expect((await ask(sluice, connectText('x.internal:1'))).status).toBe(403);
  expect(await sluice.counted('sluice_refused_total', { outcome: 'authority_not_allowed' })).toBe(5);
  expect(talker.wires.length).toBe(1);
});

test('another endpoint takes the place of one that refuses', async () => {
  for (let count = 0; count < 2; count++) {
    const client = await connectTo(sluice);
    await client.write(connectText('half.internal:1'));
    expect(await client.readTo('hello\n')).toBe(ESTABLISHED + 'hello\n');
    client.destroy();
  }
});

test('an endpoint that wants to know the client hears of it first', async () => {
  const client = await connectTo(sluice);
  await client.write(connectText('told.internal:1') + 'early\n');
  const { localPort } = client.socket;
  expect(await client.readTo('early\n')).toBe(`${ESTABLISHED}PROXY TCP4 127.0.0.1 127.0.0.1 ${localPort} ${sluice.port}\r\nearly\n`);
  client.destroy();
});

test('explain says where it leads', async () => {
  const explain = async (url: string): Promise<object> => {
    const body = JSON.stringify({ method: 'CONNECT', url });
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`http://127.0.0.1:${sluice.adminPort}/v1/explain`, { method: 'POST', headers, body });
    return (await response.json()) as object;
  };
  expect(await explain('db.internal:5432')).toMatchObject({ outcome: 'pool', pool: 'db', version: 'v1' });
  expect(await explain('db.internal:1')).toMatchObject({ outcome: 'authority_not_allowed', status: 403 });
  expect(await explain('/')).toMatchObject({ detail: expect.stringContaining('CONNECT names a host with its port') as string });
});

test('a drain ends it', async () => {
  const client = await connectTo(sluice);
  await client.write(connectText('db.internal:5432'));
  await client.readTo('hello\n');
  sluice.signal('SIGTERM');
  expect(await client.readRest()).toBe('');
  client.destroy();
  expect((await sluice.exited).code).toBe(0);
});
