import { describe, expect, it } from 'vitest';
import { decodeText } from '../../../src/config/decode.ts';
import { counterKeys } from '../../../src/control/counter-keys.ts';
import { endpointStatuses, poolStatuses } from '../../../src/control/pool-status.ts';
import { CounterRegistry } from '../../../src/telemetry/counter-registry.ts';
import { CounterSet } from '../../../src/telemetry/counter-set.ts';
import { adoptPlan } from '../../scaffold/adopt-plan.ts';

const text = (options: { split?: string; endpoints?: string; drain?: boolean; fallback?: string } = {}): string => `
listeners: [{ name: web, address: 127.0.0.1:8080 }]
pools:
  shop:
    versions:
      v1: { endpoints: [127.0.0.1:9001, 127.0.0.1:9002], drain: ${options.drain ?? false} }
      v2: { endpoints: [${options.endpoints ?? '127.0.0.1:9003'}] }
    fallback: { whenNoneReady: ${options.fallback ?? 'split'} }
    split: ${options.split ?? '{ v1: 3, v2: 1 }'}
    overrides:
      - { name: qa, header: { name: x-qa, value: a }, version: v2 }
      - { name: qb, header: { name: x-qa, value: b }, version: v1 }
  other:
    versions: { v1: { endpoints: [127.0.0.1:9001] } }
routes:
  - { name: main, pool: shop }
  - { name: rest, pool: other, hosts: [other.test] }
`;

function open(options?: Parameters<typeof text>[0]) {
  const { config, problems } = decodeText('/etc/sluice.yaml', text(options));
  expect(problems).toEqual([]);
  const counters = new CounterRegistry(2);
  const plan = counters.reserve(counterKeys(config!));
  const sets = [new CounterSet(0), new CounterSet(1)] as const;
  for (const set of sets) adoptPlan(set, structuredClone(plan));
  counters.commit(plan, 'all');
  const workers = { applied: 1, total: 2 };
  const isAmended = (pool: string, list: string, name: string): boolean => pool === 'shop' && list === 'overrides' && name === 'qb';
  const users = (pool: string) => (pool === 'shop' ? new Map([['v2', 12]]) : undefined);
  const statuses = () => [...poolStatuses(config!.pools, { counters, revision: 7, workers, isAmended, users })];
  const shop = () => statuses().find(({ name }) => name === 'shop')!;
  const version = (name: string) => shop().versions.find((each) => each.name === name)!;
  const endpoint = (address: string, of = 'v1') => version(of).endpoints.find((each) => each.address === address)!;
  const one = (pool: string) => {
    const pools = config!.pools.filter(({ name }) => name === pool);
    return [...poolStatuses(pools, { counters, revision: 7, workers, isAmended, users })];
  };
  return { config: config!, counters, sets, statuses, shop, version, endpoint, one };
}

describe('endpointStatuses', () => {
  it('are those of the pool, without looking at any other pool', () => {
    const { config, counters, sets, shop, one } = open();
    sets[0].endpoint('shop', 'v1', config.pools[0]!.versions[0]!.endpoints[0]!.key).began();
    const versions = config.pools[0]!.versions.map((version) => endpointStatuses('shop', version, counters));
    const whole = shop().versions.map(({ endpoints }) => endpoints.map(({ drain: _, health: __, ...each }) => each));
    expect(versions).toEqual(whole);
    expect(one('shop')).toEqual([shop()]);
  });
});

describe('poolStatuses', () => {
  it('counts the users of pools that have them', () => {
    const { statuses } = open();
    const counts = statuses().map(({ versions }) => versions.map((version) => ('users' in version ? version.users : 'none')));
    expect(counts[0]).toEqual([0, 12]);
    expect(new Set(counts[1])).toEqual(new Set(['none']));
  });

  it('says of each pool its revision, workers, weights and overrides with their origin', () => {
    const { statuses, shop } = open();
    expect(statuses().map(({ name }) => name)).toEqual(['shop', 'other']);
    expect(shop()).toMatchObject({ revision: 7, workers: { applied: 1, total: 2 }, weights: { v1: 3, v2: 1 } });
    expect(shop().overrides).toEqual([
      { name: 'qa', version: 'v2', origin: 'file' },
      { name: 'qb', version: 'v1', origin: 'api' },
    ]);
  });

  it.each([
    ['{ v1: 3, v2: 1 }', [0.75, 0.25]],
    ['{ v1: 0, v2: 1 }', [0, 1]],
    ['{ v2: 5 }', [0, 1]],
    ['{ v1: 0.5, v2: 1.5 }', [0.25, 0.75]],
  ])('split %s gives shares %j', (split, shares) => {
    const { shop } = open({ split });
    expect(shop().versions.map(({ share }) => share)).toEqual(shares);
  });

  it.each([
    [{}, [0.75, 0.25]],
    [{ drain: true }, [0, 1]],
    [{ drain: true, fallback: 'fail' }, [0.75, 0.25]],
    [{ drain: true, split: '{ v1: 1 }' }, [0, 0]],
  ])('%j gives what each gets now: %j', (options, shares) => {
    expect(
      open(options)
        .shop()
        .versions.map(({ shareNow }) => shareNow),
    ).toEqual(shares);
  });

  it('a version alone has all; without any weight nobody has a share', () => {
    const { statuses } = open();
    expect(statuses()[1]!.versions.map(({ weight, share }) => [weight, share])).toEqual([[1, 1]]);
    const { config } = decodeText('/etc/sluice.yaml', text());
    const pools = config!.pools.map((pool) => ({ ...pool, split: {} }));
    const parts = { counters: new CounterRegistry(1), revision: 1, workers: { applied: 1, total: 1 }, isAmended: () => false };
    expect([...poolStatuses(pools, parts)][0]!.versions.map(({ weight, share }) => [weight, share])).toEqual([
      [0, 0],
      [0, 0],
    ]);
  });

  it('says which deploy a version is and how its drain and those of its endpoints come along', () => {
    const { config } = decodeText('/etc/sluice.yaml', text());
    const drain = { since: 1, deadline: undefined, inFlight: 2, connections: 3, inFlightAtStart: 4, estimateMs: 5 };
    const [shop] = poolStatuses(config!.pools, {
      counters: new CounterRegistry(1),
      revision: 1,
      workers: { applied: 1, total: 1 },
      isAmended: () => false,
      deployOf: (pool, version) => (pool === 'shop' && version === 'v2' ? { deploy: 'd1', sha: undefined, atMs: 7 } : undefined),
      drainOf: (pool, version, endpoint) => (version === 'v1' && endpoint !== '127.0.0.1:9002' ? drain : undefined),
    });
    expect(shop!.versions.map(({ deploy }) => deploy?.deploy)).toEqual([undefined, 'd1']);
    expect(shop!.versions.map((version) => version.drain)).toEqual([drain, undefined]);
    expect(shop!.versions[0]!.endpoints.map((endpoint) => endpoint.drain)).toEqual([drain, undefined]);
  });

  it('is ready until a worker says otherwise', () => {
    const { endpoint, version } = open();
    expect(endpoint('127.0.0.1:9001')).toEqual({
      address: '127.0.0.1:9001',
      weight: 1,
      zone: undefined,
      ready: true,
      reason: undefined,
      inFlight: 0,
      connections: 0,
    });
    expect(version('v1').ready).toBe(true);
  });

  it('without counters everything counts as idle and ready', () => {
    const { config } = decodeText('/etc/sluice.yaml', text());
    const parts = { counters: new CounterRegistry(1), revision: 1, workers: { applied: 1, total: 1 }, isAmended: () => false };
    const [shop] = poolStatuses(config!.pools, parts);
    expect(shop!.versions.map(({ ready, inFlight, connections }) => [ready, inFlight, connections])).toEqual([
      [true, 0, 0],
      [true, 0, 0],
    ]);
  });

  it('one worker is enough to make an endpoint unhealthy or ejected, and the same worker to bring it back', () => {
    const { sets, endpoint, version } = open();
    const seen = sets[1].endpoint('shop', 'v1', '127.0.0.1:9001');
    seen.notReady();
    expect(endpoint('127.0.0.1:9001')).toMatchObject({ ready: false, reason: 'unhealthy' });
    expect(endpoint('127.0.0.1:9002').ready).toBe(true);
    expect(version('v1').ready).toBe(true);
    seen.ejected(12);
    expect(endpoint('127.0.0.1:9001')).toMatchObject({ ready: false, reason: 'ejected' });
    sets[0].endpoint('shop', 'v1', '127.0.0.1:9002').notReady();
    expect(version('v1').ready).toBe(false);
    seen.ejectionEnded();
    seen.ready();
    expect(endpoint('127.0.0.1:9001')).toMatchObject({ ready: true, reason: undefined });
    expect(version('v1').ready).toBe(true);
  });

  it('what an operator set is told before what was seen', () => {
    const endpoints =
      '{ address: 127.0.0.1:9003, drain: true, weight: 0 }, { address: 127.0.0.1:9004, weight: 0, zone: a }, 127.0.0.1:9005';
    const { sets, version } = open({ endpoints });
    for (const key of ['127.0.0.1:9003', '127.0.0.1:9004', '127.0.0.1:9005']) {
      const counters = sets[0].endpoint('shop', 'v2', key);
      counters.notReady();
      counters.ejected(1);
    }
    expect(version('v2').endpoints.map(({ reason, weight, zone }) => [reason, weight, zone])).toEqual([
      ['draining', 0, undefined],
      ['weightless', 0, 'a'],
      ['ejected', 1, undefined],
    ]);
    expect(version('v2').ready).toBe(false);
  });

  it('a version that drains is not ready, with all its endpoints, and still shows what is left', () => {
    const { sets, version } = open({ drain: true });
    sets[0].endpoint('shop', 'v1', '127.0.0.1:9001').began();
    expect(version('v1')).toMatchObject({ draining: true, ready: false, inFlight: 1 });
    expect(version('v1').endpoints.map(({ reason }) => reason)).toEqual(['draining', 'draining']);
    expect(version('v2')).toMatchObject({ draining: false, ready: true });
  });

  it('adds up workers and endpoints; equal addresses elsewhere do not count', () => {
    const { sets, endpoint, version, statuses } = open();
    const [first, second] = [sets[0].endpoint('shop', 'v1', '127.0.0.1:9001'), sets[1].endpoint('shop', 'v1', '127.0.0.1:9001')];
    for (const counters of [first, second, second]) counters.began();
    for (const counters of [first, second]) counters.opened();
    const beside = sets[1].endpoint('shop', 'v1', '127.0.0.1:9002');
    beside.opened();
    beside.began();
    first.ended();
    sets[0].endpoint('other', 'v1', '127.0.0.1:9001').began();
    expect(endpoint('127.0.0.1:9001')).toMatchObject({ inFlight: 2, connections: 2 });
    expect(version('v1')).toMatchObject({ inFlight: 3, connections: 3 });
    expect(version('v2')).toMatchObject({ inFlight: 0, connections: 0 });
    expect(statuses()[1]!.versions[0]).toMatchObject({ inFlight: 1, connections: 0 });
  });
});
