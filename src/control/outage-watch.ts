// Tells, once for the instance, when a version has no ready endpoint and when a mirror pauses, and when that is over: in the log and in the
// journal. It looks at the shared counters and asks no worker. Versions that nobody misses (drained, or without requests) are left out.

import type { Clock, Timer } from '../lib/clock.ts';
import type { Config, PoolConfig, VersionConfig } from '../config/model.ts';
import type { Log } from '../lib/log.ts';
import { MIRROR_PAUSED, VERSION_NOT_READY } from '../telemetry/counter-layout.ts';
import type { CounterRegistry } from '../telemetry/counter-registry.ts';
import type { Journal } from './journal.ts';
import { weightOf } from './pool-status.ts';
import { routedVersions, versionKey } from './routed-versions.ts';

export interface OutageWatchDeps {
  readonly clock: Pick<Clock, 'every' | 'nowMs'>;
  readonly counters: Pick<CounterRegistry, 'blocks'>;
  /** Workers that serve now. */
  readonly serving: () => number;
  /** What is in force; there is none at first. */
  readonly inForce: () => { readonly config: Config | undefined; readonly revision: number };
  readonly journal: Pick<Journal, 'record'>;
  readonly log: Log;
}

/** Outages that begin, in one look: each is a line of the log and one of the journal. The rest is told by the next ones. */
const MAX_TOLD = 100;
const LOOK_MS = 500;

/** What may be out: how it is told, and whether it is out now. */
interface Watched {
  readonly id: string;
  readonly kind: 'version' | 'mirror';
  readonly facts: Readonly<Record<string, unknown>>;
  /** Undefined: some workers say so, and others do not. */
  readonly isOut: boolean | undefined;
}

/** What the counters say. */
interface Counted {
  readonly serving: number;
  /** Workers without a ready endpoint, by version. */
  readonly notReady: ReadonlyMap<string, number>;
  /** Versions that a mirror makes no copies for, by mirror. */
  readonly paused: ReadonlyMap<string, readonly string[]>;
  readonly mayBeOut: (id: string, counted: boolean) => boolean;
}

interface Outage {
  readonly sinceMs: number;
  isTold: boolean;
  /** The look before found that it is over. */
  isEnding: boolean;
}

/** `kind` of its lines in the journal, and the sentence of its line in the log. */
const BEGINS = {
  version: ['not-ready', 'a version has no ready endpoint'],
  mirror: ['mirror-paused', 'a mirror pauses: its copies fail'],
} as const;
const ENDS = {
  version: ['ready', 'a version has a ready endpoint again'],
  mirror: ['mirror-resumed', 'a mirror makes copies again'],
} as const;

export class OutageWatch {
  readonly #deps: OutageWatchDeps;
  readonly #looking: Timer;
  #outages = new Map<string, Outage>();
  #leftToTell = 0;

  constructor(deps: OutageWatchDeps) {
    this.#deps = deps;
    this.#looking = deps.clock.every(LOOK_MS, () => this.look(), { unref: true });
  }

  close(): void {
    this.#looking.stop();
  }

  /** What is out for two looks in a row is told, and so is its end: in a moment between two states things look otherwise than they are. */
  look(): void {
    const { config } = this.#deps.inForce();
    const serving = this.#deps.serving();
    if (config === undefined || serving === 0) return;
    const before = this.#outages;
    const [notReady, paused] = [this.#notReady(), this.#paused()];
    // Almost always; there may be thousands of versions.
    if (before.size + notReady.size + paused.size === 0) return;
    this.#outages = new Map();
    this.#leftToTell = MAX_TOLD;
    const mayBeOut = (id: string, counted: boolean): boolean => counted || before.has(id);
    for (const watched of this.#watched(config, { serving, notReady, paused, mayBeOut })) {
      const outage = this.#judge(watched, before.get(watched.id));
      if (outage !== undefined) this.#outages.set(watched.id, outage);
    }
  }

  /** Returns the outage that there is now. */
  #judge(watched: Watched, known: Outage | undefined): Outage | undefined {
    const { isOut } = watched;
    if (known === undefined) return isOut === true ? { sinceMs: this.#deps.clock.nowMs(), isTold: false, isEnding: false } : undefined;
    if (isOut === undefined) return known;
    if (!isOut) return this.#end(watched, known);
    known.isEnding = false;
    if (known.isTold || this.#leftToTell === 0) return known;
    this.#leftToTell--;
    this.#tell(watched, undefined);
    known.isTold = true;
    return known;
  }

  #end(watched: Watched, known: Outage): Outage | undefined {
    if (known.isTold && !known.isEnding) {
      known.isEnding = true;
      return known;
    }
    if (known.isTold) this.#tell(watched, known);
    return undefined;
  }

  /** @param over the outage that has ended; undefined: it begins */
  #tell({ kind, facts }: Watched, over: Outage | undefined): void {
    const { log, journal, inForce, clock } = this.#deps;
    const [event, text] = (over === undefined ? BEGINS : ENDS)[kind];
    const detail = over === undefined ? facts : { ...facts, afterMs: Math.round(clock.nowMs() - over.sinceMs) };
    if (over === undefined) log.warn(detail, text);
    else log.info(detail, text);
    journal.record(event, { author: '', revision: inForce().revision }, detail).catch((error: unknown) => {
      log.error({ err: error as Error }, 'an outage could not be recorded');
    });
  }

  /** Those that are out by the counters, or were. */
  *#watched(config: Config, { serving, notReady, paused, mayBeOut }: Counted): Iterable<Watched> {
    const named = namedVersions(config);
    for (const pool of config.pools) {
      let responding: ReadonlySet<string> | undefined = undefined;
      for (const version of pool.versions) {
        const key = versionKey(pool.name, version.name);
        const workers = notReady.get(key) ?? 0;
        const id = `version ${key}`;
        if (!mayBeOut(id, workers > 0)) continue;
        if (isDrained(version) || !(weightOf(pool, version.name) > 0 || named.has(key))) continue;
        responding ??= respondingVersions(pool, notReady);
        const facts = {
          pool: pool.name,
          version: version.name,
          endpoints: version.endpoints.length,
          then: whatThen(pool, version.name, responding),
        };
        yield { id, kind: 'version', facts, isOut: workers === 0 ? false : workers >= serving || undefined };
      }
    }
    for (const { name: pool, mirrors } of config.pools) {
      for (const { name: mirror } of mirrors) {
        const key = versionKey(pool, mirror);
        const versions = paused.get(key) ?? [];
        const id = `mirror ${key}`;
        if (!mayBeOut(id, versions.length > 0)) continue;
        const facts = { pool, mirror, ...(versions.length > 0 && { versions }) };
        yield { id, kind: 'mirror', facts, isOut: versions.length > 0 };
      }
    }
  }

  /** How many workers have no ready endpoint of a version; only those of which there are some. */
  #notReady(): ReadonlyMap<string, number> {
    const found = new Map<string, number>();
    for (const block of this.#deps.counters.blocks('version')) {
      const workers = block.total(VERSION_NOT_READY);
      if (workers > 0 && block.key.kind === 'version') found.set(versionKey(block.key.pool, block.key.version), workers);
    }
    return found;
  }

  /** By pool and mirror: the versions that it makes no copies for, by any worker. */
  #paused(): ReadonlyMap<string, readonly string[]> {
    const found = new Map<string, string[]>();
    for (const block of this.#deps.counters.blocks('mirror')) {
      const { key } = block;
      if (key.kind !== 'mirror' || block.total(MIRROR_PAUSED) <= 0) continue;
      const id = versionKey(key.pool, key.mirror);
      found.set(id, [...(found.get(id) ?? []), key.version]);
    }
    return found;
  }
}

/** Versions that get requests or copies by their name. */
function namedVersions({ pools, routes }: Config): ReadonlySet<string> {
  const named = new Set(routedVersions(routes));
  for (const { name, overrides, mirrors } of pools) {
    for (const { version } of overrides) named.add(versionKey(name, version));
    for (const { pool, version } of mirrors) if (version !== undefined) named.add(versionKey(pool ?? name, version));
  }
  return named;
}

/** Somebody wants it so. */
function isDrained({ drain, endpoints }: VersionConfig): boolean {
  return drain !== false || (endpoints.length > 0 && endpoints.every((endpoint) => endpoint.drain !== false || endpoint.weight === 0));
}

/** Versions that have a share and a ready endpoint in every worker. */
function respondingVersions(pool: PoolConfig, notReady: ReadonlyMap<string, number>): ReadonlySet<string> {
  const names = pool.versions.map(({ name }) => name);
  return new Set(names.filter((name) => weightOf(pool, name) > 0 && !notReady.has(versionKey(pool.name, name))));
}

function whatThen({ fallback, holdMs }: PoolConfig, version: string, responding: ReadonlySet<string>): string {
  const others = responding.size - (responding.has(version) ? 1 : 0);
  if (fallback.whenNoneReady === 'split' && others > 0) return 'others take its share';
  return holdMs > 0 ? 'its requests wait' : 'its requests fail';
}
