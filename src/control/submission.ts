// What the controller is asked: plain data, which can be stored, logged and done again. And what it returns.

import type { Adoption } from '../api/scalars.ts';
import type { Amendment } from '../config/amend.ts';
import type { FileRead, LoadResult } from '../config/decode.ts';
import type { Config } from '../config/model.ts';
import type { Problem } from '../config/problem.ts';
import type { Change, ChangeOutcome, ChangeRequest, CpuAccount } from './control-api.ts';

/** There may be another file; it is read when its turn comes. While one waits, a newer one takes its place. */
export interface FileSubmission {
  readonly kind: 'file';
  readonly cause: 'start' | 'file' | 'signal';
}

/** Somebody asks for a change over the file. Each gets its turn. */
export interface AmendSubmission extends ChangeRequest {
  readonly kind: 'amend';
  readonly cause: 'api' | 'restore' | 'rollout' | 'drill' | 'preview';
  readonly change: Change;
  /** Of its author, looked at when its turn has come; default: without bounds. */
  readonly account?: CpuAccount | undefined;
}

/** There may be other endpoints for what is in force. Many while the controller is busy are one. */
/** The workers are to follow what is served though nothing was asked for: endpoints that were discovered, rollouts that count or count no more. */
export interface DiscoveredSubmission {
  readonly kind: 'discovered';
}

export type Submission = FileSubmission | AmendSubmission | DiscoveredSubmission;

export type ApplyResult =
  | { readonly result: 'applied'; readonly revision: number; readonly workers: Adoption; readonly notices: readonly string[] }
  | { readonly result: 'unchanged'; readonly revision: number }
  | { readonly result: 'rejected'; readonly revision: number; readonly problems: readonly Problem[] }
  /** The config is valid, but the data plane refused it; the old one holds. */
  | { readonly result: 'failed'; readonly revision: number; readonly error: Error }
  /** A newer one came while this one waited for its turn. */
  | { readonly result: 'superseded'; readonly revision: number };

export interface Loaded {
  readonly read: FileRead;
  /** What comes of it without amendments, where that is known. */
  readonly alone?: LoadResult;
}

/** The desired state that a change starts from. */
export interface Basis {
  readonly revision: number;
  readonly config: Config;
  /** The file as it was last read without a Problem. */
  readonly read: FileRead;
  readonly amendments: readonly Amendment[];
}

/** Of a dry run both states, with the endpoints that are known. */
export type AmendOutcome = Exclude<ChangeOutcome, { result: 'dry-run' }> | DryRun;

export interface DryRun extends Omit<Extract<ChangeOutcome, { result: 'dry-run' }>, 'impact'> {
  readonly before: Config;
  readonly after: Config;
}

/** What becomes of a change when there is nothing to put in force. */
export type Refusal = Extract<ChangeOutcome, { result: 'rejected' | 'forbidden' | 'unconfirmed' | 'unknown' }>;
