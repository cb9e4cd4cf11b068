import { afterEach, describe, expect, it } from 'vitest';
import type { Change, ChangeOutcome } from '../../../src/control/control-api.ts';
import { closeAdmins, expectProblem, openAdmin } from './open-admin.ts';

afterEach(closeAdmins);

const SPLIT = '/v1/pools/shop/split';
const weights = { v1: 0, v2: 100 };

describe('reading', () => {
  it.each([
    ['/v1/pools', { revision: 7, pools: [{ name: 'shop' }] }],
    ['/v1/pools/shop', { name: 'shop', revision: 7, workers: { applied: 2, total: 2 }, weights: { v1: 90, v2: 10 } }],
    [SPLIT, { pool: 'shop', revision: 7, workers: { applied: 2, total: 2 }, weights: { v1: 90, v2: 10 } }],
    ['/v1/pools/shop/overrides', { pool: 'shop', overrides: [{ name: 'qa', version: 'v2', origin: 'file' }] }],
    ['/v1/pools/shop/overrides/qa', { name: 'qa', version: 'v2', origin: 'file', header: { name: 'x-version', value: 'v2' } }],
    ['/v1/pools/shop/versions/v2', { pool: 'shop', revision: 7, name: 'v2', draining: true, inFlight: 3, connections: 1 }],
    ['/v1/config', { pools: { shop: { split: { v1: 90, v2: 10 } } } }],
    ['/v1/revisions', { revision: 7, revisions: [{ revision: 7 }, { revision: 6 }, {}, {}, {}, {}, { revision: 1 }] }],
    ['/v1/revisions?limit=2&before=6', { revisions: [{ revision: 5 }, { revision: 4 }], next: 4 }],
    ['/v1/revisions/7', { revision: 7, author: 'ci', reason: 'step', config: expect.stringContaining('pools:') }],
  ])('returns %s with its tag, and 304 to a client that has it', async (path, expected) => {
    const { ask } = await openAdmin();
    const response = await ask(path);
    expect(response).toMatchObject({ status: 200, json: expected, headers: { etag: '"7"', 'cache-control': 'no-store' } });
    expect(response.headers['content-type']).toBe('application/json; charset=utf-8');
    for (const tag of ['"7"', 'W/"7"', '"3", "7"', '*'])
      expect(await ask(path, { headers: { 'if-none-match': tag } })).toMatchObject({ status: 304, text: '', headers: { etag: '"7"' } });
    expect((await ask(path, { headers: { 'if-none-match': '"6"' } })).status).toBe(200);
    expectProblem(await ask(path, { headers: { 'if-none-match': '7' } }), 400);
    expectProblem(await ask(path, { headers: { accept: 'text/html' } }), 406);
    expect(await ask(path, { method: 'HEAD' })).toMatchObject({ status: 200, text: '', headers: { etag: '"7"' } });
  });

  it.each([
    '/v1/pools/none',
    '/v1/pools/none/split',
    '/v1/pools/none/overrides',
    '/v1/pools/shop/overrides/none',
    '/v1/pools/shop/versions/none',
    '/v1/pools/%00',
    '/v1/pools/__proto__',
    '/v1/pools/..%2f..',
    '/v1/revisions/8',
    '/v1/revisions/0',
    '/v1/revisions/1e3',
    '/v1/nothing',
  ])('has nothing at %s', async (path) => {
    const { ask } = await openAdmin();
    expectProblem(await ask(path), 404);
  });

  it.each([
    '/v1/pools?x=1',
    '/v1/revisions?limit=0',
    '/v1/revisions?limit=101',
    '/v1/revisions?limit=1&limit=2',
    '/v1/revisions?before=%20',
  ])('refuses the query of %s and says where', async (path) => {
    const { ask } = await openAdmin();
    expect(expectProblem(await ask(path), 400)['problems']).toMatchObject([{ path: expect.any(String), message: expect.any(String) }]);
  });

  it('gives the config as YAML to a client that prefers it', async () => {
    const { ask } = await openAdmin();
    const response = await ask('/v1/config', { headers: { accept: 'application/json;q=0.5, application/yaml' } });
    expect(response).toMatchObject({ status: 200, headers: { 'content-type': 'application/yaml', vary: 'accept' } });
    expect(response.text).toContain('shop:');
    expectProblem(await ask('/v1/config', { headers: { accept: 'application/json;q=0' } }), 406);
  });

  it('says that it starts before a config is in force', async () => {
    const admin = await openAdmin();
    admin.control.revision = 0;
    for (const path of ['/v1/pools', '/v1/pools/shop', '/v1/config']) {
      const response = await admin.ask(path);
      expectProblem(response, 503);
      expect(response.headers['retry-after']).toBe('1');
    }
  });

  it('explains', async () => {
    const { ask, control } = await openAdmin();
    const response = await ask('/v1/explain', { method: 'POST', body: { url: 'http://shop/', headers: { 'x-a': 'b' } } });
    expect(response).toMatchObject({ status: 200, json: { pool: 'shop', shares: [{ version: 'v1' }] } });
    expect(control.questions).toEqual([
      { method: 'GET', url: 'http://shop/', headers: { 'x-a': 'b' }, listener: undefined, client: undefined },
    ]);
    control.explanation = 'there is no listener x';
    expect(expectProblem(await ask('/v1/explain', { method: 'POST', body: { url: '/' } }), 422)['detail']).toBe('there is no listener x');
    expectProblem(await ask('/v1/explain', { method: 'POST', body: { url: 5 } }), 400);
  });

  it('lists exchanges, as they are asked for', async () => {
    const { ask, control } = await openAdmin();
    const response = await ask('/v1/exchanges?pool=shop&version=v2&route=r&outcome=ok&status=200&id=a%20b&limit=5');
    expect(response).toMatchObject({ status: 200, json: { workers: { responded: 2, total: 2 }, exchanges: [{ reason: 'override' }, {}] } });
    await ask('/v1/exchanges');
    const none = { pool: undefined, version: undefined, route: undefined, outcome: undefined, status: undefined, id: undefined };
    expect(control.queries).toMatchObject([
      { pool: 'shop', version: 'v2', route: 'r', outcome: 'ok', status: 200, id: 'a b', limit: 5 },
      { ...none, limit: 20 },
    ]);
    control.exchanges = () => Promise.resolve({ workers: { responded: 2, total: 2 }, exchanges: [] });
    for (const [query, detail] of [
      ['pool=shp', /no pool "shp" \(did you mean "shop"\?\)/],
      ['pool=shop&version=v9', /no version "v9".*there are v1, v2/],
      ['route=foo', /no route "foo"/],
    ] as const)
      expect(expectProblem(await ask(`/v1/exchanges?${query}`), 404)['detail']).toMatch(detail);
    expect((await ask('/v1/exchanges?pool=shop&version=v2')).status).toBe(200);
    const problem = expectProblem(await ask('/v1/exchanges?outcome=no-route'), 400);
    expect(JSON.stringify(problem)).toContain('did you mean \\"no_route\\"?');
    for (const query of ['status=99', 'status=600', 'limit=0', 'limit=101', 'id=a%0Ab', `pool=${'x'.repeat(101)}`, 'dryRun=true'])
      expectProblem(await ask(`/v1/exchanges?${query}`), 400);
  });
});

interface Write {
  readonly path: string;
  readonly method: string;
  readonly body?: unknown;
  readonly change: Change;
}

const override = { header: { name: 'x-a', value: { regex: '^b' } }, version: 'v2' };
const mirror = { version: 'v2', percent: 5, match: { methods: ['GET'] }, compare: { ignore: ['**.at'], noise: 'off' } };
const WRITES: readonly Write[] = [
  { method: 'PUT', path: SPLIT, body: { weights }, change: { kind: 'split', pool: 'shop', weights } },
  {
    method: 'PUT',
    path: '/v1/pools/shop/overrides/mine',
    body: override,
    change: { kind: 'override', pool: 'shop', name: 'mine', override },
  },
  { method: 'DELETE', path: '/v1/pools/shop/overrides/mine', change: { kind: 'remove-override', pool: 'shop', name: 'mine' } },
  { method: 'DELETE', path: '/v1/pools/shop/overrides', change: { kind: 'clear-overrides', pool: 'shop' } },
  { method: 'PUT', path: '/v1/pools/shop/mirrors/dark', body: mirror, change: { kind: 'mirror', pool: 'shop', name: 'dark', mirror } },
  { method: 'DELETE', path: '/v1/pools/shop/mirrors/dark', change: { kind: 'remove-mirror', pool: 'shop', name: 'dark' } },
  { method: 'DELETE', path: '/v1/pools/shop/mirrors', change: { kind: 'clear-mirrors', pool: 'shop' } },
  ...(['drain', 'resume'] as const).flatMap((kind): Write[] => [
    { method: 'POST', path: `/v1/pools/shop/versions/v1/${kind}`, change: { kind, pool: 'shop', version: 'v1', endpoint: undefined } },
    {
      method: 'POST',
      path: `/v1/pools/shop/versions/v1/endpoints/${encodeURIComponent('unix:/run/a.sock')}/${kind}`,
      body: {},
      change: { kind, pool: 'shop', version: 'v1', endpoint: 'unix:/run/a.sock' },
    },
  ]),
  {
    method: 'POST',
    path: '/v1/pools/shop/versions/v1/drain',
    body: { deadline: '30s' },
    change: { kind: 'drain', pool: 'shop', version: 'v1', endpoint: undefined, deadlineMs: 30_000 },
  },
  {
    method: 'POST',
    path: '/v1/pools/shop/versions/v1/drain',
    body: { force: true },
    change: { kind: 'drain', pool: 'shop', version: 'v1', endpoint: undefined, force: true },
  },
  { method: 'DELETE', path: SPLIT, change: { kind: 'reset-split', pool: 'shop' } },
  { method: 'DELETE', path: '/v1/config', change: { kind: 'reset-config' } },
  {
    method: 'POST',
    path: '/v1/revisions/3/restore',
    body: { pools: ['shop'] },
    change: { kind: 'restore', revision: 3, pools: ['shop'] },
  },
  { method: 'PUT', path: '/v1/config', body: { listeners: [] }, change: { kind: 'config', document: '{"listeners":[]}' } },
  { method: 'POST', path: '/v1/revisions/3/restore', change: { kind: 'restore', revision: 3 } },
  {
    method: 'PUT',
    path: SPLIT,
    body: { weights, sessions: 'move' },
    change: { kind: 'split', pool: 'shop', weights, sessions: 'move' },
  },
  {
    method: 'POST',
    path: '/v1/revisions/3/restore',
    body: { sessions: 'keep' },
    change: { kind: 'restore', revision: 3, sessions: 'keep' },
  },
];

describe('writing', () => {
  it('says how a dangerous drain is meant', async () => {
    const { ask, control } = await openAdmin();
    control.outcome = async () => ({ result: 'unconfirmed', revision: 7, message: 'pool shop would have no version left' });
    const refused = await ask('/v1/pools/shop/versions/v1/drain', { method: 'POST', body: {} });
    expect(expectProblem(refused, 409)['detail']).toBe('Pool shop would have no version left. Send "force": true if that is meant.');
    for (const force of ['yes', 1, null])
      expectProblem(await ask('/v1/pools/shop/versions/v1/drain', { method: 'POST', body: { force } }), 400);
  });

  it.each(WRITES)('$method $path', async ({ method, path, body, change }) => {
    const { ask, control } = await openAdmin();
    const response = await ask(path, { method, body });
    expect(response).toMatchObject({
      status: 200,
      json: { revision: 8, workers: { applied: 2, total: 2 }, differences: [{ path: 'pools.shop.split.v1', after: '10' }] },
      headers: { etag: '"8"' },
    });
    expect(control.orders).toEqual([{ change, author: 'anonymous', role: 'operator', reason: '', expected: undefined, dryRun: false }]);
  });

  it('says whose users were moved', async () => {
    const { ask, control } = await openAdmin();
    const moved = ['shop'];
    control.outcome = () => ({ result: 'applied', revision: 7, workers: { applied: 2, total: 2 }, differences: [], moved });
    expect((await ask(SPLIT, { method: 'PUT', body: { weights, sessions: 'move' } })).json).toMatchObject({ moved });
    control.outcome = () => ({ result: 'dry-run', revision: 7, differences: [], impact: control.impact, moved });
    expect((await ask(`${SPLIT}?dryRun=true`, { method: 'PUT', body: { weights, sessions: 'move' } })).json).toMatchObject({ moved });
    const bad = await ask(SPLIT, { method: 'PUT', body: { weights, sessions: true } });
    expect(expectProblem(bad, 400)['problems']).toMatchObject([{ path: 'sessions', message: expect.stringContaining('keep or move') }]);
  });

  it.each(WRITES)('$method $path as a dry run, for a reason, for a revision', async ({ method, path, body }) => {
    const { ask, control } = await openAdmin();
    const response = await ask(`${path}?dryRun=true&reason=step%20one`, { method, body, headers: { 'if-match': '"7"' } });
    expect(response).toMatchObject({ status: 200, json: { revision: 7, dryRun: true }, headers: { etag: '"7"' } });
    expect(control.orders).toMatchObject([{ reason: 'step one', expected: 7, dryRun: true }]);
    const stale = await ask(path, { method, body, headers: { 'if-match': '"6"' } });
    expect(expectProblem(stale, 412)['revision']).toBe(7);
    expectProblem(await ask(`${path}?dryRun=maybe`, { method, body }), 400);
    expectProblem(await ask(path, { method, body, headers: { 'if-none-match': '*' } }), 400);
    expect(control.orders).toHaveLength(2);
  });

  it.each<[string, ChangeOutcome, number, Record<string, unknown>]>([
    [
      'rejected',
      { result: 'rejected', revision: 7, problems: [{ path: 'split', line: 1, column: 2, message: 'all weights are 0' }] },
      422,
      { problems: [{ path: 'split', line: 1, column: 2, message: 'all weights are 0' }] },
    ],
    ['unknown', { result: 'unknown', message: 'There is no pool x.' }, 404, { detail: 'There is no pool x.' }],
    ['failed', { result: 'failed', message: 'A listener cannot be bound.' }, 503, { detail: 'A listener cannot be bound.' }],
    ['stale', { result: 'stale', revision: 9 }, 412, { revision: 9 }],
  ])('responds to a change that was %s', async (_, outcome, status, expected) => {
    const { ask, control } = await openAdmin();
    control.outcome = () => outcome;
    const response = await ask(SPLIT, { method: 'PUT', body: { weights } });
    expect(expectProblem(response, status)).toMatchObject(expected);
    expect(response.headers['retry-after']).toBe(status === 503 ? '1' : undefined);
  });

  it('takes the reason of the body before that of the query', async () => {
    const { ask, control } = await openAdmin();
    await ask(`${SPLIT}?reason=query`, { method: 'PUT', body: { weights, reason: 'body' } });
    await ask('/v1/pools/shop/versions/v1/drain', { method: 'POST', body: { reason: 'slow' } });
    expect(control.orders.map(({ reason }) => reason)).toEqual(['body', 'slow']);
  });

  it.each([
    ['text', { weights: 'v1' }, 'weights'],
    ['a negative weight', { weights: { v1: -1 } }, 'weights.v1'],
    ['a weight as text', { weights: { v1: '90' } }, 'weights.v1'],
    ['a list', [weights], ''],
    ['nothing', {}, ''],
    ['a typing error', { weigths: { v1: 1 } }, 'weigths'],
    ['a long reason', { weights, reason: 'x'.repeat(501) }, 'reason'],
    ['a reason with control characters', { weights, reason: 'a\nb' }, 'reason'],
    ['a bad name', { weights: { 'v 1': 1 } }, 'weights["v 1"]'],
    ['null', null, ''],
  ])('refuses %s as a split and says where', async (_, body, path) => {
    const { ask, control } = await openAdmin();
    const { problems } = expectProblem(await ask(SPLIT, { method: 'PUT', body }), 400);
    expect(problems).toContainEqual({ path, line: 1, column: expect.any(Number), message: expect.any(String) });
    expect(control.orders).toEqual([]);
  });

  it.each<[unknown, string[]]>([
    [undefined, ['']],
    [{}, ['']],
    [{ name: 'dark', version: 'v2' }, ['name']],
    [{ version: 'v2', percent: 5, fraction: '1/3' }, ['fraction']],
    [{ version: 5, match: [], compare: null }, ['version', 'match', 'compare']],
    [{ version: 'v2', match: { methods: Array(101).fill('GET') } }, ['match.methods']],
    [{ version: 'v2', compare: { ignore: ['$.a', 'a[0]'], ingore: [] } }, ['compare.ignore[1]', 'compare.ingore']],
    [{ version: 'v2', compare: { headers: ['A', 'a'], lists: [{ path: 'a' }] } }, ['compare.headers[1]', 'compare.lists[0]']],
    [{ version: 'v2', compare: { redact: ['a', 'a'] } }, ['compare.redact[1]']],
  ])('refuses a mirror of %j and says where', async (body, paths) => {
    const { ask, control, errors } = await openAdmin();
    const { problems } = expectProblem(await ask('/v1/pools/shop/mirrors/dark', { method: 'PUT', body }), 400);
    expect((problems as { path: string }[]).map(({ path }) => path).sort()).toEqual([...paths].sort());
    for (const each of problems as object[]) expect(each).toMatchObject({ line: 1, column: expect.any(Number) as number });
    expect([control.orders, errors]).toEqual([[], []]);
  });

  it('finds faults in a mirror on the line where they are', async () => {
    const { ask } = await openAdmin();
    const body = '{ "version": "v2",\n  "compare": {\n    "ignore": [ "ok",\n      "a[0]" ] } }';
    const response = await ask('/v1/pools/shop/mirrors/dark', { method: 'PUT', body, headers: { 'content-type': 'application/json' } });
    expect(expectProblem(response, 400)['problems']).toMatchObject([{ path: 'compare.ignore[1]', line: 4, column: 7 }]);
  });

  it.each([
    ['{"weights": {"v1": 1,\n "v1": 2}}', { line: 2, column: 2 }],
    ['{"weights":\n {"v1": 1,}}', { line: 2, column: 11 }],
    ['{"weights": {"__proto__": 1}}', { message: '"__proto__" cannot be a key' }],
    ['{"weights": {"\\u005f_proto__": 1}}', { message: '"__proto__" cannot be a key' }],
    ['\u00ff', { message: expect.stringContaining('not valid JSON') }],
  ])('refuses the JSON %s', async (body, expected) => {
    const { ask, control } = await openAdmin();
    const response = await ask(SPLIT, { method: 'PUT', body, headers: { 'content-type': 'application/json' } });
    expect(expectProblem(response, 400)['problems']).toMatchObject([expected]);
    expect(control.orders).toEqual([]);
  });

  it('takes the config as YAML, as it came', async () => {
    const { ask, control } = await openAdmin();
    const body = 'pools: {}\n# ü\n';
    for (const type of ['application/yaml', 'application/x-yaml; charset=utf-8', 'text/yaml'])
      expect((await ask('/v1/config', { method: 'PUT', body, headers: { 'content-type': type } })).status).toBe(200);
    expect(control.orders.map(({ change }) => change)).toEqual(Array(3).fill({ kind: 'config', document: body }));
    expectProblem(await ask('/v1/config', { method: 'PUT' }), 400);
    expectProblem(await ask('/v1/config', { method: 'PUT', body: ' \n', headers: { 'content-type': 'application/yaml' } }), 400);
    const latin = { 'content-type': 'application/yaml' };
    expectProblem(await ask('/v1/config', { method: 'PUT', body: Buffer.from([0x61, 0xff]), headers: latin }), 400);
  });

  it.each([
    ['application/x-www-form-urlencoded', 'weights=1'],
    ['text/plain', '{"weights":{"v1":1}}'],
    ['application/yaml', 'weights: {v1: 1}'],
    ['application/json; charset=latin1', '{}'],
    ['', '{}'],
  ])('refuses a split of type "%s"', async (type, body) => {
    const { ask, control } = await openAdmin();
    expectProblem(await ask(SPLIT, { method: 'PUT', body, headers: type === '' ? {} : { 'content-type': type } }), 415);
    expect(control.orders).toEqual([]);
  });

  it('refuses coded bodies, and bodies where none belongs', async () => {
    const { ask, control } = await openAdmin();
    const coded = await ask(SPLIT, { method: 'PUT', body: { weights }, headers: { 'content-encoding': 'gzip' } });
    expectProblem(coded, 415);
    expect(coded.headers['accept-encoding']).toBe('identity');
    expectProblem(await ask('/v1/pools/shop/overrides', { method: 'DELETE', body: { reason: 'x' } }), 400);
    expect(control.orders).toEqual([]);
  });

  it('bounds bodies: 1 MiB, for a config 8 MiB', async () => {
    const { ask, control } = await openAdmin();
    const large = { weights, reason: 'x'.repeat(1024 * 1024) };
    expectProblem(await ask(SPLIT, { method: 'PUT', body: large }), 413);
    const yaml = { 'content-type': 'application/yaml' };
    expect((await ask('/v1/config', { method: 'PUT', body: `# ${'x'.repeat(2 * 1024 * 1024)}`, headers: yaml })).status).toBe(200);
    expectProblem(await ask('/v1/config', { method: 'PUT', body: `# ${'x'.repeat(8 * 1024 * 1024)}`, headers: yaml }), 413);
    expect(control.orders).toHaveLength(1);
  });

  it.each([
    ['POST', SPLIT, 'DELETE, GET, HEAD, PUT'],
    ['PUT', '/v1/pools', 'GET, HEAD'],
    ['GET', '/v1/explain', 'POST'],
    ['HEAD', '/v1/events', 'GET, POST'],
    ['OPTIONS', '/v1/config', 'DELETE, GET, HEAD, PUT'],
  ])('does not %s %s', async (method, path, allow) => {
    const { ask } = await openAdmin();
    const response = await ask(path, { method });
    expect(response).toMatchObject({ status: 405, headers: { allow } });
  });

  it('tells a fault of the controller to its owner, not to the caller', async () => {
    const { ask, control, errors } = await openAdmin();
    control.outcome = () => Promise.reject(new Error('secret /a/b'));
    expect(JSON.stringify(expectProblem(await ask(SPLIT, { method: 'PUT', body: { weights } }), 500))).not.toContain('secret');
    expect(errors.map(({ message }) => message)).toEqual(['secret /a/b']);
  });
});

describe('If-Match', () => {
  it.each([
    ['*', undefined],
    [' * ', undefined],
    ['"7"', 7],
    ['"3","7"', 7],
    ['W/"7", "9"', 9],
    ['"5" , "9"', 9],
  ])('%s', async (tags, expected) => {
    const { ask, control } = await openAdmin();
    await ask(SPLIT, { method: 'PUT', body: { weights }, headers: { 'if-match': tags } });
    expect(control.orders).toMatchObject([{ expected }]);
  });

  it.each(['7', '"7', '', ',', '"7";"8"', 'w/"7"', "'7'", '"7" "8"'])('refuses %j', async (tags) => {
    const { ask, control } = await openAdmin();
    expectProblem(await ask(SPLIT, { method: 'PUT', body: { weights }, headers: { 'if-match': tags } }), 400);
    expect(control.orders).toEqual([]);
  });

  it.each(['W/"7"', '"abc"', '"07"', '"7.0"', '"99999999999999999999"'])('is never met by %s', async (tags) => {
    const { ask, control } = await openAdmin();
    const response = await ask(SPLIT, { method: 'PUT', body: { weights }, headers: { 'if-match': tags } });
    expect(expectProblem(response, 412)['revision']).toBe(7);
    expect(control.orders).toEqual([]);
  });
});

it('a name in a path that is too long gets 414 as problem details', async () => {
  const { ask } = await openAdmin();
  expectProblem(await ask(`/v1/pools/${'x'.repeat(600)}`), 414);
});
