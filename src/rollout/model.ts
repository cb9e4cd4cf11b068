// What a rollout is: its state as it is kept, the evidence in it, what it wants of the world. Plain data, as JSON.

import type { LabelState } from '../analysis/label-evidence.ts';
import type { HookMoment, RolloutTemplate } from '../config/rollout-model.ts';
import type { Decided, HoldReason } from './decided.ts';

export const STATUSES = [
  'pending',
  'running',
  'paused',
  'held',
  'promoting',
  'watching',
  'succeeded',
  'rolled-back',
  'aborted',
  'superseded',
  'failed',
] as const;

export type RolloutStatus = (typeof STATUSES)[number];

/** A rollout that has ended stays as it ended. */
export const ENDED: ReadonlySet<RolloutStatus> = new Set<RolloutStatus>(['succeeded', 'rolled-back', 'aborted', 'superseded', 'failed']);

/** Of the form in which a state is kept; another one is not obeyed. */
export const STATE_FORM = 1;

/** Wall time, in milliseconds since the epoch, is for people; what is decided goes by `ranMs`, which only moves while Sluice runs. */
export interface Instant {
  readonly wallMs: number;
  /** Monotonic, of this process. */
  readonly nowMs: number;
}

/** Of one pool; kept whole in the store after each change. A rollout of several pools has one of each, with the group's name, in one note. */
export interface RolloutState {
  readonly form: typeof STATE_FORM;
  readonly id: string;
  readonly pool: string;
  readonly baseline: string;
  /** The same as `baseline` where endpoints are replaced in place. */
  readonly canary: string;
  /** As it was when the rollout started: a later edit of the template changes nothing. */
  readonly template: RolloutTemplate;
  /** The split of the pool before the rollout; a rollback sets it again. */
  readonly before: Readonly<Record<string, number>>;
  /** The salt of the canary's keyed choices; drawn when the rollout starts on a canary of weight 0. */
  readonly salt: string | undefined;
  readonly group: string | undefined;
  readonly author: string;
  readonly reason: string;
  readonly startedWallMs: number;
  readonly endedWallMs: number | undefined;
  readonly status: RolloutStatus;
  /** Whether its hooks on the start are done. */
  readonly started: boolean;
  /** Position in the template's steps; their number when all are done. */
  readonly step: number;
  /** Whether the step has begun: its hooks are done, and it is asserted. */
  readonly begun: boolean;
  /** Milliseconds for which the step has run, since it began, while Sluice ran; a jump of the clock or a pause of the process adds nothing. */
  readonly stepRanMs: number;
  /** Monotonic, when it was last looked at; of the process that looked. */
  readonly tickedMs: number;
  /** Since the canary's first request of the epoch; undefined before it. */
  readonly warmRanMs: number | undefined;
  /** Why the status is `held`. */
  readonly held: HoldReason | undefined;
  /** How often somebody has resumed it: held again for the same reason it is held anew. */
  readonly resumed: number;
  /** Somebody has said that it need not wait for a window of its template. */
  readonly forced: boolean;
  /** What it goes back for, as soon as the baseline can take it. */
  readonly leaving: Leaving | undefined;
  /** Steps from which it has gone back once (`onFail: previous`). */
  readonly wentBack: readonly number[];
  /** Steps that somebody passed over, or ended before their time. */
  readonly skipped: readonly number[];
  /** Of a step `replace` or `recreate`. */
  readonly replacing: Replacing | undefined;
  /**
   * Weights of the whole pool that were last asserted with success (`applied` of RolloutCommand), and those that are wanted. Whatever else the
   * pool has means that somebody else changed it.
   */
  readonly applied: Readonly<Record<string, number>>;
  readonly wanted: Readonly<Record<string, number>>;
  /** Grows with each step, retry, change of weights and start of the process: the evidence of one weight. */
  readonly segment: number;
  /** The first one of the step, and of the epoch: evidence of earlier epochs counts no more. */
  readonly stepSegment: number;
  readonly epochSegment: number;
  /** The first one after the warmup: what was counted before is not compared. */
  readonly judgedSegment: number;
  /** Segments up to this one are added up in `evidence` for good. */
  readonly foldedSegment: number;
  readonly epoch: number;
  /** Spent of alpha by retries: 1, 1/2, 1/4 … */
  readonly alphaShare: number;
  /** Counts of the epoch that were judged when the state was kept: what a restart goes on from. */
  readonly evidence: readonly SegmentEvidence[];
  /** What the judge of each check remembers beside the counts, by name. */
  readonly judged: Readonly<Record<string, Judged>>;
  readonly verdicts: Readonly<Record<string, CheckVerdict>>;
  /** Gates that somebody opened, hooks that were done, smoke requests that passed: by name. */
  readonly done: Readonly<Record<string, EffectResult>>;
  /** What people and programs decided, newest last; bounded. */
  readonly decided: readonly Decided[];
  /** Why the status is what it is: one sentence for people. */
  readonly why: string;
  /** Newest last; bounded. */
  readonly history: readonly HistoryLine[];
}

export interface Leaving {
  readonly as: 'rolled-back' | 'aborted';
  readonly author: string;
  readonly why: string;
}

export interface Replacing {
  /** Endpoints by key: those that are done, and those of this batch. */
  readonly done: readonly string[];
  readonly batch: readonly string[];
  /** drain: until nothing is in flight; hook: until the hooks are done; ready: until they have been ready for long enough. */
  readonly phase: 'drain' | 'hook' | 'ready';
  readonly readyMs: number;
}

export interface HistoryLine {
  readonly wallMs: number;
  readonly what: string;
  readonly author: string;
}

export interface Judged {
  /** Of each test of the check, so that it goes on where it was. */
  readonly tests: readonly LabelState[];
  /** Shown once in an epoch, and in a step: that does not become untrue. */
  readonly failed: boolean;
  readonly harmless: boolean;
}

/** Cumulative counts of one weight of one epoch. */
export interface SegmentEvidence {
  readonly segment: number;
  /** The canary's share of baseline and canary when the choice was made; above 0, below 1. */
  readonly share: number;
  readonly baseline: ArmCounts;
  readonly canary: ArmCounts;
}

/** Of requests whose version chance chose, each charged to the version that was drawn and tried. */
export interface ArmCounts {
  /** When the version was drawn; of users with a key the first request of the rollout alone. */
  /** Drawn for the arm; a user with a key once in the rollout. */
  readonly assigned: number;
  /** Those whose request has ended; a user once in the segment, until it has failed: the denominator of `errors`. */
  readonly finished: number;
  readonly errors: number;
  /** Slower than the bound of the moment at p50, p90 and p99 (the canary's times divided by the check's ratio). */
  readonly slow: readonly [number, number, number];
  readonly gaveUp: number;
  readonly clientErrors: number;
  /** By position of the template's checks of kind `event`; at most 8. */
  readonly events: readonly number[];
  /** The same of checks of kind `value`: of the values per user, cut off at the check's cap, the sum and that of their squares. */
  readonly values: readonly (readonly [sum: number, squares: number])[];
}

export interface CheckVerdict {
  readonly verdict: 'pass' | 'fail' | 'inconclusive' | 'no-data';
  /** 0 to 1: how far the evidence has come towards `fail` and towards `harmless`; log E over the log of its bound. */
  readonly towards: { readonly fail: number; readonly harmless: number };
  readonly counts: { readonly baseline: readonly [events: number, of: number]; readonly canary: readonly [events: number, of: number] };
  /** Of the ratio canary to baseline, where there is one. */
  readonly interval: readonly [low: number, high: number] | undefined;
  /** About so many more requests of the canary until there is a verdict; undefined where nobody knows. */
  readonly needs: number | undefined;
  /** Part of the canary's bad events that one user had, at least; undefined where no user is known. */
  readonly topUserShare: number | undefined;
  readonly sentence: string;
}

/** What the world is to be like: asserted at every tick until it is so. */
export interface Wants {
  /** Of the whole pool; undefined: they stay as they are. */
  readonly weights: Readonly<Record<string, number>> | undefined;
  readonly salt: string | undefined;
  /** Cohorts and smoke: overrides by name, as YAML would say; others of the rollout's name are removed. */
  readonly overrides: Readonly<Record<string, unknown>>;
  readonly mirrors: Readonly<Record<string, unknown>>;
  /** Endpoints of `canary` that are to be drained, by key (rolling). */
  readonly drained: readonly string[];
  /** Where users that have a version already are moved with the weights. */
  readonly moveUsers: boolean;
  /** Effects that must have a result before the step goes on: begun once, repeated after a crash. */
  readonly effects: readonly Effect[];
  readonly counting: boolean;
  /** Nothing is left to do: it needs no ticks any more. */
  readonly settled: boolean;
}

export type Effect =
  | {
      readonly name: string;
      readonly kind: 'hook';
      /** Position in the template's hooks. */
      readonly hook: number;
      readonly moment: HookMoment;
      /** By its key, of the moment `endpoint`. */
      readonly endpoint: string | undefined;
    }
  | { readonly name: string; readonly kind: 'smoke'; readonly step: number };

export interface EffectResult {
  readonly ok: boolean;
  readonly sentence: string;
}

export type RolloutCommand =
  | { readonly kind: 'pause' | 'abort'; readonly author: string; readonly reason: string }
  /** `force`: also while no window of the template is open, from here to the end. */
  | { readonly kind: 'resume' | 'promote'; readonly author: string; readonly reason: string; readonly force?: boolean }
  /** `salt`: drawn anew. */
  | { readonly kind: 'retry'; readonly author: string; readonly reason: string; readonly force?: boolean; readonly salt: string }
  | { readonly kind: 'approve'; readonly author: string; readonly role: 'operator' | 'admin'; readonly reason: string }
  | { readonly kind: 'supersede'; readonly author: string; readonly reason: string }
  | { readonly kind: 'effect'; readonly name: string; readonly result: EffectResult }
  /** The wanted weights are in force on all workers. */
  | { readonly kind: 'applied'; readonly weights: Readonly<Record<string, number>> }
  /** A process takes up a state that was kept: what it counts from now on is a segment of its own. */
  | { readonly kind: 'taken-up' };
