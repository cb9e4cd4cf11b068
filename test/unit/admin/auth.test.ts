import { chmodSync, mkdtempSync, rmSync, writeFileSync, symlinkSync, renameSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { connect } from 'node:net';
import { once } from 'node:events';
import crypto from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import type { AdminTokenConfig } from '../../../src/config/model.ts';
import { ManualClock } from '../../scaffold/manual-clock.ts';
import { isAllowedOrigin } from '../../../src/admin/origins.ts';
import { TokenBucket } from '../../../src/admin/token-bucket.ts';
import { Tokens } from '../../../src/admin/tokens.ts';
import { CounterRegistry } from '../../../src/telemetry/counter-registry.ts';
import { Exposition } from '../../../src/telemetry/exposition.ts';
import { FakeControl } from './fake-control.ts';
import { closeAdmins, expectProblem, openAdmin } from './open-admin.ts';
import type { Admin } from './open-admin.ts';

const dir = mkdtempSync(join(tmpdir(), 'sluice-tokens-'));
afterEach(closeAdmins);
afterAll(() => rmSync(dir, { recursive: true }));

const ROLES = ['viewer', 'operator', 'admin'] as const;
const secretOf = (name: string) => `secret-of-the-${name}`;
const env = Object.fromEntries(ROLES.map((role) => [role, secretOf(role)]));
const tokens = ROLES.map((role): AdminTokenConfig => ({ name: `the-${role}`, role, source: { kind: 'env', name: role } }));
const limits = { writesPerSecond: 500 };
const bearer = (secret: string) => ({ authorization: `Bearer ${secret}` });

function openGuarded(clock = new ManualClock()): Promise<Admin> {
  return openAdmin({ clock, env, config: { tokens, limits } });
}

const READS = ['/v1/pools', '/v1/pools/shop/split', '/v1/config', '/v1/revisions', '/v1/revisions/1', '/openapi.json'];
const OPERATIONS: readonly (readonly [string, string, object | undefined])[] = [
  ['PUT', '/v1/pools/shop/split', { weights: { v1: 1, v2: 0 } }],
  ['PUT', '/v1/pools/shop/overrides/a', { query: { name: 'a', value: 'b' }, version: 'v1' }],
  ['DELETE', '/v1/pools/shop/overrides/a', undefined],
  ['DELETE', '/v1/pools/shop/overrides', undefined],
  ['POST', '/v1/pools/shop/versions/v1/drain', undefined],
  ['POST', '/v1/pools/shop/versions/v1/resume', undefined],
  ['POST', '/v1/pools/shop/versions/v1/endpoints/a/drain', undefined],
  ['POST', '/v1/pools/shop/versions/v1/endpoints/a/resume', undefined],
  ['POST', '/v1/revisions/1/restore', undefined],
];

describe('roles', () => {
  it.each(READS)('everybody with a token reads %s', async (path) => {
    const { ask } = await openGuarded();
    for (const role of ROLES) expect((await ask(path, { headers: bearer(secretOf(role)) })).status).toBe(200);
    expectProblem(await ask(path), 401);
  });

  it.each(OPERATIONS)('operators and admins may %s %s', async (method, path, body) => {
    const { ask, control } = await openGuarded();
    const refused = await ask(path, { method, body, headers: bearer(secretOf('viewer')) });
    expect(expectProblem(refused, 403)['detail']).toBe('This needs the role operator; the caller the-viewer has the role viewer.');
    expectProblem(await ask(path, { method, body }), 401);
    expect(control.orders).toEqual([]);
    for (const role of ['operator', 'admin']) expect((await ask(path, { method, body, headers: bearer(secretOf(role)) })).status).toBe(200);
    expect(control.orders.map(({ author }) => author)).toEqual(['the-operator', 'the-admin']);
    const path0 = path.split('?', 1)[0];
    expect(control.refusals).toEqual([
      { method, path: path0, reason: 'role', author: 'the-viewer' },
      { method, path: path0, reason: 'no-token', author: 'anonymous' },
    ]);
  });

  it('operators and admins send a whole config, which is judged by what it changes', async () => {
    const { ask, control } = await openGuarded();
    const put = (role: string) => ask('/v1/config', { method: 'PUT', body: {}, headers: bearer(secretOf(role)) });
    expectProblem(await put('viewer'), 403);
    expect((await put('operator')).status).toBe(200);
    expect((await put('admin')).status).toBe(200);
    expect(control.orders.map(({ role }) => role)).toEqual(['operator', 'admin']);
  });

  it('a change above the role of its caller is refused with the names of the fields, and noted', async () => {
    const { ask, control } = await openGuarded();
    const fields = ['admin.limits.writesPerSecond', 'workers'].map((path) => ({ path, needed: 'admin' as const }));
    control.outcome = async () => ({ result: 'forbidden', revision: 7, fields });
    const refused = await ask('/v1/revisions/1/restore', { method: 'POST', headers: bearer(secretOf('operator')) });
    expect(expectProblem(refused, 403)).toMatchObject({
      detail:
        'This changes admin.limits.writesPerSecond and 1 more, which needs the role admin; the caller the-operator has the role operator.',
      problems: [
        { path: 'admin.limits.writesPerSecond', message: 'admin.limits.writesPerSecond: a change of this needs the role admin' },
        { path: 'workers' },
      ],
    });
    expect(refused.headers['www-authenticate']).toContain('insufficient_scope');
    expect(control.refusals).toEqual([{ method: 'POST', path: '/v1/revisions/1/restore', reason: 'role', author: 'the-operator' }]);
    control.outcome = async () => ({ result: 'forbidden', revision: 7, fields: [{ path: 'state', needed: 'file' }] });
    const never = expectProblem(await ask('/v1/config', { method: 'PUT', body: {}, headers: bearer(secretOf('admin')) }), 403);
    expect(never['detail']).toBe('This changes state: only the config file may, not the API; nothing has changed.');
  });

  it('viewers may ask for an explanation', async () => {
    const { ask } = await openGuarded();
    const response = await ask('/v1/explain', { method: 'POST', body: { url: '/' }, headers: bearer(secretOf('viewer')) });
    expect(response.status).toBe(200);
  });

  it.each(['/livez', '/readyz', '/metrics'])('%s is open, and says its methods to everybody', async (path) => {
    const { ask } = await openGuarded();
    expect((await ask(path)).status).toBe(200);
    expectProblem(await ask(path, { method: 'POST' }), 405);
  });

  it('a caller without a token does not learn what is there', async () => {
    const { ask } = await openGuarded();
    for (const path of ['/v1/nothing', '/v1/pools/none', '/']) expectProblem(await ask(path), 401);
    expectProblem(await ask('/v1/nothing', { headers: bearer(secretOf('viewer')) }), 404);
    expectProblem(await ask('/v1/pools', { method: 'PATCH' }), 401);
  });

  it.each([
    '',
    'Bearer',
    'Bearer ',
    'Bearer wrong-wrong-wrong',
    `Basic ${secretOf('admin')}`,
    `Bearer ${secretOf('admin')} x`,
    `Bearer ${secretOf('admin')}x`,
    `Bearer ${secretOf('admin').slice(0, -1)}`,
    `Bearer ${'x'.repeat(5000)}`,
  ])('does not take %j', async (authorization) => {
    const { ask, control } = await openGuarded();
    const response = await ask('/v1/pools', { headers: { authorization } });
    expectProblem(response, 401);
    expect(response.headers['www-authenticate']).toBe('Bearer realm="sluice", error="invalid_token"');
    expect(JSON.stringify([control.refusals, response.text])).not.toContain(authorization.slice(7, 30) || 'nothing of it');
  });

  it('does not take two Authorization fields', async () => {
    const { port, control } = await openGuarded();
    const socket = connect(port, '127.0.0.1').setEncoding('latin1');
    let text = '';
    socket.on('data', (part: string) => (text += part));
    const fields = `authorization: Bearer ${secretOf('admin')}\r\nAuthorization: Bearer x`;
    socket.write(`DELETE /v1/pools/shop/overrides HTTP/1.1\r\nhost: localhost\r\n${fields}\r\nconnection: close\r\n\r\n`);
    await once(socket, 'close');
    expect(text).toMatch(/^HTTP\/1\.1 400 /);
    expect(control.orders).toEqual([]);
  });

  it('refuses everybody when no configured token can be used', async () => {
    const { ask } = await openAdmin({ env: {}, config: { tokens, limits } });
    expectProblem(await ask('/v1/pools'), 401);
    expectProblem(await ask('/v1/pools', { headers: bearer('') }), 401);
  });

  it('takes other tokens and limits while it runs', async () => {
    const { ask, server } = await openGuarded();
    const drain = (secret: string) => ask('/v1/pools/shop/versions/v1/drain', { method: 'POST', headers: bearer(secret) });
    expect((await drain(secretOf('operator'))).status).toBe(200);
    server.configure({ tokens: tokens.slice(2), limits: { writesPerSecond: 1 } });
    expectProblem(await drain(secretOf('operator')), 401);
    expect([
      (await drain(secretOf('admin'))).status,
      (await drain(secretOf('admin'))).status,
      (await drain(secretOf('admin'))).status,
    ]).toEqual([200, 200, 429]);
    // Whatever a config says from now on: without a restart nobody comes in without a token.
    server.configure({ tokens: [], limits });
    expectProblem(await ask('/v1/pools'), 401);
    expect((await ask('/v1/pools', { headers: bearer(secretOf('admin')) })).status).toBe(200);
    server.configure({ tokens: tokens.slice(0, 1), limits });
    expect((await ask('/v1/pools', { headers: bearer(secretOf('viewer')) })).status).toBe(200);
  });
});

describe('bounds', () => {
  it('on changes are per token, and say when to come back', async () => {
    const clock = new ManualClock();
    const { ask, server } = await openAdmin({ clock, env, config: { tokens, limits: { writesPerSecond: 2 } } });
    const drain = (role: string) => ask('/v1/pools/shop/versions/v1/drain', { method: 'POST', headers: bearer(secretOf(role)) });
    for (let turn = 0; turn < 4; turn++) expect((await drain('operator')).status).toBe(200);
    const late = await drain('operator');
    expectProblem(late, 429);
    expect(late.headers['retry-after']).toBe('1');
    expect((await drain('admin')).status).toBe(200);
    expect((await ask('/v1/pools', { headers: bearer(secretOf('operator')) })).status).toBe(200);
    clock.advance(1000);
    expect((await drain('operator')).status).toBe(200);
    expect(Object.fromEntries([...server.refused()].map(([{ reason }, count]) => [reason, count]))).toMatchObject({ rate: 1, host: 0 });
  });

  it('on wrong tokens are per address, delay no caller with a right one, and do not flood the journal', async () => {
    const { ask, control, server } = await openGuarded();
    const statuses: number[] = [];
    for (let turn = 0; turn < 14; turn++) statuses.push((await ask('/v1/pools', { headers: bearer('wrong-wrong-wrong') })).status);
    expect(statuses).toEqual([...Array<number>(10).fill(401), ...Array<number>(4).fill(429)]);
    expect((await ask('/v1/pools', { headers: bearer(secretOf('viewer')) })).status).toBe(200);
    expect(control.refusals).toHaveLength(10);
    expect([...server.refused()]).toContainEqual([{ reason: 'bad-token' }, 14]);
  });

  it('on requests at work are 64, and probes get through', async () => {
    const { ask, control, server } = await openAdmin();
    const waiting: (() => void)[] = [];
    control.outcome = () => new Promise((resolve) => waiting.push(() => resolve({ result: 'unknown', message: 'none' })));
    const drain = () => ask('/v1/pools/shop/versions/v1/drain', { method: 'POST' });
    const busy = Array.from({ length: 64 }, drain);
    await vi.waitFor(() => expect(waiting).toHaveLength(64));
    expectProblem(await drain(), 503);
    expect((await ask('/livez')).status).toBe(200);
    for (const end of waiting) end();
    await Promise.all(busy);
    expect((await ask('/v1/pools')).status).toBe(200);
    expect([...server.refused()]).toContainEqual([{ reason: 'busy' }, 1]);
  });

  it('of a TokenBucket hold for any number of keys', () => {
    const bound = new TokenBucket(() => 0, 1, 1);
    for (let key = 0; key < 5000; key++) expect(bound.take(`k${key}`)).toBe(true);
    expect(bound.take('k4999')).toBe(false);
    expect(bound.take('k0')).toBe(true);
  });
});

describe('origins', () => {
  it.each([
    ['http://localhost:9901', 'GET', true],
    ['http://localhost:9901', 'PUT', true],
    ['http://LOCALHOST:9901', 'PUT', true],
    ['http://localhost:3000', 'GET', true],
    ['http://localhost:3000', 'PUT', false],
    ['http://evil.example', 'GET', false],
    ['http://localhost.evil.example', 'GET', false],
    ['http://localhost:9901@evil.example', 'GET', false],
    ['null', 'GET', false],
    ['', 'PUT', false],
    ['file://localhost:9901', 'PUT', false],
  ])('%s may %s: %s', (origin, method, expected) => {
    expect(
      isAllowedOrigin(origin, { host: 'localhost:9901', method, isSecure: false }, (host) => /^localhost(?::[0-9]+)?$/i.test(host)),
    ).toBe(expected);
  });

  it('of other pages are refused, counted and told', async () => {
    const { ask, control, server } = await openGuarded();
    const headers = { ...bearer(secretOf('admin')), origin: 'http://evil.example' };
    expectProblem(await ask('/v1/pools/shop/versions/v1/drain', { method: 'POST', headers }), 403);
    expectProblem(await ask('/v1/pools?token=secret', { headers: { host: 'evil.example' } }), 421);
    expect(control.orders).toEqual([]);
    expect(control.refusals).toEqual([
      { method: 'POST', path: '/v1/pools/shop/versions/v1/drain', reason: 'origin', author: 'anonymous' },
      { method: 'GET', path: '/v1/pools', reason: 'host', author: 'anonymous' },
    ]);
    expect([...server.refused()]).toContainEqual([{ reason: 'origin' }, 1]);
    const exposition = new Exposition(new CounterRegistry(1), { retryReasons: [], choiceReasons: [], build: 'x' });
    exposition.registerAdminRefusals(() => server.refused());
    expect(String(await exposition.text())).toContain('sluice_admin_refused_total{reason="origin"} 1\n');
  });
});

describe('names and places', () => {
  const named = (host: string, more: Readonly<Record<string, string>> = {}) => ({ headers: { host, ...more } });

  it('any name will do for a call with a valid token, and for no other', async () => {
    const { ask, server } = await openGuarded();
    const host = 'sluice.default.svc:9901';
    expect((await ask('/v1/pools', named(host, bearer(secretOf('viewer'))))).status).toBe(200);
    expectProblem(await ask('/v1/pools', named(host)), 421);
    expectProblem(await ask('/v1/pools', named(host, bearer('wrong-wrong-wrong'))), 421);
    server.configure({ tokens, limits, hosts: ['sluice.default.svc'] });
    expectProblem(await ask('/v1/pools', named(host)), 401);
    expectProblem(await ask('/v1/pools', named('other.default.svc')), 421);
    server.configure({ tokens, limits });
    expectProblem(await ask('/v1/pools', named(host)), 421);
  });

  it('without tokens the configured names alone are taken, whatever is sent as a token', async () => {
    const { ask } = await openAdmin({ config: { tokens: [], limits, hosts: ['sluice.internal'] } });
    expect((await ask('/v1/pools', named('sluice.internal:1'))).status).toBe(200);
    expectProblem(await ask('/v1/pools', named('evil.example', bearer('whatever-whatever'))), 421);
  });

  it('a page of the name that was called may write with a token', async () => {
    const { ask } = await openGuarded();
    const drain = (origin: string) =>
      ask('/v1/pools/shop/versions/v1/drain', { method: 'POST', ...named('ops.example', { origin, ...bearer(secretOf('operator')) }) });
    expect((await drain('https://ops.example')).status).toBe(200);
    expectProblem(await drain('https://evil.example'), 403);
    expectProblem(await drain('null'), 403);
  });

  const link = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
  it.each<[string, string, Readonly<Record<string, string>>, number]>([
    ['GET', '/v1/events', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors' }, 403],
    ['GET', '/v1/events', { 'sec-fetch-site': 'same-site' }, 403],
    ['GET', '/v1/events', { 'sec-fetch-site': 'cross-site', ...link }, 403],
    ['GET', '/v1/pools', { 'sec-fetch-site': 'cross-site' }, 403],
    ['GET', '/v1/pools', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' }, 403],
    ['GET', '/v1/pools', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' }, 403],
    ['GET', '/v1/pools', { 'sec-fetch-site': 'nonsense' }, 403],
    ['GET', '/metrics', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }, 403],
    ['GET', '/livez', { 'sec-fetch-site': 'cross-site' }, 403],
    ['POST', '/v1/pools/shop/versions/v1/drain', { 'sec-fetch-site': 'cross-site', ...link }, 403],
    ['POST', '/v1/pools/shop/versions/v1/drain', { 'sec-fetch-site': 'same-origin' }, 200],
    ['GET', '/v1/pools', { 'sec-fetch-site': 'cross-site', ...link }, 200],
    ['GET', '/v1/pools', { 'sec-fetch-site': 'none', ...link }, 200],
    ['GET', '/v1/pools', { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors' }, 200],
    ['GET', '/metrics', {}, 200],
  ])('a browser that sends %s %s with %j gets %s', { timeout: 10_000 }, async (method, path, headers, status) => {
    const { ask, control } = await openAdmin();
    expect((await ask(path, { method, headers })).status).toBe(status);
    expect(control.refusals.map(({ reason }) => reason)).toEqual(status === 403 ? ['origin'] : []);
  });

  it('a valid token tells more than where a browser says that it is', async () => {
    const { ask } = await openGuarded();
    const headers = { 'sec-fetch-site': 'cross-site', ...bearer(secretOf('viewer')) };
    expect((await ask('/v1/pools', { headers })).status).toBe(200);
    expectProblem(await ask('/v1/pools', { headers: { ...headers, authorization: 'Bearer wrong-wrong-wrong' } }), 403);
  });
});

describe('Tokens', () => {
  const file = (name: string): AdminTokenConfig => ({ name, role: 'admin', source: { kind: 'file', name: join(dir, name) } });

  function write(name: string, secret: string, mode = 0o600): void {
    writeFileSync(join(dir, name), secret);
    chmodSync(join(dir, name), mode);
  }

  function openTokens(configs: readonly AdminTokenConfig[]) {
    const clock = new ManualClock();
    const warnings: Readonly<Record<string, unknown>>[] = [];
    const errors: object[] = [];
    const log = {
      warn: (fields: Readonly<Record<string, unknown>>) => void warnings.push(fields),
      info: () => undefined,
      error: (fields: object) => void errors.push(fields),
    };
    return { clock, warnings, errors, tokens: new Tokens({ log, nowMs: () => clock.nowMs(), env }, configs) };
  }

  it('lock nobody out in silence: when none that changes anything can be used, it is told once, with what to do', () => {
    const ops = (name: string): AdminTokenConfig => ({ name: 'ops', role: 'operator', source: { kind: 'env', name } });
    const unset = openTokens([tokens[0]!, ops('SLUICE_OPS')]);
    expect(unset.errors).toEqual([
      {
        tokens: ['ops'],
        mend:
          'the token ops is read from the variable SLUICE_OPS, and it is missing or empty: ' +
          'set SLUICE_OPS to a secret of at least 16 characters, and start again',
      },
    ]);
    unset.tokens.configure([ops('viewer')]);
    unset.tokens.configure([tokens[0]!]);
    expect(unset.errors).toHaveLength(1);
    expect(openTokens([ops('SLUICE_OPS'), tokens[2]!]).errors).toEqual([]);
    write('late', 'short');
    const { clock, errors, tokens: held } = openTokens([file('late')]);
    const look = () => (clock.advance(1000), held.find('a-secret-that-is-late'));
    look();
    expect(errors).toMatchObject([
      { mend: expect.stringMatching(/from the file .*late, and it is shorter than 16 characters: write a secret /) },
    ]);
    write('late', 'a-secret-that-is-late');
    expect(look()?.name).toBe('late');
    rmSync(join(dir, 'late'));
    look();
    expect(errors).toHaveLength(2);
  });

  it('follow their files, at most once a second', () => {
    write('a', '  first-secret-of-a \n');
    const { clock, tokens: held, warnings } = openTokens([file('a')]);
    expect(held.find('first-secret-of-a')?.name).toBe('a');
    write('next', 'second-secret-of-a');
    renameSync(join(dir, 'next'), join(dir, 'a'));
    clock.advance(999);
    expect(held.find('second-secret-of-a')).toBeUndefined();
    clock.advance(1);
    expect(held.find('second-secret-of-a')?.name).toBe('a');
    expect(held.find('first-secret-of-a')).toBeUndefined();
    rmSync(join(dir, 'a'));
    clock.advance(1000);
    expect(held.find('second-secret-of-a')).toBeUndefined();
    expect(held.required).toBe(true);
    expect(warnings).toMatchObject([{ token: 'a', fault: 'it is missing or empty' }]);
    clock.advance(5000);
    held.find('x');
    expect(warnings).toHaveLength(1);
    write('b', 'third-secret-of-a!');
    symlinkSync(join(dir, 'b'), join(dir, 'a'));
    clock.advance(1000);
    expect(held.find('third-secret-of-a!')?.name).toBe('a');
  });

  it.each([
    ['short', 'x'.repeat(15), 'shorter'],
    ['long', 'x'.repeat(4097), 'longer'],
    ['very long', 'x'.repeat(1_000_000), 'longer'],
    ['of two lines', `${'x'.repeat(20)}\n${'y'.repeat(20)}`, 'blanks'],
    ['not ASCII', 'ü'.repeat(20), 'other than printable ASCII'],
    ['empty', ' \n', 'missing or empty'],
    ['the same as another', secretOf('viewer'), 'the same as that of the-viewer'],
  ])('refuse one that is %s, and do not tell it', (_, secret, fault) => {
    write('bad', secret);
    const { tokens: held, warnings } = openTokens([tokens[0]!, file('bad')]);
    expect(held.find(secret.trim())?.name).toBe(secret === secretOf('viewer') ? 'the-viewer' : undefined);
    expect(warnings).toMatchObject([{ token: 'bad', fault: expect.stringContaining(fault) }]);
    expect(JSON.stringify(warnings)).not.toContain(secret.trim() || 'nothing');
  });

  it('refuse a file that others may write, or replace in its folder; tell of one that others may read', () => {
    const secret = 'secret-of-an-open-file';
    for (const [mode, folderMode, warning] of [
      [0o600, 0o700, {}],
      [0o640, 0o1777, {}],
      [0o644, 0o755, { file: join(dir, 'open') }],
      [0o602, 0o700, { fault: expect.stringContaining('others may write its file') as string }],
      [0o600, 0o707, { fault: expect.stringContaining('replace it in its folder') as string }],
    ] as const) {
      write('open', secret, mode);
      chmodSync(dir, folderMode);
      const { tokens: held, warnings } = openTokens([file('open')]);
      expect(held.find(secret)?.name).toBe('fault' in warning ? undefined : 'open');
      expect(warnings).toMatchObject(Object.keys(warning).length === 0 ? [] : [{ token: 'open', ...warning }]);
      chmodSync(dir, 0o700);
    }
  });

  it('follow the mode of a file, too', () => {
    write('moody', 'secret-of-a-moody-file', 0o606);
    const { clock, tokens: held } = openTokens([file('moody')]);
    expect(held.find('secret-of-a-moody-file')).toBeUndefined();
    chmodSync(join(dir, 'moody'), 0o600);
    clock.advance(1000);
    expect(held.find('secret-of-a-moody-file')?.name).toBe('moody');
    chmodSync(join(dir, 'moody'), 0o666);
    clock.advance(1000);
    expect(held.find('secret-of-a-moody-file')).toBeUndefined();
  });

  it('refuse a folder, a file that may not be there, and one that cannot be looked at', () => {
    symlinkSync('self', join(dir, 'self'));
    const odd = [{ ...file('x'), source: { kind: 'file', name: dir } } as const, file('not-there'), file('self'), file('n'.repeat(300))];
    const { clock, warnings, tokens: held } = openTokens(odd);
    expect(warnings.map(({ fault }) => fault)).toEqual(odd.map(() => 'it is missing or empty'));
    clock.advance(1000);
    expect(held.find('a-secret-of-nobody')).toBeUndefined();
  });

  it('say once what is wrong, however often the same ones are configured', () => {
    const { warnings, tokens: held } = openTokens([file('not-there')]);
    held.configure([file('not-there')]);
    expect(warnings).toHaveLength(1);
    held.configure([file('not-there-either')]);
    expect(warnings).toHaveLength(2);
  });

  it('compare with all of them, whichever fits, in constant time', () => {
    const { tokens: held } = openTokens(tokens);
    const compare = vi.spyOn(crypto, 'timingSafeEqual');
    // Named imports of built-in modules follow only when they are told to.
    syncBuiltinESMExports();
    for (const secret of [secretOf('viewer'), secretOf('admin'), 'wrong', '']) {
      compare.mockClear();
      held.find(secret);
      expect(compare).toHaveBeenCalledTimes(tokens.length);
    }
    compare.mockRestore();
    syncBuiltinESMExports();
  });
});

it('is never open to other machines, whatever a later config says of its address', async () => {
  const address = { kind: 'tcp', host: '0.0.0.0', port: 0 } as const;
  await expect(openAdmin({ address })).rejects.toThrow('without tokens');
  const warnings: string[] = [];
  const log = { error: () => undefined, info: () => undefined, warn: (_: unknown, message: string) => void warnings.push(message) };
  const { ask, server } = await openAdmin({ address, env, log, config: { tokens, limits } });
  server.configure({ tokens: [], limits });
  expectProblem(await ask('/v1/pools'), 401);
  expect((await ask('/v1/pools', { headers: bearer(secretOf('viewer')) })).status).toBe(200);
  expect(warnings).toHaveLength(1);
});

it('is open to everybody without tokens, as the operator `anonymous`, and says so at the start', async () => {
  const control = new FakeControl();
  const told: string[] = [];
  const log = { info: (_: unknown, message: string) => void told.push(message), warn: () => undefined, error: () => undefined };
  const { ask, server } = await openAdmin({ control, env, log });
  expect(told).toEqual([expect.stringContaining('every caller of the admin API has the role operator')]);
  expect((await ask('/v1/config', { method: 'PUT', body: {}, headers: bearer('whatever') })).status).toBe(200);
  expect(control.orders).toMatchObject([{ author: 'anonymous', role: 'operator' }]);
  control.outcome = async () => ({ result: 'forbidden', revision: 7, fields: [{ path: 'workers', needed: 'admin' }] });
  expect(expectProblem(await ask('/v1/config', { method: 'PUT', body: {} }), 403)['detail']).toBe(
    'This changes workers, which needs the role admin; where the config lists no token (admin.auth.tokens) every caller has the role operator.',
  );
  server.configure({ tokens, limits });
  expectProblem(await ask('/v1/config', { method: 'PUT', body: {} }), 401);
});
