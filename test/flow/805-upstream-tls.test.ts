// TLS to upstreams: whom we trust, as what we show ourselves, what is told when it fails, sessions, files that change.

import { renameSync, writeFileSync } from 'node:fs';
import type { TLSSocket } from 'node:tls';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { makeAuthority } from '../scaffold/certificates.ts';
import type { Authority, Pair } from '../scaffold/certificates.ts';
import { ask, get } from './scaffold/client.ts';
import { eventually } from './scaffold/eventually.ts';
import { makeFolder } from './scaffold/folder.ts';
import { closeAll } from './scaffold/open.ts';
import { startSecure } from './scaffold/secure-upstream.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';
import { startUpstream } from './scaffold/upstream.ts';

afterEach(closeAll);

let authority: Authority;
let other: Authority;
let right: Pair;

beforeAll(async () => {
  authority = await makeAuthority();
  other = await makeAuthority('CN=Other');
  right = await authority.issue({ names: ['shop.internal', 'localhost'] });
});

async function statusAndWhy(sluice: Sluice): Promise<string> {
  const { status, field } = await ask(sluice, get('/x'));
  return `${status} ${field('x-sluice-outcome') ?? ''}`.trim();
}

async function details(sluice: Sluice): Promise<readonly string[]> {
  const response = await fetch(`http://127.0.0.1:${sluice.adminPort}/v1/exchanges`);
  const { exchanges } = (await response.json()) as { exchanges: { detail?: string }[] };
  return exchanges.map(({ detail }) => detail ?? '').filter((detail) => detail !== '');
}

test('an upstream must prove who it is, and why it cannot is told to operators alone', async () => {
  const folder = makeFolder();
  const caFile = folder.write('ca.pem', authority.pem);
  const [fine, expired, stranger, misnamed] = await Promise.all([
    startSecure(right),
    startSecure(await authority.issue({ names: ['shop.internal'], days: -1 })),
    startSecure(await other.issue({ names: ['shop.internal'] })),
    startSecure(await authority.issue({ names: ['elsewhere.internal'] })),
  ]);
  // What is no request at all is refused at once, as most servers do.
  const plain = await startUpstream(async (wire) => {
    await wire.arrival();
    await wire.write('HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n');
    wire.end();
  });
  const old = await startSecure({ ...right, maxVersion: 'TLSv1.1', minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' });
  const demanding = await startSecure({ ...right, requestCert: true, ca: other.pem, maxVersion: 'TLSv1.2' });
  const faults: [string, RegExp][] = [
    [expired.address, /has expired/],
    [stranger.address, /authority that is not known/],
    [misnamed.address, /for another name/],
    [plain.address, /does not speak TLS/],
    [old.address, /no version of TLS/],
    [demanding.address, /closed the connection|asks for a certificate|TLS failed/],
  ];
  const pool = (address: string): object => ({
    versions: { v1: { endpoints: [address], tls: { caFile, serverName: 'shop.internal' } } },
    outlier: { consecutive: 0 },
    retries: { attempts: 0 },
  });
  const base = configFor({}) as Record<string, unknown>;
  const sluice = await startSluice({
    ...base,
    pools: Object.fromEntries([[fine.address, ''], ...faults].map(([address], index) => [`p${index}`, pool(address!)])),
    routes: [
      { name: 'turn', hosts: ['turn.sluice.test'], respond: { status: 204 } },
      ...[fine.address, ...faults].map((_, index) => ({ name: `r${index}`, match: [{ path: { exact: `/${index}` } }], pool: `p${index}` })),
    ],
  });
  sluice.expectLog(/no secure connection to an endpoint/);
  expect((await ask(sluice, get('/0'))).status).toBe(200);
  expect(fine.requests[0]).toContain('x-forwarded-proto: http\r\n');
  for (const [index, [, why]] of faults.entries()) {
    const reply = await ask(sluice, get(`/${index + 1}`));
    // The last one refuses us after its handshake is over, as far as TLS is concerned.
    expect([502, 503]).toContain(reply.status);
    expect(reply.body).not.toMatch(/certificate|expired|authority/);
    if (index < 5) expect(reply.field('x-sluice-outcome')).toBe('connect_tls');
    if (index < 5) expect((await details(sluice)).some((detail) => why.test(detail))).toBe(true);
  }
  expect(await sluice.metric('sluice_attempts_total', { outcome: 'connect_tls' })).toBeGreaterThanOrEqual(5);
});

test('the name of the endpoint is asked for, sessions are resumed, our certificate is shown, probes and mirrors do the same', async () => {
  const folder = makeFolder();
  const us = await other.issue({ names: ['sluice.internal'] });
  const options = { ...right, requestCert: true, ca: other.pem };
  const [main, shadow] = [await startSecure(options), await startSecure(options)];
  const tls = {
    caFile: folder.write('ca.pem', authority.pem),
    certificate: { certFile: folder.write('us.pem', us.cert), keyFile: folder.write('us.key', us.key) },
  };
  const config = configFor({
    endpoints: {},
    pool: {
      versions: { v1: { endpoints: [main.address], tls }, v2: { endpoints: [shadow.address], tls } },
      split: { v1: 1, v2: 0 },
      mirrors: [{ name: 'dark', version: 'v2' }],
      health: { path: '/healthz', interval: '100ms', timeout: '1s' },
      timeouts: { idle: '50ms' },
    },
  });
  const sluice = await startSluice(config);
  expect(await statusAndWhy(sluice)).toBe('200');
  await eventually('a copy', () => shadow.requests.some((text) => text.startsWith('GET /x ')));
  await eventually('a probe', () => main.requests.some((text) => text.startsWith('GET /healthz')));
  // As each of them was when it opened: connections of probes are gone soon.
  expect(new Set(main.shown)).toEqual(new Set(['localhost DNS:sluice.internal']));
  expect(new Set(shadow.shown)).toEqual(new Set(['localhost DNS:sluice.internal']));
  // The connection ends as it is unused; the next one resumes its session.
  const connections = (): readonly TLSSocket[] => main.sockets.filter((socket) => main.served.has(socket));
  await eventually('its end', () => connections().every(({ destroyed }) => destroyed));
  expect(await statusAndWhy(sluice)).toBe('200');
  expect(connections().map((socket) => main.resumed.has(socket))).toEqual([false, true]);
});

test('authorities that change hold for the next connections, and a plain version becomes a secure one', async () => {
  const folder = makeFolder();
  const upstream = await startSecure(right);
  const caFile = folder.write('ca.pem', other.pem);
  const config = (tls: object | undefined): object =>
    configFor({
      pool: { versions: { v1: { endpoints: [upstream.address], tls } }, outlier: { consecutive: 0 }, retries: { attempts: 0 } },
    });
  const sluice = await startSluice(config(undefined));
  sluice.expectLog(/no secure connection/);
  expect((await ask(sluice, get('/x'))).status).toBe(502);
  sluice.writeConfig(config({ caFile }));
  await eventually('the wrong authority', async () => (await statusAndWhy(sluice)) === '502 connect_tls');
  writeFileSync(`${caFile}.new`, authority.pem);
  renameSync(`${caFile}.new`, caFile);
  await eventually('the right authority', async () => (await statusAndWhy(sluice)) === '200', 10_000);
  sluice.writeConfig(config({ caFile, verify: false, serverName: 'nobody.internal' }));
  await eventually('no verification', () => sluice.logs.filter(({ msg }) => msg === 'config applied').length === 3);
  expect(await statusAndWhy(sluice)).toBe('200');
});
