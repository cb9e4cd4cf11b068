import { describe, expect, test } from 'vitest';
import type { EndpointStatus, PoolStatus, VersionStatus } from '../../../src/api/pools.ts';
import { whatIsWrong, whatIsWrongWith } from '../../../src/control/what-is-wrong.ts';
import type { LatelyFailed, Observed } from '../../../src/control/what-is-wrong.ts';

const good: EndpointStatus = { address: 'a:1', weight: 1, ready: true, inFlight: 0, connections: 0 };
const sick = (address: string, sinceMs: number): EndpointStatus => ({
  ...good,
  address,
  ready: false,
  reason: 'unhealthy',
  health: { healthy: false, sinceMs, probe: { result: 'status', detail: 'status 500', atMs: sinceMs + 1 } },
});
const ejected: EndpointStatus = { ...good, address: 'e:1', ready: false, reason: 'ejected' };

function version(name: string, share: number, endpoints: readonly EndpointStatus[], more: Partial<VersionStatus> = {}): VersionStatus {
  const ready = endpoints.some((each) => each.ready);
  return { name, weight: share * 100, share, ready, draining: false, inFlight: 0, connections: 0, endpoints, ...more };
}

function pool(versions: readonly VersionStatus[], more: Partial<PoolStatus> = {}): PoolStatus {
  return { name: 'shop', revision: 1, workers: { applied: 1, total: 1 }, weights: {}, versions, overrides: [], mirrors: [], ...more };
}

interface Given extends Partial<Omit<Observed, 'ofPools' | 'isReady'>> {
  readonly pools?: readonly PoolStatus[];
  readonly isNamed?: (pool: string, version: string) => boolean;
  readonly lately?: (pool: string, version: string) => LatelyFailed | undefined;
}

const WELL = [pool([version('v1', 0.9, [good]), version('v2', 0.1, [good])])];

function judge({ pools = WELL, isNamed = () => false, lately, ...given }: Given = {}) {
  const find = (pool: string, version: string) => pools.find(({ name }) => name === pool)?.versions.find(({ name }) => name === version);
  return whatIsWrong({
    file: { state: 'taken', sinceMs: 0, problems: [], problemCount: 0 },
    workers: { serving: 2, total: 2 },
    pressure: 0,
    isAdrift: false,
    restart: [],
    accessLogFault: undefined,
    secrets: [],
    ofPools: pools.flatMap((each) => whatIsWrongWith(each, { isNamed, lately: (version) => lately?.(each.name, version) })),
    isReady: (pool, version) => find(pool, version)?.ready === true,
    faults: [],
    rollouts: [],
    ...given,
  });
}

test('nothing is wrong with an instance that is well', () => {
  expect(judge()).toEqual([]);
});

test('a refused file is an error that says where and how many more', () => {
  const file = { state: 'refused', sinceMs: 7, problems: ['s.yaml:3:5: no', 's.yaml:4:1: neither'], problemCount: 9 } as const;
  const [found] = judge({ file });
  expect(found).toMatchObject({ severity: 'error', code: 'file-refused', place: 'file', sinceMs: 7 });
  expect(found!.message).toContain('s.yaml:3:5: no (and 8 more)');
  expect(judge({ file: { ...file, state: 'missing' } })[0]).toMatchObject({ severity: 'warning', code: 'file-missing' });
});

test('a state that was lost is an error', () => {
  expect(judge({ isAdrift: true })).toMatchObject([{ severity: 'error', code: 'state-lost', place: 'state' }]);
});

test('a field that needs a restart, and an access log that loses lines, are warnings', () => {
  expect(judge({ restart: ['workers', 'admin.address'], accessLogFault: 'ENOENT: no such file' })).toMatchObject([
    { severity: 'warning', code: 'needs-restart', place: 'workers', message: expect.stringMatching(/^Needs a restart: workers/) as string },
    { code: 'needs-restart', place: 'admin.address' },
    { severity: 'warning', code: 'access-log', place: 'accessLog', message: expect.stringContaining('ENOENT') as string },
  ]);
});

test.each([
  [2, []],
  [1, ['warning']],
  [0, ['error']],
])('of two workers %i serve: %j', (serving, severities) => {
  expect(judge({ workers: { serving, total: 2 } }).map(({ severity }) => severity)).toEqual(severities);
});

test.each([
  [0, []],
  [1, ['warning']],
  [2, ['error']],
  [3, ['error']],
] as const)('pressure on memory of level %i: %j', (pressure, severities) => {
  expect(judge({ pressure }).map(({ severity }) => severity)).toEqual(severities);
});

describe('a version without a ready endpoint', () => {
  const dead = [sick('a:1', 5), sick('b:1', 9)];

  test('is an error when it has a share, since the last of them failed, and says what the probes found', () => {
    const [found] = judge({ pools: [pool([version('v1', 1, [good]), version('v2', 0.1, dead)])] });
    expect(found).toMatchObject({ severity: 'error', code: 'version-not-ready', place: 'pools.shop.versions.v2', sinceMs: 9 });
    expect(found!.message).toContain('a:1 fails its health check (status: status 500); b:1');
  });

  test('is nothing when nobody sends it anything, or it is drained', () => {
    const idle = version('v2', 0, dead);
    expect(judge({ pools: [pool([version('v1', 1, [good]), idle])] })).toEqual([]);
    expect(judge({ pools: [pool([version('v1', 1, [good]), version('v2', 0.1, dead, { draining: true })])] })).toEqual([]);
  });

  test('is a warning when an override, a route or a mirror leads to it', () => {
    const idle = pool([version('v1', 1, [good]), version('v2', 0, dead)]);
    const overrides = [{ name: 'qa', version: 'v2', origin: 'file' }] as const;
    const mirrors = [{ name: 'dark', to: { pool: 'shop', version: 'v2' }, percent: 1, origin: 'file' }] as const;
    for (const found of [
      judge({ pools: [{ ...idle, overrides }] }),
      judge({ pools: [{ ...idle, mirrors }] }),
      judge({ pools: [idle], isNamed: (of, name) => of === 'shop' && name === 'v2' }),
    ])
      expect(found.map(({ severity, code }) => [severity, code])).toEqual([['warning', 'version-not-ready']]);
  });

  test('says when it has no endpoints', () => {
    expect(judge({ pools: [pool([version('v1', 1, [])])] })[0]!.message).toBe('Version v1 of shop has no ready endpoint: it has none.');
  });
});

test('some endpoints that are not ready are one warning, however many they are', () => {
  const many = Array.from({ length: 30 }, (_, index) => sick(`s${index}:1`, 100 - index));
  const [found, ...others] = judge({ pools: [pool([version('v1', 1, [good, ejected, ...many])])] });
  expect(others).toEqual([]);
  expect(found).toMatchObject({ severity: 'warning', code: 'endpoints-not-ready' });
  expect(found!.message).toContain('31 of 32 endpoints of version v1 of shop are not ready: e:1 is ejected after failures; s0:1');
  expect(found!.message).toContain('; and 28 more.');
  expect(found).not.toHaveProperty('sinceMs');
});

test('weightless and drained endpoints are as somebody wanted them', () => {
  const endpoints: EndpointStatus[] = [
    good,
    { ...good, ready: false, reason: 'weightless' },
    { ...good, ready: false, reason: 'draining' },
  ];
  expect(judge({ pools: [pool([version('v1', 1, endpoints)])] })).toEqual([]);
});

describe('a version that fails', () => {
  const lately = (given: Partial<LatelyFailed>) => () => ({ measuredMs: 60_000, requests: 0, errors: 0, fallbacks: 0, ...given });
  const one = [pool([version('v2', 1, [good])])];

  test.each([
    [{ requests: 40, errors: 40 }, ['error']],
    [{ requests: 40, errors: 20 }, ['error']],
    [{ requests: 40, errors: 19 }, ['warning']],
    [{ requests: 100, errors: 6 }, ['warning']],
    [{ requests: 100, errors: 5 }, []],
    [{ requests: 4, errors: 4 }, []],
    [{ requests: 0 }, []],
    [{ requests: 2, errors: 2, fallbacks: 38 }, ['error']],
    [{ requests: 0, fallbacks: 40 }, ['error']],
  ])('%j: %j', (given, severities) => {
    expect(judge({ pools: one, lately: lately(given) }).map(({ severity }) => severity)).toEqual(severities);
  });

  test('is told in numbers', () => {
    const messages = judge({ pools: one, lately: lately({ measuredMs: 12_300, requests: 2, errors: 2, fallbacks: 38 }) });
    expect(messages[0]!.message).toBe('Version v2 of shop failed 40 of 40 requests in the last 12 s; other versions took over 38 of them.');
  });
});

test('names and files: a warning while another endpoint responds, an error when none does', () => {
  const fault = { pool: 'shop', version: 'v1', source: 'db.internal', sinceMs: 3, reason: 'ENOTFOUND', kept: 0 };
  const pools = [pool([version('v1', 1, [good]), version('v3', 0, [])])];
  const found = judge({
    pools,
    faults: [
      { ...fault, kind: 'name' },
      { ...fault, kind: 'file', version: 'v3', kept: 2 },
    ],
  });
  expect(found.map(({ severity, code, sinceMs }) => [severity, code, sinceMs])).toEqual([
    ['error', 'endpoint-file', 3],
    ['warning', 'name', 3],
  ]);
  expect(found[1]!.message).toBe('The name db.internal of version v1 of shop does not resolve: ENOTFOUND; nothing is known of it.');
});

test('errors come first', () => {
  const found = judge({ workers: { serving: 1, total: 2 }, pools: [pool([version('v1', 1, [])])] });
  expect(found.map(({ severity }) => severity)).toEqual(['error', 'warning']);
});

test('a mirror that pauses is a warning', () => {
  const dark = { name: 'dark', to: { pool: 'shop', version: 'v2' }, percent: 10, origin: 'file' } as const;
  const pools = [
    pool([version('v1', 1, [good])], {
      mirrors: [
        { ...dark, paused: true },
        { ...dark, name: 'other' },
      ],
    }),
  ];
  expect(judge({ pools })).toEqual([
    {
      severity: 'warning',
      code: 'mirror-paused',
      place: 'pools.shop.mirrors.dark',
      pool: 'shop',
      message: 'Mirror dark of shop pauses, because its copies fail.',
    },
  ]);
});
