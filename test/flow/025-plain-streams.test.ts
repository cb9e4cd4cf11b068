// On a Node whose private parts have changed plain events serve: the same bytes, the same ends, the same back-pressure.

import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeAuthority } from '../scaffold/certificates.ts';
import type { Authority, Pair } from '../scaffold/certificates.ts';
import { ask, connectTo, get, post, requestText } from './scaffold/client.ts';
import { eventually } from './scaffold/eventually.ts';
import { makeFolder } from './scaffold/folder.ts';
import { closeAll } from './scaffold/open.ts';
import { rawSessionOf, secureTo, tlsFailure } from './scaffold/secure-client.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';
import { ok, scripted, startUpstream } from './scaffold/upstream.ts';
import type { Upstream } from './scaffold/upstream.ts';
import type { Wire } from './scaffold/wire.ts';

const MIB = 1024 * 1024;
const BODY = randomBytes(8 * MIB);
const DIGEST = createHash('sha256').update(BODY).digest('hex');

let seen: string;
let upstream: Upstream;
let sluice: Sluice;
let script: (wire: Wire) => Promise<void>;

let authority: Authority;
let client: Pair;

beforeAll(async () => {
  const folder = makeFolder();
  seen = folder.file('plain-streams');
  upstream = await startUpstream(scripted(() => script));
  authority = await makeAuthority();
  client = await authority.issue({ names: ['client.test'] });
  const certificates = [];
  for (const name of ['a.test', '*.b.test']) {
    const { cert, key } = await authority.issue({ names: [name] });
    certificates.push({ certFile: folder.write(`${name[0]}.pem`, cert), keyFile: folder.write(`${name[0]}.key`, key) });
  }
  const clientAuth = { caFile: folder.write('ca.pem', authority.pem), required: false };
  const config = configFor(upstream) as { listeners: object[] };
  config.listeners.push(
    { name: 'secure', address: '127.0.0.1:0', tls: { certificates } },
    { name: 'mutual', address: '127.0.0.1:0', tls: { certificates, clientAuth } },
  );
  const nodeArguments = ['--import', './test/flow/scaffold/plain-streams.ts'];
  sluice = await startSluice(config, { nodeArguments, env: { PLAIN_STREAMS: seen } });
});
afterAll(closeAll);

test('the worker is one that avoids the private parts', () => {
  expect(readFileSync(seen, 'utf8')).toMatch(/^thread [1-9]/m);
});

test('requests on one kept connection, to one kept upstream connection', async () => {
  script = async (wire) => {
    const { line, body } = await wire.readMessage();
    await wire.write(ok(`${line}|${body}`));
  };
  const wire = await connectTo(sluice);
  await wire.write(get('/1') + post('/2', 'two') + get('/3'));
  for (const expected of ['GET /1 HTTP/1.1|', 'POST /2 HTTP/1.1|two', 'GET /3 HTTP/1.1|']) {
    expect((await wire.readMessage()).body).toBe(expected);
  }
  expect(upstream.wires).toHaveLength(1);
  wire.destroy();
});

test('8 MiB down to a slow reader', async () => {
  script = async (wire) => {
    await wire.readMessage();
    await wire.write(Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\ncontent-length: ${BODY.length}\r\n\r\n`), BODY]));
  };
  const wire = await connectTo(sluice);
  await wire.write(get('/'));
  await wire.readHead();
  wire.pause();
  await new Promise((resolve) => void setTimeout(resolve, 100));
  wire.resume();
  expect(await wire.digest(BODY.length)).toBe(DIGEST);
  wire.destroy();
});

test('8 MiB up to a slow reader', async () => {
  let digest = '';
  script = async (wire) => {
    await wire.readHead();
    wire.pause();
    await new Promise((resolve) => void setTimeout(resolve, 100));
    wire.resume();
    digest = await wire.digest(BODY.length);
    await wire.write(ok('done'));
  };
  const wire = await connectTo(sluice);
  await wire.write(requestText('POST', '/', [`content-length: ${BODY.length}`]));
  await wire.write(BODY);
  expect((await wire.readMessage()).body).toBe('done');
  expect(digest).toBe(DIGEST);
  wire.destroy();
});

test('a response without a length, and one to a client that has ended its side', async () => {
  script = async (wire) => {
    await wire.readMessage();
    await wire.write('HTTP/1.1 200 OK\r\n\r\nuntil the end');
    wire.end();
  };
  const wire = await connectTo(sluice);
  await wire.write(get('/'));
  wire.end();
  expect(await wire.readRest()).toContain('\r\n\r\nuntil the end');
});

test('an upstream that refuses an upload and closes: its response gets through', async () => {
  script = async (wire) => {
    await wire.readHead();
    wire.pause();
    await wire.write('HTTP/1.1 413 Content Too Large\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno');
    wire.destroy();
  };
  const wire = await connectTo(sluice);
  await wire.write(requestText('POST', '/', [`content-length: ${4 * MIB}`]));
  const sending = wire.write('x'.repeat(4 * MIB)).catch(() => undefined);
  expect((await wire.readMessage()).status).toBe(413);
  wire.destroy();
  await sending;
});

test('a client that goes ends the work of the upstream', async () => {
  let ended = false;
  script = async (wire) => {
    await wire.readMessage();
    await wire.closed;
    ended = true;
  };
  const wire = await connectTo(sluice);
  await wire.write(get('/'));
  await eventually('the request', async () => (await sluice.metric('sluice_endpoint_requests_in_flight')) === 1);
  wire.destroy();
  await eventually('the end at the upstream', () => ended);
});

describe('TLS', () => {
  test('a certificate by name, requests on one connection, and 8 MiB both ways', async () => {
    script = async (wire) => {
      const { body } = await wire.readMessage();
      await wire.write(ok(body));
    };
    const { socket, wire } = await secureTo(
      sluice,
      { servername: 'x.b.test', ca: authority.pem, ALPNProtocols: ['http/1.1'] },
      { listener: 'secure' },
    );
    expect([socket.getPeerX509Certificate()!.subjectAltName, socket.alpnProtocol]).toEqual(['DNS:*.b.test', 'http/1.1']);
    await wire.write('POST /1 HTTP/1.1\r\nhost: x.b.test\r\ncontent-length: 3\r\n\r\none');
    expect((await wire.readMessage()).body).toBe('one');
    await wire.write(`POST /2 HTTP/1.1\r\nhost: x.b.test\r\ncontent-length: ${BODY.length}\r\n\r\n`);
    await wire.write(BODY);
    await wire.readHead();
    expect(await wire.digest(BODY.length)).toBe(DIGEST);
    await wire.write('GET / HTTP/1.1\r\nhost: a.test\r\n\r\n');
    expect((await wire.readMessage()).status).toBe(421);
    wire.destroy();
  });

  test.each(['TLSv1.2', 'TLSv1.3'] as const)('a session is resumed under its name alone (%s)', async (version) => {
    script = async (wire) => {
      await wire.readMessage();
      await wire.write(ok('ok'));
    };
    const options = { ca: authority.pem, minVersion: version, maxVersion: version };
    const { socket, wire } = await secureTo(sluice, { ...options, servername: 'x.b.test' }, { listener: 'secure' });
    const given = version === 'TLSv1.3' ? once(socket, 'session') : Promise.resolve();
    await wire.write('GET / HTTP/1.1\r\nhost: x.b.test\r\n\r\n');
    await given;
    const session = rawSessionOf(socket);
    wire.destroy();
    const reused: boolean[] = [];
    for (const servername of ['x.b.test', 'y.b.test', 'a.test']) {
      const again = await secureTo(sluice, { ...options, servername }, { listener: 'secure', session });
      reused.push(again.socket.isSessionReused());
      again.wire.destroy();
    }
    expect(reused).toEqual([true, false, false]);
  });

  test('what is no TLS is told so, clients without a certificate are let in, and certificates of clients are refused', async () => {
    script = async (wire) => {
      await wire.readMessage();
      await wire.write(ok('ok'));
    };
    expect((await ask(sluice, get('/'), 'secure')).status).toBe(400);
    expect(await tlsFailure(sluice, { servername: 'a.test', maxVersion: 'TLSv1.2', ciphers: 'AES128-SHA' }, 'secure')).toMatch(
      /HANDSHAKE_FAILURE/,
    );
    expect(await tlsFailure(sluice, { servername: 'a.test' }, 'mutual')).toBe('open');
    expect(await tlsFailure(sluice, { servername: 'a.test', ...client }, 'mutual')).toMatch(/^(ended|closed|ECONNRESET)$/);
    const results = await sluice.metrics();
    const count = (result: string): number => results.sum('sluice_tls_handshakes_total', { result });
    expect([count('plain_http'), count('refused'), count('client_certificate')]).toEqual([1, 1, 1]);
  });

  test('a client that goes ends the work of the upstream', async () => {
    let ended = false;
    script = async (wire) => {
      await wire.readMessage();
      await wire.closed;
      ended = true;
    };
    const { wire } = await secureTo(sluice, { servername: 'a.test', ca: authority.pem }, { listener: 'secure' });
    await wire.write('GET / HTTP/1.1\r\nhost: a.test\r\n\r\n');
    await eventually('the request', async () => (await sluice.metric('sluice_endpoint_requests_in_flight')) === 1);
    wire.destroy();
    await eventually('the end at the upstream', () => ended);
  });
});

test('leaves nothing in flight', () => sluice.untilQuiet());
