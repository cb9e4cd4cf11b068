// What the controller is asked, and what it answers.

import type { Amendment } from '../config/amend.ts';
import type { FileRead, LoadResult } from '../config/decode.ts';
import type { Config } from '../config/model.ts';
import type { Problem } from '../config/problem.ts';
import type { Adoption } from '../api/scalars.ts';
import type { ChangeOutcome } from './control-api.ts';

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

/** Reads the file; called when its turn has come. */
export type Load = () => Loaded;

/** The desired state that an order starts from. */
export interface Desired {
  readonly revision: number;
  readonly config: Config;
  /** The file as it was last read without a Problem. */
  readonly read: FileRead;
  readonly amendments: readonly Amendment[];
}

/** What the controller answers: of a dry run both states, with the endpoints that are known. */
export type SubmissionOutcome = Exclude<ChangeOutcome, { result: 'dry-run' }> | DryRun;

export interface DryRun extends Omit<Extract<ChangeOutcome, { result: 'dry-run' }>, 'impact'> {
  readonly before: Config;
  readonly after: Config;
}

/** What an order answers when there is nothing to put in force. */
export type Refusal = Extract<ChangeOutcome, { result: 'rejected' | 'unknown' }>;

export interface Submission {
  readonly cause: 'api' | 'restore';
  readonly author: string;
  readonly reason: string;
  /** Stale unless this is the revision when its turn comes; undefined = any. */
  readonly expected: number | undefined;
  readonly dryRun: boolean;
  /** What is to stand over the file from now on, or why not; called when its turn comes. */
  readonly toAmendments: (desired: Desired) => readonly Amendment[] | Refusal;
  /** Pools whose users are to follow the weights at once when `after` takes the place of `before`. */
  readonly moves?: (before: Config, after: Config) => readonly string[];
}
