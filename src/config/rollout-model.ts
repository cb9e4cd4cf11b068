// Templates of rollouts as the Config has them: plain data, defaults filled in. Durations are milliseconds, shares 0 to 1.
// Long because the whole grammar stands on one page, without any code.

import type { Field, SecretSource } from './secret.ts';

export interface RolloutTemplate {
  readonly name: string;
  readonly strategy: RolloutStrategy;
  /** At least one, at most MAX_STEPS; the strategy's own where the file writes none. */
  readonly steps: readonly RolloutStep[];
  /** At least one, at most MAX_CHECKS; the defaults where the file writes none. Their names are unique. */
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
  /** It starts and takes steps forward only while one of them is open; none: always. What takes back never waits for one. */
  readonly windows: readonly RolloutWindow[];
}

/** Each week at these times of the clocks on its place, also on days on which they are changed. */
export interface RolloutWindow {
  /** 1 = Monday to 7 = Sunday, in order; at least one. */
  readonly days: readonly number[];
  /** Minutes since midnight: from 0, and after it until 1440 at most. */
  readonly fromMinute: number;
  readonly toMinute: number;
  /** As the time zone database names it. */
  readonly timezone: string;
}

export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
/** That one rollout moves together. */
export const MAX_POOLS = 16;
export const MAX_WINDOWS = 32;
export const MAX_TEMPLATES = 200;
export const MAX_STEPS = 32;
export const MAX_CHECKS = 16;
/** Checks of kind `event`, `redirects`, `empty-bodies` and `small-bodies` of one template: the data plane counts them by position. */
export const MAX_EVENTS = 8;
/** Checks of kind `value` of one template: each keeps a number for each user. */
export const MAX_VALUES = 4;
export const MAX_HOOKS = 8;
/** Of one smoke step. */
export const MAX_SMOKE_REQUESTS = 16;

export const STRATEGIES = ['canary', 'blue-green', 'rolling', 'recreate', 'ab-test'] as const;
export type RolloutStrategy = (typeof STRATEGIES)[number];

/** previous: back to the step before; hold: nothing moves until somebody decides. */
export type OnFail = 'rollback' | 'previous' | 'hold';

/** How a gate ends whose time is up. */
type OnTimeout = 'hold' | 'rollback' | 'continue';

/** Plain data in the words of the YAML. */
type Written = Readonly<Record<string, unknown>>;

/** A step that waits for something, and for how long at most, counted from its start. */
export interface Gate {
  readonly atMostMs: number;
  readonly onTimeout: OnTimeout;
}

export type RolloutStep = SmokeStep | MirrorStep | CohortStep | WeightStep | ApproveStep | WatchStep | ReplaceStep | RecreateStep;

/** Requests straight to the canary before any user; all must be as expected. */
interface SmokeStep extends Gate {
  readonly kind: 'smoke';
  readonly requests: readonly SmokeRequest[];
}

/** Copies of requests for the canary, for `forMs`; `verdict`: until the comparison has passed as well. The mirror goes with the step. */
export interface MirrorStep extends Gate {
  readonly kind: 'mirror';
  /** In the words of the grammar, defaults filled in, without its name and where it leads. */
  readonly mirror: Written;
  readonly forMs: number;
  readonly until: 'verdict' | 'time';
}

/** An override sends a cohort to the canary, for `forMs`, and stays until the rollout ends. */
interface CohortStep extends Gate {
  readonly kind: 'cohort';
  readonly name: string;
  /** In the words of the grammar, without its name and where it leads: `{ header: { name: x-staff, value: yes } }`. */
  readonly override: Written;
  readonly forMs: number;
}

/**
 * The canary's share of baseline and canary together. It holds for `forMs` and, with `evidence`, until every critical check is shown to be
 * harmless at this weight; with `winner`, until an event check says which version is better: whichever is later.
 */
export interface WeightStep extends Gate {
  readonly kind: 'weight';
  /** Above 0, at most 1. */
  readonly share: number;
  readonly forMs: number;
  /** The share rises over so long, in parts, from the one before; 0 = at once. */
  readonly rampMs: number;
  readonly until: Until;
}

export type Until = 'time' | 'evidence' | 'winner';

interface ApproveStep extends Gate {
  readonly kind: 'approve';
  readonly by: 'operator' | 'admin';
  readonly notStarter: boolean;
}

/** After promotion: checks go on. `holdback`: share that the baseline keeps; 0 = none. */
interface WatchStep {
  readonly kind: 'watch';
  readonly forMs: number;
  readonly holdback: number;
}

/**
 * The endpoints of the version are replaced in place, a batch after the other: drained, the `endpoint` hooks, ready again for `minReadyMs`.
 * `atMostMs` is the time of one batch.
 */
export interface ReplaceStep extends Gate {
  readonly kind: 'replace';
  /** Share of the endpoints that are replaced at once, above 0; at least one endpoint is. */
  readonly batch: number;
  /** Share of the endpoints that may be not ready, those of the batch among them; at least one endpoint may. */
  readonly maxUnavailable: number;
  readonly minReadyMs: number;
}

/** All endpoints are drained, the `endpoint` hooks run, requests wait where the pool holds them; ready again for `minReadyMs`. */
export interface RecreateStep extends Gate {
  readonly kind: 'recreate';
  readonly minReadyMs: number;
}

export interface SmokeRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  /** Undefined: the address of the endpoint. */
  readonly host: string | undefined;
  readonly headers: readonly Field[];
  readonly times: number;
  readonly expect: { readonly status: readonly number[]; readonly body: string | undefined; readonly withinMs: number };
}

/** What a check that has failed does. */
export type CheckAction = OnFail | 'warn';

export type RolloutCheck = {
  readonly name: string;
  /** A step `until: evidence` waits until it is shown to be harmless, and it has a part of alpha. */
  readonly critical: boolean;
  readonly onFail: CheckAction;
} & CheckKind;

export type CheckKind =
  /**
   * Failed requests of the canary against those of the baseline at the same time: more than `ratio` times as many fail the check. Harmless when
   * the ratio is ruled out, or a share of failures more than `absolute` above that of the baseline; undefined: the ratio alone.
   */
  | { readonly kind: 'errors'; readonly ratio: number; readonly absolute: number | undefined }
  /** The time until the head of the response: a canary slower by more than `ratio` fails. */
  | { readonly kind: 'latency'; readonly ratio: number }
  /** Clients that give up (499); in both directions. */
  | { readonly kind: 'gave-up'; readonly ratio: number }
  /** Statuses of 400 to 499; in both directions. */
  | { readonly kind: 'client-errors'; readonly ratio: number }
  /** Statuses of 300 to 399; in both directions. */
  | { readonly kind: 'redirects'; readonly ratio: number }
  /** Responses of 200 to 299 whose head says that there is no body; in both directions. */
  | { readonly kind: 'empty-bodies'; readonly ratio: number }
  /** Responses of 200 to 299 whose body is much smaller (a quarter) than the baseline's usually are for such a path; in both directions. */
  | { readonly kind: 'small-bodies'; readonly ratio: number }
  /** Over the last `overMs` more than `max` of the canary's requests failed; 0 to 1. Where the baseline's did as well, the rollout holds. */
  | { readonly kind: 'error-rate'; readonly max: number; readonly overMs: number }
  /** Over the last `overMs` the quantile of the time until the head is beyond `maxMs`, likewise. */
  | { readonly kind: 'slow'; readonly quantile: 0.5 | 0.9 | 0.99; readonly maxMs: number; readonly overMs: number }
  /** A good event, such as a purchase: the canary may have fewer by `worseThan` (0.05 = 5 %) at most; above 0, below 1. */
  | { readonly kind: 'event'; readonly source: EventSource; readonly worseThan: number }
  /** A value per user, 0 or more; `cap` is the most that counts of one user. */
  | { readonly kind: 'value'; readonly source: ValueSource; readonly worseThan: number; readonly cap: number }
  | PrometheusCheck
  | WebhookCheck
  /** An alarm of this name was told by `POST /v1/alarms`, and has not ended. */
  | { readonly kind: 'alarm'; readonly alertname: string }
  /** The verdict of comparing the canary as the shadow of this mirror of the pool. */
  | { readonly kind: 'comparison'; readonly mirror: string };

/** Of each of these the judge asks only of which version an event was. */
export const LABEL_KINDS = [
  'errors',
  'latency',
  'gave-up',
  'client-errors',
  'redirects',
  'empty-bodies',
  'small-bodies',
  'event',
] as const satisfies readonly CheckKind['kind'][];

interface PrometheusCheck {
  readonly kind: 'prometheus';
  /** `http://…` or `https://…`, without a slash at its end. */
  readonly address: string;
  /** One number. `{{pool}}`, `{{baseline}}` and `{{canary}}` stand for names. */
  readonly query: string;
  readonly max: number | undefined;
  readonly min: number | undefined;
  /** For so long it must be outside of its bounds to fail. */
  readonly forMs: number;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly whenGone: 'hold' | 'rollback';
}

interface WebhookCheck {
  readonly kind: 'webhook';
  readonly url: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Refusals in a row that fail the check. */
  readonly failures: number;
  readonly secret: SecretSource | undefined;
  readonly whenGone: 'hold' | 'rollback';
}

export type EventSource =
  /** Responses that have this field; lower case. */
  | { readonly kind: 'response-header'; readonly name: string }
  /** Requests of this route that succeed. */
  | { readonly kind: 'route'; readonly route: string }
  /** `POST /v1/events`. */
  | { readonly kind: 'told'; readonly event: string };

/** What the data plane counts for checks of events: statuses and bodies as well, which nobody has to name. */
export type CountedEvent = EventSource | { readonly kind: 'redirects' | 'empty-bodies' | 'small-bodies' };

/** Where the values of users come from: as those of events, with a number. */
export type ValueSource = Extract<EventSource, { kind: 'response-header' | 'told' }>;

export const HOOK_MOMENTS = ['start', 'step', 'approve', 'endpoint', 'promote', 'rollback', 'hold', 'end'] as const;
export type HookMoment = (typeof HOOK_MOMENTS)[number];

export interface RolloutHook {
  readonly on: readonly HookMoment[];
  readonly url: string;
  /** Of the signature. */
  readonly secret: SecretSource | undefined;
  readonly timeoutMs: number;
  readonly retries: number;
  /** Whether the rollout waits for a 2xx and fails without one; false: it is told and goes on. Hooks on `endpoint` are always waited for. */
  readonly required: boolean;
}

export interface RolloutBreaker {
  /** Rollouts of a pool that failed one after the other, without one that succeeded, that block the next; 0 = never. */
  readonly failures: number;
  readonly blockForMs: number;
}
