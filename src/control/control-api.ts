// What operators and controllers may ask of a running instance, without HTTP: the admin API is a face of this. What it returns is described
// in `api`; only types come from there, because a thread that loads this must not load zod.

import type { Config } from '../config/model.ts';
import type { Preview } from '../config/set-preview.ts';
import type { Shift } from '../config/shift.ts';
import type { Difference, Impact, UserMove } from '../api/change.ts';
import type { RecentExchangesResponse } from '../api/exchanges.ts';
import type { ExplainRequest, Explanation } from '../api/explain.ts';
import type { Journal, JournalLine } from '../api/journal.ts';
import type { Marker, Markers } from '../api/markers.ts';
import type { MirrorReport } from '../api/mirror-report.ts';
import type { MissedWrites } from '../api/missed-writes.ts';
import type { ConfigDiff, Overview } from '../api/overview.ts';
import type { PoolStatus } from '../api/pools.ts';
import type { PoolStats } from '../api/stats.ts';
import type { ChangeProblem } from '../api/problem.ts';
import type { RevisionSummary } from '../api/revisions.ts';
import type { Adoption } from '../api/scalars.ts';
import type { RolloutsApi } from './rollouts/rollouts-api.ts';
import type { ForbiddenField, Role } from './touched-fields.ts';

/** One requested edit of the desired state. Plain data; what it says is checked by the rules of the config. */
export type Change =
  /** `sessions` is `keep` by default. A salt that differs draws the keyed users of its version anew: nobody moves where its weight was 0. */
  | {
      readonly kind: 'split';
      readonly pool: string;
      readonly weights: Readonly<Record<string, number>>;
      /** By version, of those that get another one. */
      readonly salts?: Readonly<Record<string, string>> | undefined;
      /** The version under test from now on; empty = none, absent = as it is. */
      readonly canary?: string | undefined;
      readonly sessions?: UserMove | undefined;
      /** Also where all versions that it names are drained. */
      readonly force?: boolean | undefined;
    }
  /** `override` is what the YAML would say, without its name. */
  | { readonly kind: 'override'; readonly pool: string; readonly name: string; readonly override: unknown }
  | { readonly kind: 'remove-override'; readonly pool: string; readonly name: string }
  /** Removes everything that the API added or changed; the overrides of the file come back. */
  | { readonly kind: 'clear-overrides'; readonly pool: string }
  /** The same for mirrors. */
  | { readonly kind: 'mirror'; readonly pool: string; readonly name: string; readonly mirror: unknown }
  | { readonly kind: 'remove-mirror'; readonly pool: string; readonly name: string }
  | { readonly kind: 'clear-mirrors'; readonly pool: string }
  /** A version for a time, with an override that leads to it. */
  | ({ readonly kind: 'preview' } & Preview)
  | { readonly kind: 'remove-preview'; readonly pool: string; readonly name: string }
  /** The split of the file comes back. */
  | ({ readonly kind: 'reset-split'; readonly pool: string } & Forceful)
  /** Everything is as the file says. */
  | ({ readonly kind: 'reset-config' } & Forceful)
  /** Without an endpoint it means the whole version. */
  | {
      readonly kind: 'drain' | 'resume';
      readonly pool: string;
      readonly version: string;
      readonly endpoint: string | undefined;
      /** Of a drain: how long what is in flight may take, in place of the pool's own time. */
      readonly deadlineMs?: number;
      /** Of a drain: also where nothing is left that responds. */
      readonly force?: boolean | undefined;
    }
  /** What a rollout wants of its pool. */
  | ({ readonly kind: 'shift' } & PoolShift)
  /** The same of a rollout that moves several pools: all of them at once. */
  | { readonly kind: 'shifts'; readonly isBack: boolean; readonly pools: readonly PoolShift[] }
  /** The whole config, as plain data, as YAML text, or as the UTF-8 of such a text, which is taken: it is empty afterwards. */
  | ({ readonly kind: 'config'; readonly document: unknown } & Forceful)
  /** `sessions` is `move` by default: users must leave what is taken back. With `pools` only what shifts traffic in these comes back. */
  | ({
      readonly kind: 'restore';
      readonly revision: number;
      readonly pools?: readonly string[] | undefined;
      readonly sessions?: UserMove | undefined;
    } & Forceful);

interface Forceful {
  /** Also where all versions of a pool that have a share afterwards are drained. */
  readonly force?: boolean | undefined;
}

export interface PoolShift extends Shift {
  readonly sessions?: UserMove | undefined;
}

export interface ChangeRequest {
  readonly change: Change;
  /** Name of a token, or `anonymous`. */
  readonly author: string;
  /** Of the author: what the change touches must not be above it. */
  readonly role: Role;
  /** Empty when none was given. */
  readonly reason: string;
  /** The change is stale unless this is the current revision; undefined = any revision. */
  readonly expected: number | undefined;
  /** Changes nothing and says what would change. */
  readonly dryRun: boolean;
}

/** What the caller may use of the thread that steers. */
export interface CpuAccount {
  /** @param ms CPU that was used for it */
  charge(ms: number): void;
  /** Whole seconds until it may use more; 0 = it may now. */
  waitSeconds(): number;
}

export type ChangeOutcome =
  /** Every worker that is alive obeys. `differences` is empty when the state was already as the change says: then no revision was made. */
  | ({
      readonly result: 'applied';
      readonly revision: number;
      readonly workers: Adoption;
      readonly differences: readonly Difference[];
    } & Moved)
  | ({
      readonly result: 'dry-run';
      readonly revision: number;
      readonly differences: readonly Difference[];
      readonly impact: Impact;
    } & Moved)
  | { readonly result: 'stale'; readonly revision: number }
  | { readonly result: 'rejected'; readonly revision: number; readonly problems: readonly ChangeProblem[] }
  /** It touches fields that the author may not change; at least one. `openedBy`: a key of the config that could allow it all the same. */
  | {
      readonly result: 'forbidden';
      readonly revision: number;
      readonly fields: readonly ForbiddenField[];
      readonly openedBy?: string | undefined;
    }
  /** It is dangerous, and does not say that it is meant so (`force`). */
  | { readonly result: 'unconfirmed'; readonly revision: number; readonly message: string }
  /** When its turn came, its author had used up its share of the thread that steers. */
  | { readonly result: 'exhausted'; readonly seconds: number }
  /** There is no such pool, version, endpoint or revision. */
  | { readonly result: 'unknown'; readonly message: string }
  /** Valid, but it could not be put in force or kept; nothing has changed. */
  | { readonly result: 'failed'; readonly message: string };

/** Pools whose users no longer keep the version that they had; absent when there is none. */
interface Moved {
  readonly moved?: readonly string[];
}

export interface MarkRequest {
  readonly marker: Omit<Marker, 'author' | 'atMs'>;
  readonly author: string;
  /** Stale unless this is the current revision; undefined = any revision. */
  readonly expected: number | undefined;
  /** Changes nothing and says what would change. */
  readonly dryRun: boolean;
}

export type MarkOutcome =
  | {
      readonly result: 'marked';
      readonly revision: number;
      /** How many workers know the marker. */
      readonly workers: Adoption;
      /** False when the version already had this marker: then `marker` is the earlier one. */
      readonly changed: boolean;
      readonly marker: Marker;
    }
  | { readonly result: 'dry-run'; readonly revision: number; readonly changed: boolean; readonly marker: Marker }
  | Exclude<ChangeOutcome, { result: 'applied' | 'dry-run' | 'unknown' }>;

export interface JournalQuery {
  readonly after: number;
  readonly limit: number;
  /** Default: any kind. */
  readonly kind?: string;
  /** Milliseconds since the epoch, inclusive; default: any time. */
  readonly sinceMs?: number;
  /** Which lines to return where more than `limit` fit; default: the oldest. */
  readonly from?: 'oldest' | 'newest';
}

export interface MarkerQuery {
  /** Default: all. */
  readonly pool: string | undefined;
  readonly version: string | undefined;
  /** How many recent markers at most. */
  readonly limit: number;
}

/** Undefined means any. */
export interface ExchangeQuery {
  readonly pool: string | undefined;
  readonly version: string | undefined;
  readonly route: string | undefined;
  readonly outcome: string | undefined;
  readonly status: number | undefined;
  /** Request id. */
  readonly id: string | undefined;
  readonly limit: number;
}

export interface MissedWritesQuery {
  readonly pool: string;
  readonly mirror: string;
  readonly after: number;
  readonly limit: number;
}

/** A revision, with its config as plain data in the words of the grammar, without secrets, read when it is asked for: that may take long. */
export type KeptConfig = RevisionSummary & { readonly written: (account?: CpuAccount) => Promise<unknown> };

/** `busy`: the comparison did not respond in time, or has just begun anew. */
export type MirrorReportOutcome =
  | { readonly result: 'report'; readonly report: MirrorReport }
  | { readonly result: 'unknown' | 'uncompared' | 'busy'; readonly message: string };

export interface ControlApi {
  /** 0 before the first config is in force. */
  readonly revision: number;
  readonly config: Config | undefined;
  /** Changes are made one after the other. Never rejects for what the submission says. */
  change(submission: ChangeRequest, account?: CpuAccount): Promise<ChangeOutcome>;
  /** Each is looked at when its turn comes: all of them can be more than a turn of the thread. */
  pools(): Iterable<PoolStatus>;
  pool(name: string): PoolStatus | undefined;
  /** What its versions and endpoints did in the last `windowMs`, 1 s to 5 min. */
  stats(pool: string, windowMs: number): PoolStats | undefined;
  /** One page of state, with what is wrong. */
  overview(account?: CpuAccount): Promise<Overview>;
  /** What is served, against the file as it was last taken. */
  configDiff(account?: CpuAccount): Promise<ConfigDiff>;
  /** Newest first; `before` is exclusive. */
  revisions(page: { readonly before: number | undefined; readonly limit: number }): Promise<readonly RevisionSummary[]>;
  findRevision(number: number): Promise<KeptConfig | undefined>;
  /** Oldest first; `after` is exclusive. */
  journal(query: JournalQuery): Promise<readonly JournalLine[]>;
  /** Numbers of the oldest and the newest line on record. */
  readonly journalSpan: Pick<Journal, 'first' | 'last'>;
  readonly rollouts: RolloutsApi;
  /** Says which deploy a version is. Never rejects for what the submission says. */
  mark(submission: MarkRequest): Promise<MarkOutcome>;
  /** The latest marker of each version that has one, and the markers on record, newest first. */
  markers(query: MarkerQuery): Promise<Omit<Markers, 'revision'>>;
  /** Calls `onLine` for each new line. Returns a function that ends that. */
  follow(onLine: (line: JournalLine) => void): () => void;
  /** A string says what is wrong with the question. */
  explain(request: ExplainRequest): Explanation | string;
  /** Recent exchanges: a sample, kept by the workers that are alive. */
  exchanges(query: ExchangeQuery): Promise<RecentExchangesResponse>;
  /** What comparing the responses of a mirror has shown so far. */
  mirrorReport(pool: string, mirror: string): Promise<MirrorReportOutcome>;
  /** Writes that the shadow of a mirror missed. A string says what is wrong with the question. */
  missedWrites(query: MissedWritesQuery): MissedWrites | string;
  /** Notes in the journal that a request was refused for lack of rights. */
  refused(detail: { readonly method: string; readonly path: string; readonly reason: string; readonly author: string }): void;
}
