// A watched file of endpoints. What is in it counts when all of it is good; else what was in it before.

import type { EndpointList } from '../../config/endpoint-file.ts';
import type { EndpointConfig } from '../../config/model.ts';
import { formatProblem } from '../../config/problem.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { SourceName } from './source-name.ts';

/** Told of what becomes of a file. */
export interface FileEvents {
  /** Its content is another one, or it was missing and is back. */
  readonly onChange: () => void;
  readonly onMissing: () => void;
}

/** Changes from before `ready` resolves may go untold. */
export type WatchFile = (path: string, events: FileEvents) => { readonly ready: Promise<void>; close(): Promise<void> };

export interface EndpointFileDeps {
  readonly watch: WatchFile;
  /** Reads the file. Must not throw or reject. */
  readonly load: (path: string) => EndpointList | Promise<EndpointList>;
  readonly clock: Clock;
  readonly log: Log;
  /** Called before `entries` change; they change when it has resolved. */
  readonly prepare: (entries: readonly EndpointConfig[]) => Promise<void>;
  /** `entries` are others. */
  readonly onChange: () => void;
}

const PROBLEMS_SHOWN = 20;

export class EndpointFile {
  readonly name: SourceName;
  entries: readonly EndpointConfig[] = [];
  /** What `entries` will be once it is prepared. */
  coming: readonly EndpointConfig[] = [];
  failures = 0;
  /** Resolves when the file was read once. */
  readonly first: Promise<void>;
  readonly #deps: EndpointFileDeps;
  readonly #watch: ReturnType<WatchFile>;
  /** Undefined while what is on disk is what counts. */
  #badSinceMs: number | undefined = undefined;
  /** What is wrong while it is bad. */
  #reason = '';
  #loading: Promise<void> | undefined = undefined;
  #again = false;
  #stopped = false;

  /** @param before the same file under other settings, whose entries and counts are taken over */
  constructor(name: SourceName, deps: EndpointFileDeps, before: EndpointFile | undefined) {
    this.name = name;
    this.#deps = deps;
    this.entries = before?.entries ?? [];
    this.failures = before?.failures ?? 0;
    this.#badSinceMs = before === undefined ? undefined : before.#badSinceMs;
    this.#reason = before === undefined ? '' : before.#reason;
    this.#watch = deps.watch(name.source, {
      onChange: () => void this.#load(),
      onMissing: () => this.#miss(),
    });
    this.first = this.#watch.ready.then(() => (this.#stopped ? undefined : this.#load()));
  }

  /** What is wrong with it, and since when by the wall; undefined while it is good. */
  get fault(): { readonly sinceMs: number; readonly reason: string } | undefined {
    return this.#badSinceMs === undefined ? undefined : { sinceMs: this.#deps.clock.wallMs() - this.ageMs, reason: this.#reason };
  }

  /** How long the file has been missing or bad; 0 while it is good. */
  get ageMs(): number {
    return this.#badSinceMs === undefined ? 0 : this.#deps.clock.nowMs() - this.#badSinceMs;
  }

  /** Nothing changes any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#watch.close();
  }

  /** One after the other; of changes that come meanwhile only the last counts. */
  #load(): Promise<void> {
    this.#again = true;
    this.#loading ??= this.#loadAll().finally(() => (this.#loading = undefined));
    return this.#loading;
  }

  async #loadAll(): Promise<void> {
    while (this.#again && !this.#stopped) {
      this.#again = false;
      const { endpoints, problems } = await this.#deps.load(this.name.source);
      if (endpoints === undefined) this.#refuse(problems);
      else await this.#take(endpoints);
    }
  }

  async #take(entries: readonly EndpointConfig[]): Promise<void> {
    this.#recover();
    this.coming = entries;
    await this.#deps.prepare(entries);
    this.coming = [];
    if (this.#stopped) return;
    this.entries = entries;
    this.#deps.onChange();
  }

  #refuse(problems: EndpointList['problems']): void {
    const { log, clock } = this.#deps;
    this.failures++;
    this.#badSinceMs ??= clock.nowMs();
    this.#reason = problems[0] === undefined ? 'it is bad' : formatProblem(problems[0]);
    const fields = { ...this.name, problemCount: problems.length, kept: this.entries.length };
    log.error(fields, 'an endpoint file is bad, what was known of it stays');
    for (const problem of problems.slice(0, PROBLEMS_SHOWN))
      log.error({ at: formatProblem(problem), path: problem.path }, 'endpoint file problem');
  }

  #miss(): void {
    const { log, clock } = this.#deps;
    this.failures++;
    this.#badSinceMs ??= clock.nowMs();
    this.#reason = 'it is gone';
    log.warn({ ...this.name, kept: this.entries.length }, 'an endpoint file is gone, what was known of it stays');
  }

  #recover(): void {
    if (this.#badSinceMs === undefined) return;
    this.#badSinceMs = undefined;
    this.#deps.log.info({ ...this.name }, 'an endpoint file is good again');
  }
}
