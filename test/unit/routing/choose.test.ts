import { describe, expect, it } from 'vitest';
import type { AffinityConfig, OverrideConfig, PoolConfig } from '../../../src/config/model.ts';
import { choose, chooseFor } from '../../../src/routing/choose.ts';
import { Choice, CHOICE_REASONS } from '../../../src/routing/choice.ts';
import type { RoutableRequest } from '../../../src/routing/request.ts';
import type { PoolTable } from '../../../src/routing/table.ts';
import { SplitStream } from '../../../src/routing/split-stream.ts';
import { seededRandom } from '../../scaffold/seeded-random.ts';
import { FakeState, makePool, makePoolTable, makeRequest, makeRoute, makeTable } from './make-table.ts';

const OWN: AffinityConfig = {
  kind: 'cookie',
  name: 'sluice-shop',
  own: true,
  maxAgeMs: 86_400_000,
  path: '/',
  sameSite: 'lax',
  secure: 'auto',
  domain: undefined,
  partitioned: false,
  remember: undefined,
};
const FOREIGN: AffinityConfig = {
  kind: 'cookie',
  name: 'sid',
  own: false,
  maxAgeMs: 0,
  path: '/',
  sameSite: 'lax',
  secure: 'auto',
  domain: undefined,
  partitioned: false,
  remember: undefined,
};
const HEADER: AffinityConfig = { kind: 'header', name: 'x-user-id', remember: undefined };
const QA: OverrideConfig = {
  name: 'qa',
  source: { kind: 'header', name: 'x-version' },
  value: { kind: 'exact', value: 'v2' },
  version: 'v2',
};
const KEY = 'AbCdEfGhIjKlMnOpQrSt_-';

function chosen(pool: PoolTable, request: RoutableRequest, state = new FakeState(pool), client = '') {
  const out = new Choice();
  choose(pool, request, client, state, out);
  return { version: out.version?.name, reason: CHOICE_REASONS[out.reason], key: out.key, setCookie: out.setCookie, override: out.override };
}

const plain = makeRequest('GET a/');
const pool = (split: Record<string, number>, more: Partial<PoolConfig> = {}) => makePoolTable(split, more);

describe('by weight', () => {
  it('takes the version that is drawn', () => {
    const state = new FakeState();
    state.drawn.push(1, 4, 2);
    for (const version of ['v1', 'v4', 'v2']) {
      expect(chosen(pool({ v0: 0, v1: 90, v2: 5, v3: 0, v4: 5, v5: 0 }), plain, state)).toMatchObject({
        version,
        reason: 'weight',
        key: '',
        setCookie: false,
      });
    }
  });

  it('chooses none when all weights are 0 or no version is ready', () => {
    expect(chosen(pool({ v1: 0, v2: 0 }), plain)).toMatchObject({ version: undefined, reason: 'none' });
    const state = new FakeState(pool({ v1: 1, v2: 1 }));
    state.unready.add(0).add(1);
    expect(chosen(pool({ v1: 1, v2: 1 }), plain, state)).toMatchObject({ version: undefined, reason: 'none' });
  });

  it('spreads the share of an unready version over the ready ones in proportion', () => {
    const state = new FakeState();
    state.unready.add(0);
    const shop = pool({ v1: 80, v2: 15, v3: 5, v4: 0 });
    const counts = new Map<string | undefined, number>();
    const reasons = new Map<string | undefined, number>();
    state.stream = new SplitStream(shop, seededRandom(7));
    for (let i = 0; i < 1000; i++) {
      const { version, reason } = chosen(shop, plain, state);
      counts.set(version, (counts.get(version) ?? 0) + 1);
      reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    }
    expect(Math.abs(counts.get('v3')! - 250)).toBeLessThanOrEqual(3);
    expect(counts.get('v2')! + counts.get('v3')!).toBe(1000);
    expect(Math.abs(reasons.get('fallback')! - 800)).toBeLessThanOrEqual(1);
  });

  it('a pool that fails chooses none in the share of the unready version alone', () => {
    const state = new FakeState();
    state.unready.add(1);
    const shop = pool({ v1: 90, v2: 10 }, { fallback: { whenNoneReady: 'fail' } });
    state.drawn.push(1, 0);
    expect(chosen(shop, plain, state)).toMatchObject({ version: undefined, reason: 'none' });
    expect(chosen(shop, plain, state)).toMatchObject({ version: 'v1', reason: 'weight' });
  });
});

describe('by override', () => {
  const shop = pool({ v1: 100, v2: 0 }, { overrides: [QA], affinity: HEADER });
  const asked = makeRequest('GET a/', { 'X-Version': 'v2', 'x-user-id': '7' });

  it('beats affinity and weight, also with weight 0', () => {
    expect(chosen(shop, asked)).toEqual({ version: 'v2', reason: 'override', key: '', setCookie: false, override: 'qa' });
    expect(chosen(shop, makeRequest('GET a/', { 'x-version': 'v2x' }))).toMatchObject({ version: 'v1', reason: 'weight', override: '' });
  });

  it('keeps the key for a ring', () => {
    expect(chosen(pool({ v1: 1, v2: 0 }, { overrides: [QA], affinity: HEADER, balancer: 'ring-hash' }), asked)).toMatchObject({
      version: 'v2',
      key: '7',
    });
  });

  it('to a version that is not ready falls back, or fails where the pool says so', () => {
    const state = new FakeState();
    state.unready.add(1);
    expect(chosen(shop, asked, state)).toMatchObject({ version: 'v1', reason: 'fallback', override: '' });
    const strict = pool({ v1: 100, v2: 0 }, { overrides: [QA], fallback: { whenNoneReady: 'fail' } });
    expect(chosen(strict, asked, state)).toMatchObject({ version: undefined, reason: 'none', override: '' });
  });

  it('reads cookies and the query, and takes the first rule that fits', () => {
    const overrides: OverrideConfig[] = [
      { name: 'cookie', source: { kind: 'cookie', name: 'ring' }, value: { kind: 'regex', pattern: '^(beta|dev)$' }, version: 'v2' },
      { name: 'query', source: { kind: 'query', name: 'canary' }, value: { kind: 'present' }, version: 'v3' },
    ];
    const both = pool({ v1: 1, v2: 0, v3: 0 }, { overrides });
    expect(chosen(both, makeRequest('GET a/?canary', { cookie: 'ring=beta' })).override).toBe('cookie');
    expect(chosen(both, makeRequest('GET a/?canary', { cookie: 'ring=betas' })).override).toBe('query');
    expect(chosen(both, makeRequest('GET a/?canar=1')).version).toBe('v1');
  });
});

describe('by affinity', () => {
  it('issues a key to a client that brings none or an implausible one', () => {
    const shop = pool({ v1: 1, v2: 1 }, { affinity: OWN });
    const bad = ['', 'short', `${KEY};x`.replace(';', '!'), 'x'.repeat(65), 'v2', 'é'.repeat(22)];
    for (const cookie of [undefined, ...bad]) {
      const request = cookie === undefined ? plain : makeRequest('GET a/', { cookie: `sluice-shop=${cookie}` });
      expect(chosen(shop, request)).toMatchObject({ reason: 'affinity-new', setCookie: true, key: 'new-key-number-00000001' });
    }
  });

  it('forgets the cookie of the request before', () => {
    const out = new Choice();
    choose(pool({ v1: 1, v2: 1 }, { affinity: OWN }), plain, '', new FakeState(), out);
    expect(out.setCookie).toBe(true);
    choose(pool({ v1: 1, v2: 1 }), plain, '', new FakeState(), out);
    expect([out.setCookie, out.key]).toEqual([false, '']);
  });

  it('keeps a plausible key, and the same key gets the same version wherever it comes from', () => {
    const shop = pool({ v1: 1, v2: 1 }, { affinity: OWN });
    const first = chosen(shop, makeRequest('GET a/', { Cookie: `a=b; sluice-shop=${KEY}` }));
    expect(first).toMatchObject({ reason: 'affinity', setCookie: false, key: KEY });
    expect(chosen(pool({ v1: 1, v2: 1 }, { affinity: HEADER }), makeRequest('GET a/', { 'x-user-id': KEY })).version).toBe(first.version);
  });

  it.each([
    ['header', HEADER, makeRequest('GET a/', { 'X-User-Id': 'u1' }), 'u1'],
    ['foreign cookie', FOREIGN, makeRequest('GET a/', { cookie: 'sid=u1' }), 'u1'],
    ['client', { kind: 'clientIp', remember: undefined } as const, plain, '10.0.0.1'],
  ])('%s', (_, affinity, request, key) => {
    expect(chosen(pool({ v1: 1, v2: 1 }, { affinity }), request, new FakeState(), '::ffff:10.0.0.1')).toMatchObject({
      reason: 'affinity',
      key,
      setCookie: false,
    });
  });

  it('without a key the weights decide', () => {
    for (const affinity of [HEADER, FOREIGN, { kind: 'clientIp', remember: undefined } as const]) {
      expect(chosen(pool({ v1: 1, v2: 0 }, { affinity }), plain)).toMatchObject({
        version: 'v1',
        reason: 'weight',
        key: '',
        setCookie: false,
      });
    }
  });

  it('moves only the users of the unready version, and says so', () => {
    const shop = pool({ v1: 60, v2: 30, v3: 10 }, { affinity: HEADER });
    const state = new FakeState();
    state.unready.add(1);
    for (let user = 0; user < 500; user++) {
      const request = makeRequest('GET a/', { 'x-user-id': `user-${user}` });
      const before = chosen(shop, request);
      const after = chosen(shop, request, state);
      if (before.version === 'v2') expect(['v1', 'v3']).toContain(after.version);
      else expect(after.version).toBe(before.version);
      expect(after.reason).toBe(before.version === 'v2' ? 'fallback' : 'affinity');
    }
  });

  it('fails the users of the unready version alone where the pool says so', () => {
    const shop = pool({ v1: 50, v2: 50 }, { affinity: HEADER, fallback: { whenNoneReady: 'fail' } });
    const state = new FakeState();
    state.unready.add(1);
    for (let user = 0; user < 100; user++) {
      const request = makeRequest('GET a/', { 'x-user-id': `user-${user}` });
      const before = chosen(shop, request).version;
      expect(chosen(shop, request, state)).toMatchObject(
        before === 'v1' ? { version: 'v1', reason: 'affinity' } : { version: undefined, reason: 'none' },
      );
    }
  });
});

describe('chooseFor', () => {
  const action = (version: string | undefined) => ({ action: { kind: 'pool', pool: 'shop', version } }) as const;
  const table = makeTable(
    [makeRoute('fixed', action('v2')), makeRoute('free', action(undefined))],
    [makePool({ v1: 1, v2: 0 }, { overrides: [QA] })],
  );
  const [fixed, free] = table.destinations;

  it('a version of the route is above everything', () => {
    const out = new Choice();
    chooseFor(fixed!, plain, '', new FakeState(), out);
    expect([out.version?.name, CHOICE_REASONS[out.reason]]).toEqual(['v2', 'route']);
    const state = new FakeState();
    state.unready.add(1);
    chooseFor(fixed!, plain, '', state, out);
    expect([out.version?.name, CHOICE_REASONS[out.reason]]).toEqual([undefined, 'none']);
  });

  it('else leaves it to the pool, and forgets what the Choice held', () => {
    const out = new Choice();
    chooseFor(free!, makeRequest('GET a/', { 'x-version': 'v2' }), '', new FakeState(), out);
    expect([out.version?.name, out.override]).toEqual(['v2', 'qa']);
    chooseFor(free!, plain, '', new FakeState(), out);
    expect([out.version?.name, out.override, CHOICE_REASONS[out.reason]]).toEqual(['v1', '', 'weight']);
  });
});

describe('a pool that holds requests', () => {
  const holding = { holdMs: 10_000 };

  it('names the version to wait for when none is ready', () => {
    const state = new FakeState();
    state.unready.add(0).add(1);
    state.drawn.push(1);
    expect(chosen(pool({ v1: 90, v2: 10 }, holding), plain, state)).toMatchObject({ version: 'v2', reason: 'weight' });
    expect(state.drawn).toEqual([]);
    const shop = pool({ v1: 90, v2: 10 }, { ...holding, overrides: [QA], fallback: { whenNoneReady: 'fail' } });
    expect(chosen(shop, makeRequest('GET a/', { 'x-version': 'v2' }), state)).toMatchObject({
      version: 'v2',
      reason: 'override',
      override: 'qa',
    });
  });

  it('prefers another version that is ready', () => {
    const state = new FakeState();
    state.unready.add(1);
    state.drawn.push(1);
    expect(chosen(pool({ v1: 90, v2: 10 }, holding), plain, state)).toMatchObject({ version: 'v1', reason: 'fallback' });
  });

  it('waits for the version that was drawn, where no other may respond', () => {
    const state = new FakeState();
    state.unready.add(1);
    state.drawn.push(1, 0);
    const shop = pool({ v1: 90, v2: 10 }, { ...holding, fallback: { whenNoneReady: 'fail' } });
    expect(chosen(shop, plain, state)).toMatchObject({ version: 'v2', reason: 'weight' });
    expect(state.drawn).toEqual([0]);
  });

  it('finds nothing to wait for when every weight is 0', () => {
    expect(chosen(pool({ v1: 0, v2: 0 }, holding), plain)).toMatchObject({ version: undefined, reason: 'none' });
  });
});

describe('a version in its slow start', () => {
  const starting = (split: Record<string, number>, more: Partial<PoolConfig> = {}) => {
    const made = makePool(split, more);
    return makePoolTable(split, { ...more, versions: made.versions.map((version) => ({ ...version, slowStartMs: 1_000 })) });
  };

  it('keeps what chance allows and gives the rest to versions that are further, by their weights', () => {
    const state = new FakeState();
    state.rampShares.push(1, 0.25, 1);
    state.drawn.push(1, 1, 1);
    const shop = starting({ v1: 30, v2: 40, v3: 30 });
    state.chances.push(0.24);
    expect(chosen(shop, plain, state)).toMatchObject({ version: 'v2', reason: 'weight' });
    state.chances.push(0.25, 0.49);
    expect(chosen(shop, plain, state)).toMatchObject({ version: 'v1', reason: 'slow-start' });
    state.chances.push(0.9, 0.51);
    expect(chosen(shop, plain, state)).toMatchObject({ version: 'v3', reason: 'slow-start' });
  });

  it('keeps all when the others are no further or not ready', () => {
    const state = new FakeState();
    state.rampShares.push(0.1, 0.1);
    state.chances.push(0.99, 0.99);
    expect(chosen(starting({ v1: 50, v2: 50 }), plain, state)).toMatchObject({ reason: 'weight' });
    state.rampShares[1] = 1;
    state.unready.add(1);
    expect(chosen(starting({ v1: 50, v2: 50 }), plain, state)).toMatchObject({ version: 'v1', reason: 'weight' });
  });

  it('gets each keyed user once, and keeps it; an override is obeyed at once', () => {
    const state = new FakeState();
    const shop = starting({ v1: 50, v2: 50 }, { affinity: HEADER, overrides: [QA] });
    for (let user = 0; user < 200; user++) {
      const request = makeRequest('GET a/', { 'x-user-id': `user-${user}` });
      const own = chosen(shop, request).version;
      let came = false;
      for (const rampShare of [0.1, 0.4, 0.7, 0.999, 1]) {
        state.rampShares[1] = rampShare;
        const { version } = chosen(shop, request, state);
        if (own === 'v1' || came) expect(version).toBe(own);
        came ||= version === 'v2';
      }
      expect(came).toBe(own === 'v2');
    }
    state.rampShares[1] = 0.1;
    state.chances.push(0.9);
    expect(chosen(shop, makeRequest('GET a/', { 'x-version': 'v2' }), state)).toMatchObject({ version: 'v2', reason: 'override' });
  });
});
