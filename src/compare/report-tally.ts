// What was counted, as plain JSON: everything in a report is computed from it.
// Values of responses are in it only as `show-value` lets them through.

import type { BucketCounts } from '../lib/log-histogram.ts';
import type { OutcomeCode } from '../telemetry/outcomes.ts';
import type { Kind, Uncompared } from './difference.ts';

export type Counts<K extends string> = Readonly<Partial<Record<K, number>>>;

/** Comparisons with the primary's response: of the candidate, of the secondary, of both for the same request. */
export interface Trials {
  readonly candidate: number;
  readonly secondary: number;
  readonly both: number;
}

export interface Example {
  readonly kind: Kind;
  /** As `showValue` shows them. */
  readonly primary: string;
  readonly candidate: string;
  readonly atMs: number;
}

export interface FieldTally {
  readonly path: string;
  /** Position among all fields in the order in which they were first seen differing. */
  readonly order: number;
  /** Of the candidate's differences. */
  readonly kinds: Counts<Kind>;
  /** Requests in which it differed. */
  readonly candidate: number;
  readonly secondary: number;
  /** The trials up to and including the request on which it was first seen, and what differed in it. They are no evidence. */
  readonly before: Trials;
  readonly firstCandidate: number;
  readonly firstSecondary: number;
  /** Requests after it, with both copies, by which of them differed. */
  readonly onlyCandidate: number;
  readonly onlySecondary: number;
  readonly inBoth: number;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly examples: readonly Example[];
}

export interface LatencyTally {
  readonly primary: BucketCounts;
  readonly candidate: BucketCounts;
  readonly secondary: BucketCounts;
  /** Requests in which the head of the candidate's response took longer than the primary's, or not as long. */
  readonly slower: number;
  readonly faster: number;
}

export interface TemplateTally {
  readonly route: string;
  readonly template: string;
  readonly exchanges: number;
  /** Responses that were compared. */
  readonly responses: Trials;
  /** Exchanges whose outcome was compared: `candidate` and `both` alone are used. */
  readonly attempts: number;
  readonly outcomes: {
    readonly primary: Counts<OutcomeCode>;
    readonly candidate: Counts<OutcomeCode>;
    readonly secondary: Counts<OutcomeCode>;
  };
  readonly uncompared: Counts<Uncompared>;
  readonly cutShort: number;
  readonly latency: LatencyTally;
  readonly fields: readonly FieldTally[];
  readonly firstMs: number;
  readonly lastMs: number;
}

/** Requests by who differed in anything that was not known as noise before. */
interface CleanTally {
  readonly candidateTrials: number;
  readonly candidate: number;
  readonly pairs: number;
  readonly onlyCandidate: number;
  readonly onlySecondary: number;
}

/** Requests by which of primary and candidate gave no response. The primary gets every request, the candidate some of them. */
export interface FailureTally {
  /** Requests that both were tried with. */
  readonly attempts: number;
  readonly onlyCandidate: number;
  readonly onlyPrimary: number;
  /** Of `attempts`, those that failed with the candidate, with whatever else. */
  readonly candidateFailures: number;
  /** All requests, whether or not the candidate was tried with them. */
  readonly primaryAttempts: number;
  readonly primaryFailures: number;
}

export const NO_FAILURES: FailureTally = {
  attempts: 0,
  onlyCandidate: 0,
  onlyPrimary: 0,
  candidateFailures: 0,
  primaryAttempts: 0,
  primaryFailures: 0,
};

export interface ReportTally {
  readonly templates: readonly TemplateTally[];
  readonly clean: CleanTally;
  readonly failures: FailureTally;
  /** What came beyond the bounds: requests of templates, and differences of fields, that are not listed. */
  readonly overflow: { readonly requests: number; readonly differences: number };
}
