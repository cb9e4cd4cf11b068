// A controller between fakes: two workers that do what they are told, and names that stand for what the test says.

import { expect } from 'vitest';
import { decodeRead, decodeText, readFiles, readSent } from '../../../src/config/decode.ts';
import type { LoadResult } from '../../../src/config/decode.ts';
import type { Config, EndpointConfig, PoolConfig } from '../../../src/config/model.ts';
import { Controller } from '../../../src/control/controller.ts';
import { FileState } from '../../../src/control/file-state.ts';
import { Current } from '../../../src/control/in-force/current.ts';
import { PutInForce } from '../../../src/control/in-force/put-in-force.ts';
import type { CountedRollout, DataPlane, EndpointDiscovery, EndpointUpdate, Reading, Update } from '../../../src/control/ports.ts';
import { NO_TLS_FILES } from '../../../src/control/certificates/tls-files.ts';
import { RevisionKeeper } from '../../../src/control/revision-keeper.ts';
import { RolloutEvidence } from '../../../src/control/rollout-evidence.ts';
import { readSecret } from '../../../src/config/read-secret.ts';
import { SecretValues } from '../../../src/control/secret-values.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { SessionTables } from '../../../src/control/session-tables.ts';
import type { AmendSubmission, FileSubmission, Loaded, Submission } from '../../../src/control/submission.ts';
import type { Adoption } from '../../../src/api/scalars.ts';
import { Journal } from '../../../src/control/journal.ts';
import type { Log, LogFields } from '../../../src/lib/log.ts';
import { MemoryStore } from '../../../src/store/memory-store.ts';
import type { Store } from '../../../src/store/store.ts';
import { CounterRegistry } from '../../../src/telemetry/counter-registry.ts';
import { CounterSet } from '../../../src/telemetry/counter-set.ts';
import type { SplitWeight } from '../../../src/telemetry/exposition.ts';
import { adoptPlan } from '../../scaffold/adopt-plan.ts';

export type Load = () => Loaded;

export function yaml(options: { weight?: number; extra?: string; route?: string; version?: string; pool?: string } = {}): string {
  const { weight = 10, extra = '', route = 'main', version = 'v2', pool = '' } = options;
  return `
listeners: [{ name: web, address: 127.0.0.1:8080 }]
${extra}
pools:
  shop:
    ${pool}
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
  readonly rollouts: (readonly CountedRollout[])[] = [];
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

  setRollouts(rollouts: readonly CountedRollout[]): Promise<Adoption> {
    this.rollouts.push(rollouts);
    return Promise.resolve({ applied: 2, total: 2 });
  }

  setTls(): Promise<Adoption> {
    return Promise.resolve({ applied: 2, total: 2 });
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

export async function open(store: Store = new MemoryStore()) {
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
  const { journal, left } = await Journal.open(store, () => 0);
  const current = new Current();
  const keeper = new RevisionKeeper(journal, left.latest, log);
  const file = new FakeFile();
  const sessions = new SessionTables({ wallMs: () => 0, chance: () => 0.5, load: () => undefined });
  /** Pools whose users were moved, with how many updates the workers had got by then. */
  const movedUsers: string[] = [];
  const moveUsers = (pools: readonly string[]) => void movedUsers.push(`${pools.join(' ')} after ${dataPlane.updates.length}`);
  const followers = createFollowers();
  const evidence = new RolloutEvidence({ counters, chance: () => 0.5 });
  const secrets = new SecretValues({ clock: systemClock, read: readSecret, onChange: () => undefined, journal, revision: () => 0, log });
  const deps = {
    ...followers,
    workers: dataPlane,
    discovery,
    secrets,
    counters,
    sessions,
    evidence,
    moveUsers,
    exposition,
    keeper,
    current,
  };
  const fileState = new FileState({ journal, exposition, wallMs: () => 0 });
  const controller = new Controller({
    current,
    keeper,
    journal,
    left: left.latest?.amendments,
    file,
    reading: readingHere,
    secrets,
    fileState,
    exposition,
    log,
  });
  controller.begin(new PutInForce(deps, log));
  const driver = new Driver(controller, current, file);
  return { controller: driver, journal, dataPlane, discovery, counters, reloads, files, served, lines, movedUsers, deps, followers, log };
}

/** Those who are told of what is in force, and note what they are told. */
function createFollowers() {
  const steps: string[] = [];
  const namesIn = (pools: readonly PoolConfig[]): string => pools.flatMap((pool) => pool.versions.map(({ name }) => name)).join(' ');
  return {
    steps,
    probes: { adopt: <T>(_pools: readonly PoolConfig[], apply: () => Promise<T>): Promise<T> => apply() },
    claimAddress: (): Promise<void> => Promise.resolve(),
    certificates: {
      inUse: NO_TLS_FILES,
      prepare: () => Promise.resolve(NO_TLS_FILES),
      forget: () => undefined,
      follow: () => undefined,
      update: () => ({ ticketSeed: '', listeners: [], upstreams: [] }),
    },
    mirrors: {
      expect: ({ pools }: Config) => void steps.push(`expect ${namesIn(pools)}`),
      follow: ({ pools }: Config) => void steps.push(`mirrors ${namesIn(pools)}`),
    },
    rollouts: { wake: () => void steps.push('rollouts') },
    previews: { wake: () => undefined },
    drains: { follow: (pools: readonly PoolConfig[]) => void steps.push(`drains ${namesIn(pools)}`) },
    markers: { retain: ({ pools }: Config) => void steps.push(`markers ${namesIn(pools)}`) },
    admin: { configure: () => void steps.push('admin') },
    accessLog: { open: (path: string) => void steps.push(`access log ${path}`), reopen: () => undefined },
  };
}

/** The file, as the test says. */
/** Reads at once, in this thread. */
export const readingHere: Reading = {
  text: (file, text, inForce) =>
    Promise.resolve(decodeRead(readSent(file, typeof text === 'string' ? text : new TextDecoder().decode(text), inForce))),
};

class FakeFile {
  load: Load = from(load());

  async read(): Promise<Loaded> {
    return this.load();
  }
}

/** Asks the controller, and says what is in force. */
class Driver {
  readonly #controller: Controller;
  readonly #current: Current;
  readonly #file: FakeFile;

  constructor(controller: Controller, current: Current, file: FakeFile) {
    this.#controller = controller;
    this.#current = current;
    this.#file = file;
  }

  get config() {
    return this.#current.config;
  }

  get served() {
    return this.#current.served;
  }

  get revision() {
    return this.#current.revision;
  }

  get amendments() {
    return this.#controller.amendments;
  }

  /** The file says this from now on. */
  apply(says: Load, cause: FileSubmission['cause']) {
    this.#file.load = says;
    return this.#controller.submit({ kind: 'file', cause });
  }

  submit(submission: AmendSubmission) {
    return this.#controller.submit(submission);
  }

  /** One of any kind. */
  submitAny(submission: Submission): Promise<unknown> {
    switch (submission.kind) {
      case 'file':
        return this.#controller.submit(submission);
      case 'amend':
        return this.#controller.submit(submission);
      case 'discovered':
        return this.#controller.submit(submission);
    }
  }

  rediscover(): void {
    void this.#controller.submit({ kind: 'discovered' });
  }

  close(): void {
    this.#controller.close();
  }
}

/** Until the controller has done what it can do without waiting. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
}
