// What follows when a time is over: that of the exchange, of a response, of a hold, or of a side that neither sends nor takes.

import type { Deadline } from '../../lib/deadlines.ts';
import { CANARY } from '../../telemetry/evidence-layout.ts';
import { OUTCOME } from '../../telemetry/outcomes.ts';
import type { ExchangeControl } from '../exchange-control.ts';
import type { ExchangeState } from '../exchange-state.ts';
import { tellGivenUp } from './end-attempt.ts';
import { countHang } from './count-evidence.ts';
import { leaveHanging } from './leave-halted.ts';
import { reply } from './local-reply.ts';
import { retry } from './retry.ts';
import { quietMsOf } from './start-attempt.ts';

/** A clock that is set again runs for a whole number of such parts: few durations share the timer of a worker well. */
const PARTS_OF_STALL = 8;
const STALLED = -1;

export function timeOut(exchange: ExchangeControl, deadline: Deadline): void {
  const { state } = exchange;
  if (deadline === state.holdDeadline) return endHold(exchange);
  if (deadline === state.responseDeadline) return endWait(exchange);
  if (deadline === state.hangDeadline) return endPatience(exchange);
  tellGivenUp(exchange, 'late');
  if (state.responded) exchange.abort(OUTCOME.exchange_timeout);
  else reply(exchange, OUTCOME.exchange_timeout);
}

/** The client neither sent nor took a byte for the time of a stall. Bytes that move the other way keep the exchange alive. */
export function stall(exchange: ExchangeControl): void {
  const { state } = exchange;
  const leftMs = untilStalled(exchange, state.attempt.version!.settings.stallMs);
  if (leftMs !== STALLED) state.downstream!.watchProgress(leftMs);
  else if (!state.responded && !state.body.done) reply(exchange, OUTCOME.downstream_stalled);
  else exchange.abort(OUTCOME.downstream_stalled);
}

/** A connection that is being made just now may still come through. */
function endHold(exchange: ExchangeControl): void {
  const { attempt } = exchange.state;
  attempt.holdOver = true;
  if (attempt.connection === undefined) reply(exchange, OUTCOME.no_endpoint);
}

/** The bound of what is slow has passed without a head. */
function endPatience(exchange: ExchangeControl): void {
  const { state } = exchange;
  countHang(state);
  if (state.assignment.arm === CANARY) leaveHanging(exchange);
}

/** The upstream is late with a head, or in the middle of a body; without a connection it is the line for one that takes too long. */
function endWait(exchange: ExchangeControl): void {
  const { state } = exchange;
  const { connection } = state.attempt;
  if (connection === undefined) return reply(exchange, OUTCOME.overload);
  const isStall = state.responded || state.clientPaused;
  if (isStall && keepWatching(exchange)) return;
  if (state.events !== undefined) return state.events.quiet();
  if (state.responded) return exchange.abort(isClients(state) ? OUTCOME.downstream_stalled : OUTCOME.upstream_stalled);
  tellGivenUp(exchange, 'late');
  connection.destroy();
  retry(exchange, connection, isStall ? OUTCOME.upstream_stalled : OUTCOME.response_timeout);
}

/** Whether something moves the other way, or it is the client who has to take what there is: its own clock runs. */
function keepWatching(exchange: ExchangeControl): boolean {
  const { state, context } = exchange;
  const leftMs = state.unflushed ? state.attempt.version!.settings.stallMs : untilStalled(exchange, quietMsOf(state));
  if (leftMs !== STALLED) context.deadlines.arm(state.responseDeadline, leftMs);
  return leftMs !== STALLED;
}

/** Whether the client has yet to send of its body, and may: then the upstream can be waiting for it. */
function isClients({ body, clientPaused }: ExchangeState): boolean {
  return !body.done && !clientPaused;
}

/** How long until no byte has moved for the time of a stall, a little more rather than less; 0 = no limit, as when a reload has lifted it. */
function untilStalled({ state, context }: ExchangeControl, stallMs: number): number {
  if (stallMs === 0) return 0;
  const leftMs = state.movedMs + stallMs - context.deadlines.atMs;
  const part = Math.ceil(stallMs / PARTS_OF_STALL);
  return leftMs <= 0 ? STALLED : Math.ceil(leftMs / part) * part;
}
