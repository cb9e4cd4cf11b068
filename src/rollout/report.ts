// One document for the post-mortem: what was done, on what evidence, and whom it met.

import type { CheckVerdict, HistoryLine, RolloutState, RolloutStatus } from './model.ts';
import { countedSince } from './segments.ts';

export interface RolloutReport {
  readonly id: string;
  readonly pool: string;
  readonly baseline: string;
  readonly canary: string;
  readonly template: string;
  readonly author: string;
  readonly reason: string;
  readonly status: RolloutStatus;
  readonly why: string;
  readonly startedWallMs: number;
  readonly endedWallMs: number | undefined;
  /** Weights before it, and those that it set last. */
  readonly before: Readonly<Record<string, number>>;
  readonly after: Readonly<Record<string, number>>;
  readonly checks: readonly ({ readonly name: string; readonly critical: boolean } & CheckVerdict)[];
  /** Requests that were counted while versions were compared, of the last epoch. */
  readonly exposed: { readonly requests: number; readonly failed: number };
  /** How often it was tried, and what is left of alpha. */
  readonly tries: number;
  readonly alpha: number;
  readonly history: readonly HistoryLine[];
}

export function report(state: RolloutState): RolloutReport {
  const { canary } = countedSince(state, state.epochSegment);
  const { template } = state;
  return {
    id: state.id,
    pool: state.pool,
    baseline: state.baseline,
    canary: state.canary,
    template: template.name,
    author: state.author,
    reason: state.reason,
    status: state.status,
    why: state.why,
    startedWallMs: state.startedWallMs,
    endedWallMs: state.endedWallMs,
    before: state.before,
    after: state.wanted,
    checks: template.checks.flatMap(({ name, critical }) => {
      const verdict = state.verdicts[name];
      return verdict === undefined ? [] : [{ name, critical, ...verdict }];
    }),
    exposed: { requests: canary.finished, failed: canary.errors },
    tries: state.epoch + 1,
    alpha: template.alpha * state.alphaShare,
    history: state.history,
  };
}
