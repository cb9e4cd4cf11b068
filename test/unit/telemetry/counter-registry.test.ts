import { once } from 'node:events';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import type { CounterKey } from '../../../src/telemetry/counter-key.ts';
import type { CounterPlan } from '../../../src/telemetry/counter-plan.ts';
import { CounterRegistry } from '../../../src/telemetry/counter-registry.ts';
import { CounterSet } from '../../../src/telemetry/counter-set.ts';
import { ROUTE_OTHER, VERSION_BUCKETS, VERSION_IN_FLIGHT } from '../../../src/telemetry/counter-layout.ts';
import { adoptPlan } from '../../scaffold/adopt-plan.ts';

const shop = (version: string): CounterKey => ({ kind: 'version', pool: 'shop', version });

/** A registry with its workers, kept in step as a controller does it. */
class Fleet {
  readonly registry: CounterRegistry;
  readonly sets: CounterSet[];

  constructor(workers: number) {
    this.registry = new CounterRegistry(workers);
    this.sets = Array.from({ length: workers }, (_, worker) => new CounterSet(worker));
  }

  apply(keys: readonly CounterKey[]): void {
    const plan = structuredClone(this.registry.reserve(keys));
    for (const set of this.sets) adoptPlan(set, plan);
    this.registry.commit(plan, 'all');
  }

  /** Shared memory that the workers map, in bytes. */
  get mapped(): number {
    return this.registry.complete().banks.reduce((bytes, { buffer }) => bytes + buffer.byteLength, 0);
  }

  inFlight(pool: string, version: string): number | undefined {
    const block = this.registry.blocks('version').find(({ key }) => key.kind === 'version' && key.pool === pool && key.version === version);
    return block?.total(VERSION_IN_FLIGHT);
  }
}

describe('CounterRegistry', () => {
  it('adds up what each worker counted', () => {
    const fleet = new Fleet(3);
    fleet.apply([shop('v1'), shop('v2')]);
    fleet.sets.forEach((set, index) => {
      for (let n = 0; n <= index; n++) set.version('shop', 'v1').began();
    });
    expect(fleet.inFlight('shop', 'v1')).toBe(6);
    expect(fleet.inFlight('shop', 'v2')).toBe(0);
  });

  it('reserves in steps, and nothing has changed before the last one', () => {
    const fleet = new Fleet(2);
    const many = (first: number): CounterKey[] => Array.from({ length: 500 }, (_, index) => shop(`v${first + index}`));
    fleet.apply(many(0));
    fleet.sets[1]!.version('shop', 'v400').began();
    const [before, blocks] = [fleet.registry.complete(), fleet.registry.blocks('version')];
    const steps = fleet.registry.reserveInSteps(many(250));
    let count = 0;
    let next = steps.next();
    while (next.done !== true) {
      count++;
      expect(fleet.registry.complete().number).toBe(before.number);
      expect(fleet.registry.blocks('version')).toBe(blocks);
      next = steps.next();
    }
    expect(count).toBeGreaterThan(5);
    const plan = structuredClone(next.value);
    for (const set of fleet.sets) adoptPlan(set, plan);
    fleet.registry.commit(plan, 'all');
    expect(fleet.registry.blocks('version')).toHaveLength(500);
    expect([fleet.inFlight('shop', 'v400'), fleet.inFlight('shop', 'v0')]).toEqual([1, undefined]);
    // One at a time: the first that is done is the one that holds.
    const late = fleet.registry.reserveInSteps(many(0));
    late.next();
    fleet.registry.reserve([]);
    expect(() => [...late]).toThrow('open already');
  });

  it('tells each worker how many connections all of them hold', () => {
    const fleet = new Fleet(3);
    fleet.apply([{ kind: 'listener', listener: 'web' }, shop('v1')]);
    fleet.apply([
      { kind: 'listener', listener: 'web' },
      { kind: 'listener', listener: 'other' },
    ]);
    for (const set of fleet.sets) {
      set.listener('web').opened();
      set.listener('web').opened();
    }
    fleet.sets[1]!.listener('web').closed();
    fleet.sets[2]!.listener('other').opened();
    expect(fleet.sets.map((set) => [set.openConnections('web'), set.openConnections('other'), set.openConnections('gone')])).toEqual([
      [5, 1, 0],
      [5, 1, 0],
      [5, 1, 0],
    ]);
  });

  it('keeps the numbers and the live object of a key that stays, and drops the rest', () => {
    const fleet = new Fleet(1);
    fleet.apply([shop('v1'), shop('v2')]);
    const v1 = fleet.sets[0]!.version('shop', 'v1');
    const v2 = fleet.sets[0]!.version('shop', 'v2');
    v1.began();
    v2.began();
    fleet.apply([shop('v1'), shop('v3')]);
    expect(fleet.sets[0]!.version('shop', 'v1')).toBe(v1);
    v1.began();
    expect(fleet.inFlight('shop', 'v1')).toBe(2);
    expect(fleet.inFlight('shop', 'v2')).toBeUndefined();
    expect(() => fleet.sets[0]!.version('shop', 'v2')).toThrow(/no counters/);
  });

  it('never lets an exchange that outlives its key count for another', () => {
    const fleet = new Fleet(2);
    fleet.apply([shop('old')]);
    const old = fleet.sets[0]!.version('shop', 'old');
    old.began();
    fleet.apply([]);
    fleet.apply([shop('new')]);
    old.ended(5);
    old.began();
    expect(fleet.inFlight('shop', 'new')).toBe(0);
    fleet.apply([shop('new'), shop('old')]);
    expect(fleet.inFlight('shop', 'old')).toBe(0);
  });

  it('is bounded by the live keys over thousands of reloads', () => {
    const fleet = new Fleet(2);
    const keep = Array.from({ length: 20 }, (_, n) => shop(`keep${n}`));
    let most = 0;
    for (let round = 0; round < 3000; round++) {
      fleet.apply([...keep, ...Array.from({ length: 10 }, (_, n) => shop(`v${round}-${n}`))]);
      fleet.sets[round % 2]!.version('shop', 'keep7').began();
      if (round < 20) most = Math.max(most, fleet.mapped);
      else expect(fleet.mapped).toBeLessThanOrEqual(most);
    }
    expect(fleet.inFlight('shop', 'keep7')).toBe(3000);
  });

  it('lets go of memory when a large config goes', () => {
    const fleet = new Fleet(1);
    fleet.apply([]);
    const before = fleet.mapped;
    fleet.apply(Array.from({ length: 1000 }, (_, n) => shop(`v${n}`)));
    expect(fleet.mapped).toBeGreaterThan(before + 100_000);
    fleet.apply([]);
    expect(fleet.mapped).toBe(before);
  });

  it('posts only what is new, and everything after a plan that some worker missed', () => {
    const fleet = new Fleet(1);
    fleet.apply([shop('v1'), shop('v2')]);
    const next = fleet.registry.reserve([shop('v2'), shop('v3')]);
    expect(next.ids).toHaveLength(1);
    expect(next.dropped).toHaveLength(1);
    fleet.registry.commit(next, 'some');
    const complete = fleet.registry.reserve([shop('v2'), shop('v3')]);
    expect(complete.follows).toBe(0);
    expect(complete.ids).toHaveLength(4);
    // The worker that missed `next` catches up with it.
    const v1 = fleet.sets[0]!.version('shop', 'v1');
    adoptPlan(fleet.sets[0]!, complete);
    fleet.registry.commit(complete, 'all');
    v1.began();
    expect(fleet.registry.blocks('version').map((block) => block.total(VERSION_IN_FLIGHT))).toEqual([0, 0]);
  });

  it('the very same list of keys is an empty plan, unless some worker missed one', () => {
    const { registry, sets } = new Fleet(2);
    const keys = [shop('v1'), shop('v2')];
    for (const adoption of ['all', 'some'] as const) {
      const plan = registry.reserve(keys);
      for (const set of sets) adoptPlan(set, plan);
      registry.commit(plan, adoption);
      if (adoption === 'some') expect(plan.ids).toEqual([]);
    }
    const complete = registry.reserve(keys);
    expect([complete.follows, complete.ids.length]).toEqual([0, 4]);
    registry.cancel(complete);
    sets[0]!.version('shop', 'v1').began();
    const again = registry.reserve(keys);
    expect([again.follows, again.dropped]).toEqual([0, []]);
    for (const set of sets) adoptPlan(set, again);
    registry.commit(again, 'all');
    expect(registry.blocks('version').map((block) => block.total(VERSION_IN_FLIGHT))).toEqual([1, 0]);
  });

  it('does not reuse the block of a dropped key while a worker may still write to it', () => {
    const fleet = new Fleet(2);
    // The key that stays keeps the bank, so that the dropped key's place in it could be given away.
    fleet.apply([shop('stays'), shop('goes')]);
    const laggard = fleet.sets[1]!.version('shop', 'goes');
    const missed = fleet.registry.reserve([shop('stays')]);
    adoptPlan(fleet.sets[0]!, missed);
    fleet.registry.commit(missed, 'some');
    const plan = fleet.registry.reserve([shop('stays'), shop('comes')]);
    laggard.began();
    for (const set of fleet.sets) adoptPlan(set, plan);
    fleet.registry.commit(plan, 'all');
    laggard.began();
    expect(fleet.inFlight('shop', 'comes')).toBe(0);
  });

  it('refuses a plan whose predecessor was missed', () => {
    const fleet = new Fleet(1);
    fleet.apply([shop('v1')]);
    fleet.apply([shop('v2')]);
    const late = new CounterSet(0);
    expect(() => adoptPlan(late, fleet.registry.reserve([shop('v3')]))).toThrow(/follows/);
  });

  it('a cancelled plan leaves the old keys with their numbers', () => {
    const fleet = new Fleet(1);
    fleet.apply([shop('v1')]);
    fleet.sets[0]!.version('shop', 'v1').began();
    const plan = fleet.registry.reserve([shop('v2')]);
    adoptPlan(fleet.sets[0]!, plan);
    fleet.registry.cancel(plan);
    expect(fleet.inFlight('shop', 'v1')).toBe(1);
    expect(fleet.inFlight('shop', 'v2')).toBeUndefined();
    fleet.apply([shop('v1'), shop('v3')]);
    fleet.sets[0]!.version('shop', 'v1').began();
    expect(fleet.inFlight('shop', 'v1')).toBe(2);
    expect(fleet.inFlight('shop', 'v3')).toBe(0);
    expect(() => fleet.registry.commit(plan, 'all')).toThrow(/not open/);
  });

  it('gives a replaced worker all keys, goes on counting, and zeroes only its gauges', () => {
    const fleet = new Fleet(2);
    fleet.apply([shop('v1'), { kind: 'listener', listener: 'web' }]);
    for (const set of fleet.sets) {
      set.version('shop', 'v1').began();
      set.listener('web').opened();
    }
    fleet.registry.forgetGauges(1);
    const successor = new CounterSet(1);
    adoptPlan(successor, structuredClone(fleet.registry.complete()));
    successor.listener('web').opened();
    expect(fleet.inFlight('shop', 'v1')).toBe(1);
    const [listener] = fleet.registry.blocks('listener');
    expect([listener!.total(0), listener!.total(1)]).toEqual([2, 3]);
    fleet.sets[1] = successor;
    fleet.apply([shop('v1'), shop('v2')]);
    expect(successor.version('shop', 'v2')).toBeDefined();
  });

  it('tells names apart whatever characters they hold', () => {
    const fleet = new Fleet(1);
    const keys: CounterKey[] = [];
    for (const [route, pool, version] of [
      ['a', 'bc', ''],
      ['ab', 'c', ''],
      ['a', 'b', 'c'],
      ['__proto__', '', ''],
    ] as const) {
      keys.push({ kind: 'route', route, pool, version });
    }
    fleet.apply(keys);
    expect(fleet.registry.blocks('route')).toHaveLength(5);
    fleet.sets[0]!.route('ab', 'c', '').responded(200);
    expect(fleet.registry.blocks('route').filter((block) => block.total(1) === 1)).toHaveLength(1);
  });

  it('counts requests without a route and worker events whatever the config says', () => {
    const fleet = new Fleet(1);
    fleet.apply([]);
    fleet.sets[0]!.route('', '', '').responded(404);
    fleet.sets[0]!.worker().internalError();
    expect(fleet.registry.blocks('route')[0]!.total(1)).toBe(1);
  });

  it('plans 30,000 keys in well under 100 ms of CPU', () => {
    const keys = Array.from({ length: 30_000 }, (_, n): CounterKey => ({
      kind: 'route',
      route: `route-${n}`,
      pool: `pool-${n % 100}`,
      version: `v${n % 3}`,
    }));
    const registry = new CounterRegistry(4);
    const set = new CounterSet(0);
    let plan = closed(registry, []);
    adoptPlan(set, plan);
    const firstMs = cpuMs(() => (plan = closed(registry, keys)));
    const adoptMs = cpuMs(() => adoptPlan(set, plan));
    const nextMs = cpuMs(() => (plan = closed(registry, [...keys, shop('v9')])));
    expect(plan.ids).toHaveLength(1);
    console.info(
      `30,000 keys: planned in ${firstMs.toFixed()} ms, adopted in ${adoptMs.toFixed()} ms, the next plan in ${nextMs.toFixed()} ms`,
    );
    // Room for a cold start and a slow machine.
    expect(Math.max(firstMs, adoptMs, nextMs)).toBeLessThan(300);
  });
});

/** CPU time of this thread: unlike elapsed time it does not depend on what else the machine does. */
function cpuMs(run: () => void): number {
  const before = process.threadCpuUsage();
  run();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1000;
}

function closed(registry: CounterRegistry, keys: readonly CounterKey[]): CounterPlan {
  const plan = registry.reserve(keys);
  registry.commit(plan, 'all');
  return plan;
}

describe('CounterRegistry and real threads', () => {
  it('reads what threads write, while they write', async () => {
    const registry = new CounterRegistry(2);
    const plan = registry.reserve([shop('v1')]);
    const url = pathToFileURL(join(import.meta.dirname, '../../../src/telemetry/counter-set.ts')).href;
    const source = `
      const { parentPort, workerData } = require('node:worker_threads');
      import(${JSON.stringify(url)}).then(({ CounterSet }) => {
        const set = new CounterSet(workerData);
        parentPort.once('message', (plan) => {
          set.place(plan);
          set.settle();
          const version = set.version('shop', 'v1');
          for (let n = 0; n < 100000; n++) { version.began(); version.ended(n % 50); }
          parentPort.postMessage('done');
        });
      });`;
    const threads = [0, 1].map((workerData) => new Worker(source, { eval: true, workerData }));
    const done = threads.map((thread) => once(thread, 'message'));
    for (const thread of threads) thread.postMessage(plan);
    registry.commit(plan, 'all');
    await Promise.all(done);
    await Promise.all(threads.map((thread) => thread.terminate()));
    const [block] = registry.blocks('version');
    let count = 0;
    for (let cell = VERSION_BUCKETS; cell < VERSION_BUCKETS + 15; cell++) count += block!.total(cell);
    expect([block!.total(VERSION_IN_FLIGHT), count]).toEqual([0, 200_000]);
  });
});

describe('RouteCounters', () => {
  it('tells 12 statuses apart and puts the rest together', () => {
    const fleet = new Fleet(1);
    fleet.apply([{ kind: 'route', route: 'r', pool: '', version: '' }]);
    const route = fleet.sets[0]!.route('r', '', '');
    for (let status = 200; status < 220; status++) for (let n = 0; n < status - 199; n++) route.responded(status);
    route.responded(0);
    route.responded(Number.NaN);
    const block = fleet.registry.blocks('route').find(({ key }) => key.kind === 'route' && key.route === 'r')!;
    expect(block.total(0)).toBe(200);
    expect(block.total(23)).toBe(12);
    expect(block.total(ROUTE_OTHER)).toBe(13 + 14 + 15 + 16 + 17 + 18 + 19 + 20 + 2);
  });
});
