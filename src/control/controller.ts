// The one writer: every change of what is served passes through `apply` (the file) or `order` (everybody else), one after the other.
// A config with a Problem changes nothing. A change is done when the workers have said so and it is kept.

import { isDeepStrictEqual } from 'node:util';
import { readAmendments } from '../config/amend.ts';
import type { Amendment } from '../config/amend.ts';
import { decodeFitting, decodeRead, decodeText } from '../config/decode.ts';
import type { FileRead, LoadResult } from '../config/decode.ts';
import { diffConfigs } from '../config/diff.ts';
import type { Config } from '../config/model.ts';
import { isFault } from '../config/fault.ts';
import { describeConfig, printWritten } from '../config/print.ts';
import { formatPath } from '../config/path.ts';
import type { Log } from '../lib/log.ts';
import { compileTable } from '../routing/compile.ts';
import { StoreFailed } from '../store/store-errors.ts';
import type { CounterRegistry } from '../telemetry/counter-registry.ts';
import type { Exposition } from '../telemetry/exposition.ts';
import { counterKeys } from './counter-keys.ts';
import { findChanges, logChanges } from './endpoint-changes.ts';
import { logApplied, logFailed, logRejected } from './reload-log.ts';
import type { Journal } from './journal.ts';
import { restartNotices } from './restart-notices.ts';
import type { Adoption } from './steering.ts';
import type { DataPlane, EndpointDiscovery } from './ports.ts';
import type { ApplyResult, Load, Order, OrderOutcome } from './orders.ts';

/** What is about to be in force. */
interface Next {
  readonly read: FileRead;
  readonly load: LoadResult;
  readonly config: Config;
}

interface OrderTask {
  readonly order: Order;
  readonly settle: (outcome: OrderOutcome) => void;
}

/** Whose change it is. */
interface Origin {
  readonly cause: string;
  readonly author: string;
  readonly reason: string;
  /** Pools whose users follow the weights at once when it is in force. */
  readonly moved: readonly string[];
}

export interface ControllerParts {
  readonly journal: Journal;
  /** Changes what was decoded (the demo puts its own upstreams in). */
  readonly adapt?: ((load: LoadResult) => LoadResult) | undefined;
  /** Lets users of these pools follow the weights at once, on all workers when it returns. */
  readonly moveUsers?: (pools: readonly string[]) => void;
  /** Told of each config that has come into force. */
  readonly onServed?: (config: Config) => void;
  readonly dataPlane: DataPlane;
  readonly discovery: EndpointDiscovery;
  readonly counters: CounterRegistry;
  readonly exposition: Pick<Exposition, 'reloaded' | 'serves' | 'fileIs'>;
  readonly log: Log;
}

interface Waiting {
  readonly load: Load;
  readonly cause: string;
  readonly settle: (result: ApplyResult) => void;
  readonly fail: (error: unknown) => void;
}

const OF_THE_FILE: ReadonlySet<string> = new Set(['start', 'file', 'signal']);
const TAKEN: ReadonlySet<ApplyResult['result']> = new Set(['applied', 'unchanged']);

export class Controller {
  readonly #parts: ControllerParts;
  /** The first that was served: what cannot change live is still as it says. */
  #started: Config | undefined = undefined;
  #config: Config | undefined = undefined;
  /** `#config` with the endpoints that the workers have. */
  #served: Config | undefined = undefined;
  #read: FileRead | undefined = undefined;
  /** What `#read` means alone, once it was asked for. */
  #alone: { readonly read: FileRead; readonly config: Config | undefined } | undefined = undefined;
  #amendments: readonly Amendment[];
  #adoption: Adoption = { applied: 0, total: 0 };
  #revision = 0;
  readonly #orders: OrderTask[] = [];
  #busy = false;
  #waiting: Waiting | undefined = undefined;
  #rediscover = false;
  #closed = false;

  constructor(parts: ControllerParts) {
    this.#parts = parts;
    const kept = readAmendments(parts.journal.latest?.amendments ?? []);
    this.#amendments = isFault(kept) ? [] : kept;
  }

  /** What is served, as it was written; undefined before the first success. */
  get config(): Config | undefined {
    return this.#config;
  }

  /** Number of what is served; 0 before the first success. */
  get revision(): number {
    return this.#revision;
  }

  /** What is served, with the endpoints that the workers have. */
  get served(): Config | undefined {
    return this.#served;
  }

  /** What the file says alone; undefined when that is no config. */
  get written(): Config | undefined {
    if (this.#amendments.length === 0) return this.#config;
    const read = this.#read;
    if (read === undefined) return undefined;
    if (this.#alone?.read !== read) this.#alone = { read, config: decodeRead(read).config };
    return this.#alone.config;
  }

  get amendments(): readonly Amendment[] {
    return this.#amendments;
  }

  /** Workers that obeyed when the revision was put in force. */
  get adoption(): Adoption {
    return this.#adoption;
  }

  /** Puts in force what somebody asks for. Orders wait for each other; none takes another's place. */
  order(order: Order): Promise<OrderOutcome> {
    return new Promise((settle) => {
      this.#orders.push({ order, settle });
      if (!this.#busy) void this.#work();
    });
  }

  /**
   * Makes `load` the desired state. Never rejects for what an operator wrote or a worker did.
   * While one is applied one other waits; a newer one takes its place.
   * @param cause who asks, for the log: `start`, `file`, `signal`, a user of the API
   */
  apply(load: Load, cause: string): Promise<ApplyResult> {
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
    for (const { settle } of this.#orders.splice(0)) settle({ result: 'failed', message: 'Sluice is stopping.' });
  }

  async #work(): Promise<void> {
    this.#busy = true;
    for (;;) {
      const task = this.#orders.shift();
      if (task !== undefined) task.settle(await this.#obey(task.order));
      // After each order: no stream of them can keep the file waiting.
      const next = this.#take();
      if (next !== undefined) await this.#applyNow(next.load, next.cause).then(next.settle, next.fail);
      else if (this.#rediscover) await this.#follow();
      else if (this.#orders.length === 0) break;
    }
    this.#busy = false;
  }

  #take(): Waiting | undefined {
    const next = this.#waiting;
    this.#waiting = undefined;
    return next;
  }

  async #applyNow(read: Load, cause: string): Promise<ApplyResult> {
    const loaded = read();
    const known = this.#amendments.length === 0 ? loaded.alone : undefined;
    const load = this.#adapt(known ?? decodeFitting(loaded.read, this.#amendments));
    const { config } = load;
    if (config === undefined || load.problems.length > 0) return this.#settleFile(this.#reject(load, cause));
    if (this.#isInForce(config, load)) return this.#settleFile(this.#leave(loaded.read, cause));
    const origin = { cause, author: '', reason: '', moved: [] };
    return this.#settleFile(await this.#putInForce({ read: loaded.read, load, config }, origin));
  }

  #settleFile(result: ApplyResult): ApplyResult {
    if (result.result !== 'superseded') this.#parts.exposition.fileIs(TAKEN.has(result.result) ? 'taken' : 'refused');
    return result;
  }

  #adapt(load: LoadResult): LoadResult {
    return this.#parts.adapt?.(load) ?? load;
  }

  /** Whether nothing would change, neither what is served nor what the API changed over the file. */
  #isInForce(config: Config, { amended }: LoadResult): boolean {
    if (this.#config === undefined || !isDeepStrictEqual(config, this.#config)) return false;
    return isDeepStrictEqual(amended.amendments, this.#amendments);
  }

  async #obey({ reduce, moves, expected, dryRun, ...by }: Order): Promise<OrderOutcome> {
    const [config, read] = [this.#config, this.#read];
    if (this.#closed) return { result: 'failed', message: 'Sluice is stopping.' };
    if (config === undefined || read === undefined) return { result: 'failed', message: 'No config is in force.' };
    const revision = this.#revision;
    if (expected !== undefined && expected !== revision) return { result: 'stale', revision };
    const amendments = reduce({ revision, config, read, amendments: this.#amendments });
    if ('result' in amendments) return amendments;
    const asked = this.#adapt(decodeRead(read, amendments));
    if (asked.config === undefined) {
      // Places are those of the file, which nobody asked about.
      return { result: 'rejected', revision, problems: asked.problems.map(({ path, message }) => ({ path, message })) };
    }
    // The file is the one that the others fit, so what does not is what was asked for.
    const lost = asked.amended.overtaken.map(({ amendment, reason }) => ({ path: formatPath(amendment.path), message: reason }));
    if (lost.length > 0) return { result: 'rejected', revision, problems: lost };
    const differences = diffConfigs(config, asked.config);
    const moved = moves?.(config, asked.config) ?? [];
    const told = moved.length === 0 ? {} : { moved };
    if (dryRun)
      return { result: 'dry-run', revision, differences, before: this.#served ?? config, after: this.#expand(asked.config), ...told };
    const origin = { ...by, moved };
    if (this.#isInForce(asked.config, asked)) {
      this.#moveAlone(origin);
      return { result: 'applied', revision, workers: this.#adoption, differences: [], ...told };
    }
    const done = await this.#putInForce({ read, load: asked, config: asked.config }, origin);
    if (done.result === 'applied') return { result: 'applied', revision: done.revision, workers: done.workers, differences, ...told };
    return { result: 'failed', message: done.result === 'failed' ? done.error.message : 'Sluice is stopping.' };
  }

  /** The weights are as asked for already; users that still have what they had before follow them now. */
  #moveAlone({ author, reason, moved }: Origin): void {
    if (moved.length === 0) return;
    this.#parts.moveUsers?.(moved);
    this.#parts.journal.record('moved', { author, revision: this.#revision }, { reason, moved });
  }

  async #putInForce(next: Next, origin: Origin): Promise<ApplyResult> {
    const { discovery, journal } = this.#parts;
    const { config, load } = next;
    const revision = journal.number + (this.#isKept(config, load) ? 0 : 1);
    let workers: Adoption;
    try {
      // A trial: what cannot be compiled must not reach a worker.
      compileTable(config, revision);
      await discovery.prepare(config.pools);
      if (this.#closed) return { result: 'superseded', revision: this.#revision };
      workers = await this.#post(revision, config);
      await this.#keep(revision, next, origin);
      // Only now: every worker has the weights, and nothing can refuse them any more.
      if (origin.moved.length > 0) this.#parts.moveUsers?.(origin.moved);
    } catch (error) {
      discovery.settle(this.#config?.pools ?? []);
      return this.#refuse(error instanceof Error ? error : new Error(String(error)), origin.cause);
    }
    discovery.settle(config.pools);
    return this.#accept({ ...next, revision, cause: origin.cause, workers });
  }

  /** Whether a start finds the state as it was kept. */
  #isKept(config: Config, { amended }: LoadResult): boolean {
    const latest = this.#config === undefined ? this.#parts.journal.latest : undefined;
    if (latest === undefined || !isDeepStrictEqual(latest.written, plain(describeConfig(config)))) return false;
    return isDeepStrictEqual(latest.amendments, plain(amended.amendments));
  }

  /** What the API asked and cannot be kept is taken back: it would be gone after the next start. The file stays without us. */
  async #keep(number: number, { config, load }: Next, { moved, ...origin }: Origin): Promise<void> {
    const { journal, log } = this.#parts;
    if (number === journal.number) return;
    const before = this.#config ?? this.#keptConfig();
    const differences = before === undefined ? [] : diffConfigs(before, config);
    const { amendments, overtaken } = load.amended;
    const facts = {
      ...(overtaken.length > 0 && { overtaken: overtaken.map(({ reason }) => reason) }),
      ...(moved.length > 0 && { moved }),
    };
    const revision = { number, ...origin, amendments, written: describeConfig(config), differences, facts };
    try {
      journal.keep(revision);
    } catch (error) {
      if (OF_THE_FILE.has(origin.cause) && error instanceof StoreFailed) {
        journal.keepLater(revision);
        log.error({ err: error, revision: number }, 'a revision could not be kept; it is served, and kept before the next one');
        return;
      }
      if (this.#config !== undefined) await this.#post(this.#revision, this.#config);
      throw error;
    }
  }

  /** What was in force before this start; undefined when nothing was, or it is no config of today. */
  #keptConfig(): Config | undefined {
    const written = this.#parts.journal.latest?.written;
    return written === undefined ? undefined : decodeText('/', printWritten(written)).config;
  }

  async #post(revision: number, config: Config): Promise<Adoption> {
    const { counters, dataPlane } = this.#parts;
    const served = this.#expand(config);
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

  /** With the endpoints that are known by now. */
  #expand(config: Config): Config {
    return { ...config, pools: this.#parts.discovery.expand(config.pools) };
  }

  /** Hands the workers the endpoints that are others by now. No Table is compiled, no revision counted. */
  async #follow(): Promise<void> {
    this.#rediscover = false;
    const before = this.#served;
    if (before === undefined || this.#config === undefined || this.#closed) return;
    const { counters, dataPlane, log } = this.#parts;
    const config = this.#expand(this.#config);
    const versions = findChanges(before.pools, config.pools);
    if (versions.length === 0) return;
    const plan = counters.reserve(counterKeys(config));
    const workers = await dataPlane.setEndpoints({ config, versions, counters: plan });
    counters.commit(plan, workers.applied === workers.total ? 'all' : 'some');
    this.#served = config;
    logChanges(log, before.pools, versions);
  }

  #accept(done: Next & { revision: number; cause: string; workers: Adoption }): ApplyResult {
    const { read, load, config, revision, cause, workers } = done;
    const before = this.#config;
    this.#started ??= config;
    const notices = restartNotices({ started: this.#started, before: before ?? config, after: config });
    this.#config = config;
    this.#read = read;
    this.#amendments = load.amended.amendments;
    this.#adoption = workers;
    this.#revision = revision;
    this.#parts.exposition.serves(revision, splitWeights(config));
    this.#parts.exposition.reloaded('applied');
    this.#parts.onServed?.(config);
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

  /** Also what changes nothing may be written otherwise than before. */
  #leave(read: FileRead, cause: string): ApplyResult {
    this.#read = read;
    this.#parts.exposition.reloaded('unchanged');
    this.#parts.log.info({ revision: this.#revision, cause }, 'config unchanged');
    return { result: 'unchanged', revision: this.#revision };
  }
}

/** As it comes back from JSON. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
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
