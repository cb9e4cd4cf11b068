// What becomes of requests that are on a canary when it is halted: those that it fails, holds, or lets wait beyond the bound go to the
// baseline, as far as they may be sent again (RFC 9110, section 9.2.2), whatever the pool says of retries. They are as many as were under way.

import { isIdempotent } from '../../http/method.ts';
import { REASON_OVERRIDE, REASON_ROUTE } from '../../routing/choice.ts';
import { OUTCOME } from '../../telemetry/outcomes.ts';
import type { ExchangeControl } from '../exchange-control.ts';
import type { ExchangeState } from '../exchange-state.ts';
import type { Versioned } from '../versioned.ts';

/** How often a request that hangs is looked at, in case the canary is halted meanwhile. */
const LOOK_MS = 100;

/** Index of the baseline, where the exchange is on a canary that is halted and the baseline may respond in its place; else -1. */
export function haltBaselineOf({ choice, destination, serving }: Versioned): number {
  const servedPool = serving!.pools[destination!.pool.index]!;
  const { evidence } = servedPool;
  if (evidence === undefined || !evidence.signals.halted || choice.version!.index !== evidence.canary) return -1;
  // A client that asks for a version outright wants to know how it fares.
  if (choice.reason === REASON_ROUTE || choice.reason === REASON_OVERRIDE) return -1;
  return servedPool.ready(evidence.baseline) ? evidence.baseline : -1;
}

/** Whether the request, of which the canary may have something if it was `sent`, goes to the baseline. */
export function leavesHalted(state: ExchangeState, sent: boolean): boolean {
  if (state.responded || (sent && !(state.replayable && isIdempotent(state.head.method)))) return false;
  return haltBaselineOf(state) >= 0;
}

/** The bound has passed without a head. */
export function leaveHanging(exchange: ExchangeControl): void {
  const { state, context } = exchange;
  const { connection } = state.attempt;
  if (!leavesHalted(state, connection?.sent === true)) return context.deadlines.arm(state.hangDeadline, LOOK_MS);
  if (connection === undefined) return void exchange.onStillHeld();
  connection.destroy();
  exchange.onUpstreamFailure(connection, OUTCOME.response_timeout);
}
