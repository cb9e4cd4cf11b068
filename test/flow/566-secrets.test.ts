// A secret of the config goes upstream, and nowhere else: not to the API, the journal, the events, the log or the access log.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { call } from './scaffold/admin.ts';
import { ask, get } from './scaffold/client.ts';
import { runCommand } from './scaffold/command.ts';
import { eventually } from './scaffold/eventually.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';
import { ok, responding, startUpstream } from './scaffold/upstream.ts';

afterEach(closeAll);

const [FIRST, SECOND] = ['Bearer first-Zq7', 'Bearer second-Zq7'];

const TOKEN = 'a-token-of-an-admin-that-is-long-enough';

function admin(sluice: Sluice, method: string, path: string, body?: object): ReturnType<typeof call> {
  return call(sluice, method, path, body, { authorization: `Bearer ${TOKEN}` });
}

/** All that the API says. */
async function told(sluice: Sluice): Promise<string> {
  const list = (await admin(sluice, 'GET', '/v1/revisions')).body as unknown as {
    readonly revisions: readonly { readonly revision: number }[];
  };
  const paths = ['/v1/config', '/v1/pools', '/v1/revisions', '/v1/journal', '/v1/status', '/v1/exchanges'];
  const all = [...paths, ...list.revisions.map(({ revision }) => `/v1/revisions/${revision}`)];
  return (await Promise.all(all.map(async (path) => JSON.stringify((await admin(sluice, 'GET', path)).body)))).join('\n');
}

test('a secret is seen by its upstream alone; a restore and a config that is sent back keep it', async () => {
  const upstream = await startUpstream(responding((request) => ok(request.field('authorization') ?? '')));
  const config = (secret: string): object => ({
    ...configFor({
      endpoints: { v1: [upstream.address], v2: [upstream.address] },
      pool: { split: { v1: 1 } },
      route: { requestHeaders: { set: { authorization: secret } }, match: [{}, { headers: { 'x-token': 'third-Zq7' } }] },
    }),
    admin: { address: '127.0.0.1:0', auth: { tokens: [{ name: 'ann', role: 'admin', env: 'ADMIN_TOKEN' }] } },
    accessLog: { path: 'access.log' },
  });
  const sluice = await startSluice(config(FIRST), { env: { ADMIN_TOKEN: TOKEN } });
  const served = async (): Promise<string> => (await ask(sluice, get('/?token=fourth-Zq7&a=b', 'x-token: third-Zq7'))).body;
  expect(await served()).toBe(FIRST);
  const first = (await admin(sluice, 'GET', '/v1/config')).body as unknown as {
    readonly routes: readonly { readonly requestHeaders?: object }[];
  };

  sluice.writeConfig(config(SECOND));
  await eventually('the second secret', async () => (await served()) === SECOND);
  const { body, status } = await admin(sluice, 'GET', '/v1/config');
  expect(status).toBe(200);
  // The digest tells that it has changed.
  expect(JSON.stringify(body)).not.toBe(JSON.stringify(first));

  const back = await admin(sluice, 'PUT', '/v1/config', { ...(body as object), drain: { delay: '0s', timeout: '6s' } });
  expect([back.status, await served()]).toEqual([200, SECOND]);
  const file = join(sluice.dir, 'exported.yaml');
  const exported = await runCommand(['config', 'export', file, '--admin', `http://127.0.0.1:${sluice.adminPort}`, '--token', TOKEN]);
  expect([exported.code, exported.stderr]).toEqual([0, expect.stringMatching(/^2 secrets masked in it: /m)]);
  expect(readFileSync(file, 'utf8')).not.toContain('Zq7');
  const stale = await admin(sluice, 'PUT', '/v1/config', { ...(body as object), routes: first.routes });
  expect([stale.status, JSON.stringify(stale.body)]).toEqual([422, expect.stringContaining('this is the mask of a secret')]);
  const restored = await admin(sluice, 'POST', '/v1/revisions/1/restore', {});
  expect([restored.status, await served()]).toEqual([200, FIRST]);

  const shown = await told(sluice);
  expect(shown).toMatch(/requestHeaders\.set\.authorization: \*\*\* \([0-9a-f]{8}\) -> \*\*\* \([0-9a-f]{8}\)/);
  await eventually('the access log', () => readFileSync(join(sluice.dir, 'access.log'), 'utf8').includes('token=***&a=b'));
  const texts = {
    shown,
    log: sluice.logs.map(({ text }) => text).join('\n'),
    access: readFileSync(join(sluice.dir, 'access.log'), 'utf8'),
  };
  for (const [name, text] of Object.entries(texts)) expect([name, text.match(/.{0,80}Zq7/)?.[0]]).toEqual([name, undefined]);
});

const TOKENS = { admin: TOKEN, operator: 'a-token-of-an-operator-that-is-long-enough', viewer: 'a-token-of-a-viewer-that-is-long-enough' };

type Role = keyof typeof TOKENS;

function as(sluice: Sluice, role: Role): (method: string, path: string, body?: object) => ReturnType<typeof call> {
  return (method, path, body) => call(sluice, method, path, body, { authorization: `Bearer ${TOKENS[role]}` });
}

/** A pool with a mirror and an override of an admin, who gave them secrets. */
async function startWithSecrets(): Promise<Sluice> {
  const upstream = await startUpstream(responding(() => ok('')));
  const config = {
    ...configFor({
      endpoints: { v1: [upstream.address], v2: [upstream.address] },
      pool: {
        split: { v1: 1 },
        overrides: [{ name: 'q', header: { name: 'x-auth-token', value: 'fifth-Zq7' }, version: 'v2' }],
        mirrors: [{ name: 'm1', version: 'v2', percent: 5, requestHeaders: { set: { 'x-api-key': 'sixth-Zq7' } } }],
      },
      route: { requestHeaders: { set: { authorization: FIRST } } },
    }),
    admin: {
      address: '127.0.0.1:0',
      auth: { tokens: Object.keys(TOKENS).map((role) => ({ name: role, role, env: `${role.toUpperCase()}_TOKEN` })) },
    },
  };
  const env = Object.fromEntries(Object.entries(TOKENS).map(([role, token]) => [`${role.toUpperCase()}_TOKEN`, token]));
  return startSluice(config, { env });
}

const POOL = '/v1/pools/shop';

test('nobody reads a secret where one mirror or one override is shown, nor in the journal', async () => {
  const sluice = await startWithSecrets();
  const [viewer, operator] = [as(sluice, 'viewer'), as(sluice, 'operator')];
  const regex = { regex: 'seventh-Zq7' };
  const set = [
    await operator('PUT', `${POOL}/overrides/rg`, { header: { name: 'x-auth-token', value: regex }, version: 'v2' }),
    await operator('PUT', `${POOL}/mirrors/rg`, { version: 'v2', match: { headers: { 'x-api-key': regex } } }),
  ];
  expect(set.map(({ status }) => status)).toEqual([200, 200]);
  const [mirrors, overrides] = [`${POOL}/mirrors`, `${POOL}/overrides`];
  const single = [`${mirrors}/m1`, `${mirrors}/rg`, `${overrides}/q`, `${overrides}/rg`];
  for (const path of [...single, mirrors, overrides, POOL, '/v1/pools', '/v1/config', '/v1/journal', '/v1/revisions', '/v1/config/diff']) {
    const { status, body } = await viewer('GET', path);
    const text = JSON.stringify(body);
    expect([path, status, text.match(/.{0,80}Zq7/)?.[0]]).toEqual([path, 200, undefined]);
    if (single.includes(path)) expect(text).toMatch(/\*\*\* \([0-9a-f]{8}\)/);
  }
});

type Written = Readonly<Record<string, unknown>>;

test('a mask stands for the secret of its own place alone; there an operator sends it back', async () => {
  const sluice = await startWithSecrets();
  const operator = as(sluice, 'operator');
  const { routes } = (await operator('GET', '/v1/config')).body as unknown as {
    readonly routes: readonly { readonly requestHeaders: { readonly set: Readonly<Record<string, string>> } }[];
  };
  const mask = routes.map(({ requestHeaders }) => requestHeaders.set['authorization']).find((each) => each !== undefined);
  const stolen = await operator('PUT', `${POOL}/overrides/steal`, { header: { name: 'Authorization', value: mask }, version: 'v2' });
  expect([stolen.status, stolen.body.problems]).toEqual([
    422,
    [expect.objectContaining({ path: 'pools.shop.overrides.steal.header.value', message: expect.stringContaining('mask of a secret') })],
  ]);

  const { mirror } = (await operator('GET', `${POOL}/mirrors/m1`)).body as unknown as { readonly mirror: Written };
  const { name: _, ...shown } = mirror;
  const kept = await operator('PUT', `${POOL}/mirrors/m1`, { ...shown, percent: 7 });
  expect([kept.status, kept.body.differences?.map(({ path }) => path)]).toEqual([200, ['pools.shop.mirrors.m1.percent']]);
  const { header } = (await operator('GET', `${POOL}/overrides/q`)).body as unknown as { readonly header: Written };
  const turned = await operator('PUT', `${POOL}/overrides/q`, { header, version: 'v1' });
  expect([turned.status, turned.body.differences?.map(({ path }) => path)]).toEqual([200, ['pools.shop.overrides.q.version']]);
});

test('an operator cannot try what the secret of an admin is', async () => {
  const sluice = await startWithSecrets();
  const operator = as(sluice, 'operator');
  const tries = ['sixth-Zq7', 'wrong'].map(async (guess) => {
    const body = { version: 'v2', percent: 5, requestHeaders: { set: { 'x-api-key': guess } } };
    const { status, body: told } = await operator('PUT', `${POOL}/mirrors/m1?dryRun=true`, body);
    return [status, told];
  });
  const [right, wrong] = await Promise.all(tries);
  expect(right?.[0]).toBe(403);
  expect(right).toEqual(wrong);
  const shown = (await operator('GET', '/v1/config')).body as unknown as Written & { readonly routes: readonly Written[] };
  const whole = (guess: string): object => ({
    ...shown,
    routes: shown.routes.map((route) =>
      route['name'] === 'shop' ? { ...route, requestHeaders: { set: { authorization: guess } } } : route,
    ),
  });
  const sent = await Promise.all([FIRST, 'wrong'].map((guess) => operator('PUT', '/v1/config?dryRun=true', whole(guess))));
  expect(sent.map(({ status }) => status)).toEqual([403, 403]);
  expect((await operator('PUT', '/v1/config?dryRun=true', shown)).status).toBe(200);
});
