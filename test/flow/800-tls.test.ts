// TLS of listeners: which certificate whom, who is let in, sessions, what is refused and how, and certificates that change while it serves.

import { renameSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { once } from 'node:events';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { makeAuthority } from '../scaffold/certificates.ts';
import type { Authority, Pair } from '../scaffold/certificates.ts';
import { ask, get } from './scaffold/client.ts';
import { eventually } from './scaffold/eventually.ts';
import { makeFolder } from './scaffold/folder.ts';
import type { Folder } from './scaffold/folder.ts';
import { runCommand } from './scaffold/command.ts';
import { closeAll } from './scaffold/open.ts';
import { rawSessionOf, secureTo, tlsFailure } from './scaffold/secure-client.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';
import { responding, startUpstream } from './scaffold/upstream.ts';

afterEach(closeAll);

let authority: Authority;
let pairs: Readonly<Record<'a' | 'wild' | 'rsa', Pair>>;

beforeAll(async () => {
  authority = await makeAuthority();
  pairs = {
    a: await authority.issue({ names: ['a.test'] }),
    wild: await authority.issue({ names: ['*.b.test'] }),
    rsa: await authority.issue({ names: ['a.test'], kind: 'rsa' }),
  };
});

function write(folder: Folder, name: string, { cert, key }: Pair): { certFile: string; keyFile: string } {
  return { certFile: folder.write(`${name}.pem`, cert), keyFile: folder.write(`${name}.key`, key) };
}

const HI = { name: 'hi', match: [{ path: { exact: '/hi' } }], respond: { status: 200, body: 'hi' } };

async function startSecure(tls: object, more: { upstream?: string; top?: object; match?: object } = {}): Promise<Sluice> {
  const endpoints = more.upstream === undefined ? [] : [more.upstream];
  const config = configFor({ endpoints, listener: { tls }, routes: [HI], route: more.match ?? {}, top: more.top ?? {} }) as {
    listeners: object[];
  };
  config.listeners.push({ name: 'plain', address: '127.0.0.1:0' });
  const pools = endpoints.length === 0 ? { pools: {}, routes: [HI, { name: 'turn', respond: { status: 204 } }] } : {};
  return startSluice({ ...config, ...pools });
}

function nameOf(socket: { getPeerX509Certificate(): { subjectAltName: string | undefined } | undefined }): string | undefined {
  return socket.getPeerX509Certificate()?.subjectAltName;
}

describe('a listener with TLS', () => {
  test('picks certificates by name and by what a client can verify', async () => {
    const folder = makeFolder();
    const certificates = [write(folder, 'a', pairs.a), write(folder, 'wild', pairs.wild), write(folder, 'rsa', pairs.rsa)];
    const sluice = await startSecure({ certificates });
    const ca = authority.pem;
    const seen = async (servername: string, options: object = {}): Promise<string | undefined> => {
      const { socket, wire } = await secureTo(sluice, { servername, ca, rejectUnauthorized: false, ...options });
      const name = nameOf(socket);
      const kind = socket.getPeerX509Certificate()!.publicKey.asymmetricKeyType;
      wire.destroy();
      return `${name} ${kind}`;
    };
    expect(await seen('a.test')).toBe('DNS:a.test ec');
    expect(await seen('A.TEST')).toBe('DNS:a.test ec');
    expect(await seen('x.b.test')).toBe('DNS:*.b.test ec');
    expect(await seen('unknown.test')).toBe('DNS:a.test ec');
    expect(await seen('x.y.b.test')).toBe('DNS:a.test ec');
    expect(await seen('')).toBe('DNS:a.test ec');
    expect(await seen('a.test', { sigalgs: 'RSA-PSS+SHA256:RSA+SHA256' })).toBe('DNS:a.test rsa');
    expect(await seen('a.test', { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-RSA-AES128-GCM-SHA256' })).toBe('DNS:a.test rsa');
  });

  test('serves requests, says https upstream, and writes what TLS it was', async () => {
    const folder = makeFolder();
    const asked: (readonly string[])[] = [];
    const upstream = await startUpstream(
      responding(({ fields }) => (asked.push(fields), 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')),
    );
    const log = folder.file('access.log');
    const sluice = await startSecure(
      { certificates: [write(folder, 'a', pairs.a), write(folder, 'wild', pairs.wild)] },
      { upstream: upstream.address, top: { accessLog: { path: log } } },
    );
    const { wire, socket } = await secureTo(sluice, { servername: 'a.test', ca: authority.pem, ALPNProtocols: ['http/1.1'] });
    expect(socket.alpnProtocol).toBe('http/1.1');
    await wire.write('GET /x HTTP/1.1\r\nhost: a.test\r\nx-forwarded-client-cert: Hash=forged\r\n\r\n');
    expect((await wire.readMessage()).status).toBe(200);
    expect(asked[0]).toContain('x-forwarded-proto: https');
    expect(asked[0]!.join()).not.toContain('forged');
    // The same connection for a host of other certificates: the client is to open another one.
    await wire.write('GET /x HTTP/1.1\r\nhost: x.b.test\r\n\r\n');
    expect((await wire.readMessage()).status).toBe(421);
    await wire.write('GET /x HTTP/1.1\r\nhost: A.test:443\r\n\r\n');
    expect((await wire.readMessage()).status).toBe(200);
    const { readFileSync } = await import('node:fs');
    await eventually('lines of the access log', () => readFileSync(log, 'utf8').split('\n').length > 3);
    const line = JSON.parse(readFileSync(log, 'utf8').split('\n')[0]!) as { tls: Record<string, unknown> };
    expect(line.tls).toEqual({
      serverName: 'a.test',
      version: 'TLSv1.3',
      cipher: expect.stringMatching(/^TLS_/) as string,
      resumed: false,
      random: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    });
  });

  test('tells plain HTTP that it speaks TLS, and closes TLS on a plain port', async () => {
    const folder = makeFolder();
    const sluice = await startSecure({ certificates: [write(folder, 'a', pairs.a)], sni: 'strict', handshakeTimeout: '300ms' });
    const { status, body } = await ask(sluice, get('/hi'));
    expect([status, body]).toEqual([400, 'This port speaks TLS: use https.\n']);
    expect(await tlsFailure(sluice, {}, 'plain')).toMatch(/^(ended|closed|ECONNRESET)$/);
    expect(await sluice.metric('sluice_refused_total', { listener: 'plain', outcome: 'tls_not_spoken' })).toBe(1);
    expect(await tlsFailure(sluice, { servername: 'other.test' })).toBe('ERR_SSL_TLSV1_UNRECOGNIZED_NAME');
    expect(
      await tlsFailure(sluice, { servername: 'a.test', maxVersion: 'TLSv1.1', minVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }),
    ).toMatch(/PROTOCOL|ALERT|VERSION/);
    expect(await tlsFailure(sluice, { servername: 'a.test', maxVersion: 'TLSv1.2', ciphers: 'AES128-SHA' })).toMatch(/HANDSHAKE_FAILURE/);
    // Silence, half a message, and bytes of nothing known.
    for (const bytes of ['', '\x16\x03\x01\x02\x00\x01\x00', '\x00\x01\x02', '\x16\x03\x01\x00\x04\x02\x00\x00\x00']) {
      const socket = connect({ host: '127.0.0.1', port: sluice.portOf('web') });
      socket.on('error', () => undefined).resume();
      if (bytes !== '') socket.write(bytes, 'latin1');
      await once(socket, 'close');
    }
    const results = (result: string): Promise<number> => sluice.metric('sluice_tls_handshakes_total', { listener: 'web', result });
    expect([await results('plain_http'), await results('unknown_name'), await results('refused'), await results('timeout')]).toEqual([
      1, 1, 2, 2,
    ]);
    expect([await results('not_tls'), await results('malformed')]).toEqual([1, 1]);
    await sluice.untilQuiet();
  });

  test.each(['TLSv1.2', 'TLSv1.3'] as const)('resumes a session under its name alone (%s)', async (version) => {
    const folder = makeFolder();
    const sluice = await startSecure({ certificates: [write(folder, 'a', pairs.a), write(folder, 'wild', pairs.wild)] });
    const options = { ca: authority.pem, rejectUnauthorized: false, minVersion: version, maxVersion: version };
    const sessionOf = async (servername: string): Promise<Buffer> => {
      const { socket, wire } = await secureTo(sluice, { ...options, servername });
      // Within the handshake, or after it (TLS 1.3).
      const given = version === 'TLSv1.3' ? once(socket, 'session') : Promise.resolve();
      await wire.write(get('/hi'));
      await given;
      const session = rawSessionOf(socket);
      wire.destroy();
      return session;
    };
    const reuses = async (servername: string, session: Buffer): Promise<boolean> => {
      const { socket, wire } = await secureTo(sluice, { ...options, servername }, { session });
      const reused = socket.isSessionReused();
      wire.destroy();
      return reused;
    };
    for (const name of ['x.b.test', 'a.test', 'one.unknown', ''])
      expect([name, await reuses(name, await sessionOf(name))]).toEqual([name, true]);
    for (const [from, to] of [
      ['a.test', 'x.b.test'],
      ['x.b.test', 'y.b.test'],
      ['x.b.test', 'a.test'],
      ['a.test', ''],
      ['one.unknown', 'two.unknown'],
      ['one.unknown', 'a.test'],
      ['one.unknown', ''],
    ])
      expect([from, to, await reuses(to!, await sessionOf(from!))]).toEqual([from, to, false]);
  });
});

describe('mutual TLS', () => {
  test('lets in whom it should, and upstreams and routes learn who it is', async () => {
    const folder = makeFolder();
    const asked: (readonly string[])[] = [];
    const upstream = await startUpstream(
      responding(({ fields }) => (asked.push(fields), 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')),
    );
    const other = await makeAuthority('CN=Other');
    const clients = {
      right: await authority.issue({ uris: ['spiffe://mesh/shop'], names: ['shop.mesh.test'], subject: 'CN=shop,O=Example' }),
      foreign: await other.issue({ uris: ['spiffe://mesh/shop'] }),
      expired: await authority.issue({ uris: ['spiffe://mesh/shop'], days: -1 }),
      unknown: await authority.issue({ uris: ['spiffe://elsewhere/shop'] }),
    };
    const clientAuth = { caFile: folder.write('ca.pem', authority.pem), allow: ['spiffe://mesh/*'] };
    const sluice = await startSecure(
      { certificates: [write(folder, 'a', pairs.a)], clientAuth },
      {
        upstream: upstream.address,
        match: { match: [{ headers: { 'x-forwarded-client-cert': { regex: '.*URI=spiffe://mesh/shop(;.*)?' } } }] },
      },
    );
    const as = (pair?: Pair): Promise<string> => tlsFailure(sluice, { servername: 'a.test', ...pair });
    expect(await as(clients.right)).toBe('open');
    expect(await as()).toMatch(/CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE/);
    for (const pair of [clients.foreign, clients.expired, clients.unknown]) expect(await as(pair)).toMatch(/^(ended|closed|ECONNRESET)$/);
    expect(await sluice.metric('sluice_tls_handshakes_total', { listener: 'web', result: 'client_certificate' })).toBe(3);
    const { wire } = await secureTo(sluice, { servername: 'a.test', ca: authority.pem, ...clients.right });
    await wire.write('GET /x HTTP/1.1\r\nhost: a.test\r\nx-forwarded-client-cert: URI=spiffe://mesh/admin\r\n\r\n');
    expect((await wire.readMessage()).status).toBe(200);
    const fields = asked[0]!.filter((line) => line.startsWith('x-forwarded-client-cert'));
    expect(fields).toEqual([
      expect.stringMatching(
        /^x-forwarded-client-cert: Hash=[0-9a-f]{64};Subject="O=Example,CN=shop";URI=spiffe:\/\/mesh\/shop;DNS=shop.mesh.test$/,
      ),
    ]);
    // A client without a certificate cannot write itself one: the route is for those who have.
    expect((await ask(sluice, get('/x', 'x-forwarded-client-cert: URI=spiffe://mesh/shop'), 'plain')).status).toBe(404);
  });
});

describe('certificates that change', () => {
  test('are served when they fit together, and never otherwise', async () => {
    const folder = makeFolder();
    const files = write(folder, 'a', pairs.a);
    const sluice = await startSecure({ certificates: [files] });
    sluice.expectLog(/new certificates are not used/);
    const serial = async (): Promise<string> => {
      const { socket, wire } = await secureTo(sluice, { servername: 'a.test', ca: authority.pem });
      const found = socket.getPeerX509Certificate()!.serialNumber;
      wire.destroy();
      return found;
    };
    const first = await serial();
    const { wire: kept } = await secureTo(sluice, { servername: 'a.test', ca: authority.pem });
    const next = await authority.issue({ names: ['a.test'] });
    // One after the other, by rename: half of it is never served.
    const replace = (file: string, text: string): void => {
      writeFileSync(`${file}.new`, text);
      renameSync(`${file}.new`, file);
    };
    replace(files.certFile, next.cert);
    expect(await serial()).toBe(first);
    await eventually('the fault is told', async () => (await findings(sluice)).includes('certificate-refused'), 10_000);
    expect(await serial()).toBe(first);
    replace(files.keyFile, next.key);
    await eventually('the new one is served', async () => (await serial()) !== first, 10_000);
    expect(await findings(sluice)).toEqual([]);
    // A pair that fits, and that node:tls refuses.
    const served = await serial();
    const weak = await authority.issue({ names: ['a.test'], kind: 'weak' });
    replace(files.certFile, weak.cert);
    replace(files.keyFile, weak.key);
    await eventually('it is refused', async () => (await findings(sluice)).includes('certificate-refused'), 10_000);
    expect(await serial()).toBe(served);
    const ending = await authority.issue({ names: ['a.test'], days: 10 });
    replace(files.certFile, `${ending.cert}`);
    replace(files.keyFile, ending.key);
    await eventually('its end is near', async () => (await findings(sluice)).includes('certificate-ends'), 10_000);
    sluice.expectLog(/ends in 9 days/);
    expect(await sluice.metric('sluice_tls_certificate_expiry_seconds')).toBeGreaterThan(9 * 86_000);
    // Whoever was connected never noticed.
    await kept.write(get('/hi'));
    expect((await kept.readMessage()).status).toBe(200);
  });

  test('that cannot be used refuse a start and a reload, by place', async () => {
    const folder = makeFolder();
    const files = write(folder, 'a', pairs.a);
    const config = (certFile: string, keyFile: string): object => ({
      ...configFor({}),
      pools: {},
      listeners: [{ name: 'web', address: '127.0.0.1:0', tls: { certificates: [{ certFile, keyFile }] } }],
      routes: [HI],
    });
    const { code, stderr } = await runCommand(['run', '--config', folder.write('c.yaml', config(files.certFile, files.certFile))]);
    expect(code).toBe(1);
    expect(stderr).toContain('listeners[0].tls.certificates[0].keyFile: ');
    expect(stderr).toContain('holds no private key');
    const sluice = await startSluice(config(files.certFile, files.keyFile));
    sluice.expectLog(/listeners\[0\]\.tls|listeners\[1\]\.address/);
    sluice.writeConfig(config(`${files.certFile}.gone`, files.keyFile));
    await eventually('it is refused', () => sluice.logs.some(({ text }) => text.includes('is not there')));
    expect(await tlsFailure(sluice, { servername: 'a.test' })).toBe('open');
    // What is refused later than its certificates were read leaves those before watched.
    const refused = config(write(folder, 'rsa', pairs.rsa).certFile, folder.file('rsa.key')) as { listeners: object[] };
    refused.listeners.push({ name: 'taken', address: `127.0.0.1:${sluice.adminPort}` });
    sluice.writeConfig(refused);
    await eventually('it is refused', () => sluice.logs.some(({ text }) => text.includes('listeners[1]')));
    write(folder, 'a', await authority.issue({ names: ['a.test', 'new.test'] }));
    await eventually('the new one', async () => {
      const { socket, wire } = await secureTo(sluice, { servername: 'a.test', ca: authority.pem });
      const isNew = nameOf(socket)?.includes('new.test') === true;
      wire.destroy();
      return isNew;
    });
  });
});

async function findings(sluice: Sluice): Promise<readonly string[]> {
  const overview = (await (await fetch(`http://127.0.0.1:${sluice.adminPort}/v1/overview`)).json()) as { findings: { code: string }[] };
  return overview.findings.map(({ code }) => code).filter((code) => code.startsWith('certificate'));
}
