// What the control thread and the thread that compares say to each other. Plain data, structured-cloneable. Workers send that thread bare
// `RecordedExchange`s, each through a port of its own.

import type { MessagePort } from 'node:worker_threads';
import type { LogLine } from '../lib/log.ts';
import type { ComparedCount, ComparedMirror } from '../compare/comparer-set.ts';
import type { DatedReport } from '../compare/mirror-report.ts';

/** What the thread is started with. */
export interface ComparisonStart {
  /** How much waits to be compared (`telemetry/comparison-load`); another for each life of the thread. */
  readonly load: SharedArrayBuffer;
}

export type ToComparison =
  /** All mirrors that are compared from now on. */
  | { readonly kind: 'mirrors'; readonly mirrors: readonly ComparedMirror[] }
  /** A worker's way in; it closes with the worker. */
  | { readonly kind: 'link'; readonly port: MessagePort }
  | { readonly kind: 'report'; readonly pool: string; readonly mirror: string }
  /** Collect garbage now. */
  | { readonly kind: 'collect' };

export type FromComparison =
  /** What was compared since the last time. */
  | { readonly kind: 'counts'; readonly counts: readonly ComparedCount[] }
  /** The response to `report`; undefined where no such mirror is compared, or the report could not be made. */
  | { readonly kind: 'reported'; readonly pool: string; readonly mirror: string; readonly report: DatedReport | undefined }
  /** What the heap holds, garbage included, when that has changed. */
  | { readonly kind: 'memory'; readonly bytes: number }
  | { readonly kind: 'log'; readonly line: LogLine };
