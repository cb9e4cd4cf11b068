import { describe, expect, it } from 'vitest';
import type { MirrorConfig, PoolConfig } from '../../../src/config/model.ts';
import { explain } from '../../../src/routing/explain.ts';
import type { Explanation } from '../../../src/routing/explain-draft.ts';
import type { ExplainedMirror } from '../../../src/routing/explain-mirrors.ts';
import { isSampled } from '../../../src/routing/mirror.ts';
import type { RoutableRequest } from '../../../src/routing/request.ts';
import { makeMirror } from './make-mirror.ts';
import { conditions, exact, makeMatch, makePool, makePoolTable, makeRequest, makeRoute, makeTable } from './make-table.ts';

const GET = makeRequest('GET a/cart');
const AFFINITY = { kind: 'header', name: 'x-user', remember: undefined } as const;
const COOKIE = {
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

interface Asked {
  readonly request?: RoutableRequest;
  readonly split?: Readonly<Record<string, number>>;
  readonly pool?: Partial<PoolConfig>;
  readonly ready?: boolean;
  readonly engine?: Readonly<Record<string, number>>;
}

function ask(mirrors: readonly Partial<MirrorConfig>[], asked: Asked = {}): Explanation {
  const { request = GET, split = { v1: 1, v2: 0 }, pool = {}, ready = true, engine = { e1: 3, e2: 1 } } = asked;
  const toShop = { kind: 'pool', pool: 'shop' } as const;
  const routes = [
    makeRoute('fixed', { action: { ...toShop, version: 'v2' }, match: [makeMatch(exact('/fixed'))] }),
    makeRoute('shop', { action: { ...toShop, version: undefined } }),
  ];
  const pools = [makePool(split, { mirrors: mirrors.map(makeMirror), ...pool }), makePool(engine, { name: 'engine' })];
  const question = { listener: 'web', request, client: '', scheme: 'http', ready: () => ready } as const;
  return explain(makeTable(routes, pools), question);
}

function askOne(mirror: Partial<MirrorConfig>, asked: Asked = {}): ExplainedMirror {
  return ask([mirror], asked).mirrors[0]!;
}

describe('which mirrors copy a request', () => {
  it('none, where the pool has none or Sluice makes a local reply', () => {
    expect(ask([]).mirrors).toEqual([]);
    expect(ask([{}], { request: makeRequest('GET a/..%2f') }).mirrors).toEqual([]);
  });

  it('all of them, in order', () => {
    expect(ask([{}, { name: 'other', percent: 25 }]).mirrors).toEqual([
      { name: 'dark', to: { pool: 'shop', version: 'v2' }, copied: 'yes', share: undefined, why: 'All requests that fit are copied.' },
      {
        name: 'other',
        to: { pool: 'shop', version: 'v2' },
        copied: 'share',
        share: 0.25,
        why: 'Chance decides, because pool shop has no affinity: 25 % of the requests that fit are copied.',
      },
    ]);
  });

  it('a copy is not copied', () => {
    expect(askOne({}, { request: makeRequest('GET a/', { 'X-Sluice-Shadow': 'x' }) })).toMatchObject({
      copied: 'no',
      why: expect.stringContaining('x-sluice-shadow') as string,
    });
  });

  it('safe methods, unless side effects are allowed', () => {
    const request = makeRequest('POST a/cart');
    expect(askOne({}, { request })).toMatchObject({ copied: 'no', why: expect.stringContaining('sideEffects: allow') as string });
    expect(askOne({ sideEffects: 'allow' }, { request })).toMatchObject({ copied: 'yes' });
  });

  it.each([
    [{ methods: ['HEAD'] }, 'the method GET is not among its methods'],
    [{ methods: ['GET'], paths: [{ kind: 'prefix', path: '/ca' }] }, 'the path /cart is not among its paths'],
    [{ paths: [{ kind: 'exact', path: '/cart' }], headers: conditions({ 'x-a': '1', 'x-b': '2' }) }, 'the header field x-b does not fit'],
  ] as const)('the condition that does not hold: %j', (match, why) => {
    const request = makeRequest('GET a/cart', { 'x-a': '1' });
    const empty = { methods: [], paths: [], headers: [] };
    expect(askOne({ match: { ...empty, ...match } }, { request })).toMatchObject({
      copied: 'no',
      share: undefined,
      why: `Its match does not fit: ${why}.`,
    });
  });

  it('users always or never, as the copies themselves', () => {
    const mirror = makeMirror({ percent: 30 });
    const [table] = makePoolTable({ v1: 1, v2: 0 }, { mirrors: [mirror], affinity: AFFINITY }).mirrors!;
    const chance = { isNextSampled: () => true, nextVersion: () => 0 };
    const seen = { yes: 0, no: 0, share: 0 };
    for (let user = 0; user < 200; user++) {
      const request = makeRequest('GET a/cart', { 'x-user': `u${user}` });
      const { copied, why } = askOne(mirror, { request, pool: { affinity: AFFINITY } });
      expect(copied).toBe(isSampled(table!, request, `u${user}`, chance) ? 'yes' : 'no');
      expect(why).toBe(`The user is ${copied === 'yes' ? 'among' : 'not among'} the 30 % of users that are copied.`);
      seen[copied]++;
    }
    expect(Math.min(seen.yes, seen.no)).toBeGreaterThan(0);
  });

  it('chance, where no key comes or each request is sampled by itself', () => {
    const user = makeRequest('GET a/cart', { 'x-user': 'u1' });
    const [keyless, byRequest] = ['because the request brings no affinity key: 30 %', 'Chance decides: 30 %'];
    expect(askOne({ percent: 30 }, { pool: { affinity: AFFINITY } }).why).toContain(keyless);
    expect(askOne({ percent: 30 }, { pool: { affinity: COOKIE } })).toMatchObject({ copied: 'share', share: 0.3 });
    expect(askOne({ percent: 30, sample: 'request' }, { request: user, pool: { affinity: AFFINITY } }).why).toContain(byRequest);
  });

  it('0 % are none', () => {
    expect(askOne({ percent: 0 })).toMatchObject({ copied: 'no', why: 'The mirror copies 0 % of requests.' });
  });

  it('the version that gets the request is sent no copy', () => {
    expect(askOne({}, { request: makeRequest('GET a/fixed') })).toMatchObject({
      copied: 'no',
      why: 'Version v2 gets the request itself.',
    });
    const { copied, share, why } = askOne({ percent: 50 }, { split: { v1: 9, v2: 1 } });
    expect({ copied, share: share?.toFixed(6) }).toEqual({ copied: 'share', share: '0.450000' });
    expect(why).toMatch(/50 % of the requests that fit are copied; none of those that v2 gets itself \(10 %\)\.$/);
    expect(askOne({ version: 'v1' })).toMatchObject({ copied: 'no', why: 'Version v1 gets the request itself.' });
  });

  it('another pool splits its copies', () => {
    const mirror = { pool: 'engine', version: undefined };
    expect(askOne(mirror)).toMatchObject({ to: { pool: 'engine', version: undefined }, copied: 'yes' });
    const request = makeRequest('GET a/', { 'x-user': 'u1' });
    const keyed = askOne(mirror, { request, pool: { affinity: AFFINITY } });
    expect(['e1', 'e2']).toContain(keyed.to.version);
    expect(askOne(mirror, { engine: { off: 0, only: 3 } }).to).toEqual({ pool: 'engine', version: 'only' });
    expect(askOne(mirror, { engine: { e1: 0, e2: 0 } })).toMatchObject({
      copied: 'no',
      why: expect.stringContaining('engine is 0') as string,
    });
    expect(askOne({ pool: 'engine', version: 'e2' })).toMatchObject({ to: { pool: 'engine', version: 'e2' }, copied: 'yes' });
  });

  it('a request that is refused is not copied; one that waits is', () => {
    expect(ask([{}], { ready: false })).toMatchObject({
      outcome: 'no_endpoint',
      mirrors: [{ copied: 'no', why: 'No version gets the request: there is nothing to copy.' }],
    });
    expect(askOne({}, { ready: false, pool: { holdMs: 1000 } })).toMatchObject({ copied: 'yes' });
    const request = makeRequest('GET a/fixed');
    expect(askOne({ version: 'v1' }, { request, ready: false, pool: { holdMs: 1000 } })).toMatchObject({ copied: 'yes' });
  });
});
