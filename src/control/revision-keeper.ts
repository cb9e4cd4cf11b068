// Which number a state gets, and what is kept of it. What the API asked must be kept before it counts; what a file says stays without us.

import { isDeepStrictEqual } from 'node:util';
import { decodeText } from '../config/decode.ts';
import type { FileRead, LoadResult } from '../config/decode.ts';
import { diffConfigs } from '../config/diff.ts';
import type { Config } from '../config/model.ts';
import { describeConfig, printWritten } from '../config/print.ts';
import type { Log } from '../lib/log.ts';
import { StoreFailed } from '../store/store-errors.ts';
import type { Journal, NewRevision } from './journal.ts';

/** What is about to be in force. */
export interface Next {
  readonly read: FileRead;
  readonly load: LoadResult;
  readonly config: Config;
}

/** Whose change it is. */
export interface Origin {
  readonly cause: string;
  readonly author: string;
  readonly reason: string;
  /** Pools whose users follow the weights at once when it is in force. */
  readonly moved: readonly string[];
}

const OF_THE_FILE: ReadonlySet<string> = new Set(['start', 'file', 'signal']);

export class RevisionKeeper {
  readonly #journal: Journal;
  readonly #log: Log;

  constructor(journal: Journal, log: Log) {
    this.#journal = journal;
    this.#log = log;
  }

  /** The next number; at a start that finds the state as it was kept, the number of that. `before`: undefined at a start. */
  numberOf({ config, load }: Next, before: Config | undefined): number {
    const isKept = before === undefined && this.#isKept(config, load);
    return this.#journal.number + (isKept ? 0 : 1);
  }

  /** Durable when it returns, unless it comes of the file. Throws when it cannot be kept and must not be in force. */
  persist(number: number, next: Next, origin: Origin, before: Config | undefined): void {
    if (number === this.#journal.number) return;
    const revision = this.#describe(number, next, origin, before);
    try {
      this.#journal.keep(revision);
    } catch (error) {
      if (!OF_THE_FILE.has(origin.cause) || !(error instanceof StoreFailed)) throw error;
      this.#keepLater(revision, error);
    }
  }

  /** For what is in force although it cannot be kept. Throws when too much is. */
  retryPersist(number: number, next: Next, origin: Origin, before: Config | undefined): void {
    this.#keepLater(this.#describe(number, next, origin, before), new Error('it could not be taken back'));
  }

  #keepLater(revision: NewRevision, error: Error): void {
    this.#journal.keepLater(revision);
    this.#log.error({ err: error, revision: revision.number }, 'a revision could not be kept; it is served, and kept before the next one');
  }

  #describe(number: number, { config, load }: Next, { moved, ...origin }: Origin, before = this.#keptConfig()): NewRevision {
    const { amendments, superseded } = load.amended;
    const facts = {
      ...(superseded.length > 0 && { overtaken: superseded.map(({ reason }) => reason) }),
      ...(moved.length > 0 && { moved }),
    };
    const differences = before === undefined ? [] : diffConfigs(before, config);
    return { number, ...origin, amendments, written: describeConfig(config), differences, facts };
  }

  #isKept(config: Config, { amended }: LoadResult): boolean {
    const { latest } = this.#journal;
    if (latest === undefined || !isDeepStrictEqual(latest.written, plain(describeConfig(config)))) return false;
    return isDeepStrictEqual(latest.amendments, plain(amended.amendments));
  }

  /** What was in force before this start; undefined when nothing was, or it is no config of today. */
  #keptConfig(): Config | undefined {
    const written = this.#journal.latest?.written;
    return written === undefined ? undefined : decodeText('/', printWritten(written)).config;
  }
}

/** As it comes back from JSON. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
