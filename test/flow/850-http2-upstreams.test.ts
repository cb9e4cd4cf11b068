// Versions whose endpoints speak HTTP/2: what passes either way, how streams share connections, and how they end.

import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask, connectTo, get, post, requestText } from './scaffold/client.ts';
import { eventually } from './scaffold/eventually.ts';
import { echo, startHttp2 } from './scaffold/http2-upstream.ts';
import type { Http2Script, Http2Upstream } from './scaffold/http2-upstream.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';

const MIB = 1024 * 1024;
const BODY = randomBytes(4 * MIB);
const digestOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** A pool for each upstream, at the path of its name. */
function configOf(upstreams: Readonly<Record<string, readonly string[]>>, pool: object = {}): object {
  const pools = Object.fromEntries(
    Object.entries(upstreams).map(([name, endpoints]) => [
      name,
      { versions: { v1: { endpoints, protocol: 'http2' } }, outlier: { consecutive: 0 }, balancer: 'round-robin', ...pool },
    ]),
  );
  const routes = Object.keys(upstreams).map((name) => ({ name, match: [{ path: { prefix: `/${name}` } }], pool: name }));
  const config = configFor({ endpoints: ['127.0.0.1:1'], routes }) as { pools: object };
  return { ...config, pools: { ...config.pools, ...pools } };
}

let script: Http2Script;
let upstream: Http2Upstream;
let single: Http2Upstream;
let sluice: Sluice;
let inFlight = 0;
let most = 0;

beforeAll(async () => {
  upstream = await startHttp2((stream, fields) => script(stream, fields));
  single = await startHttp2(
    (stream, fields) => {
      most = Math.max(most, ++inFlight);
      stream.on('close', () => inFlight--);
      setTimeout(() => echo(stream, fields), 5);
    },
    { settings: { maxConcurrentStreams: 1 } },
  );
  sluice = await startSluice(configOf({ any: [upstream.address], single: [single.address] }));
});
afterAll(closeAll);

describe('what passes', () => {
  test('a request without a body, one with a length, one in chunks, on one connection', async () => {
    script = echo;
    const wire = await connectTo(sluice);
    await wire.write(get('/any/1'));
    const first = await wire.readMessage();
    expect([first.status, first.field('x-got'), first.body]).toEqual([200, 'GET /any/1 http', '']);
    await wire.write(post('/any/2', 'two'));
    expect(await wire.readMessage()).toMatchObject({ status: 200, body: 'two' });
    await wire.write(requestText('POST', '/any/3', ['transfer-encoding: chunked']) + '3\r\nabc\r\n');
    await wire.write('4;x=y\r\ndefg\r\n0\r\n\r\n');
    expect(await wire.readMessage()).toMatchObject({ status: 200, body: 'abcdefg' });
    expect(upstream.sessions).toHaveLength(1);
    wire.destroy();
  });

  test('HEAD, 204 and 304, each without content', async () => {
    script = (stream, fields) => {
      const status = Number(/\d+$/.exec(fields[':path'] ?? '')?.[0]);
      stream.respond({ ':status': status, ...(status === 200 ? { 'content-length': 5 } : {}) }, { endStream: true });
    };
    const wire = await connectTo(sluice);
    await wire.write(requestText('HEAD', '/any/200', []));
    expect((await wire.readMessage('HEAD')).field('content-length')).toBe('5');
    for (const status of [204, 304]) {
      await wire.write(get(`/any/${status}`));
      expect((await wire.readMessage()).status).toBe(status);
    }
    wire.destroy();
  });

  test('trailers and interim responses, both ways', async () => {
    let got: unknown;
    script = (stream) => {
      stream.on('trailers', (fields) => (got = fields['x-sum']));
      stream.resume();
      stream.additionalHeaders({ ':status': 103, link: '</a>' });
      stream.on('end', () => {
        stream.respond({ ':status': 200 }, { waitForTrailers: true });
        stream.on('wantTrailers', () => stream.sendTrailers({ 'x-check': 'right' }));
        stream.end('content');
      });
    };
    const wire = await connectTo(sluice);
    await wire.write(requestText('POST', '/any', ['transfer-encoding: chunked', 'te: trailers', 'connection: te']));
    await wire.write('2\r\nhi\r\n0\r\nx-sum: 7\r\n\r\n');
    expect(await wire.readMessage()).toMatchObject({ status: 103 });
    expect(await wire.readMessage()).toMatchObject({ status: 200, body: 'content', trailers: ['x-check: right'] });
    expect(got).toBe('7');
    wire.destroy();
  });

  test('4 MiB both ways, beyond all windows', async () => {
    script = echo;
    const wire = await connectTo(sluice);
    await wire.write(requestText('POST', '/any', [`content-length: ${BODY.length}`]));
    await wire.write(BODY);
    await wire.readHead();
    expect(await wire.digest(BODY.length)).toBe(digestOf(BODY));
    wire.destroy();
  });

  test('a client that takes nothing, while others go on by the same connection', async () => {
    script = (stream, fields) => {
      if (fields[':path'] !== '/any/large') return echo(stream, fields);
      stream.respond({ ':status': 200 });
      stream.end(BODY);
    };
    const slow = await connectTo(sluice);
    slow.pause();
    await slow.write(requestText('GET', '/any/large', ['te: trailers', 'connection: te']));
    for (let i = 0; i < 20; i++) expect(await ask(sluice, post('/any', 'x'.repeat(1000)))).toMatchObject({ status: 200 });
    expect(upstream.open).toHaveLength(1);
    slow.resume();
    expect(digestOf(Buffer.from((await slow.readMessage()).body, 'latin1'))).toBe(digestOf(BODY));
    slow.destroy();
  });

  test('a client that goes: its stream alone is reset', async () => {
    let code: number | undefined;
    script = (stream, fields) => {
      if (fields[':path'] === '/any') return echo(stream, fields);
      stream.on('close', () => (code = stream.rstCode));
    };
    const wire = await connectTo(sluice);
    await wire.write(get('/any/never'));
    await eventually('the request', async () => (await sluice.metric('sluice_endpoint_requests_in_flight')) === 1);
    wire.destroy();
    await eventually('the reset', () => code !== undefined);
    expect([code, (await ask(sluice, get('/any'))).status, upstream.sessions.length]).toEqual([8, 200, 1]);
  });

  test('a WebSocket cannot', async () => {
    script = echo;
    const fields = [
      'upgrade: websocket',
      'connection: upgrade',
      'sec-websocket-version: 13',
      'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==',
    ];
    expect((await ask(sluice, requestText('GET', '/any', fields))).status).toBe(501);
  });
});

test('a peer that takes one stream at a time gets one at a time, on as many connections as that needs', async () => {
  const all = await Promise.all(Array.from({ length: 20 }, () => ask(sluice, post('/single', 'x'))));
  expect(all.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
  expect(most).toBeGreaterThan(1);
  expect(single.sessions.length).toBeLessThanOrEqual(21);
});

test('leaves nothing in flight', () => sluice.untilQuiet());
