import { describe, expect, it } from 'vitest';
import { decodeText } from '../../../src/config/decode.ts';
import { counterKeys } from '../../../src/control/counter-keys.ts';
import { DrainWatch } from '../../../src/control/drain-watch.ts';
import { ManualClock } from '../../scaffold/manual-clock.ts';
import { CounterRegistry } from '../../../src/telemetry/counter-registry.ts';
import { CounterSet } from '../../../src/telemetry/counter-set.ts';
import { adoptPlan } from '../../scaffold/adopt-plan.ts';

const [ONE, TWO] = ['127.0.0.1:9001', '127.0.0.1:9002'] as const;

interface Drains {
  readonly version?: string;
  readonly endpoint?: string;
  readonly pool?: string;
  readonly second?: string;
}

function poolsOf({ version = 'false', endpoint = 'false', pool = '30s', second = TWO }: Drains) {
  const text = `
listeners: [{ name: web, address: 127.0.0.1:8080 }]
pools:
  shop:
    drain: { timeout: ${pool} }
    versions:
      v1: { endpoints: [{ address: ${ONE}, drain: ${endpoint} }, ${second}], drain: ${version} }
      v2: { endpoints: [127.0.0.1:9003] }
    split: { v1: 1, v2: 1 }
routes: [{ name: main, pool: shop }]
`;
  const { config, problems } = decodeText('/etc/sluice.yaml', text);
  expect(problems).toEqual([]);
  return config!;
}

function open() {
  const clock = new ManualClock(1_000_000);
  const counters = new CounterRegistry(2);
  const set = new CounterSet(0);
  const watch = new DrainWatch({ clock, counters });
  const follow = (drains: Drains): void => {
    const config = poolsOf(drains);
    const plan = counters.reserve(counterKeys(config));
    adoptPlan(set, structuredClone(plan));
    counters.commit(plan, 'some');
    watch.follow(config.pools);
  };
  follow({});
  const busy = (address: string, requests: number): void => {
    const counted = set.endpoint('shop', 'v1', address);
    for (let each = 0; each < Math.abs(requests); each++) (requests > 0 ? () => counted.began() : () => counted.ended())();
  };
  return { clock, watch, follow, busy };
}

describe('DrainWatch', () => {
  it('knows nothing of what is not drained, and then has no timer', () => {
    const { clock, watch } = open();
    expect([watch.of('shop', 'v1'), watch.of('shop', 'v1', ONE), watch.of('none', 'v1')]).toEqual([undefined, undefined, undefined]);
    expect(clock.pending).toBe(0);
  });

  it('follows a version and each of its endpoints', () => {
    const { clock, watch, follow, busy } = open();
    busy(ONE, 4);
    busy(TWO, 2);
    follow({ version: 'true' });
    expect(clock.pending).toBe(1);
    const began = { since: 1_000_000, deadline: 1_030_000, connections: 0, estimateMs: undefined };
    expect(watch.of('shop', 'v1')).toEqual({ ...began, inFlight: 6, inFlightAtStart: 6 });
    expect(watch.of('shop', 'v1', ONE)).toEqual({ ...began, inFlight: 4, inFlightAtStart: 4 });
    expect([watch.of('shop', 'v2'), watch.of('shop', 'v2', '127.0.0.1:9003')]).toEqual([undefined, undefined]);
    busy(ONE, -2);
    clock.advance(2000);
    expect(watch.of('shop', 'v1', ONE)).toMatchObject({ inFlight: 2, inFlightAtStart: 4 });
    expect(watch.of('shop', 'v1', ONE)?.estimateMs).toBeGreaterThan(1000);
    expect(watch.of('shop', 'v1', TWO)?.estimateMs).toBeUndefined();
    busy(ONE, -2);
    busy(TWO, -2);
    expect(watch.of('shop', 'v1')).toMatchObject({ inFlight: 0, inFlightAtStart: 6, estimateMs: 0 });
  });

  it('looks once a second while anything is left, and no more', () => {
    const { clock, watch, follow, busy } = open();
    busy(ONE, 1);
    follow({ endpoint: 'true' });
    clock.advance(5000);
    expect(clock.pending).toBe(1);
    busy(ONE, -1);
    clock.advance(1000);
    expect(clock.pending).toBe(0);
    expect(watch.of('shop', 'v1', ONE)).toMatchObject({ since: 1_000_000, inFlight: 0, estimateMs: 0 });
    expect(watch.of('shop', 'v1')).toBeUndefined();
    watch.close();
  });

  it('counts on over a reload, and begins anew after a resume', () => {
    const { clock, watch, follow, busy } = open();
    busy(ONE, 2);
    follow({ endpoint: 'true' });
    clock.advance(3000);
    follow({ endpoint: 'true', second: '127.0.0.1:9009' });
    expect(watch.of('shop', 'v1', ONE)).toMatchObject({ since: 1_000_000, deadline: 1_030_000, inFlightAtStart: 2 });
    expect(clock.pending).toBe(1);
    follow({});
    expect(watch.of('shop', 'v1', ONE)).toBeUndefined();
    clock.advance(1000);
    expect(clock.pending).toBe(0);
    follow({ endpoint: 'true' });
    expect(watch.of('shop', 'v1', ONE)).toMatchObject({ since: 1_004_000, deadline: 1_034_000 });
  });

  it('has the deadline that the workers have', () => {
    const { clock, watch, follow } = open();
    follow({ version: '10s', endpoint: '5s' });
    expect([watch.of('shop', 'v1')?.deadline, watch.of('shop', 'v1', ONE)?.deadline, watch.of('shop', 'v1', TWO)?.deadline]).toEqual([
      1_010_000, 1_005_000, 1_010_000,
    ]);
    clock.advance(2000);
    follow({ version: '20s', endpoint: '5s' });
    expect(watch.of('shop', 'v1')).toMatchObject({ since: 1_000_000, deadline: 1_022_000 });
    expect(watch.of('shop', 'v1', ONE)?.deadline).toBe(1_005_000);
    follow({ version: 'true', pool: '0s' });
    expect(watch.of('shop', 'v1')?.deadline).toBeUndefined();
  });

  it('never estimates more than the deadline leaves', () => {
    const { clock, watch, follow, busy } = open();
    busy(ONE, 100);
    follow({ endpoint: '10s' });
    busy(ONE, -1);
    clock.advance(4000);
    expect(watch.of('shop', 'v1', ONE)?.estimateMs).toBe(6000);
    clock.advance(10_000);
    expect(watch.of('shop', 'v1', ONE)?.estimateMs).toBe(0);
  });
});
