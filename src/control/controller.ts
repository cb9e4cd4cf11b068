// The one writer: every change of what is served passes through `apply` (the file) or `order` (everybody else), one after the other.
// A config with a Problem changes nothing. A change is done when the workers have said so and it is kept.

import { isDeepStrictEqual } from 'node:util';
import { readAmendments } from '../config/amend.ts';
import type { Amendment } from '../config/amend.ts';
import { decodeFitting, decodeRead } from '../config/decode.ts';
import type { FileRead, LoadResult } from '../config/decode.ts';
import type { Config } from '../config/model.ts';
import { isFault } from '../config/fault.ts';
import { compileTable } from '../routing/compile.ts';
import type { Exposition } from '../telemetry/exposition.ts';
import { evaluateChange } from './evaluate-change.ts';
import { logApplied, logFailed, logRejected } from './reload-log.ts';
import type { Journal } from './journal.ts';
import { Publisher } from './publisher.ts';
import type { PublisherDeps } from './publisher.ts';
import { RevisionKeeper } from './revision-keeper.ts';
import type { Next, Origin } from './revision-keeper.ts';
import { restartNotices } from './restart-notices.ts';
import type { Adoption } from '../api/scalars.ts';
import type { ApplyResult, Load, Submission, SubmissionOutcome } from './submission.ts';

interface SubmissionTask {
  readonly submission: Submission;
  readonly settle: (outcome: SubmissionOutcome) => void;
}

export interface ControllerDeps extends PublisherDeps {
  readonly journal: Journal;
  /** Changes what was decoded (the demo puts its own upstreams in). */
  readonly adapt?: ((load: LoadResult) => LoadResult) | undefined;
  /** Lets users of these pools follow the weights at once, on all workers when it returns. */
  readonly moveUsers?: (pools: readonly string[]) => void;
  /** Told of each config that has come into force. */
  readonly onServed?: (config: Config) => void;
  readonly exposition: Pick<Exposition, 'reloaded' | 'serves' | 'fileIs'>;
}

interface Waiting {
  readonly load: Load;
  readonly cause: string;
  readonly settle: (result: ApplyResult) => void;
  readonly fail: (error: unknown) => void;
}

const TAKEN: ReadonlySet<ApplyResult['result']> = new Set(['applied', 'unchanged']);

export class Controller {
  readonly #deps: ControllerDeps;
  readonly #keeper: RevisionKeeper;
  readonly #publisher: Publisher;
  /** The first that was served: what cannot change live is still as it says. */
  #started: Config | undefined = undefined;
  #config: Config | undefined = undefined;
  #read: FileRead | undefined = undefined;
  /** What `#read` means alone, once it was asked for. */
  #alone: { readonly read: FileRead; readonly config: Config | undefined } | undefined = undefined;
  #amendments: readonly Amendment[];
  #adoption: Adoption = { applied: 0, total: 0 };
  #revision = 0;
  readonly #submissions: SubmissionTask[] = [];
  #busy = false;
  #waiting: Waiting | undefined = undefined;
  #rediscover = false;
  #closed = false;

  constructor(deps: ControllerDeps) {
    this.#deps = deps;
    this.#keeper = new RevisionKeeper(deps.journal, deps.log);
    this.#publisher = new Publisher(deps);
    const kept = readAmendments(deps.journal.latest?.amendments ?? []);
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
    return this.#publisher.served;
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
  submit(submission: Submission): Promise<SubmissionOutcome> {
    return new Promise((settle) => {
      this.#submissions.push({ submission, settle });
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
    for (const { settle } of this.#submissions.splice(0)) settle({ result: 'failed', message: 'Sluice is stopping.' });
  }

  async #work(): Promise<void> {
    this.#busy = true;
    for (;;) {
      const task = this.#submissions.shift();
      if (task !== undefined) task.settle(await this.#evaluate(task.submission));
      // After each order: no stream of them can keep the file waiting.
      const next = this.#take();
      if (next !== undefined) await this.#applyNow(next.load, next.cause).then(next.settle, next.fail);
      else if (this.#rediscover) await this.#follow();
      else if (this.#submissions.length === 0) break;
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
    if (result.result !== 'superseded') this.#deps.exposition.fileIs(TAKEN.has(result.result) ? 'taken' : 'refused');
    return result;
  }

  #adapt(load: LoadResult): LoadResult {
    return this.#deps.adapt?.(load) ?? load;
  }

  /** Whether nothing would change, neither what is served nor what the API changed over the file. */
  #isInForce(config: Config, { amended }: LoadResult): boolean {
    if (this.#config === undefined || !isDeepStrictEqual(config, this.#config)) return false;
    return isDeepStrictEqual(amended.amendments, this.#amendments);
  }

  async #evaluate(submission: Submission): Promise<SubmissionOutcome> {
    const [config, read, revision] = [this.#config, this.#read, this.#revision];
    if (this.#closed) return { result: 'failed', message: 'Sluice is stopping.' };
    if (config === undefined || read === undefined) return { result: 'failed', message: 'No config is in force.' };
    const { expected, dryRun, cause, author, reason } = submission;
    if (expected !== undefined && expected !== revision) return { result: 'stale', revision };
    const asked = evaluateChange(submission, { revision, config, read, amendments: this.#amendments }, (load) => this.#adapt(load));
    if ('result' in asked) return asked;
    const { differences, moved } = asked;
    const told = moved.length === 0 ? {} : { moved };
    if (dryRun)
      return {
        result: 'dry-run',
        revision,
        differences,
        before: this.served ?? config,
        after: this.#publisher.expand(asked.config),
        ...told,
      };
    const origin = { cause, author, reason, moved };
    if (this.#isInForce(asked.config, asked.load)) {
      this.#moveAlone(origin);
      return { result: 'applied', revision, workers: this.#adoption, differences: [], ...told };
    }
    const done = await this.#putInForce({ read, load: asked.load, config: asked.config }, origin);
    if (done.result === 'applied') return { result: 'applied', revision: done.revision, workers: done.workers, differences, ...told };
    return { result: 'failed', message: done.result === 'failed' ? done.error.message : 'Sluice is stopping.' };
  }

  /** The weights are as asked for already; users that still have what they had before follow them now. */
  #moveAlone({ author, reason, moved }: Origin): void {
    if (moved.length === 0) return;
    this.#deps.moveUsers?.(moved);
    this.#deps.journal.record('moved', { author, revision: this.#revision }, { reason, moved });
  }

  async #putInForce(next: Next, origin: Origin): Promise<ApplyResult> {
    const { discovery } = this.#deps;
    const { config } = next;
    const revision = this.#keeper.numberOf(next, this.#config);
    let workers: Adoption;
    try {
      // A trial: what cannot be compiled must not reach a worker.
      compileTable(config, revision);
      await discovery.prepare(config.pools);
      if (this.#closed) return { result: 'superseded', revision: this.#revision };
      workers = await this.#publisher.publish(revision, config);
      await this.#keep(revision, next, origin);
      // Only now: every worker has the weights, and nothing can refuse them any more.
      if (origin.moved.length > 0) this.#deps.moveUsers?.(origin.moved);
    } catch (error) {
      discovery.settle(this.#config?.pools ?? []);
      return this.#refuse(error instanceof Error ? error : new Error(String(error)), origin.cause);
    }
    discovery.settle(config.pools);
    return this.#accept({ ...next, revision, cause: origin.cause, workers });
  }

  /** What cannot be kept is taken back: it would be gone after the next start. */
  async #keep(revision: number, next: Next, origin: Origin): Promise<void> {
    const before = this.#config;
    try {
      this.#keeper.persist(revision, next, origin, before);
    } catch (error) {
      if (before === undefined || (await this.#isTakenBack(before))) throw error;
      this.#keeper.retryPersist(revision, next, origin, before);
    }
  }

  /** Workers that cannot go back serve on; what is told must be what they serve. */
  async #isTakenBack(before: Config): Promise<boolean> {
    try {
      await this.#publisher.publish(this.#revision, before);
      return true;
    } catch {
      return false;
    }
  }

  async #follow(): Promise<void> {
    this.#rediscover = false;
    if (this.#config !== undefined && !this.#closed) await this.#publisher.follow(this.#config);
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
    this.#deps.exposition.serves(revision, splitWeights(config));
    this.#deps.exposition.reloaded('applied');
    this.#deps.onServed?.(config);
    logApplied(this.#deps.log, { before, after: config, revision, cause, workers, notices, doubts: load.notices });
    return { result: 'applied', revision, workers, notices };
  }

  #reject(load: LoadResult, cause: string): ApplyResult {
    this.#deps.exposition.reloaded('rejected');
    logRejected(this.#deps.log, load.problems, cause);
    return { result: 'rejected', revision: this.#revision, problems: load.problems };
  }

  #refuse(error: Error, cause: string): ApplyResult {
    this.#deps.exposition.reloaded('rejected');
    logFailed(this.#deps.log, error, cause);
    return { result: 'failed', revision: this.#revision, error };
  }

  /** Also what changes nothing may be written otherwise than before. */
  #leave(read: FileRead, cause: string): ApplyResult {
    this.#read = read;
    this.#deps.exposition.reloaded('unchanged');
    this.#deps.log.info({ revision: this.#revision, cause }, 'config unchanged');
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
