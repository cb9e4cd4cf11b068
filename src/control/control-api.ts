// What operators and controllers may ask of a running instance, in the words of the design and without HTTP: the admin API is a face of this.

import type { Config } from '../config/model.ts';
import type { Difference } from '../config/diff.ts';
import type { Problem } from '../config/problem.ts';
import type { Explanation } from '../routing/explain.ts';
import type { Impact } from '../routing/impact.ts';
import type { MirrorReportOutcome, MissedWrites, MissedWritesQuery } from './mirror-report.ts';

/** What becomes of the users of pools with `affinity.remember` when weights change: they keep the version that they have, or follow at once. */
type UserMove = 'keep' | 'move';

/** One requested edit of the desired state. Plain data; what it says is checked by the rules of the config. */
export type Change =
  /** `sessions` is `hold` where it is not said. */
  | {
      readonly kind: 'split';
      readonly pool: string;
      readonly weights: Readonly<Record<string, number>>;
      readonly sessions?: UserMove | undefined;
    }
  /** `override` is what the YAML would say, without its name. */
  | { readonly kind: 'override'; readonly pool: string; readonly name: string; readonly override: unknown }
  | { readonly kind: 'remove-override'; readonly pool: string; readonly name: string }
  /** All that the API added or changed; those of the file come back. */
  | { readonly kind: 'clear-overrides'; readonly pool: string }
  /** The same for mirrors. */
  | { readonly kind: 'mirror'; readonly pool: string; readonly name: string; readonly mirror: unknown }
  | { readonly kind: 'remove-mirror'; readonly pool: string; readonly name: string }
  | { readonly kind: 'clear-mirrors'; readonly pool: string }
  /** Without an endpoint the whole version. */
  | {
      readonly kind: 'drain' | 'resume';
      readonly pool: string;
      readonly version: string;
      readonly endpoint: string | undefined;
      /** Of a drain: how long what is in flight may take, in place of the pool's own time. */
      readonly deadlineMs?: number;
    }
  /** The whole config, as plain data or as YAML text. */
  | { readonly kind: 'config'; readonly document: unknown }
  /** `sessions` is `move` where it is not said: what is taken back is to be gone. */
  | { readonly kind: 'restore'; readonly revision: number; readonly sessions?: UserMove | undefined };

export interface ChangeRequest {
  readonly change: Change;
  /** Name of a token, or `anonymous`. */
  readonly author: string;
  /** Empty when none was given. */
  readonly reason: string;
  /** Stale unless this is the current revision; undefined = whatever it is. */
  readonly expected: number | undefined;
  /** Only says what would change. */
  readonly dryRun: boolean;
}

/** How many workers obey. */
export interface Adoption {
  readonly applied: number;
  readonly total: number;
}

export type ChangeOutcome =
  /** Every worker that lives obeys. `differences` is empty when the state was as asked for already: then no revision was made. */
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
  /** There is no such pool, version, endpoint or revision. */
  | { readonly result: 'unknown'; readonly message: string }
  /** Valid, but it could not be put in force or kept; nothing has changed. */
  | { readonly result: 'failed'; readonly message: string };

/** Pools whose users no longer keep the version that they had; absent when there is none. */
interface Moved {
  readonly moved?: readonly string[];
}

/** `line` and `column` are those of a text that was sent; undefined where the change was none. */
export interface ChangeProblem extends Pick<Problem, 'path' | 'message'> {
  readonly line?: number;
  readonly column?: number;
}

/** Which deploy a version is. It says nothing about what is desired: it makes no revision. */
export interface Marker {
  readonly pool: string;
  readonly version: string;
  readonly deploy: string;
  /** Of the commit, in lower case. */
  readonly sha: string | undefined;
  readonly url: string | undefined;
  readonly reason: string;
  readonly author: string;
  /** Milliseconds since the epoch. */
  readonly atMs: number;
}

export interface MarkRequest {
  readonly marker: Omit<Marker, 'author' | 'atMs'>;
  readonly author: string;
  /** Stale unless this is the current revision; undefined = whatever it is. */
  readonly expected: number | undefined;
  /** Only says what would change. */
  readonly dryRun: boolean;
}

export type MarkOutcome =
  | {
      readonly result: 'marked';
      readonly revision: number;
      /** That know it. */
      readonly workers: Adoption;
      /** False when it was marked so already: then it is the marker of then. */
      readonly changed: boolean;
      readonly marker: Marker;
    }
  | { readonly result: 'dry-run'; readonly revision: number; readonly changed: boolean; readonly marker: Marker }
  | Exclude<ChangeOutcome, { result: 'applied' | 'dry-run' | 'unknown' }>;

/** A deploy as the state of a version says it. */
export type DeployStatus = Pick<Marker, 'deploy' | 'sha' | 'atMs'>;

/** A drain that has begun and not been taken back; it stays when nothing is left. */
export interface DrainStatus {
  /** Milliseconds since the epoch; of a drain that was on already when Sluice started, the start. */
  readonly since: number;
  /** Milliseconds since the epoch; undefined = as long as it takes. */
  readonly deadline: number | undefined;
  /** What is left. */
  readonly inFlight: number;
  readonly connections: number;
  readonly inFlightAtStart: number;
  /** Until nothing is left, as what has ended since the drain began foretells; never beyond the deadline. Undefined before anything has ended. */
  readonly estimateMs: number | undefined;
}

/** Why an endpoint may not be picked. */
export type NotReadyReason = 'unhealthy' | 'ejected' | 'draining' | 'weightless';

export interface EndpointStatus {
  readonly address: string;
  readonly weight: number;
  readonly zone: string | undefined;
  readonly ready: boolean;
  readonly reason: NotReadyReason | undefined;
  readonly inFlight: number;
  readonly connections: number;
  /** Present while it is drained, alone or with its version. */
  readonly drain?: DrainStatus | undefined;
}

export interface VersionStatus {
  readonly name: string;
  readonly weight: number;
  /** Part of the split, 0 to 1. */
  readonly share: number;
  readonly ready: boolean;
  readonly draining: boolean;
  /** Requests and connections that are left on it. */
  readonly inFlight: number;
  readonly connections: number;
  /** That have this version and are not quiet; undefined in a pool without `affinity.remember`. */
  readonly users?: number | undefined;
  readonly endpoints: readonly EndpointStatus[];
  /** Present when a marker says which deploy it is. */
  readonly deploy?: DeployStatus | undefined;
  /** Present while it is drained. */
  readonly drain?: DrainStatus | undefined;
}

export interface OverrideStatus {
  readonly name: string;
  readonly version: string;
  /** `api` when the file does not have it, or has it otherwise. */
  readonly origin: 'file' | 'api';
}

export interface MirrorStatus {
  readonly name: string;
  /** Who gets the copies; without a version, as the split of that pool says. */
  readonly to: { readonly pool: string; readonly version: string | undefined };
  /** Of 100 requests that fit. */
  readonly percent: number;
  /** `api` when it was added or changed through the API. */
  readonly origin: 'file' | 'api';
}

export interface PoolStatus {
  readonly name: string;
  readonly revision: number;
  /** Workers that obey this revision. */
  readonly workers: Adoption;
  readonly weights: Readonly<Record<string, number>>;
  readonly versions: readonly VersionStatus[];
  readonly overrides: readonly OverrideStatus[];
  readonly mirrors: readonly MirrorStatus[];
}

export interface RevisionSummary {
  readonly revision: number;
  /** Milliseconds since the epoch. */
  readonly atMs: number;
  readonly author: string;
  readonly reason: string;
  /** `start`, `file`, `signal`, `api` or `restore`. */
  readonly cause: string;
  readonly differences: readonly Difference[];
}

/** One thing that happened; `seq` rises without gaps. */
export interface JournalLine {
  readonly seq: number;
  readonly atMs: number;
  readonly kind: string;
  readonly author: string;
  readonly revision: number;
  readonly detail: Readonly<Record<string, unknown>>;
}

export interface JournalQuery {
  readonly after: number;
  readonly limit: number;
  /** Default: of any kind. */
  readonly kind?: string;
  /** Milliseconds since the epoch, inclusive; default: of any time. */
  readonly sinceMs?: number;
  /** Which of those that fit where there are more than `limit`; default: the oldest. */
  readonly from?: 'oldest' | 'newest';
}

export interface MarkerQuery {
  /** Default: of all. */
  readonly pool: string | undefined;
  readonly version: string | undefined;
  /** Of the recent ones. */
  readonly limit: number;
}

export interface ExplainRequest {
  readonly method: string;
  /** `http://host/path?query`, or a path alone. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Default: the first listener. */
  readonly listener: string | undefined;
  readonly client: string | undefined;
}

/** Undefined = any. */
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

/** One exchange as it was served, without bodies and with secrets masked. */
export interface ShownExchange {
  /** When the head of the request was complete, in milliseconds since the epoch. */
  readonly atMs: number;
  /** Request id, as the upstream got it; undefined when no upstream was asked. */
  readonly id: string | undefined;
  readonly listener: string;
  /** Address; empty on a Unix socket. */
  readonly client: string;
  readonly method: string;
  readonly authority: string;
  readonly target: string;
  /** Of the request, in its order. */
  readonly fields: readonly { readonly name: string; readonly value: string }[];
  /** Whether target or fields are longer than what was kept. */
  readonly cut: boolean;
  readonly route: string | undefined;
  readonly pool: string | undefined;
  readonly version: string | undefined;
  /** Which deploy the version was then. */
  readonly deploy: string | undefined;
  readonly endpoint: string | undefined;
  /** Why this version: one of the choice reasons. */
  readonly reason: string | undefined;
  readonly override: string | undefined;
  /** Whether the request brought an affinity key. */
  readonly keyed: boolean;
  readonly status: number;
  readonly outcome: string;
  readonly attempts: number;
  readonly durationMs: number;
  readonly firstByteMs: number | undefined;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

export interface RecentExchangesResponse {
  /** A worker that does not answer within a second is left out. */
  readonly workers: { readonly responded: number; readonly total: number };
  /** Newest first. */
  readonly exchanges: readonly ShownExchange[];
}

export interface ControlApi {
  /** 0 before the first config is in force. */
  readonly revision: number;
  readonly config: Config | undefined;
  /** One after the other; never rejects for what was asked. */
  change(submission: ChangeRequest): Promise<ChangeOutcome>;
  pools(): readonly PoolStatus[];
  pool(name: string): PoolStatus | undefined;
  /** Newest first; `before` is exclusive. */
  revisions(page: { readonly before: number | undefined; readonly limit: number }): readonly RevisionSummary[];
  /** With the whole config as YAML. */
  findRevision(number: number): (RevisionSummary & { readonly config: string }) | undefined;
  /** Oldest first, after the number `after`. */
  journal(query: JournalQuery): readonly JournalLine[];
  /** Numbers of the oldest and the newest line on record. */
  readonly journalSpan: { readonly first: number; readonly last: number };
  /** Says which deploy a version is; never rejects for what was asked. */
  mark(submission: MarkRequest): Promise<MarkOutcome>;
  /** The latest of each version that has one, and those on record, newest first. */
  markers(query: MarkerQuery): { readonly markers: readonly Marker[]; readonly recent: readonly Marker[] };
  /** Told of each new line; answers how to end that. */
  follow(onLine: (line: JournalLine) => void): () => void;
  /** A string says what is wrong with the question. */
  explain(request: ExplainRequest): Explanation | string;
  /** What was served lately: a sample, kept by the workers that live. */
  exchanges(query: ExchangeQuery): Promise<RecentExchangesResponse>;
  /** What comparing the answers of a mirror has shown so far. */
  mirrorReport(pool: string, mirror: string): Promise<MirrorReportOutcome>;
  /** Writes that the shadow of a mirror is missing. A string says what is wrong with the question. */
  missedWrites(query: MissedWritesQuery): MissedWrites | string;
  /** A request that was refused for lack of rights, for the journal. */
  refused(detail: { readonly method: string; readonly path: string; readonly reason: string; readonly author: string }): void;
}
