// The PROXY protocol of listeners: who may write a header, in which pieces it may come, what stands behind it, and who the client is then.

import { readFileSync } from 'node:fs';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeAuthority } from '../scaffold/certificates.ts';
import { connectTo, get, post } from './scaffold/client.ts';
import { eventually } from './scaffold/eventually.ts';
import { makeFolder } from './scaffold/folder.ts';
import { closeAll, open } from './scaffold/open.ts';
import { proxyHeader } from './scaffold/proxy-header.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';
import { ok, startUpstream } from './scaffold/upstream.ts';
import type { Upstream } from './scaffold/upstream.ts';
import { Reset, Wire } from './scaffold/wire.ts';

const TEXT = 'PROXY TCP4 203.0.113.7 192.0.2.1 12345 443\r\n';
const UNKNOWN = 'PROXY UNKNOWN\r\n';
const folder = makeFolder();
const log = folder.file('access.log');
const streams = { nodeArguments: ['--import', './test/flow/scaffold/plain-streams.ts'], env: { PLAIN_STREAMS: folder.file('streams') } };

let upstream: Upstream;
let ca: string;
let tls: object;

beforeAll(async () => {
  // What upstreams hear of the client, and the body; or a response that breaks off.
  upstream = await startUpstream(async (wire) => {
    for (;;) {
      const { line, body, field } = await wire.readMessage();
      await wire.write(
        line.includes('/cut')
          ? 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\npart\r\n'
          : ok(`${field('x-forwarded-for')} ${field('x-forwarded-proto')} ${body}`),
      );
      if (line.includes('/cut')) return wire.destroy();
    }
  });
  const authority = await makeAuthority();
  const { cert, key } = await authority.issue({ names: ['a.test'] });
  ca = authority.pem;
  tls = { certificates: [{ certFile: folder.write('a.pem', cert), keyFile: folder.write('a.key', key) }] };
});
afterAll(closeAll);

/** What was there to read, or how it ended. */
function end(wire: Wire): Promise<string> {
  return wire.readRest().catch((error: unknown) => (error instanceof Reset ? 'reset' : String(error)));
}

function start(options: object): Promise<Sluice> {
  const config = configFor({
    endpoints: [upstream.address],
    top: { accessLog: { path: log } },
  }) as { listeners: object[] };
  const address = '127.0.0.1:0';
  const proxied = { address, proxyProtocol: true, trustedProxies: ['127.0.0.1', '198.51.100.0/24'], limits: { headerTimeout: '400ms' } };
  config.listeners.push({ name: 'plain', ...proxied }, { name: 'secure', ...proxied, tls });
  config.listeners.push({ name: 'foreign', ...proxied, trustedProxies: ['10.0.0.0/8'] });
  config.listeners.push({
    name: 'unix',
    ...proxied,
    address: `unix:${folder.file(`s${Object.keys(options).length}`)}`,
    trustedProxies: ['unix'],
  });
  return startSluice(config, options);
}

describe.each([
  ['by callbacks', {}],
  ['by plain events', streams],
])('a listener of the PROXY protocol, %s', (_how, options) => {
  let sluice: Sluice;
  beforeAll(async () => {
    sluice = await start(options);
    sluice.expectLog(/its PROXY header is not accepted/);
  });
  const counted = (listener: string, result: string): Promise<number> => sluice.metric('sluice_proxy_protocol_total', { listener, result });

  /** What upstreams hear when `pieces` are written one by one. */
  async function heard(pieces: readonly (string | Buffer)[], listener = 'plain'): Promise<string> {
    const wire = await connectTo(sluice, listener);
    for (const piece of pieces) await wire.write(piece);
    const { body } = await wire.readMessage();
    wire.destroy();
    return body;
  }

  test('takes the client from the header, in whatever pieces it comes', async () => {
    expect(await heard([TEXT + get('/')])).toBe('203.0.113.7 http ');
    expect(await heard([TEXT, get('/')])).toBe('203.0.113.7 http ');
    expect(await heard([...TEXT, post('/', 'body')])).toBe('203.0.113.7 http body');
    expect(await heard([Buffer.concat([proxyHeader({ tlvs: [[4, Buffer.alloc(900)]] }), Buffer.from(get('/'))])])).toBe(
      '203.0.113.7 http ',
    );
    const bytes = [...proxyHeader({ client: '203.0.113.9' })].map((byte) => Buffer.from([byte]));
    expect(await heard([...bytes, post('/', 'body').slice(0, 40), post('/', 'body').slice(40)])).toBe('203.0.113.9 http body');
    const v6 = Buffer.from('20010db8000000000000000000000007' + '0'.repeat(32) + '000100bb', 'hex');
    expect(await heard([proxyHeader({ kind: 0x21, addresses: v6 }), get('/')])).toBe('2001:db8::7 http ');
    // Where it names none, the proxy itself is the client.
    expect(await heard([UNKNOWN + get('/')])).toBe('127.0.0.1 http ');
    expect(await heard([proxyHeader({ command: 0x20, kind: 0, addresses: Buffer.alloc(0) }), get('/')])).toBe('127.0.0.1 http ');
    expect([await counted('plain', 'v1'), await counted('plain', 'v2'), await counted('plain', 'local')]).toEqual([3, 3, 2]);
  });

  test('judges the client of the header as any peer', async () => {
    const asked = get('/', 'x-forwarded-for: 192.0.2.9');
    expect(await heard([TEXT + asked])).toBe('203.0.113.7 http ');
    // A proxy behind the proxy: what it says is believed, too.
    const trusted = proxyHeader({ client: '198.51.100.4' });
    expect(await heard([trusted, asked])).toBe('192.0.2.9, 198.51.100.4 http ');
    await eventually('their lines in the access log', () => {
      const lines = readFileSync(log, 'utf8').trim().split('\n').slice(-2);
      const [first, second] = lines.map((line) => (JSON.parse(line) as { client: string }).client);
      return first === '203.0.113.7' && second === '192.0.2.9';
    });
  });

  test('serves TLS behind the header, and tells plain HTTP so', async () => {
    for (const pieces of [[TEXT], [...TEXT]]) {
      const wire = await connectTo(sluice, 'secure');
      for (const piece of pieces) await wire.write(piece);
      const socket = connectTls({ socket: wire.socket, servername: 'a.test', ca });
      const secure = open(new Wire(socket));
      await secure.write(get('/', 'host: a.test').replace('host: a.example\r\n', ''));
      expect((await secure.readMessage()).body).toBe('203.0.113.7 https ');
      secure.destroy();
    }
    // All at once: the first message of TLS lies in the same read.
    const wire = await connectTo(sluice, 'secure');
    await wire.write(TEXT + get('/'));
    expect((await wire.readMessage()).status).toBe(400);
    wire.destroy();
    expect(await counted('secure', 'v1')).toBe(3);
    expect(await sluice.metric('sluice_tls_handshakes_total', { listener: 'secure', result: 'full' })).toBe(2);
  });

  test('closes what it must not believe or cannot read', async () => {
    const closed = async (bytes: string | Buffer, listener = 'plain'): Promise<string> => {
      const wire = await connectTo(sluice, listener);
      if (bytes.length > 0) await wire.write(bytes).catch(() => undefined);
      const rest = await end(wire);
      wire.destroy();
      return rest;
    };
    const bad = [get('/'), `PROXY TCP4 1.2.3.4 1.2.3.4 1 65536\r\n${get('/')}`, proxyHeader({ kind: 0x55 }), '', TEXT.slice(0, 20)];
    const ends = await Promise.all([...bad.map((bytes) => closed(bytes)), closed(TEXT + get('/'), 'foreign')]);
    // Unread bytes make it a reset.
    expect(ends.filter((each) => each !== '' && each !== 'reset')).toEqual([]);
    const gone = await connectTo(sluice, 'plain');
    await gone.write('PRO');
    gone.end();
    await end(gone);
    const results = ['missing', 'malformed', 'timeout', 'gone'];
    expect(await Promise.all(results.map((result) => counted('plain', result)))).toEqual([1, 2, 2, 1]);
    expect(await counted('foreign', 'untrusted')).toBe(1);
    await sluice.untilQuiet();
  });

  test('knows a Unix socket from a port, whatever the header says', async () => {
    expect(await heard([TEXT + get('/')], 'unix')).toBe('203.0.113.7 http ');
    // A response that only a reset can cut: a Unix socket has none.
    const cut = async (listener: string): Promise<string> => {
      const wire = await connectTo(sluice, listener);
      await wire.write(TEXT + get('/cut').replace('HTTP/1.1', 'HTTP/1.0'));
      const rest = await end(wire);
      wire.destroy();
      return rest;
    };
    expect(await Promise.all([cut('plain'), cut('unix')])).toEqual(['reset', expect.stringMatching(/\r\n\r\npart$/)]);
    await sluice.untilQuiet();
  });
});
