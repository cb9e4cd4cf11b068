// Everything that a step of the machine may look at. Plain data.

import type { CheckKind } from '../config/rollout-model.ts';
import type { SegmentEvidence } from './model.ts';
import type { Trip } from './tripwire.ts';

export interface Seen {
  readonly segments: readonly SegmentEvidence[];
  /** Those who count have halted the canary: what was enough for them. */
  readonly tripped?: Trip | undefined;
  /** A bounded set of users is full: later events of keyed users are not counted. */
  readonly saturated: boolean;
  /** By kind of check, the part of the canary's bad events that one user had, at least; undefined where no user is known. */
  readonly topUserShares: Readonly<Partial<Record<LabelKind, number | undefined>>>;
  /** Values that did not count: no amount, or no room for them. */
  readonly lostValues: number;
  /** Over the windows of the absolute checks, by check name. */
  readonly windows: Readonly<Record<string, GuardWindows>>;
  /**
   * Results of checks that others judge, by name: Prometheus, webhooks, alarms, comparison. Without a fresh one the check has none. That of
   * a step `mirror` stands under `mirror of step N`, see `mirrorResultName`.
   */
  readonly outside: Readonly<Record<string, OutsideResult | undefined>>;
  readonly readyEndpoints: {
    readonly baseline: number;
    readonly canary: number;
    readonly baselineTotal: number;
    readonly canaryTotal: number;
  };
  /** Of the endpoints of both that are ready. */
  readonly rampShares: { readonly baseline: RampShare; readonly canary: RampShare };
  /** Requests per second of the pool, over the last minute. */
  readonly perSecond: number;
  /** Of the version `canary`, for steps that replace endpoints; else it may be empty. */
  readonly endpoints: readonly EndpointSeen[];
  /** A freeze is on. */
  readonly frozen: boolean;
}

/** What a version has of its full share by its slow start: above 0, at most 1. */
export interface RampShare {
  /** On the average of its endpoints (`slowStart` of the pool). */
  readonly endpoints: number;
  /** Of the version as a whole (its own `slowStart`), to which the workers hold while another version has some weight. */
  readonly version: number;
}

type LabelKind = Exclude<CheckKind['kind'], 'event' | 'value' | 'error-rate' | 'slow' | 'prometheus' | 'webhook' | 'alarm' | 'comparison'>;

export interface EndpointSeen {
  readonly key: string;
  readonly ready: boolean;
  /** Whether every worker has stopped giving it requests because of a drain. */
  readonly drained: boolean;
  /** Over all workers, of a moment after `drained` came true. */
  readonly inFlight: number;
}

export interface GuardWindows {
  readonly baseline: WindowCounts;
  readonly canary: WindowCounts;
  /** They began at one of the moments up to this one, from 0. */
  readonly start: number;
}

export interface WindowCounts {
  readonly requests: number;
  readonly failures: number;
  /** Requests slower than the check's bound. */
  readonly slow: number;
}

export type OutsideResult =
  | { readonly result: 'pass' | 'fail'; readonly value: number | undefined; readonly sentence: string }
  /** There is a result, and not enough of it to tell. */
  | { readonly result: 'inconclusive'; readonly sentence: string }
  /** NaN, empty, stale or unreachable: says why. */
  | { readonly result: 'no-data'; readonly sentence: string; readonly forMs: number };
