// Which number a state gets, and what is kept of it. What the API asked must be kept before it counts; what a file says stays without us.

import { isDeepStrictEqual } from 'node:util';
import { decodeText } from '../config/decode.ts';
import type { LoadResult } from '../config/decode.ts';
import { diffConfigs } from '../config/diff.ts';
import type { Difference } from '../config/diff.ts';
import type { Config } from '../config/model.ts';
import { configAsJson, describeConfig, printWritten } from '../config/print.ts';
import type { Log } from '../lib/log.ts';
import { StoreFailed } from '../store/store-errors.ts';
import type { Next, Transition } from './in-force/transition.ts';
import type { Journal, KeptRevision, NewRevision } from './journal.ts';
import { shownChange } from './shown-change.ts';

const OF_THE_FILE: ReadonlySet<string> = new Set(['start', 'file', 'signal']);

/** What a file says stays without us, and a rollout that goes back must not wait for a disk. */
function countsUnkept({ cause, change }: Next['origin']): boolean {
  const isShift = change?.kind === 'shift' || change?.kind === 'shifts';
  return OF_THE_FILE.has(cause) || ((cause === 'rollout' || cause === 'drill') && isShift && change.isBack);
}

export class RevisionKeeper {
  readonly #journal: Journal;
  readonly #log: Log;
  /** What the process before has left; undefined once a config of this one is in force: it holds a whole config. */
  #left: KeptRevision | undefined;

  constructor(journal: Journal, left: KeptRevision | undefined, log: Log) {
    this.#journal = journal;
    this.#left = left;
    this.#log = log;
  }

  /** The next number; at a start that finds the state as it was kept, the number of that. `before`: undefined at a start. */
  numberOf({ config, load }: Pick<Next, 'config' | 'load'>, before: Config | undefined): number {
    const isKept = before === undefined && this.#isKept(config, load);
    return this.#journal.number + (isKept ? 0 : 1);
  }

  /** Durable when it resolves, unless it comes from the file or takes a canary back. Rejects when it cannot be kept and must not be in force. */
  async persist(next: Transition): Promise<void> {
    if (next.revision === this.#journal.number) return this.#forgetLeft();
    const revision = this.#describe(next);
    try {
      await this.#journal.keep(revision);
    } catch (error) {
      if (!countsUnkept(next.origin) || !(error instanceof StoreFailed)) throw error;
      this.#keepLater(revision, error);
    }
    this.#forgetLeft();
  }

  /** For what is in force although it cannot be kept. Throws when too much is. */
  retryPersist(next: Transition): void {
    this.#keepLater(this.#describe(next), new Error('it could not be taken back'));
  }

  #keepLater(revision: NewRevision, error: Error): void {
    this.#journal.keepLater(revision);
    this.#log.error({ err: error, revision: revision.number }, 'a revision could not be kept; it is served, and kept before the next one');
  }

  #describe(next: Transition): NewRevision {
    const { revision: number, config, load, before } = next;
    const { moved, change, ...origin } = next.origin;
    const { amendments, superseded } = load.amended;
    const facts = {
      ...(superseded.length > 0 && { overtaken: superseded.map(({ reason }) => reason) }),
      ...(moved.length > 0 && { moved }),
      ...(change !== undefined && { change: shownChange(change) }),
    };
    const differences = before === undefined ? this.#differencesFromKept(config) : next.differences;
    return { number, ...origin, amendments, written: () => configAsJson(config), differences, facts };
  }

  #forgetLeft(): void {
    this.#left = undefined;
  }

  #isKept(config: Config, { amended }: LoadResult): boolean {
    const left = this.#left;
    if (left === undefined || !isDeepStrictEqual(left.written, plain(describeConfig(config)))) return false;
    return isDeepStrictEqual(left.amendments, plain(amended.amendments));
  }

  /** From what was in force before this start; none when nothing was, or it is no config of today. */
  #differencesFromKept(config: Config): readonly Difference[] {
    const written = this.#left?.written;
    const last = written === undefined ? undefined : decodeText('/', printWritten(written)).config;
    return last === undefined ? [] : diffConfigs(last, config);
  }
}

/** As it comes back from JSON. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
