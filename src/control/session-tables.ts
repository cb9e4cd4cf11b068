// The sessions of all pools that have them, in memory that the workers share. It outlives workers, and reloads that leave the affinity of a
// pool as it was. It never waits, and never changes what is in force before `commit`.

import type { PoolConfig } from '../config/model.ts';
import { compileSessionRule } from '../routing/session-rule.ts';
import type { SessionRule } from '../routing/session-rule.ts';
import { SessionReader } from '../routing/session-reader.ts';
import { createSessionMemory, Sessions } from '../routing/sessions.ts';
import type { Lines } from '../telemetry/samples.ts';

/** The sessions of one pool. */
export interface SessionTable {
  readonly pool: string;
  /** What the keys are; sessions of other keys mean nothing. */
  readonly keys: string;
  readonly users: number;
  readonly versions: readonly string[];
  readonly rule: SessionRule;
  readonly sessions: Sessions;
}

/** Sessions of an earlier process. */
export interface KeptSessions {
  readonly keys: string;
  readonly seeds: readonly [number, number];
  /** As `Sessions.copy` makes it. */
  readonly copied: Int32Array;
}

export interface SessionTablesOptions {
  /** Milliseconds since the epoch. */
  readonly wallMs: () => number;
  /** 0 <= x < 1; not to be guessed. */
  readonly chance: () => number;
  /** What is kept of a pool; asked before anything is in force. */
  readonly load: (pool: string) => KeptSessions | undefined;
}

interface Count {
  readonly untilMs: number;
  readonly users: ReadonlyMap<string, number>;
}

/** Counting takes only a part of the time, no matter how large the table is and how often it is asked. */
const COUNT_MS = 1000;
const COUNT_MS_PER_USER = 0.004;

export class SessionTables {
  readonly #options: SessionTablesOptions;
  #tables: ReadonlyMap<string, SessionTable> = new Map();
  #counts = new Map<string, Count>();
  #served = false;

  constructor(options: SessionTablesOptions) {
    this.#options = options;
  }

  /** Those in force; undefined before anything is. */
  get all(): readonly SessionTable[] | undefined {
    return this.#served ? [...this.#tables.values()] : undefined;
  }

  /** Those for these pools: the ones in force where they still fit, else new ones. */
  plan(pools: readonly PoolConfig[]): ReadonlyMap<string, SessionTable> {
    return new Map(
      pools.flatMap((pool) => {
        const table = this.#planOne(pool);
        return table === undefined ? [] : [[pool.name, table] as const];
      }),
    );
  }

  /** The workers have them. */
  commit(plan: ReadonlyMap<string, SessionTable>): void {
    this.#tables = plan;
    this.#served = true;
    this.#counts.clear();
  }

  /** All users of these pools follow the weights, on every worker from now on. */
  move(pools: readonly string[]): void {
    for (const pool of pools) this.#tables.get(pool)?.sessions.forget();
    this.#counts.clear();
  }

  /** Users by version, at most a second old (more for large tables); undefined for a pool without sessions. */
  users(pool: string): ReadonlyMap<string, number> | undefined {
    const table = this.#tables.get(pool);
    if (table === undefined) return undefined;
    const nowMs = this.#options.wallMs();
    const known = this.#counts.get(pool);
    // A clock that was set back must not make it stale for long.
    if (known !== undefined && nowMs < known.untilMs && known.untilMs - nowMs <= lifeMs(table)) return known.users;
    const counts = new Float64Array(table.versions.length);
    table.sessions.count(table.rule.marks, this.wallSeconds(), table.rule.quietS, counts);
    const users = new Map(table.versions.map((version, index) => [version, counts[index] ?? 0]));
    this.#counts.set(pool, { untilMs: nowMs + lifeMs(table), users });
    return users;
  }

  /** A line per pool and version. */
  *lines(): Lines {
    for (const pool of this.#tables.keys()) {
      for (const [version, users] of this.users(pool) ?? []) yield [{ pool, version }, users];
    }
  }

  /** For who only asks. */
  find(pool: string): SessionReader | undefined {
    const table = this.#tables.get(pool);
    return table && new SessionReader(table.sessions.memory);
  }

  wallSeconds(): number {
    return Math.floor(this.#options.wallMs() / 1000) | 0;
  }

  #planOne({ name, affinity, versions }: PoolConfig): SessionTable | undefined {
    if (affinity?.remember === undefined) return undefined;
    const { users } = affinity.remember;
    const keys = affinity.kind === 'clientIp' ? affinity.kind : `${affinity.kind} ${affinity.name}`;
    const table = {
      pool: name,
      keys,
      users,
      versions: versions.map((each) => each.name),
      rule: compileSessionRule(affinity.remember, versions),
    };
    const before = this.#tables.get(name);
    if (before !== undefined && before.keys === keys && before.users === users) return { ...table, sessions: before.sessions };
    return {
      ...table,
      sessions: this.#fill(table, this.#served ? before && copyOf(before, this.wallSeconds()) : this.#options.load(name)),
    };
  }

  #fill({ keys, users, rule }: Omit<SessionTable, 'sessions'>, kept: KeptSessions | undefined): Sessions {
    if (kept === undefined || kept.keys !== keys) return new Sessions(createSessionMemory(users, [this.#seed(), this.#seed()]));
    const sessions = new Sessions(createSessionMemory(users, kept.seeds));
    sessions.paste(kept.copied, this.wallSeconds(), rule.quietS);
    return sessions;
  }

  /** Nobody is to know in advance which keys share a set. */
  #seed(): number {
    return Math.floor(this.#options.chance() * 0x1_0000_0000) | 0;
  }
}

function lifeMs({ users }: SessionTable): number {
  return Math.max(COUNT_MS, users * COUNT_MS_PER_USER);
}

function copyOf({ keys, sessions, rule }: SessionTable, nowS: number): KeptSessions {
  return { keys, seeds: sessions.seeds, copied: sessions.copy(0, sessions.sets, nowS, rule.quietS) };
}
