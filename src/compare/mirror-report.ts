// What comparing the responses of a shadow has shown: plain data that passes between threads. Values of responses are masked in it.

import type { Interval } from '../analysis/interval.ts';
export type Verdict = 'pass' | 'fail' | 'inconclusive' | 'no-data';

/** A share of requests, 0 to 1, with bounds that hold at all times. */
export interface Rate extends Interval {
  readonly count: number;
  readonly of: number;
  readonly rate: number;
}

/** Milliseconds, within 2.2 %; undefined where nothing was timed. */
export interface Quantiles {
  readonly count: number;
  readonly p50: number | undefined;
  readonly p90: number | undefined;
  readonly p99: number | undefined;
  readonly p999: number | undefined;
}

export interface FieldReport {
  readonly route: string;
  /** Of the path: `/users/{id}`. */
  readonly template: string;
  /** `$.items[*].price`, `header:content-type`, `status`, `body` or `outcome`. */
  readonly path: string;
  /** Differs more than its noise, and not by chance. */
  readonly isReal: boolean;
  readonly log10Evidence: number;
  readonly differences: Rate;
  /** Undefined where no second copy was compared. */
  readonly noise: Rate | undefined;
  /** Bounds of the share of requests that differ beyond the noise. */
  readonly excess: Interval;
  /** Differences by kind. */
  readonly kinds: Readonly<Record<string, number>>;
  readonly firstMs: number;
  readonly lastMs: number;
  /** Masked. */
  readonly examples: readonly { readonly kind: string; readonly primary: string; readonly candidate: string; readonly atMs: number }[];
}

export interface LatencyReport {
  readonly primary: Quantiles;
  readonly candidate: Quantiles;
  readonly secondary: Quantiles;
  /** Share of requests in which the candidate was the slower one; one half: no difference. */
  readonly slower: Interval & { readonly rate: number | undefined };
}

export interface TemplateReport {
  readonly route: string;
  readonly template: string;
  readonly exchanges: number;
  readonly compared: number;
  /** Requests with a secondary response. */
  readonly withSecondary: number;
  /** Bodies that could not be compared, by reason. */
  readonly uncompared: Readonly<Record<string, number>>;
  /** Comparisons that a bound ended early. */
  readonly cutShort: number;
  readonly outcomes: Readonly<Record<'primary' | 'candidate' | 'secondary', Readonly<Record<string, number>>>>;
  readonly latency: LatencyReport;
  readonly firstMs: number;
  readonly lastMs: number;
}

export interface VerdictReport {
  readonly verdict: Verdict;
  /** One sentence for operators, with its numbers. */
  readonly reason: string;
  /** Requests whose responses were compared as a whole, and those of them with a secondary response. */
  readonly compared: number;
  readonly withSecondary: number;
  /** Share of requests that differ beyond the noise. */
  readonly differenceRate: Interval;
  /** Share of requests that the candidate fails, less those that the primary does. */
  readonly failureRate: Interval;
  /** What differs for real, the surest first; at most 100. */
  readonly realFields: readonly RealField[];
}

interface RealField {
  readonly route: string;
  readonly template: string;
  readonly path: string;
  /** Of the requests of its template. */
  readonly excess: Interval;
}

export interface Report {
  readonly verdict: VerdictReport;
  /** What differs for real first, then by evidence. */
  readonly fields: readonly FieldReport[];
  /** Fields that are counted and not listed. */
  readonly unlistedFields: number;
  /** The busiest first. */
  readonly templates: readonly TemplateReport[];
  /** Templates that are counted and not listed. */
  readonly unlistedTemplates: number;
  /** What came beyond the bounds: requests of templates, and differences of fields, that are not listed. */
  readonly overflow: { readonly requests: number; readonly differences: number };
}

/** Of evidence since `sinceMs`, in milliseconds since the epoch: nothing from before is in it. */
export interface DatedReport extends Report {
  readonly sinceMs: number;
}
