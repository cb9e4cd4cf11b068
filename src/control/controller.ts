// The one writer: every change of what is served passes through `apply`, one after the other.
// A config with a Problem changes nothing. A change is done when the workers have said so.

import { isDeepStrictEqual } from 'node:util';
import type { LoadResult } from '../config/decode.ts';
import type { Config, PoolConfig, VersionEndpoints } from '../config/model.ts';
import type { Problem } from '../config/problem.ts';
import type { Log } from '../lib/log.ts';
import { compileTable } from '../routing/compile.ts';
import type { CounterPlan } from '../telemetry/counter-plan.ts';
import type { CounterRegistry } from '../telemetry/counter-registry.ts';
import type { Exposition } from '../telemetry/exposition.ts';
import { counterKeys } from './counter-keys.ts';
import { findChanges, logChanges } from './endpoint-changes.ts';
import { logApplied, logFailed, logRejected } from './reload-log.ts';
import { restartNotices } from './restart-notices.ts';

export interface Update {
  readonly revision: number;
  /** With the endpoints that were discovered. */
  readonly config: Config;
  readonly counters: CounterPlan;
}

/** Other endpoints for a Config that is served. */
export interface EndpointUpdate {
  /** As a whole, for workers that start later. */
  readonly config: Config;
  /** What is other than it was. */
  readonly versions: readonly VersionEndpoints[];
  readonly counters: CounterPlan;
}

export interface Adoption {
  /** Workers that serve the update. */
  readonly applied: number;
  readonly total: number;
}

/** The workers, as control sees them. */
export interface DataPlane {
  /**
   * Resolves when every worker has answered or was given up; one that did not apply must be replaced. Counters are adopted before
   * the Table is swapped. Rejects only when the update is refused as a whole, such as a listener that cannot be bound:
   * then all workers serve what they served before. Must settle within bounded time.
   */
  apply(update: Update): Promise<Adoption>;
  /** The same for endpoints alone, which cannot be refused. Never rejects. */
  setEndpoints(update: EndpointUpdate): Promise<Adoption>;
}

/** What names, services and files stand for, as control sees it. */
export interface EndpointDiscovery {
  /** Begins with what is new in these pools; resolves when that is known, or after bounded time. */
  prepare(pools: readonly PoolConfig[]): Promise<void>;
  /** The same pools in the same order, with the endpoints that are known by now. */
  expand(pools: readonly PoolConfig[]): readonly PoolConfig[];
  /** These pools are in force; follows each `prepare`. */
  settle(pools: readonly PoolConfig[]): void;
}

export type ApplyResult =
  | { readonly result: 'applied'; readonly revision: number; readonly workers: Adoption; readonly notices: readonly string[] }
  | { readonly result: 'unchanged'; readonly revision: number }
  | { readonly result: 'rejected'; readonly revision: number; readonly problems: readonly Problem[] }
  /** The config is valid, but the data plane refused it; the old one holds. */
  | { readonly result: 'failed'; readonly revision: number; readonly error: Error }
  /** A newer one came while this one waited for its turn. */
  | { readonly result: 'superseded'; readonly revision: number };

export interface ControllerParts {
  readonly dataPlane: DataPlane;
  readonly discovery: EndpointDiscovery;
  readonly counters: CounterRegistry;
  readonly exposition: Pick<Exposition, 'reloaded' | 'serves'>;
  readonly log: Log;
}

interface Waiting {
  readonly load: LoadResult;
  readonly cause: string;
  readonly settle: (result: ApplyResult) => void;
  readonly fail: (error: unknown) => void;
}

export class Controller {
  readonly #parts: ControllerParts;
  /** The first that was served: what cannot change live is still as it says. */
  #started: Config | undefined = undefined;
  #config: Config | undefined = undefined;
  /** `#config` with the endpoints that the workers have. */
  #served: Config | undefined = undefined;
  #revision = 0;
  /** Revisions that were tried; a number is never given to two different configs, even if the first of them failed. */
  #lastNumber = 0;
  #busy = false;
  #waiting: Waiting | undefined = undefined;
  #rediscover = false;
  #closed = false;

  constructor(parts: ControllerParts) {
    this.#parts = parts;
  }

  /** What is served, as it was written; undefined before the first success. */
  get config(): Config | undefined {
    return this.#config;
  }

  /** Number of what is served; 0 before the first success. */
  get revision(): number {
    return this.#revision;
  }

  /**
   * Makes `load` the desired state. Never rejects for what an operator wrote or a worker did.
   * While one is applied one other waits; a newer one takes its place.
   * @param cause who asks, for the log: `start`, `file`, `signal`, a user of the API
   */
  apply(load: LoadResult, cause: string): Promise<ApplyResult> {
    return new Promise((settle, fail) => {
      this.#waiting?.settle({ result: 'superseded', revision: this.#revision });
      this.#waiting = { load, cause, settle, fail };
      if (!this.#busy) void this.#work();
    });
  }

  /** Puts in force what was discovered: a change of endpoints, not of the desired state. Many calls while it is busy are one. */
  rediscover(): void {
    this.#rediscover = true;
    if (!this.#busy) void this.#work();
  }

  /** Nothing is changed any more; what is under way is given up as far as it has not reached the workers. */
  close(): void {
    this.#closed = true;
    this.#waiting?.settle({ result: 'superseded', revision: this.#revision });
    this.#waiting = undefined;
  }

  async #work(): Promise<void> {
    this.#busy = true;
    for (;;) {
      const next = this.#take();
      if (next !== undefined) await this.#applyNow(next.load, next.cause).then(next.settle, next.fail);
      else if (this.#rediscover) await this.#follow();
      else break;
    }
    this.#busy = false;
  }

  #take(): Waiting | undefined {
    const next = this.#waiting;
    this.#waiting = undefined;
    return next;
  }

  async #applyNow(load: LoadResult, cause: string): Promise<ApplyResult> {
    const { config } = load;
    if (config === undefined || load.problems.length > 0) return this.#reject(load, cause);
    if (this.#config !== undefined && isDeepStrictEqual(config, this.#config)) return this.#leave(cause);
    const revision = ++this.#lastNumber;
    const { discovery } = this.#parts;
    let workers: Adoption;
    try {
      // A trial: what cannot be compiled must not reach a worker.
      compileTable(config, revision);
      await discovery.prepare(config.pools);
      if (this.#closed) return { result: 'superseded', revision: this.#revision };
      workers = await this.#post(revision, config);
    } catch (error) {
      discovery.settle(this.#config?.pools ?? []);
      return this.#refuse(error instanceof Error ? error : new Error(String(error)), cause);
    }
    discovery.settle(config.pools);
    return this.#accept({ load, config, revision, cause, workers });
  }

  async #post(revision: number, config: Config): Promise<Adoption> {
    const { counters, dataPlane, discovery } = this.#parts;
    const served = { ...config, pools: discovery.expand(config.pools) };
    const plan = counters.reserve(counterKeys(served));
    try {
      const workers = await dataPlane.apply({ revision, config: served, counters: plan });
      counters.commit(plan, workers.applied === workers.total ? 'all' : 'some');
      this.#served = served;
      return workers;
    } catch (error) {
      counters.cancel(plan);
      throw error;
    }
  }

  /** Hands the workers the endpoints that are others by now. No Table is compiled, no revision counted. */
  async #follow(): Promise<void> {
    this.#rediscover = false;
    const before = this.#served;
    if (before === undefined || this.#config === undefined || this.#closed) return;
    const { counters, dataPlane, discovery, log } = this.#parts;
    const config = { ...this.#config, pools: discovery.expand(this.#config.pools) };
    const versions = findChanges(before.pools, config.pools);
    if (versions.length === 0) return;
    const plan = counters.reserve(counterKeys(config));
    const workers = await dataPlane.setEndpoints({ config, versions, counters: plan });
    counters.commit(plan, workers.applied === workers.total ? 'all' : 'some');
    this.#served = config;
    logChanges(log, before.pools, versions);
  }

  #accept(done: { load: LoadResult; config: Config; revision: number; cause: string; workers: Adoption }): ApplyResult {
    const { load, config, revision, cause, workers } = done;
    const before = this.#config;
    this.#started ??= config;
    const notices = restartNotices({ started: this.#started, before: before ?? config, after: config });
    this.#config = config;
    this.#revision = revision;
    this.#parts.exposition.serves(revision, splitWeights(config));
    this.#parts.exposition.reloaded('applied');
    logApplied(this.#parts.log, { before, after: config, revision, cause, workers, notices, doubts: load.notices });
    return { result: 'applied', revision, workers, notices };
  }

  #reject(load: LoadResult, cause: string): ApplyResult {
    this.#parts.exposition.reloaded('rejected');
    logRejected(this.#parts.log, load.problems, cause);
    return { result: 'rejected', revision: this.#revision, problems: load.problems };
  }

  #refuse(error: Error, cause: string): ApplyResult {
    this.#parts.exposition.reloaded('rejected');
    logFailed(this.#parts.log, error, cause);
    return { result: 'failed', revision: this.#revision, error };
  }

  #leave(cause: string): ApplyResult {
    this.#parts.exposition.reloaded('unchanged');
    this.#parts.log.info({ revision: this.#revision, cause }, 'config unchanged');
    return { result: 'unchanged', revision: this.#revision };
  }
}

function splitWeights(config: Config) {
  return config.pools.flatMap(({ name, versions, split }) =>
    versions.map((version) => ({
      pool: name,
      version: version.name,
      weight: Object.hasOwn(split, version.name) ? (split[version.name] ?? 0) : 0,
    })),
  );
}
