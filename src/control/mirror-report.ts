// What comparing the answers of a mirror has shown so far, and which writes its shadow is missing, as they are told to operators.

import type { DatedReport } from '../compare/mirror-report.ts';

export interface MirrorReport extends DatedReport {
  readonly pool: string;
  readonly mirror: string;
  readonly candidate: { readonly pool: string; readonly version: string | undefined };
  /** Exchanges that were not compared because comparison could not keep up; since the start of this process. */
  readonly dropped: number;
}

/** `busy`: the comparison did not answer in time, or has just begun anew. */
export type MirrorReportOutcome =
  | { readonly result: 'report'; readonly report: MirrorReport }
  | { readonly result: 'unknown'; readonly message: string }
  | { readonly result: 'uncompared'; readonly message: string }
  | { readonly result: 'busy'; readonly message: string };

/** A write that the primary took, or may have taken, and the shadow did not. */
export interface ShownMissedWrite {
  /** Rises by one for each of this mirror; gaps are writes that are no longer on the list. */
  readonly seq: number;
  readonly atMs: number;
  readonly method: string;
  readonly authority: string;
  /** With secrets masked. */
  readonly target: string;
  readonly id: string;
  readonly version: string;
  /** Of the primary's answer; undefined where there was none. */
  readonly primaryStatus: number | undefined;
  /** Why: a mirror outcome, or `refused` where the shadow answered with `status`. */
  readonly reason: string;
  readonly status: number | undefined;
}

export interface MissedWrites {
  readonly pool: string;
  readonly mirror: string;
  /** Listed or not; what a process before did not list is not in it. */
  readonly total: number;
  /** Oldest first. */
  readonly writes: readonly ShownMissedWrite[];
  /** What `after` must be for the next page; undefined on the last. */
  readonly next: number | undefined;
}

export interface MissedWritesQuery {
  readonly pool: string;
  readonly mirror: string;
  readonly after: number;
  readonly limit: number;
}
