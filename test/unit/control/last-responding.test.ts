import { describe, expect, it } from 'vitest';
import { decodeText } from '../../../src/config/decode.ts';
import type { Config } from '../../../src/config/model.ts';
import { lastRespondingFault } from '../../../src/control/last-responding.ts';
import type { StatusOf } from '../../../src/control/predict-impact.ts';
import type { Change } from '../../../src/control/control-api.ts';
import { CounterRegistry } from '../../../src/telemetry/counter-registry.ts';
import { poolStatuses } from '../../../src/control/pool-status.ts';

const FIRST = '127.0.0.1:9001';
const SECOND = '127.0.0.1:9002';
const CANARY = '127.0.0.1:9003';

interface Parts {
  readonly split?: string;
  /** Versions and endpoints that drain. */
  readonly drained?: readonly string[];
  readonly fallback?: string;
}

function config({ split = 'v1: 90, v2: 10', drained = [], fallback = 'split' }: Parts = {}): Config {
  const at = (address: string): string => `{ address: "${address}", drain: ${drained.includes(address)} }`;
  const text = `
listeners: [{ name: web, address: 127.0.0.1:8080 }]
pools:
  shop:
    versions:
      v1: { endpoints: [${at(FIRST)}, ${at(SECOND)}], drain: ${drained.includes('v1')} }
      v2: { endpoints: [${at(CANARY)}], drain: ${drained.includes('v2')} }
    split: { ${split} }
    fallback: { whenNoneReady: ${fallback} }
routes: [{ name: main, pool: shop }]
`;
  return decodeText('/x.yaml', text).config!;
}

/** As the pool is, with endpoints that fail their health check. */
function statusOf(of: Config, unhealthy: readonly string[] = []): StatusOf {
  const found = poolStatuses(of.pools, {
    counters: new CounterRegistry(1),
    revision: 1,
    workers: { applied: 1, total: 1 },
    isAmended: () => false,
  });
  const shown = [...found].map((pool) => ({
    ...pool,
    versions: pool.versions.map((version) => {
      const endpoints = version.endpoints.map((each) =>
        unhealthy.includes(each.address) ? { ...each, ready: false, reason: 'unhealthy' as const } : each,
      );
      return { ...version, endpoints, ready: endpoints.some(({ ready }) => ready) };
    }),
  }));
  return (name) => shown.find((pool) => pool.name === name);
}

interface Case extends Parts {
  readonly drains: string;
  readonly already?: readonly string[];
  readonly unhealthy?: readonly string[];
  readonly force?: boolean;
}

function fault({ drains, already = [], unhealthy = [], force, ...parts }: Case): string | undefined {
  const before = config({ ...parts, drained: already });
  const after = config({ ...parts, drained: [...already, drains] });
  const isVersion = drains.startsWith('v');
  const version = isVersion ? drains : drains === CANARY ? 'v2' : 'v1';
  const change: Change = {
    kind: 'drain',
    pool: 'shop',
    version,
    endpoint: isVersion ? undefined : drains,
    ...(force !== undefined && { force }),
  };
  return lastRespondingFault(change, { before, after, statusOf: statusOf(before, unhealthy) });
}

describe('a change that brings a whole split along', () => {
  const kinds: readonly Change[] = [
    { kind: 'reset-split', pool: 'shop' },
    { kind: 'reset-config' },
    { kind: 'config', document: '' },
    { kind: 'restore', revision: 1 },
  ];
  const said = (change: Change, before: Config, after: Config): string | undefined =>
    lastRespondingFault(change, { before, after, statusOf: () => undefined });

  it.each(kinds)('$kind', (change) => {
    const before = config({ split: 'v1: 0, v2: 1', drained: ['v1'] });
    const drained = config({ split: 'v1: 1, v2: 0', drained: ['v1'] });
    expect(said(change, before, drained)).toMatch(/^all versions of pool shop that would have a share are drained/);
    expect(said({ ...change, force: true } as Change, before, drained)).toBeUndefined();
    // Endpoint by endpoint is drained as well; what is drained without a share is nobody's loss; no share at all is asked for in so many words.
    expect(said(change, before, config({ split: 'v1: 1, v2: 0', drained: [FIRST, SECOND] }))).toContain('drained');
    expect(said(change, before, config({ split: 'v1: 1, v2: 1', drained: ['v1'] }))).toBeUndefined();
    expect(said(change, before, config({ split: 'v1: 0, v2: 0' }))).toBeUndefined();
    expect(said(change, drained, drained)).toBeUndefined();
  });
});

it.each<[string, Case]>([
  ['the only version with a weight', { drains: 'v1', split: 'v1: 1, v2: 0' }],
  ['the last version', { drains: 'v2', already: ['v1'] }],
  ['the last endpoint', { drains: CANARY, already: ['v1'] }],
  ['the last endpoint of the only version with a weight', { drains: FIRST, already: [SECOND], split: 'v1: 1, v2: 0' }],
  ['the last endpoint that is healthy', { drains: FIRST, unhealthy: [SECOND], split: 'v1: 1, v2: 0' }],
  ['the version beside one that is down', { drains: 'v1', unhealthy: [CANARY] }],
  ['the last version, though all are down', { drains: 'v1', split: 'v1: 1, v2: 0', unhealthy: [FIRST, SECOND] }],
])('%s is not drained by omission', (_, parts) => {
  expect(fault(parts)).toBe('pool shop would have no version left that responds: its requests would get 503 until one is resumed');
  expect(fault({ ...parts, force: true })).toBeUndefined();
});

it.each<[string, Case]>([
  ['a version beside another', { drains: 'v1' }],
  ['a version without a weight', { drains: 'v2', split: 'v1: 1, v2: 0' }],
  ['an endpoint of two', { drains: FIRST, split: 'v1: 1, v2: 0' }],
  ['the last endpoint of a version beside another', { drains: CANARY }],
  ['one that is down', { drains: 'v2', unhealthy: [CANARY] }],
  ['what is drained already', { drains: 'v1', already: ['v1'], split: 'v1: 1, v2: 0' }],
  ['an endpoint where all are drained', { drains: FIRST, already: ['v1', 'v2'] }],
])('%s is drained', (_, parts) => {
  expect(fault(parts)).toBeUndefined();
});

it('a version with a share that no other takes over is not drained by omission', () => {
  const why = 'no other version of pool shop takes over (fallback.whenNoneReady: fail): the share of v2 would get 503 until it is resumed';
  expect(fault({ drains: 'v2', fallback: 'fail' })).toBe(why);
  expect(fault({ drains: CANARY, fallback: 'fail' })).toBe(why);
  expect(fault({ drains: FIRST, fallback: 'fail' })).toBeUndefined();
});

it('a change of another kind fears nothing', () => {
  const [before, after] = [config({ drained: ['v1'] }), config({ drained: ['v1', 'v2'] })];
  expect(lastRespondingFault({ kind: 'clear-overrides', pool: 'shop' }, { before, after, statusOf: () => undefined })).toBeUndefined();
});

describe('a split', () => {
  const splitFault = (split: string, parts: Parts, force?: boolean): string | undefined => {
    const [before, after] = [config(parts), config({ ...parts, split })];
    const change: Change = { kind: 'split', pool: 'shop', weights: {}, ...(force !== undefined && { force }) };
    return lastRespondingFault(change, { before, after, statusOf: statusOf(before) });
  };

  it.each<[string, readonly string[]]>([
    ['a version that is drained', ['v2']],
    ['one all of whose endpoints are', [CANARY]],
  ])('is not moved onto %s by omission', (_, drained) => {
    const why = 'all versions of pool shop that would have a share are drained: its requests would get 503 until one is resumed';
    expect(splitFault('v1: 0, v2: 1', { drained })).toBe(why);
    expect(splitFault('v1: 0, v2: 1', { drained }, true)).toBeUndefined();
    expect(splitFault('v1: 50, v2: 50', { drained })).toBeUndefined();
    expect(splitFault('v1: 1, v2: 0', { drained })).toBeUndefined();
  });

  it('gives a drained version no share that no other takes over', () => {
    const parts = { drained: ['v2'], split: 'v1: 1, v2: 0', fallback: 'fail' };
    expect(splitFault('v1: 9, v2: 1', parts)).toMatch(/the share of v2, which is drained, would get 503/);
    expect(splitFault('v1: 9, v2: 1', { ...parts, drained: [FIRST] })).toBeUndefined();
  });

  it('is free where nothing responds anyway', () => {
    expect(splitFault('v1: 0, v2: 1', { drained: ['v1', 'v2'] })).toBeUndefined();
  });
});
