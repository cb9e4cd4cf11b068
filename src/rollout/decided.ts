// Why a rollout is held, and what was decided about it. Plain data, kept with its state.

/** check: one failed whose word is hold. */
export const HOLD_REASONS = ['timeout', 'check', 'smoke', 'hook', 'both', 'uneven', 'cold', 'no-data', 'frozen', 'window'] as const;
export type HoldReason = (typeof HOLD_REASONS)[number];

/** A person must decide. The others end by themselves. */
export const DECIDED_BY_PEOPLE: ReadonlySet<HoldReason> = new Set<HoldReason>(['timeout', 'check', 'smoke', 'hook']);

export const DECISIONS = ['pause', 'resume', 'promote', 'abort', 'approve', 'retry', 'supersede'] as const;
/** That are remembered. */
export const MAX_DECIDED = 64;

/** What was decided, and where the rollout stood before. */
export interface Decided {
  readonly what: (typeof DECISIONS)[number];
  readonly epoch: number;
  readonly step: number;
  readonly resumed: number;
  readonly held: HoldReason | undefined;
  readonly author: string;
  /** The beginning of it; empty when none was given. */
  readonly reason: string;
  readonly wallMs: number;
}
