// One name or service of a version: resolved again and again, its last good response kept whatever happens.

import { isDeepStrictEqual } from 'node:util';
import type { Clock, Timer } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import { bound, Unresolved } from './resolution.ts';
import type { Resolution, Found } from './resolution.ts';
import type { SourceName } from './source-name.ts';

export interface NameSourceOptions {
  readonly name: SourceName;
  readonly ask: () => Promise<Resolution>;
  /** Longest time until it is resolved again. */
  readonly refreshMs: number;
}

export interface NameSourceDeps {
  readonly clock: Clock;
  /** 0 <= x < 1. */
  readonly random: () => number;
  readonly log: Log;
  /** `found` is another one. */
  readonly onChange: () => void;
}

/** A TTL below it is taken for it, so that a TTL of 0 is no storm. */
const SHORTEST_TTL_MS = 1000;
/** From a failure until the next try, unless `refreshMs` is shorter. */
const RETRY_MS = 5000;
/** Share by which times differ, so that many names spread out. Only ever shorter: a change is seen within the TTL. */
const JITTER = 0.1;

export class NameSource {
  readonly name: SourceName;
  /** The last good response; empty until the first. */
  found: readonly Found[] = [];
  failures = 0;
  /** Resolves when the first question has ended, however. At once where a response was taken over. */
  readonly first: Promise<void>;
  readonly #options: NameSourceOptions;
  readonly #deps: NameSourceDeps;
  #goodMs: number;
  #failing = false;
  /** The latest failure, as long as it fails. */
  #fault: { readonly sinceMs: number; readonly reason: string } | undefined = undefined;
  #leftOut = 0;
  #timer: Timer | undefined = undefined;
  #stopped = false;

  /** Asks at once. @param before the same name under other settings, whose response and counts are taken over */
  constructor(options: NameSourceOptions, deps: NameSourceDeps, before: NameSource | undefined) {
    this.name = options.name;
    this.#options = options;
    this.#deps = deps;
    this.#goodMs = before === undefined ? deps.clock.nowMs() : before.#goodMs;
    this.found = before?.found ?? [];
    this.failures = before?.failures ?? 0;
    this.#failing = before !== undefined && before.#failing;
    this.#fault = before === undefined ? undefined : before.#fault;
    const asked = this.#ask();
    this.first = this.found.length > 0 ? Promise.resolve() : asked;
  }

  /** Since the last good response, or since it was first asked for. */
  get ageMs(): number {
    return this.#deps.clock.nowMs() - this.#goodMs;
  }

  /** Why it does not resolve, and since when by the wall; undefined while it does. */
  get fault(): { readonly sinceMs: number; readonly reason: string } | undefined {
    return this.#fault;
  }

  /** Nothing changes any more. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.stop();
  }

  async #ask(): Promise<void> {
    let waitMs = Math.min(this.#options.refreshMs, RETRY_MS);
    try {
      const resolution = await this.#options.ask();
      if (this.#stopped) return;
      waitMs = Math.min(this.#options.refreshMs, Math.max(resolution.ttlMs, SHORTEST_TTL_MS));
      this.#take(resolution);
    } catch (error) {
      if (this.#stopped) return;
      this.#fail(error);
    }
    const { clock, random } = this.#deps;
    this.#timer = clock.after(waitMs * (1 - JITTER * random()), () => void this.#ask());
  }

  #take(resolution: Resolution): void {
    const { clock, log, onChange } = this.#deps;
    this.#goodMs = clock.nowMs();
    if (this.#failing) log.info({ ...this.name }, 'a name resolves again');
    this.#failing = false;
    this.#fault = undefined;
    if (resolution.leftOut > 0 && this.#leftOut === 0)
      log.warn({ ...this.name, used: resolution.found.length, leftOut: resolution.leftOut }, 'a name has more addresses than are used');
    this.#leftOut = resolution.leftOut;
    const kept = this.found.filter(({ question }) => resolution.unresolved.includes(question));
    const found = kept.length === 0 ? resolution.found : bound([...resolution.found, ...kept]).found;
    if (isDeepStrictEqual(found, this.found)) return;
    this.found = found;
    onChange();
  }

  #fail(error: unknown): void {
    this.failures++;
    const reason = error instanceof Error ? error.message : String(error);
    this.#fault = { sinceMs: this.#fault?.sinceMs ?? this.#deps.clock.wallMs(), reason };
    if (this.#failing) return;
    this.#failing = true;
    const code = error instanceof Unresolved ? error.code : 'unknown';
    this.#deps.log.warn({ ...this.name, code, reason, kept: this.found.length }, 'a name does not resolve, what was known of it stays');
  }
}
