// Calls of gRPC: their own status, in trailers or in a head that is all of the response, is what they count by.

import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { ask, requestText } from './scaffold/client.ts';
import { eventually } from './scaffold/eventually.ts';
import { startHttp2 } from './scaffold/http2-upstream.ts';
import type { Http2Script } from './scaffold/http2-upstream.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';
import type { Message } from './scaffold/wire.ts';

let script: Http2Script;
let sluice: Sluice;
let calls = 0;

const CALL = { ':status': 200, 'content-type': 'application/grpc' };

/** A response with one message and this status behind it. */
const responding =
  (status: number): Http2Script =>
  (stream) => {
    stream.resume();
    stream.respond(CALL, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': status }));
    stream.end('\0\0\0\0\x02ok');
  };

/** The same of a head alone. */
const refusing =
  (status: number): Http2Script =>
  (stream) =>
    stream.respond({ ...CALL, 'grpc-status': status }, { endStream: true });

beforeAll(async () => {
  const one: Http2Script = (stream, fields) => (calls++, script(stream, fields));
  const upstreams = [await startHttp2(one), await startHttp2(one)];
  const version = { endpoints: upstreams.map(({ address }) => address), protocol: 'http2' };
  const pool = {
    versions: { v1: version },
    retries: { on: ['unavailable', 'resource-exhausted'], budget: '100%' },
    outlier: { consecutive: 3, ejection: '100ms', maxEjected: '100%' },
  };
  sluice = await startSluice(configFor({ pool }));
});
beforeEach(() => (calls = 0));
afterAll(closeAll);

function call(): Promise<Message> {
  const fields = ['content-type: application/grpc', 'te: trailers', 'connection: te', 'content-length: 7'];
  return ask(sluice, `${requestText('POST', '/shop.Carts/Add', fields)}\0\0\0\0\x02hi`);
}

async function latest(): Promise<{ status: number; detail?: string; outcome: string }> {
  const response = await fetch(`http://127.0.0.1:${sluice.adminPort}/v1/exchanges`);
  const { exchanges } = (await response.json()) as { exchanges: { route: string; status: number; outcome: string }[] };
  return exchanges.find(({ route }) => route === 'shop')!;
}

test('a call that ends well', async () => {
  script = responding(0);
  expect(await call()).toMatchObject({ status: 200, body: '\0\0\0\0\x02ok', trailers: ['grpc-status: 0'] });
});

test('one that ends with a failure of the application counts as one, in all that counts', async () => {
  script = responding(13);
  const before = await sluice.metrics();
  expect(await call()).toMatchObject({ status: 200, trailers: ['grpc-status: 13'] });
  await sluice.turn();
  const after = await sluice.metrics();
  expect(after.sum('sluice_requests_total', { status: '500' }) - before.sum('sluice_requests_total', { status: '500' })).toBe(1);
  await eventually('its record', async () => (await latest()).detail === 'grpc-status 13');
  expect(await latest()).toMatchObject({ status: 500, detail: 'grpc-status 13' });
});

test('one that is the fault of its client does not', async () => {
  script = responding(3);
  const before = await sluice.counted('sluice_requests_total', { status: '400' });
  await call();
  expect(await sluice.counted('sluice_requests_total', { status: '400' })).toBe(before + 1);
});

test('calls that are refused at once are tried again as the config says', async () => {
  script = (stream, fields) => (calls === 1 ? refusing(14) : responding(0))(stream, fields);
  expect(await call()).toMatchObject({ status: 200, trailers: ['grpc-status: 0'] });
  expect([calls, await sluice.counted('sluice_retries_total', { reason: 'grpc-status' })]).toEqual([2, 1]);
  calls = 0;
  script = refusing(7);
  expect((await call()).field('grpc-status')).toBe('7');
  expect(calls).toBe(1);
});

test('an endpoint whose calls fail again and again is ejected', async () => {
  sluice.expectLog(/an endpoint is ejected|ejected/);
  script = responding(14);
  await eventually('its ejection', async () => {
    await call();
    return (await sluice.metric('sluice_endpoint_ejections_total')) > 0;
  });
  script = responding(0);
});

test('the health protocol of gRPC says which endpoints are ready', async () => {
  let serving = 1;
  const asked: string[] = [];
  const upstream = await startHttp2((stream, fields) => {
    if (fields[':path'] !== '/grpc.health.v1.Health/Check') return responding(0)(stream, fields);
    stream.on('data', (piece: Buffer) => asked.push(piece.toString('latin1')));
    stream.on('end', () => {
      stream.respond(CALL, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': 0 }));
      stream.end(Buffer.from([0, 0, 0, 0, 2, 8, serving]));
    });
  });
  const pool = {
    versions: { v1: { endpoints: [upstream.address], protocol: 'http2' } },
    health: { grpc: 'shop.Carts', interval: '20ms', timeout: '5s', unhealthyAfter: 1, healthyAfter: 1 },
  };
  const other = await startSluice(configFor({ pool }));
  other.expectLog(/an endpoint is unhealthy/);
  const result = (name: string) => other.metric('sluice_health_checks_total', { result: name });
  await eventually('a good probe', async () => (await result('ok')) > 0);
  expect(asked[0]).toBe('\0\0\0\0\x0c\n\nshop.Carts');
  serving = 2;
  await eventually('a bad one', async () => (await result('body')) > 0);
  await eventually('its effect', async () => (await ask(other, requestText('GET', '/', []))).status === 503);
  serving = 1;
  await eventually('its return', async () => (await ask(other, requestText('GET', '/', []))).status === 200);
});

test('leaves nothing in flight', () => sluice.untilQuiet());
