import { describe, expect, it } from 'vitest';
import type { OverrideConfig, PoolConfig } from '../../../src/config/model.ts';
import { explain } from '../../../src/routing/explain.ts';
import type { ExplainQuestion } from '../../../src/routing/explain-draft.ts';
import { compileSessionRule } from '../../../src/routing/session-rule.ts';
import { type SessionMemory, SessionReader } from '../../../src/routing/session-reader.ts';
import { createSessionMemory, Sessions } from '../../../src/routing/sessions.ts';
import type { RoutableRequest } from '../../../src/routing/request.ts';
import { conditions, exact, makeMatch, makePool, makeRequest, makeRoute, makeTable, prefix } from './make-table.ts';

const QA: OverrideConfig = {
  name: 'qa',
  source: { kind: 'header', name: 'x-version' },
  value: { kind: 'exact', value: 'v2' },
  version: 'v2',
};
const toShop = { action: { kind: 'pool', pool: 'shop', version: undefined } } as const;

function ask(request: RoutableRequest, pool: Partial<PoolConfig> = {}, unready: readonly string[] = [], memory?: SessionMemory) {
  const routes = [
    makeRoute('shop', {
      ...toShop,
      hosts: ['shop.example.com'],
      rewrite: { host: undefined, path: { kind: 'prefix', value: '/v2' }, location: false },
    }),
    makeRoute('cart', { ...toShop, hosts: ['shop.example.com'], match: [makeMatch({ ...prefix('/cart'), methods: ['POST'] })] }),
    makeRoute('tenant', {
      ...toShop,
      hosts: ['shop.example.com'],
      match: [makeMatch({ ...prefix('/cart'), headers: conditions({ 'x-tenant': 'acme' }), query: conditions({ debug: '1' }) })],
    }),
    makeRoute('fixed', { action: { kind: 'pool', pool: 'shop', version: 'v2' }, match: [makeMatch(exact('/fixed'))] }),
    makeRoute('moved', {
      match: [makeMatch(exact('/old'))],
      action: { kind: 'redirect', redirect: { scheme: 'https', host: undefined, port: undefined, path: undefined, status: 308 } },
    }),
    makeRoute('health', { match: [makeMatch(exact('/healthz'))] }),
  ];
  const table = makeTable(routes, [makePool({ v1: 95, v2: 5, v3: 0 }, { overrides: [QA], ...pool })]);
  const question: ExplainQuestion = {
    listener: 'web',
    request,
    client: '',
    scheme: 'http',
    memory,
    ready: (each, version) => !unready.includes(each.versions[version]!.name),
  };
  return explain(table, question);
}

describe('explain', () => {
  it('an unkeyed request: shares instead of a version, which depends on chance', () => {
    const made = ask(makeRequest('GET shop.example.com/cart?x=1'));
    expect(made).toMatchObject({
      outcome: 'pool',
      route: 'shop',
      match: 'prefix /',
      pool: 'shop',
      version: undefined,
      reason: 'weight',
      target: '/v2/cart?x=1',
      status: undefined,
    });
    expect(made.shares.map(({ version, share }) => [version, share])).toEqual([
      ['v1', 0.95],
      ['v2', 0.05],
      ['v3', 0],
    ]);
    expect(made.considered.slice(0, 2)).toEqual([
      { route: 'tenant', match: 'prefix /cart, header x-tenant = acme, query debug = 1', reason: 'header fields do not fit' },
      { route: 'cart', match: 'prefix /cart, method POST', reason: 'method GET does not fit' },
    ]);
    expect(made.steps).toEqual([
      'Route shop (prefix /): the only match that fits (on host group shop.example.com).',
      'The upstream sees the target /v2/cart?x=1.',
      'Nothing ties the request to a version of pool shop: chance decides, by the weights.',
      'Shares of pool shop: v1 95 %, v2 5 %, v3 0 %.',
    ]);
  });

  it('an override', () => {
    const made = ask(makeRequest('POST shop.example.com/cart', { 'X-Version': 'v2' }));
    expect(made).toMatchObject({ route: 'cart', version: 'v2', reason: 'override', override: 'qa' });
    expect(made.considered[0]).toMatchObject({ route: 'shop', reason: 'fits as well, but cart comes first' });
  });

  it('an affinity key, and a new one', () => {
    const affinity = { kind: 'header', name: 'x-user', remember: undefined } as const;
    expect(ask(makeRequest('GET shop.example.com/', { 'x-user': 'u1' }), { affinity })).toMatchObject({
      version: 'v1',
      reason: 'affinity',
    });
    const own = {
      kind: 'cookie',
      name: 'c',
      own: true,
      maxAgeMs: 1000,
      path: '/',
      sameSite: 'lax',
      secure: 'auto',
      domain: undefined,
      partitioned: false,
      remember: undefined,
    } as const;
    expect(ask(makeRequest('GET shop.example.com/'), { affinity: own })).toMatchObject({ version: undefined, reason: 'affinity-new' });
  });

  it('a key whose user keeps another version than the weights say', () => {
    const affinity = { kind: 'header', name: 'x-user', remember: { timeMs: 60_000, quietMs: 60_000, users: 1000 } } as const;
    const sessions = new SessionReader(createSessionMemory(1000, [1, 2]));
    const memory = { find: (pool: string) => (pool === 'shop' ? sessions : undefined), wallSeconds: () => 1000 };
    const request = makeRequest('GET shop.example.com/', { 'x-user': 'u1' });
    expect(ask(request, { affinity }, [], memory)).toMatchObject({ version: 'v1', reason: 'affinity' });
    const writer = new Sessions(sessions.memory);
    writer.name('u1');
    writer.add(compileSessionRule(affinity.remember, [{ name: 'v3' }]).marks[0]!, 1000, 60);
    const remembered = ask(request, { affinity }, [], memory);
    expect(remembered).toMatchObject({ version: 'v3', reason: 'remembered' });
    expect(remembered.steps.join(' ')).toContain(
      'keeps version v3 of pool shop for now (affinity.remember); by the weights it belongs to v1.',
    );
    // A file knows nothing of users.
    expect(ask(request, { affinity })).toMatchObject({ version: 'v1', reason: 'affinity' });
  });

  it('what is not ready', () => {
    expect(ask(makeRequest('GET shop.example.com/'), {}, ['v1'])).toMatchObject({ version: 'v2', reason: 'fallback' });
    expect(ask(makeRequest('GET shop.example.com/'), {}, ['v1', 'v2', 'v3'])).toMatchObject({
      version: undefined,
      outcome: 'no_endpoint',
      status: 503,
      reason: 'none',
    });
    expect(ask(makeRequest('GET a/fixed'))).toMatchObject({ route: 'fixed', version: 'v2', reason: 'route' });
    expect(ask(makeRequest('GET a/fixed'), {}, ['v2'])).toMatchObject({
      route: 'fixed',
      version: undefined,
      outcome: 'no_endpoint',
      status: 503,
    });
  });

  it('redirects, fixed responses and refusals', () => {
    expect(ask(makeRequest('GET a.com/old?x'))).toMatchObject({
      outcome: 'redirect',
      status: 308,
      location: 'https://a.com/old?x',
      pool: undefined,
    });
    expect(ask(makeRequest('GET a.com/healthz'))).toMatchObject({ outcome: 'respond', status: 200 });
    expect(ask(makeRequest('GET a.com/x'))).toMatchObject({ outcome: 'no_route', status: 404, route: undefined });
    expect(ask(makeRequest('GET a.com/x/../y'))).toMatchObject({ outcome: 'bad_request', status: 400, route: undefined });
  });

  it('says when a less specific host takes the request', () => {
    const table = makeTable([makeRoute('near', { hosts: ['a.x'], match: [makeMatch(prefix('/n'))] }), makeRoute('any')]);
    const made = explain(table, { listener: 'web', request: makeRequest('GET a.x/'), client: '', scheme: 'http', ready: () => true });
    expect(made.steps[0]).toBe('Route any (prefix /): the only match that fits (on any host; no route of host group a.x fits).');
  });

  it('bounds the list', () => {
    const table = makeTable(
      Array.from({ length: 100 }, (_, index) => makeRoute(`r${index}`, { match: [makeMatch(prefix(`/p${index}`))] })),
    );
    const made = explain(table, { listener: 'web', request: makeRequest('GET a/p7'), client: '', scheme: 'http', ready: () => true });
    expect([made.route, made.considered.length, made.omitted]).toEqual(['r7', 20, 79]);
  });
});
