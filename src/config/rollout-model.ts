// Templates of rollouts as the Config has them: plain data, defaults filled in. Durations are milliseconds, shares 0 to 1.

export interface RolloutTemplate {
  readonly name: string;
  readonly strategy: RolloutStrategy;
  /** At least one; the strategy's own where the file writes none. */
  readonly steps: readonly RolloutStep[];
  /** At least one; the defaults where the file writes none. Their names are unique. */
  readonly checks: readonly RolloutCheck[];
  /** Chance that a harmless canary is taken back, over all critical checks together; above 0, at most 0.5. */
  readonly alpha: number;
  /** After the canary's first request of the rollout: so long only absolute guards count; 0 = no time. */
  readonly warmupMs: number;
  readonly onFail: OnFail;
  readonly hooks: readonly RolloutHook[];
  readonly breaker: RolloutBreaker;
  /** After the end of a rollout that succeeded the old version stays as it is, at weight 0, for so long: a rollback to it is instant. */
  readonly keepWarmMs: number;
}

export type RolloutStrategy = 'canary' | 'blue-green' | 'rolling' | 'recreate' | 'ab-test';

/** previous: back to the step before; hold: nothing moves until somebody decides. */
export type OnFail = 'rollback' | 'previous' | 'hold';

/** How a gate ends whose time is up. */
export type OnTimeout = 'hold' | 'rollback' | 'continue';

/** A step that waits for something, and for how long at most. */
interface Gate {
  readonly atMostMs: number;
  readonly onTimeout: OnTimeout;
}

export type RolloutStep =
  /** Requests straight to the canary before any user; all must be as expected. */
  | (Gate & { readonly kind: 'smoke'; readonly requests: readonly SmokeRequest[] })
  /** Copies of requests for the canary; `until`: until the comparison says pass (or fail), else for the time alone. */
  | (Gate & {
      readonly kind: 'mirror';
      readonly percent: number;
      readonly compare: unknown;
      readonly forMs: number;
      readonly until: 'verdict' | 'time';
    })
  /** An override sends a cohort to the canary, for `forMs`, and stays until the end of the rollout. `override` is what the YAML would say, without its version. */
  | (Gate & { readonly kind: 'cohort'; readonly override: unknown; readonly forMs: number; readonly until: Until })
  /** The canary's share of baseline and canary together. It holds for `forMs` and, with `evidence`, until every critical check is shown to be harmless: whichever is later. */
  | (Gate & { readonly kind: 'weight'; readonly share: number; readonly forMs: number; readonly until: Until })
  | (Gate & { readonly kind: 'approve'; readonly by: 'operator' | 'admin'; readonly notStarter: boolean })
  /** After promotion: checks go on. `holdback`: share that the baseline keeps; 0 = none. */
  | { readonly kind: 'watch'; readonly forMs: number; readonly holdback: number }
  /** The endpoints of the version `to` are replaced in place, a batch after the other: drained, the `endpoint` hook, ready again for `minReadyMs`. */
  | (Gate & { readonly kind: 'replace'; readonly batch: number; readonly maxUnavailable: number; readonly minReadyMs: number })
  /** No endpoint serves while the hook runs: requests are held. */
  | (Gate & { readonly kind: 'recreate'; readonly holdMs: number; readonly minReadyMs: number });

export type Until = 'time' | 'evidence';

export interface SmokeRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly times: number;
  readonly expect: { readonly status: readonly number[]; readonly body: string | undefined; readonly withinMs: number };
}

/** What a check that has failed does: to the rollout where it is critical, by its own word else. */
export type CheckAction = 'rollback' | 'previous' | 'hold' | 'warn';

export type RolloutCheck = { readonly name: string; readonly onFail: CheckAction } & CheckKind;

export type CheckKind =
  /** Failed requests of the canary against those of the baseline at the same time: more than `ratio` times as many fail the check. */
  | { readonly kind: 'errors'; readonly ratio: number; readonly absolute: number | undefined }
  /** The time until the head of the response: a canary slower by more than `ratio` fails. */
  | { readonly kind: 'latency'; readonly ratio: number }
  /** Clients that give up (499); in both directions. */
  | { readonly kind: 'gave-up'; readonly ratio: number }
  /** Statuses of 400 to 499; in both directions. */
  | { readonly kind: 'client-errors'; readonly ratio: number }
  /** Over the last `overMs` more than `max` of the requests failed, of the canary (`of: both`: of both, which holds). 0 to 1. */
  | { readonly kind: 'error-rate'; readonly max: number; readonly overMs: number }
  /** Over the last `overMs` the quantile of the time until the head is beyond `maxMs`. */
  | { readonly kind: 'slow'; readonly quantile: number; readonly maxMs: number; readonly overMs: number }
  /** A good event, such as a purchase: the canary may have fewer by `worseThan` (0.05 = 5 %) at most. */
  | { readonly kind: 'event'; readonly source: EventSource; readonly worseThan: number }
  /** A value per user, told by `POST /v1/events`. */
  | { readonly kind: 'value'; readonly event: string; readonly worseThan: number; readonly cap: number }
  | {
      readonly kind: 'prometheus';
      readonly address: string;
      readonly query: string;
      readonly max: number | undefined;
      readonly min: number | undefined;
      readonly forMs: number;
      readonly intervalMs: number;
      readonly timeoutMs: number;
      readonly whenGone: 'hold' | 'rollback';
    }
  | {
      readonly kind: 'webhook';
      readonly url: string;
      readonly intervalMs: number;
      readonly timeoutMs: number;
      readonly failures: number;
      readonly secret: unknown;
      readonly whenGone: 'hold' | 'rollback';
    }
  /** An alarm of this name was told by `POST /v1/alarms`, and has not ended. */
  | { readonly kind: 'alarm'; readonly alertname: string }
  /** The verdict of comparing the canary as the shadow of this mirror. */
  | { readonly kind: 'comparison'; readonly mirror: string };

export type EventSource =
  | { readonly kind: 'response-header'; readonly name: string }
  | { readonly kind: 'route'; readonly route: string }
  | { readonly kind: 'told'; readonly event: string };

export type HookMoment = 'start' | 'step' | 'endpoint' | 'promote' | 'rollback' | 'hold' | 'end';

export interface RolloutHook {
  readonly on: readonly HookMoment[];
  readonly url: string;
  /** Of the signature; as the Config keeps secrets. */
  readonly secret: { readonly kind: 'env' | 'file'; readonly name: string } | undefined;
  readonly timeoutMs: number;
  readonly retries: number;
  /** Whether the rollout waits for a 2xx and fails without one; false: it is told and goes on. */
  readonly required: boolean;
}

export interface RolloutBreaker {
  /** Rollouts of a pool that failed one after the other, without one that succeeded, that block the next; 0 = never. */
  readonly failures: number;
  readonly blockForMs: number;
}
