// What operators and controllers ask, answered by the running instance: changes go to the controller, questions to what is known here.

import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../config/model.ts';
import { printWritten } from '../config/print.ts';
import { compileTable } from '../routing/compile.ts';
import { explain } from '../routing/explain.ts';
import type { Explanation } from '../routing/explain.ts';
import { readQuestion } from '../routing/question.ts';
import type { Table } from '../routing/table.ts';
import type { CounterRegistry } from '../telemetry/counter-registry.ts';
import type { Controller } from './controller.ts';
import type { DrainWatch } from './drain-watch.ts';
import type { Desired } from './orders.ts';
import type { Journal } from './journal.ts';
import type { Markers } from './markers.ts';
import { movedPools } from './moved-pools.ts';
import { poolStatuses } from './pool-status.ts';
import { reduce } from './reduce.ts';
import type { SessionTables } from './session-tables.ts';
import type { ChangeOrder, ChangeOutcome, ExplainRequest, MarkOrder, MarkOutcome, PoolStatus, Steering } from './steering.ts';

export interface LiveSteeringParts {
  readonly controller: Controller;
  readonly journal: Journal;
  readonly counters: Pick<CounterRegistry, 'blocks'>;
  readonly sessions: Pick<SessionTables, 'users' | 'find' | 'wallSeconds'>;
  readonly markers: Markers;
  readonly drains: DrainWatch;
}

export class LiveSteering implements Steering {
  readonly #parts: LiveSteeringParts;
  /** Compiled when it is first asked for. */
  #table: Table | undefined = undefined;

  constructor(parts: LiveSteeringParts) {
    this.#parts = parts;
  }

  get revision(): number {
    return this.#parts.controller.revision;
  }

  get config(): Config | undefined {
    return this.#parts.controller.config;
  }

  change({ change, ...order }: ChangeOrder): Promise<ChangeOutcome> {
    const { controller, journal } = this.#parts;
    const cause = change.kind === 'restore' ? 'restore' : 'api';
    const moves = (before: Config, after: Config): readonly string[] => movedPools(change, before, after);
    return controller.order({ ...order, cause, reduce: (desired: Desired) => reduce(change, desired, journal), moves });
  }

  pools(): readonly PoolStatus[] {
    const { controller, counters, markers, drains, sessions } = this.#parts;
    const { served, revision, adoption } = controller;
    return poolStatuses(served?.pools ?? [], {
      counters,
      revision,
      workers: adoption,
      isAmended: (pool, override) => this.#isAmended(pool, override),
      users: (pool) => sessions.users(pool),
      deployOf: (pool, version) => {
        const marker = markers.of(pool, version);
        return marker && { deploy: marker.deploy, sha: marker.sha, atMs: marker.atMs };
      },
      drainOf: (pool, version, endpoint) => drains.of(pool, version, endpoint),
    });
  }

  /** Whether the file does not have this override, or has it otherwise; however the API came to change it. */
  #isAmended(pool: string, override: string): boolean {
    const { amendments, config, written } = this.#parts.controller;
    const around = ['pools', pool, 'overrides', override];
    const isTouched = amendments.some(({ path }) => path.every((part, index) => index >= around.length || part === around[index]));
    if (!isTouched) return false;
    const find = (from: Config | undefined) =>
      from?.pools.find(({ name }) => name === pool)?.overrides.find(({ name }) => name === override);
    return !isDeepStrictEqual(find(config), find(written));
  }

  pool(name: string): PoolStatus | undefined {
    return this.pools().find((pool) => pool.name === name);
  }

  revisions(page: Parameters<Steering['revisions']>[0]): ReturnType<Steering['revisions']> {
    return this.#parts.journal.revisions(page);
  }

  findRevision(number: number): ReturnType<Steering['findRevision']> {
    const found = this.#parts.journal.find(number);
    return found && { ...found.summary, config: printWritten(found.written) };
  }

  journal(query: Parameters<Steering['journal']>[0]): ReturnType<Steering['journal']> {
    return this.#parts.journal.lines(query);
  }

  get journalSpan(): Steering['journalSpan'] {
    return this.#parts.journal.span;
  }

  mark(order: MarkOrder): Promise<MarkOutcome> {
    const { revision, config } = this.#parts.controller;
    return this.#parts.markers.mark(order, { revision, config });
  }

  markers(query: Parameters<Steering['markers']>[0]): ReturnType<Steering['markers']> {
    return this.#parts.markers.list(query);
  }

  follow(onLine: Parameters<Steering['follow']>[0]): () => void {
    return this.#parts.journal.follow(onLine);
  }

  explain({ method, url, headers, client = '', ...asked }: ExplainRequest): Explanation | string {
    const { config, served, revision } = this.#parts.controller;
    if (config === undefined || served === undefined) return 'no config is in force yet';
    const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
    const question = readQuestion({ method, url, headers: fields });
    if (typeof question === 'string') return question;
    const names = config.listeners.map(({ name }) => name);
    const listener = asked.listener ?? names[0] ?? '';
    if (!names.includes(listener)) return `there is no listener ${listener}; there are: ${names.join(', ')}`;
    if (this.#table?.revision !== revision) this.#table = compileTable(config, revision);
    const ready = new Set(
      this.pools().flatMap(({ name, versions }) => versions.filter((each) => each.ready).map((each) => `${name} ${each.name}`)),
    );
    return explain(this.#table, {
      ...question,
      listener,
      client,
      memory: this.#parts.sessions,
      ready: (pool, version) => ready.has(`${pool.name} ${pool.versions[version]?.name ?? ''}`),
    });
  }

  refused({ author, ...detail }: Parameters<Steering['refused']>[0]): void {
    this.#parts.journal.record('refused', { author, revision: this.revision }, detail);
  }
}
