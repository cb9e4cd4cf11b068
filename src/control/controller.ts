// The one writer: every change of what is served passes through `submit`, one after the other.
// A config with a Problem changes nothing. A change is done when the workers have said so and it is kept.

import { isDeepStrictEqual } from 'node:util';
import { readAmendments } from '../config/amend.ts';
import type { Amendment } from '../config/amend.ts';
import type { LoadResult } from '../config/decode.ts';
import { diffInTurns } from '../config/diff.ts';
import { isFault } from '../config/fault.ts';
import type { Config } from '../config/model.ts';
import type { Log } from '../lib/log.ts';
import { Pace } from '../lib/pace.ts';
import type { Exposition } from '../telemetry/exposition.ts';
import { paceOf } from './caller-pace.ts';
import { evaluateChange, told } from './evaluate-change.ts';
import type { Asked } from './evaluate-change.ts';
import type { Current } from './in-force/current.ts';
import { FILE_AUTHOR } from './file-state.ts';
import type { FileState } from './file-state.ts';
import { GivenUp } from './in-force/participant.ts';
import type { PutInForce } from './in-force/put-in-force.ts';
import type { InForce, Next, Origin } from './in-force/transition.ts';
import type { Journal } from './journal.ts';
import { lastRespondingFault } from './last-responding.ts';
import { logApplied, logFailed, logRejected, newDoubts } from './reload-log.ts';
import type { Reading } from './ports.ts';
import type { StatusOf } from './predict-impact.ts';
import { restartNotices } from './restart-notices.ts';
import type { SecretValues } from './secret-values.ts';
import type { RevisionKeeper } from './revision-keeper.ts';
import { desiredByFile } from './sources/desired.ts';
import type { Transform } from './sources/desired.ts';
import type { AmendOutcome, AmendSubmission, ApplyResult, DiscoveredSubmission, FileSubmission, Loaded, Submission } from './submission.ts';

export interface ControllerDeps {
  readonly current: Current;
  readonly keeper: Pick<RevisionKeeper, 'numberOf'>;
  readonly journal: Pick<Journal, 'find' | 'record'>;
  /** What the API had changed over the file when the process before ended, as it was kept. */
  readonly left: unknown;
  /** Reads the file; asked when its turn has come. */
  readonly file: { read(): Promise<Loaded> };
  /** Reads what is sent. */
  readonly reading: Reading;
  /** Changes what was decoded (the demo puts its own upstreams in). */
  readonly transform?: Transform | undefined;
  readonly secrets: Pick<SecretValues, 'unreadable'>;
  readonly fileState: Pick<FileState, 'ended'>;
  readonly exposition: Pick<Exposition, 'reloaded'>;
  readonly log: Log;
  /** A pool with its live state; default: nothing is known of it. */
  readonly statusOf?: StatusOf | undefined;
}

interface Task<S, R> {
  readonly submission: S;
  readonly resolve: (result: R) => void;
  readonly reject: (error: unknown) => void;
}

const STOPPING = 'Sluice is stopping.';
/** Who changed the file is told all that it probably does not mean. */
const CAUSES_TOLD_ALL: ReadonlySet<string> = new Set(['start', 'file', 'signal']);

export class Controller {
  readonly #deps: ControllerDeps;
  readonly #transform: Transform;
  #inForce: PutInForce | undefined = undefined;
  /** Until something is in force. */
  readonly #kept: readonly Amendment[];
  readonly #amends: Task<AmendSubmission, AmendOutcome>[] = [];
  /** While one is applied one other waits. */
  #file: Task<FileSubmission, ApplyResult> | undefined = undefined;
  readonly #pace = new Pace();
  #discovered: (() => void)[] = [];
  #busy = false;
  #closed = false;
  /** What is asked for waits. */
  #held = false;
  #calm: (() => void)[] = [];
  /** Notices of what is in force. */
  #doubts: LoadResult['notices'] = [];

  constructor(deps: ControllerDeps) {
    this.#deps = deps;
    this.#transform = deps.transform ?? ((load) => load);
    const kept = readAmendments(deps.left ?? []);
    this.#kept = isFault(kept) ? [] : kept;
  }

  /** Begins with what waits. */
  begin(inForce: PutInForce): void {
    this.#inForce = inForce;
    this.#wake();
  }

  /** What the API changed over the file. */
  get amendments(): readonly Amendment[] {
    return this.#deps.current.inForce?.amendments ?? this.#kept;
  }

  /** Makes what is asked for the desired state when its turn comes. Never rejects for what an operator wrote or a worker did. */
  submit(submission: FileSubmission): Promise<ApplyResult>;
  submit(submission: AmendSubmission): Promise<AmendOutcome>;
  submit(submission: DiscoveredSubmission): Promise<undefined>;
  submit(submission: Submission): Promise<ApplyResult | AmendOutcome | undefined> {
    switch (submission.kind) {
      case 'file':
        return this.#enqueue<ApplyResult>((ends) => {
          this.#file?.resolve({ result: 'superseded', revision: this.#deps.current.revision });
          this.#file = { submission, ...ends };
        });
      case 'amend':
        return this.#enqueue<AmendOutcome>((ends) => void this.#amends.push({ submission, ...ends }));
      case 'discovered':
        return this.#enqueue<undefined>(({ resolve }) => void this.#discovered.push(() => resolve(undefined)));
    }
  }

  #enqueue<R>(add: (ends: Pick<Task<unknown, R>, 'resolve' | 'reject'>) => void): Promise<R> {
    const { promise, resolve, reject } = Promise.withResolvers<R>();
    add({ resolve, reject });
    this.#wake();
    return promise;
  }

  /** What is asked for from now on waits until it is released. Resolves when nothing is under way. */
  async hold(): Promise<void> {
    this.#held = true;
    if (this.#busy) await new Promise<void>((resolve) => void this.#calm.push(resolve));
  }

  release(): void {
    this.#held = false;
    this.#wake();
  }

  /** Nothing is changed any more; what is under way is given up as far as it has not reached the workers. */
  close(): void {
    this.#closed = true;
    this.#held = false;
    this.#inForce?.close();
    this.#file?.resolve({ result: 'superseded', revision: this.#deps.current.revision });
    this.#file = undefined;
    for (const { resolve } of this.#amends.splice(0)) resolve({ result: 'failed', message: STOPPING });
    for (const resolve of this.#discovered.splice(0)) resolve();
  }

  #wake(): void {
    if (!this.#busy && !this.#held && this.#inForce !== undefined) void this.#work(this.#inForce);
  }

  async #work(inForce: PutInForce): Promise<void> {
    this.#busy = true;
    while (!this.#held) {
      const task = this.#amends.shift();
      if (task !== undefined) {
        const pace = paceOf(task.submission.account);
        await this.#amend(task.submission, inForce, pace).then(task.resolve, task.reject);
        pace.end();
        // However many wait: all else has its turn in between.
        await this.#pace.rest();
      }
      // After each change: no stream of them can keep the file waiting.
      const file = this.#file;
      this.#file = undefined;
      if (file !== undefined) await this.#apply(file.submission, inForce).then(file.resolve, file.reject);
      else if (this.#discovered.length > 0) {
        const told = this.#discovered.splice(0);
        await inForce.follow();
        for (const resolve of told) resolve();
      } else if (this.#amends.length === 0) break;
    }
    this.#busy = false;
    for (const resolve of this.#calm.splice(0)) resolve();
  }

  async #apply({ cause }: FileSubmission, inForce: PutInForce): Promise<ApplyResult> {
    const { current, fileState, log } = this.#deps;
    const result = await this.#applyFile(cause, inForce);
    if (result.result === 'superseded') return result;
    fileState.ended(result, current.revision);
    if (result.result === 'unchanged') log.info({ revision: current.revision, cause }, 'config unchanged');
    return result;
  }

  async #applyFile(cause: FileSubmission['cause'], inForce: PutInForce): Promise<ApplyResult> {
    const { current, exposition, file, secrets } = this.#deps;
    const loaded = await file.read();
    const { config, read, load } = desiredByFile(loaded, this.amendments, this.#transform, (each) => secrets.unreadable(each));
    if (config === undefined) return this.#reject(load, cause);
    if (this.#isInForce(config, load)) {
      current.reread(read);
      exposition.reloaded('unchanged');
      return { result: 'unchanged', revision: current.revision };
    }
    const differences = current.config === undefined ? [] : await diffInTurns(current.config, config, this.#pace);
    return this.#put({ read, load, config, differences, origin: { cause, author: FILE_AUTHOR, reason: '', moved: [] } }, inForce);
  }

  /** Whether nothing would change, neither what is served nor what the API changed over the file. */
  #isInForce(config: Config, { amended }: LoadResult): boolean {
    const { inForce } = this.#deps.current;
    return isDeepStrictEqual([config, amended.amendments], [inForce?.config, inForce?.amendments]);
  }

  async #amend(submission: AmendSubmission, inForce: PutInForce, pace: Pace): Promise<AmendOutcome> {
    const { current, journal, reading, secrets } = this.#deps;
    const now = current.inForce;
    const seconds = submission.account?.waitSeconds() ?? 0;
    if (seconds > 0) return { result: 'exhausted', seconds };
    if (this.#closed) return { result: 'failed', message: STOPPING };
    if (now === undefined) return { result: 'failed', message: 'No config is in force.' };
    const { revision } = now;
    const { expected } = submission;
    if (expected !== undefined && expected !== revision) return { result: 'stale', revision };
    const asked = await evaluateChange(submission, now, { journal, reading, secrets, transform: this.#transform, pace });
    if ('result' in asked) return asked;
    await pace.rest();
    const after = inForce.expand(asked.config);
    const statusOf = this.#deps.statusOf ?? (() => undefined);
    const message = lastRespondingFault(submission.change, { before: now.served, after, statusOf });
    if (message !== undefined) return { result: 'unconfirmed', revision, message };
    if (submission.dryRun) {
      const { differences } = asked;
      return { result: 'dry-run', revision, differences, before: now.served, after, ...told(asked) };
    }
    return pace.apart(() => this.#carryOut(submission, asked, now, inForce));
  }

  async #carryOut(
    { cause, author, reason, change }: AmendSubmission,
    asked: Asked,
    now: InForce,
    inForce: PutInForce,
  ): Promise<AmendOutcome> {
    const { load, config, differences, moved } = asked;
    const origin = { cause, author, reason, moved, change };
    if (this.#isInForce(config, load)) {
      await this.#moveAlone(origin, inForce);
      return { result: 'applied', revision: now.revision, workers: now.workers, differences: [], ...told(asked) };
    }
    const done = await this.#put({ read: now.read, load, config, differences, origin }, inForce);
    if (done.result === 'applied')
      return { result: 'applied', revision: done.revision, workers: done.workers, differences, ...told(asked) };
    return { result: 'failed', message: done.result === 'failed' ? done.error.message : STOPPING };
  }

  /** The weights are as asked for already; users that still have what they had before follow them now. */
  async #moveAlone({ author, reason, moved }: Origin, inForce: PutInForce): Promise<void> {
    if (moved.length === 0) return;
    inForce.moveUsers(moved);
    await this.#deps.journal.record('moved', { author, revision: this.#deps.current.revision }, { reason, moved });
  }

  async #put(next: Omit<Next, 'revision'>, inForce: PutInForce): Promise<ApplyResult> {
    const { current, exposition, keeper, log } = this.#deps;
    const before = current.config;
    const { cause } = next.origin;
    const fault = await inForce.put({ ...next, revision: keeper.numberOf(next, before) });
    const { config, revision, workers } = current;
    if (fault instanceof GivenUp) return { result: 'superseded', revision };
    exposition.reloaded(fault === undefined ? 'applied' : 'rejected');
    if (fault !== undefined) {
      // Who starts Sluice is told of that start, and in one line.
      if (cause !== 'start') logFailed(log, fault, cause);
      return { result: 'failed', revision, error: fault };
    }
    const after = config ?? next.config;
    const notices = restartNotices({ started: current.started ?? after, before: before ?? after, after });
    const known = CAUSES_TOLD_ALL.has(cause) ? [] : this.#doubts;
    this.#doubts = next.load.notices;
    logApplied(log, { differences: next.differences, revision, cause, workers, notices, doubts: newDoubts(this.#doubts, known) });
    return { result: 'applied', revision, workers, notices };
  }

  #reject(load: LoadResult, cause: string): ApplyResult {
    this.#deps.exposition.reloaded('rejected');
    logRejected(this.#deps.log, load.problems, cause);
    return { result: 'rejected', revision: this.#deps.current.revision, problems: load.problems };
  }
}
