// The admin API over TLS: who is let in, whom a certificate stands for, what is refused and how, and certificates that change while it serves.

import { chmodSync, renameSync, writeFileSync } from 'node:fs';
import { request as plainRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { makeAuthority } from '../scaffold/certificates.ts';
import type { Authority, Pair } from '../scaffold/certificates.ts';
import { runCommand } from './scaffold/command.ts';
import { eventually } from './scaffold/eventually.ts';
import { makeFolder } from './scaffold/folder.ts';
import type { Folder } from './scaffold/folder.ts';
import { closeAll, open } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';

afterEach(closeAll);

type Name = 'server' | 'viewer' | 'operator' | 'admin' | 'roleless' | 'expired' | 'strange';

let authority: Authority;
let strangers: Authority;
let pairs: Readonly<Record<Name, Pair>>;

beforeAll(async () => {
  authority = await makeAuthority();
  strangers = await makeAuthority('CN=Strangers');
  pairs = {
    server: await authority.issue({ names: ['localhost', 'sluice.test'] }),
    viewer: await authority.issue({ names: ['grafana.test'] }),
    operator: await authority.issue({ uris: ['spiffe://mesh/ci'] }),
    admin: await authority.issue({ names: ['grafana.test'], uris: ['spiffe://mesh/people/kim'] }),
    roleless: await authority.issue({ names: ['nobody.test'] }),
    expired: await authority.issue({ uris: ['spiffe://mesh/people/kim'], days: -1 }),
    strange: await strangers.issue({ uris: ['spiffe://mesh/people/kim'] }),
  };
});

const ROLES = [
  { name: 'people', role: 'admin', allow: ['spiffe://mesh/people/*'] },
  { name: 'ci', role: 'operator', allow: ['spiffe://mesh/ci'] },
  { name: 'dashboards', role: 'viewer', allow: ['grafana.test', '*.grafana.test'] },
];
const SECRET = 'a-secret-of-the-tests';
const SPLIT = '/v1/pools/shop/split';

interface Files {
  readonly certFile: string;
  readonly keyFile: string;
  readonly caFile: string;
}

function writeFiles(folder: Folder): Files {
  return {
    certFile: folder.write('admin.pem', pairs.server.cert),
    keyFile: folder.write('admin.key', pairs.server.key),
    caFile: folder.write('clients.pem', authority.pem),
  };
}

function configOf({ certFile, keyFile, caFile }: Files, admin: object = {}, clientAuth: object = {}): object {
  const tls = { certificates: [{ certFile, keyFile }], clientAuth: { caFile, roles: ROLES, ...clientAuth } };
  const versions = { v1: ['127.0.0.1:1'], v2: ['127.0.0.1:2'] };
  return configFor({
    endpoints: versions,
    pool: { split: { v1: 1, v2: 1 } },
    top: { admin: { address: '127.0.0.1:0', tls, ...admin } },
  });
}

const TOKENS = (folder: Folder): object => ({
  auth: { tokens: [{ name: 'watcher', role: 'viewer', file: writeSecret(folder) }] },
});

function writeSecret(folder: Folder): string {
  const file = folder.write('token', SECRET);
  chmodSync(file, 0o600);
  return file;
}

interface Asked {
  readonly as?: Name;
  readonly path?: string;
  readonly method?: string;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
  readonly agent?: Agent;
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** An error is its code. */
async function ask(sluice: Sluice, { as, path = '/v1/pools', method = 'GET', body, headers, agent }: Asked = {}): Promise<Answer> {
  const pair = as === undefined ? {} : pairs[as];
  const sent = body === undefined ? undefined : JSON.stringify(body);
  return new Promise((resolve) => {
    const asked = request({
      ...{ host: '127.0.0.1', port: sluice.adminPort, servername: 'sluice.test', ca: authority.pem, path, method },
      ...pair,
      agent: agent ?? false,
      headers: { ...(sent === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    });
    asked.once('response', (response) => void textOf(response).then((text) => resolve({ status: response.statusCode ?? 0, text })));
    asked.once('error', (error: NodeJS.ErrnoException) => resolve({ status: 0, text: String(error.code) }));
    asked.end(sent);
  });
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const part of response.setEncoding('utf8')) text += String(part);
  return text;
}

async function statusOf(sluice: Sluice, asked: Asked): Promise<number> {
  return (await ask(sluice, asked)).status;
}

const shift = (as: Name, more: Partial<Asked> = {}): Asked => ({
  as,
  path: SPLIT,
  method: 'PUT',
  body: { weights: { v1: 3, v2: 1 } },
  ...more,
});
const bearer = (secret: string): Asked => ({ headers: { authorization: `Bearer ${secret}` } });

test('certificates open the admin API with the role of their entry, and tokens go before them', async () => {
  const folder = makeFolder();
  const sluice = await startSluice(configOf(writeFiles(folder), { ...TOKENS(folder), files: [] }));
  sluice.expectLog(/a client of the admin API is refused by its certificate/);

  // Who is not let in: of such a connection no request is read, not even for a probe.
  expect(await ask(sluice)).toMatchObject({ status: 401, text: expect.stringContaining('needs a client certificate') as string });
  expect(await statusOf(sluice, { path: '/livez' })).toBe(401);
  expect(await statusOf(sluice, bearer(SECRET))).toBe(401);
  expect((await ask(sluice, { as: 'strange' })).text).toContain('from an authority that is not trusted here');
  expect((await ask(sluice, { as: 'expired' })).text).toContain('it has expired');

  // Who is, and what for.
  expect(await statusOf(sluice, { as: 'viewer' })).toBe(200);
  expect(await statusOf(sluice, shift('viewer'))).toBe(403);
  expect(await statusOf(sluice, shift('operator'))).toBe(200);
  expect((await ask(sluice, { as: 'roleless' })).text).toContain('none of its names has one: nobody.test');
  expect(await statusOf(sluice, { as: 'roleless' })).toBe(401);
  expect(await statusOf(sluice, { as: 'roleless', path: '/livez' })).toBe(200);

  // The first entry that fits; a token goes before it, and a wrong token is not made up for.
  expect(await statusOf(sluice, { as: 'admin', path: '/v1/pools/shop', method: 'GET' })).toBe(200);
  expect((await ask(sluice, shift('admin', bearer(SECRET)))).text).toContain('the caller watcher has the role viewer');
  expect(await statusOf(sluice, { as: 'admin', ...bearer('wrong') })).toBe(401);
  expect(await statusOf(sluice, { as: 'roleless', ...bearer(SECRET) })).toBe(200);
  const journal = (await ask(sluice, { as: 'viewer', path: '/v1/journal' })).text;
  expect(journal).toContain('"ci"');
  expect(journal).toContain('"certificate"');

  // A browser shows certificates for any page.
  const from = (origin: string): Asked => shift('admin', { headers: { host: 'sluice.test', origin } });
  expect(await statusOf(sluice, from('https://sluice.test'))).toBe(200);
  expect(await statusOf(sluice, from('http://sluice.test'))).toBe(403);
  expect(await statusOf(sluice, from('https://evil.test'))).toBe(403);
  expect(await statusOf(sluice, { as: 'viewer', headers: { host: 'evil.test' } })).toBe(421);
  expect(await statusOf(sluice, { as: 'admin', headers: { host: 'sluice.test', 'sec-fetch-site': 'cross-site' } })).toBe(403);

  // Plain HTTP.
  const plain = await new Promise<Answer>((resolve, reject) => {
    const asked = plainRequest({ host: '127.0.0.1', port: sluice.adminPort, path: '/livez', agent: false });
    asked.once('error', reject).once('response', (it) => void textOf(it).then((text) => resolve({ status: it.statusCode ?? 0, text })));
    asked.end();
  });
  expect(plain).toMatchObject({ status: 400, text: expect.stringContaining('speaks TLS: use https') as string });

  const metrics = (await ask(sluice, { as: 'viewer', path: '/metrics' })).text;
  expect(metrics).toMatch(/sluice_admin_refused_total\{reason="certificate"\} [1-9]/);
  expect(metrics).toMatch(/sluice_admin_refused_total\{reason="handshake"\} 1\n/);
  expect(metrics).toMatch(/sluice_tls_certificate_expiry_seconds\{place="admin.tls",file="[^"]*admin.pem"\} [1-9]/);

  // The command line.
  const files = (name: Name): readonly string[] => [
    ...['--cert-file', folder.write(`${name}.pem`, pairs[name].cert), '--key-file', folder.write(`${name}.key`, pairs[name].key)],
    ...['--ca-file', folder.write('ca.pem', authority.pem)],
  ];
  const there = `localhost:${sluice.adminPort}`;
  const [status, unshown, insecure] = await Promise.all([
    runCommand(['status', '--admin', `https://${there}`, ...files('viewer')]),
    runCommand(['status', '--admin', `https://${there}`, ...files('viewer').slice(4)]),
    runCommand(['status', '--admin', `http://${there}`]),
  ]);
  expect(status.stdout).toContain('shop');
  expect(unshown.stderr).toContain('needs a client certificate');
  expect(unshown.stderr).toContain('--cert-file');
  expect(insecure.stderr).toContain('https://');
  expect([status.code, unshown.code, insecure.code]).toEqual([0, 1, 1]);
});

test('certificates and authorities change while connections are open', async () => {
  const folder = makeFolder();
  const files = writeFiles(folder);
  const sluice = await startSluice(configOf(files));
  sluice.expectLog(/new certificates are not used|refused by its certificate|are needed until a restart/);
  const agent = open(new KeptAgent());
  const kept: Asked = { as: 'admin', agent };
  expect(await statusOf(sluice, kept)).toBe(200);
  const { localPort } = agent.made[0]!;
  const swap = (file: string, text: string): void => {
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  };
  const shown = async (): Promise<string | undefined> => {
    const once = open(new KeptAgent());
    await ask(sluice, { as: 'viewer', agent: once });
    return once.names[0];
  };

  const next = await authority.issue({ names: ['sluice.test', 'other.test'] });
  swap(files.certFile, next.cert);
  swap(files.keyFile, next.key);
  await eventually('the new certificate', async () => (await shown())?.includes('other.test') === true);
  expect(await statusOf(sluice, { as: 'viewer', headers: { host: 'other.test' } })).toBe(200);

  // A pair that does not fit leaves the one before, and says so.
  swap(files.keyFile, pairs.viewer.key);
  await eventually(
    'the finding',
    async () => (await ask(sluice, { as: 'viewer', path: '/v1/overview' })).text.includes('certificate-refused'),
    8000,
  );
  expect(await shown()).toContain('other.test');
  expect(await statusOf(sluice, kept)).toBe(200);
  expect(agent.made.map((socket) => socket.localPort)).toEqual([localPort]);
  swap(files.keyFile, next.key);

  // The authority of an open connection is taken away.
  swap(files.caFile, strangers.pem);
  await eventually('the new authority', async () => (await statusOf(sluice, { as: 'strange' })) === 200);
  expect((await ask(sluice, kept)).text).toContain('its authority is not trusted here any more');
  expect((await ask(sluice, { as: 'admin' })).text).toContain('an authority that is not trusted here');

  // Roles are taken from the config at once; one that knows nobody any more opens no door.
  sluice.writeConfig(configOf(files, {}, { roles: [{ name: 'kim', role: 'viewer', allow: ['spiffe://mesh/people/kim'] }] }));
  await eventually('the new role', async () => (await statusOf(sluice, shift('strange'))) === 403);
  sluice.writeConfig(configOf(files, {}, { required: false, roles: [] }));
  await eventually('the warning', () => sluice.logs.some(({ msg }) => msg.includes('are needed until a restart')));
  expect(await statusOf(sluice, { as: 'strange' })).toBe(200);
  expect(await statusOf(sluice, shift('strange'))).toBe(403);
});

/** Keeps its connection, and knows what it was shown. */
class KeptAgent extends Agent {
  readonly made: TLSSocket[] = [];
  readonly names: (string | undefined)[] = [];

  constructor() {
    super({ keepAlive: true });
  }

  override createConnection(...parameters: Parameters<Agent['createConnection']>): ReturnType<Agent['createConnection']> {
    const socket = super.createConnection(...parameters) as TLSSocket;
    this.made.push(socket);
    socket.once('secureConnect', () => this.names.push(socket.getPeerX509Certificate()?.subjectAltName));
    return socket;
  }

  async close(): Promise<void> {
    this.destroy();
  }
}
