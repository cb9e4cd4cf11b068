// One look at a rollout while it is worked out: the state as far as it has come, and what is to be told. It never leaves this room.

import type { HistoryLine, Instant, RolloutState } from './model.ts';
import type { Seen } from './seen.ts';

export const MAX_HISTORY = 200;
/** What Sluice does by itself. */
export const OURSELVES = 'sluice';
const MAX_TOLD_LENGTH = 500;

/** Of a rollout that moves several pools together. */
export interface Company {
  /** So many share its alpha; 1 = it is alone. */
  readonly pools: number;
  /** A person must decide about one of them: nothing waits any longer meanwhile. */
  readonly stands: boolean;
  /** What the others lack for the next step, so that this one does not take it; undefined: nothing. */
  readonly waitsFor: string | undefined;
}

export const ALONE: Company = { pools: 1, stands: false, waitsFor: undefined };

export interface Turn {
  state: RolloutState;
  readonly seen: Seen;
  readonly instant: Instant;
  readonly company: Company;
  readonly told: HistoryLine[];
}

export function change(turn: Turn, to: Partial<RolloutState>): void {
  turn.state = { ...turn.state, ...to };
}

/** Adds a line to the history, of which the oldest lines go. */
export function tell(turn: Turn, what: string, author = OURSELVES): void {
  const line = { wallMs: turn.instant.wallMs, what: what.slice(0, MAX_TOLD_LENGTH), author };
  turn.told.push(line);
  change(turn, { history: withLine(turn.state.history, line) });
}

export function withLine(history: readonly HistoryLine[], line: HistoryLine): readonly HistoryLine[] {
  return [...history, line].slice(-MAX_HISTORY);
}

/** Says why the status is what it is. */
export function explain(turn: Turn, why: string): void {
  if (turn.state.why !== why) change(turn, { why });
}
