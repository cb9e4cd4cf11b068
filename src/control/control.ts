// The running instance behind the admin API: changes go to the controller, questions to what is known here.

import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../config/model.ts';
import { maskInTurns } from '../config/mask.ts';
import { servingListeners } from '../config/passthrough.ts';
import { noSuch } from '../config/suggest.ts';
import { Pace, finishInTurns } from '../lib/pace.ts';
import { compileInSteps, compileTable } from '../routing/compile.ts';
import type { Side } from '../routing/expected-versions.ts';
import { explain } from '../routing/explain.ts';
import type { Explanation } from '../routing/explain-draft.ts';
import { foreseeImpact } from '../routing/impact.ts';
import { readQuestion } from '../routing/question.ts';
import type { Table } from '../routing/table.ts';
import type { CounterRegistry } from '../telemetry/counter-registry.ts';
import type { Controller } from './controller.ts';
import type { Current } from './in-force/current.ts';
import type { DrainWatch } from './drain-watch.ts';
import { paceOf } from './caller-pace.ts';
import { seenRequests, sideAfter, sideBefore } from './predict-impact.ts';
import type { DryRun } from './submission.ts';
import type { Journal } from './journal.ts';
import type { Markers } from './markers.ts';
import { missedOf, reportOf } from './mirror-questions.ts';
import type { MissedWrites } from '../api/missed-writes.ts';
import type { MirrorReportOutcome, MissedWritesQuery } from './control-api.ts';
import type { MissedWriteLedgers } from './missed-writes.ts';
import { poolStatuses } from './pool-status.ts';
import type { Comparing, EndpointHealth } from './ports.ts';
import type { Views } from './views.ts';
import type { ExchangeLookup } from './exchange-lookup.ts';
import type { SessionTables } from './session-tables.ts';
import { showExchanges } from './shown-exchange.ts';
import type { RecentExchangesResponse } from '../api/exchanges.ts';
import type { ExplainRequest } from '../api/explain.ts';
import type { ConfigDiff, Overview } from '../api/overview.ts';
import type { PoolStatus } from '../api/pools.ts';
import type { PoolStats } from '../api/stats.ts';
import type { RolloutsApi } from './rollouts/rollouts-api.ts';
import type { ChangeOutcome, ChangeRequest, ControlApi, CpuAccount, ExchangeQuery, MarkOutcome, MarkRequest } from './control-api.ts';

export interface ControlDeps {
  readonly controller: Pick<Controller, 'submit'>;
  readonly current: Current;
  readonly journal: Journal;
  readonly counters: Pick<CounterRegistry, 'blocks' | 'find'>;
  readonly sessions: Pick<SessionTables, 'users' | 'find' | 'wallSeconds'>;
  readonly markers: Markers;
  readonly drains: DrainWatch;
  readonly recall: Pick<ExchangeLookup, 'recent'>;
  readonly comparing: Comparing;
  readonly missed: Pick<MissedWriteLedgers, 'list'>;
  readonly healthOf: (pool: string, version: string, endpoint: string) => EndpointHealth | undefined;
  readonly views: Views;
  readonly rollouts: RolloutsApi;
}

export class Control implements ControlApi {
  readonly #deps: ControlDeps;
  /** Compiled when it is first asked for. */
  #table: Table | undefined = undefined;
  /** Of dry runs that come together. */
  readonly #turns = new Pace();

  constructor(deps: ControlDeps) {
    this.#deps = deps;
  }

  get revision(): number {
    return this.#deps.current.revision;
  }

  get rollouts(): RolloutsApi {
    return this.#deps.rollouts;
  }

  get config(): Config | undefined {
    return this.#deps.current.config;
  }

  async change(asked: ChangeRequest, account?: CpuAccount): Promise<ChangeOutcome> {
    const { kind } = asked.change;
    const cause = kind === 'restore' ? 'restore' : kind === 'preview' || kind === 'remove-preview' ? 'preview' : 'api';
    const outcome = await this.#deps.controller.submit({ kind: 'amend', cause, ...asked, account });
    // Nobody else's change waits while this is worked out.
    return outcome.result === 'dry-run' ? this.#foresee(outcome, paceOf(account)) : outcome;
  }

  async #foresee({ before, after, ...outcome }: DryRun, pace: Pace): Promise<ChangeOutcome> {
    const sides = await this.#sidesOf({ before, after, ...outcome }, pace);
    if ('message' in sides) return { result: 'failed', message: sides.message };
    const { exchanges } = await pace.apart(() => this.#deps.recall.recent());
    await this.#turns.rest();
    const same = new Set(before.pools);
    const touched = new Set([...after.pools.filter((pool) => !same.has(pool)).map(({ name }) => name), ...(outcome.moved ?? [])]);
    const impact = foreseeImpact(sides.before, sides.after, seenRequests(exchanges), (pool) => touched.has(pool));
    pace.end();
    return { ...outcome, impact };
  }

  /** What cannot be compiled could not be put in force. */
  async #sidesOf(
    { before, after, revision, moved = [] }: DryRun,
    pace: Pace,
  ): Promise<{ readonly before: Side; readonly after: Side } | { readonly message: string }> {
    const { sessions } = this.#deps;
    const pools = new Map(before.pools.map((pool) => [pool.name, pool]));
    const statusOf = (name: string): PoolStatus | undefined => {
      const pool = pools.get(name);
      return pool && this.#statusOf(pool);
    };
    const staying = {
      find: (pool: string) => (moved.includes(pool) ? undefined : sessions.find(pool)),
      wallSeconds: () => sessions.wallSeconds(),
    };
    try {
      const table = await this.#compileInTurns(before, revision, pace);
      const changed = await finishInTurns(compileInSteps(after, revision), pace);
      return { before: sideBefore(table, statusOf, sessions), after: sideAfter(changed, statusOf, staying) };
    } catch (error) {
      return { message: error instanceof Error ? error.message : String(error) };
    }
  }

  pools(): Iterable<PoolStatus> {
    return this.#statusesOf(this.#deps.current.served?.pools ?? []);
  }

  #statusesOf(pools: Config['pools']): Iterable<PoolStatus> {
    const { current, counters, markers, drains, sessions, healthOf } = this.#deps;
    const { revision, workers } = current;
    return poolStatuses(pools, {
      counters,
      revision,
      workers,
      isAmended: (pool, list, name) => this.#isAmended(pool, list, name),
      users: (pool) => sessions.users(pool),
      deployOf: (pool, version) => {
        const marker = markers.of(pool, version);
        return marker && { deploy: marker.deploy, sha: marker.sha, atMs: marker.atMs };
      },
      drainOf: (pool, version, endpoint) => drains.of(pool, version, endpoint),
      healthOf,
      drillOf: (pool) => this.#deps.rollouts.lastDrill(pool),
    });
  }

  /** Whether the file does not have this one, or has it otherwise; however the API came to change it. */
  #isAmended(pool: string, list: 'overrides' | 'mirrors', one: string): boolean {
    const { amendments, config, written } = this.#deps.current;
    const around = ['pools', pool, list, one];
    const isTouched = amendments.some(({ path }) => path.every((part, index) => index >= around.length || part === around[index]));
    if (!isTouched) return false;
    const find = (from: Config | undefined): unknown =>
      from?.pools.find(({ name }) => name === pool)?.[list].find(({ name }) => name === one);
    return !isDeepStrictEqual(find(config), find(written));
  }

  pool(name: string): PoolStatus | undefined {
    const found = this.#deps.current.served?.pools.find((pool) => pool.name === name);
    return found && this.#statusOf(found);
  }

  #statusOf(pool: Config['pools'][number]): PoolStatus | undefined {
    const [status] = this.#statusesOf([pool]);
    return status;
  }

  stats(name: string, windowMs: number): PoolStats | undefined {
    const pool = this.pool(name);
    return pool && this.#deps.views.stats(pool, windowMs);
  }

  overview(account?: CpuAccount): Promise<Overview> {
    return this.#deps.views.overview(this.pools(), paceOf(account));
  }

  configDiff(account?: CpuAccount): Promise<ConfigDiff> {
    return this.#deps.views.configDiff(paceOf(account));
  }

  revisions(page: Parameters<ControlApi['revisions']>[0]): ReturnType<ControlApi['revisions']> {
    return this.#deps.journal.revisions(page);
  }

  async findRevision(number: number): ReturnType<ControlApi['findRevision']> {
    const found = await this.#deps.journal.look(number);
    if (found === undefined) return undefined;
    const written = async (account?: CpuAccount): Promise<unknown> => {
      const pace = paceOf(account);
      const masked = await maskInTurns(await found.written(pace), pace);
      pace.end();
      return masked;
    };
    return { ...found.summary, written };
  }

  journal(query: Parameters<ControlApi['journal']>[0]): ReturnType<ControlApi['journal']> {
    return this.#deps.journal.lines(query);
  }

  get journalSpan(): ControlApi['journalSpan'] {
    return this.#deps.journal.span;
  }

  mark(submission: MarkRequest): Promise<MarkOutcome> {
    const { revision, config } = this.#deps.current;
    return this.#deps.markers.mark(submission, { revision, config });
  }

  markers(query: Parameters<ControlApi['markers']>[0]): ReturnType<ControlApi['markers']> {
    return this.#deps.markers.list(query);
  }

  follow(onLine: Parameters<ControlApi['follow']>[0]): () => void {
    return this.#deps.journal.follow(onLine);
  }

  explain({ method, url, headers, client = '', ...asked }: ExplainRequest): Explanation | string {
    const { config, served, revision } = this.#deps.current;
    if (config === undefined || served === undefined) return 'no config is in force yet';
    const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
    const question = readQuestion({ method, url, headers: fields });
    if (typeof question === 'string') return question;
    const names = config.listeners.map(({ name }) => name);
    const listener = asked.listener ?? servingListeners(config)[0]?.name ?? names[0] ?? '';
    if (!names.includes(listener)) return noSuch('listener', listener, names);
    const { ready } = sideBefore(this.#tableOf(config, revision), (pool) => this.pool(pool));
    return explain(this.#tableOf(config, revision), { ...question, listener, client, memory: this.#deps.sessions, ready });
  }

  async exchanges(query: ExchangeQuery): Promise<RecentExchangesResponse> {
    const { responded, total, exchanges } = await this.#deps.recall.recent();
    const affinities = this.config?.pools.map(({ affinity }) => affinity) ?? [];
    const keyFields = new Set(affinities.flatMap((affinity) => (affinity?.kind === 'header' ? [affinity.name.toLowerCase()] : [])));
    return { workers: { responded, total }, exchanges: showExchanges(exchanges, query, keyFields) };
  }

  async mirrorReport(pool: string, mirror: string): Promise<MirrorReportOutcome> {
    const outcome = await reportOf(this.config, this.#deps.comparing, { pool, mirror });
    const rollout = this.#deps.rollouts.awaiting(pool, mirror);
    if (outcome.result !== 'report' || rollout === undefined) return outcome;
    return { result: 'report', report: { ...outcome.report, rollout } };
  }

  missedWrites(query: MissedWritesQuery): MissedWrites | string {
    return missedOf(this.config, this.#deps.missed, query);
  }

  #tableOf(config: Config, revision: number): Table {
    if (this.#table?.revision !== revision) this.#table = compileTable(config, revision);
    return this.#table;
  }

  async #compileInTurns(config: Config, revision: number, pace: Pace): Promise<Table> {
    if (this.#table?.revision === revision) return this.#table;
    const table = await finishInTurns(compileInSteps(config, revision), pace);
    // By now there may be a later one.
    if (this.#table === undefined || this.#table.revision < revision) this.#table = table;
    return table;
  }

  refused({ author, ...detail }: Parameters<ControlApi['refused']>[0]): void {
    // A refusal that cannot be recorded is counted all the same (sluice_admin_refused_total).
    this.#deps.journal.record('refused', { author, revision: this.revision }, detail).catch(() => undefined);
  }
}
