// What a report says that the state of a rollout does not: who met the canary, and examples of requests from the moment in which a check failed.
// Kept as a note beside the rollout, so that both are there after a restart. It decides nothing, and what it fails to keep stops nobody.

import type { ExampleExchange, RolloutReport } from '../../api/rollout-report.ts';
import type { RolloutView } from '../../api/rollouts.ts';
import type { RecentExchangesResponse, ShownExchange } from '../../api/exchanges.ts';
import { ENDED } from '../../rollout/model.ts';
import type { RolloutState } from '../../rollout/model.ts';
import type { Note } from '../../store/store.ts';
import type { ExchangeQuery } from '../control-api.ts';
import type { Journal } from '../journal.ts';
import type { Exposure } from '../ports.ts';
import { makeReport } from './make-report.ts';
import type { Met } from './met.ts';

const NOTE = 'rollouts-report ';
/** While nothing is decided it is kept so often: what a crash loses of it is missing. */
const KEEP_MS = 10_000;
const MAX_EXAMPLES = 3;
/** Of recent exchanges, among which the examples are. */
const MAX_LOOKED_AT = 500;
const MAX_TEXT = 2000;

export interface ReportBookDeps {
  readonly journal: Pick<Journal, 'keepNote' | 'dropNotes' | 'lines'>;
  /** Since the rollout was opened by this process, or anew by a retry. */
  readonly exposed: (id: string) => Exposure;
  readonly exchanges: (query: ExchangeQuery) => Promise<RecentExchangesResponse>;
  /** Monotonic. */
  readonly nowMs: () => number;
}

interface Entry {
  /** By processes and tries before this one. */
  before: Exposure;
  now: Exposure;
  examples: readonly ExampleExchange[];
  /** The epoch that they are of; -1: of none. */
  epoch: number;
  keptMs: number;
}

const NOBODY: Exposure = { requests: 0, users: 0 };

export class ReportBook {
  readonly #deps: ReportBookDeps;
  readonly #entries = new Map<string, Entry>();

  /** @param notes what the process before has left */
  constructor(deps: ReportBookDeps, notes: readonly Note[]) {
    this.#deps = deps;
    for (const { name, text } of notes) if (name.startsWith(NOTE)) this.#entries.set(name.slice(NOTE.length), readEntry(text));
  }

  find(id: string): Met {
    const entry = this.#entries.get(id);
    return entry === undefined ? { exposed: NOBODY, examples: [] } : { exposed: plus(entry.before, entry.now), examples: entry.examples };
  }

  report(states: readonly RolloutState[], rollout: RolloutView): Promise<RolloutReport> {
    const met = states.map(({ id }) => this.find(id));
    const exposed = met.reduce((sum, each) => plus(sum, each.exposed), NOBODY);
    const all = { exposed, examples: met.flatMap(({ examples }) => examples) };
    return makeReport(states, { rollout, met: all, journal: this.#deps.journal });
  }

  /** Call it each time that a rollout is kept, and before its counters close. */
  saw(state: RolloutState): void {
    const entry = this.#entryOf(state.id);
    const exposed = this.#deps.exposed(state.id);
    // Counts only grow, unless they began anew.
    if (exposed.requests < entry.now.requests) entry.before = plus(entry.before, entry.now);
    entry.now = exposed;
    const isBad = state.leaving !== undefined || state.held === 'check' || state.status === 'rolled-back';
    if (isBad && (entry.epoch !== state.epoch || entry.examples.length < MAX_EXAMPLES)) void this.#takeExamples(state, entry);
    if (isBad || ENDED.has(state.status) || this.#deps.nowMs() - entry.keptMs >= KEEP_MS) this.#keep(state.id, entry);
  }

  forget(ids: readonly string[]): void {
    for (const id of ids) this.#entries.delete(id);
    void this.#deps.journal.dropNotes(ids.map((id) => `${NOTE}${id}`)).catch(() => undefined);
  }

  #entryOf(id: string): Entry {
    const known = this.#entries.get(id);
    if (known !== undefined) return known;
    const entry: Entry = { before: NOBODY, now: NOBODY, examples: [], epoch: -1, keptMs: -Infinity };
    this.#entries.set(id, entry);
    return entry;
  }

  async #takeExamples({ id, pool, canary, epoch, startedWallMs }: RolloutState, entry: Entry): Promise<void> {
    const any = { route: undefined, outcome: undefined, status: undefined, id: undefined };
    const found = await this.#deps.exchanges({ ...any, pool, version: canary, limit: MAX_LOOKED_AT }).catch(() => undefined);
    const examples = chooseExamples((found?.exchanges ?? []).filter(({ atMs }) => atMs >= startedWallMs - 1));
    if (examples.length === 0 || (entry.epoch === epoch && examples.length <= entry.examples.length)) return;
    entry.examples = examples;
    entry.epoch = epoch;
    this.#keep(id, entry);
  }

  #keep(id: string, entry: Entry): void {
    entry.keptMs = this.#deps.nowMs();
    const { exposed, examples } = this.find(id);
    const text = JSON.stringify({ exposed, examples, epoch: entry.epoch });
    void this.#deps.journal.keepNote({ name: `${NOTE}${id}`, text }).catch(() => undefined);
  }
}

/** Those that failed before others, and the slow before the quick. */
export function chooseExamples(exchanges: readonly ShownExchange[]): readonly ExampleExchange[] {
  const rank = ({ outcome, status }: ShownExchange): number => (status >= 500 || outcome !== 'ok' ? 0 : 1);
  const sorted = [...exchanges].sort((a, b) => rank(a) - rank(b) || timeOf(b) - timeOf(a));
  return sorted.slice(0, MAX_EXAMPLES).map(exampleOf);
}

function timeOf({ firstByteMs, durationMs }: ShownExchange): number {
  return firstByteMs ?? durationMs;
}

function exampleOf(exchange: ShownExchange): ExampleExchange {
  const {
    atMs,
    id,
    method,
    authority,
    target,
    version = '',
    endpoint,
    status,
    outcome,
    detail,
    attempts,
    durationMs,
    firstByteMs,
  } = exchange;
  return {
    atMs,
    ...(id !== undefined && { id }),
    method,
    authority: authority.slice(0, MAX_TEXT),
    target: target.slice(0, MAX_TEXT),
    version,
    ...(endpoint !== undefined && { endpoint }),
    status,
    outcome,
    ...(detail !== undefined && { detail: detail.slice(0, MAX_TEXT) }),
    attempts,
    durationMs,
    ...(firstByteMs !== undefined && { firstByteMs }),
  };
}

/** What cannot be read is nothing: a report is for people, and nothing is decided by it. */
function readEntry(text: string): Entry {
  const entry: Entry = { before: NOBODY, now: NOBODY, examples: [], epoch: -1, keptMs: -Infinity };
  try {
    const { exposed, examples, epoch } = JSON.parse(text) as Partial<Met & { readonly epoch: number }>;
    if (exposed !== undefined) entry.before = { requests: Number(exposed.requests) || 0, users: Number(exposed.users) || 0 };
    if (Array.isArray(examples)) entry.examples = examples as Met['examples'];
    entry.epoch = Number(epoch ?? -1);
  } catch {
    // As if it had not been kept.
  }
  return entry;
}

function plus(one: Exposure, other: Exposure): Exposure {
  return { requests: one.requests + other.requests, users: one.users + other.users };
}
