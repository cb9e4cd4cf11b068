// What a connection that is passed through says about its version. For that it is an exchange, which has ended with the first byte of the
// upstream, with an end of the upstream before that, or with the client's. How long it lives after that says nothing.

import { OUTCOME } from '../../telemetry/outcomes.ts';
import type { Outcome } from '../../telemetry/outcomes.ts';
import type { ProxyContext } from '../context.ts';
import { countFirstByte, endUntold } from '../steps/count-evidence.ts';
import type { PassedState } from './passed-state.ts';

/** Call it once for each that was open. */
export function settle(state: PassedState, outcome: Outcome, context: ProxyContext): void {
  const { attempt, firstByteMs, assignment } = state;
  const version = attempt.version!;
  const isFailed = outcome !== OUTCOME.ok && outcome.source === 'upstream';
  const durationMs = context.deadlines.refresh() - attempt.versionSinceMs;
  state.outcome = outcome;
  version.counters.attempted(outcome.index);
  version.counters.measured(durationMs, firstByteMs < 0 ? -1 : durationMs);
  if (firstByteMs >= 0) version.succeeded(attempt.endpoint!);
  if (isFailed) blame(state, outcome);
  if (assignment.writer === undefined) return;
  if (firstByteMs >= 0) countFirstByte(state);
  endUntold(state, isFailed);
}

/** The upstream has reset one that was settled already: that is a failure of it, and no evidence, which has been counted. */
export function breakOff(state: PassedState): void {
  state.outcome = OUTCOME.upstream_reset;
  blame(state, OUTCOME.upstream_reset);
}

/** It was never open. */
export function settleUnopened(state: PassedState, outcome: Outcome, context: ProxyContext): void {
  const { version, versionSinceMs } = state.attempt;
  state.outcome = outcome;
  if (version === undefined) return;
  const isFailed = outcome.source !== 'downstream';
  version.counters.ended(context.deadlines.refresh() - versionSinceMs);
  if (isFailed) version.counters.failed();
  if (state.assignment.writer !== undefined) endUntold(state, isFailed);
}

function blame({ attempt }: PassedState, outcome: Outcome): void {
  attempt.version!.counters.failed();
  attempt.endpoint!.counters.failed();
  attempt.version!.failed(attempt.endpoint!, outcome);
}
