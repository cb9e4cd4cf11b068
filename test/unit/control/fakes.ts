// A controller between fakes: two workers that do what they are told, and names that stand for what the test says.

import { expect } from 'vitest';
import { decodeText, readFiles } from '../../../src/config/decode.ts';
import type { LoadResult } from '../../../src/config/decode.ts';
import type { EndpointConfig, PoolConfig } from '../../../src/config/model.ts';
import { Controller } from '../../../src/control/controller.ts';
import type { DataPlane, EndpointDiscovery, EndpointUpdate, Update } from '../../../src/control/ports.ts';
import type { Load } from '../../../src/control/submission.ts';
import type { Adoption } from '../../../src/api/scalars.ts';
import { Journal } from '../../../src/control/journal.ts';
import type { Log, LogFields } from '../../../src/lib/log.ts';
import { MemoryStore } from '../../../src/store/memory-store.ts';
import type { Store } from '../../../src/store/store.ts';
import { CounterRegistry } from '../../../src/telemetry/counter-registry.ts';
import { CounterSet } from '../../../src/telemetry/counter-set.ts';
import type { SplitWeight } from '../../../src/telemetry/exposition.ts';
import { adoptPlan } from '../../scaffold/adopt-plan.ts';

export function yaml(options: { weight?: number; extra?: string; route?: string; version?: string } = {}): string {
  const { weight = 10, extra = '', route = 'main', version = 'v2' } = options;
  return `
listeners: [{ name: web, address: 127.0.0.1:8080 }]
${extra}
pools:
  shop:
    versions:
      v1: { endpoints: [127.0.0.1:9001] }
      ${version}: { endpoints: [127.0.0.1:9002] }
    split: { v1: ${100 - weight}, ${version}: ${weight} }
routes:
  - { name: ${route}, pool: shop }
`;
}

export const load = (options?: Parameters<typeof yaml>[0]) => decodeText('/etc/sluice.yaml', yaml(options));

/** A file of which this comes. */
export const from =
  (alone: LoadResult): Load =>
  () => ({ read: readFiles([{ file: '/etc/sluice.yaml', text: yaml() }]), alone });

/** A data plane of two workers that does what it is told. */
class FakeDataPlane implements DataPlane {
  readonly updates: Update[] = [];
  readonly endpoints: EndpointUpdate[] = [];
  readonly sets = [new CounterSet(0), new CounterSet(1)];
  /** How the next updates end; absent: all workers apply. */
  readonly ends: (() => Promise<Adoption>)[] = [];
  underWay = 0;

  apply(update: Update): Promise<Adoption> {
    this.updates.push(structuredClone(update));
    return this.#take(update);
  }

  setEndpoints(update: EndpointUpdate): Promise<Adoption> {
    this.endpoints.push(structuredClone(update));
    return this.#take(update);
  }

  async #take(update: Pick<Update, 'counters'>): Promise<Adoption> {
    this.underWay += 1;
    expect(this.underWay).toBe(1);
    await new Promise(setImmediate);
    const end = this.ends.shift();
    try {
      if (end !== undefined) return await end();
      for (const set of this.sets) adoptPlan(set, structuredClone(update.counters));
      return { applied: 2, total: 2 };
    } finally {
      this.underWay -= 1;
    }
  }
}

/** Knows what the test says it knows: addresses on port 80 for names, by name. */
class FakeDiscovery implements EndpointDiscovery {
  readonly known = new Map<string, readonly string[]>();
  readonly steps: string[] = [];
  /** What `prepare` waits for. */
  ready: Promise<void> = Promise.resolve();

  prepare(pools: readonly PoolConfig[]): Promise<void> {
    this.steps.push(`prepare ${pools.map(({ name }) => name).join(' ')}`);
    return this.ready;
  }

  expand(pools: readonly PoolConfig[]): readonly PoolConfig[] {
    const at = (endpoint: EndpointConfig): readonly EndpointConfig[] => {
      const name = endpoint.address.kind === 'tcp' ? endpoint.address.host : '';
      const hosts = this.known.get(name);
      return hosts === undefined
        ? [endpoint]
        : hosts.map((host) => ({ ...endpoint, address: { kind: 'tcp', host, port: 80 }, key: `${host}:80` }));
    };
    return pools.map((pool) => ({
      ...pool,
      versions: pool.versions.map((version) => ({ ...version, endpoints: version.endpoints.flatMap(at) })),
    }));
  }

  settle(pools: readonly PoolConfig[]): void {
    this.steps.push(`settle ${pools.map(({ name }) => name).join(' ')}`);
  }
}

export function open(store: Store = new MemoryStore()) {
  const dataPlane = new FakeDataPlane();
  const counters = new CounterRegistry(2);
  const reloads: string[] = [];
  const served: { revision: number; split: readonly SplitWeight[] }[] = [];
  const lines: { level: string; fields: LogFields; message: string }[] = [];
  const at = (level: string) => (fields: LogFields, message: string) => void lines.push({ level, fields, message });
  const log: Log = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error'), fatal: at('fatal') };
  const files: string[] = [];
  const exposition = {
    fileIs: (state: string) => void files.push(state),
    reloaded: (result: string) => void reloads.push(result),
    serves: (revision: number, split: readonly SplitWeight[]) => void served.push({ revision, split }),
  };
  const discovery = new FakeDiscovery();
  const journal = new Journal(store, () => 0);
  /** Pools whose users were moved, with how many updates the workers had got by then. */
  const movedUsers: string[] = [];
  const moveUsers = (pools: readonly string[]) => void movedUsers.push(`${pools.join(' ')} after ${dataPlane.updates.length}`);
  const controller = new Controller({ journal, dataPlane, discovery, counters, exposition, log, moveUsers });
  return { controller, journal, dataPlane, discovery, counters, reloads, files, served, lines, movedUsers };
}

/** Until the controller has done what it can do without waiting. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
}
