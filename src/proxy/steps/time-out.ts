// What follows when a time is over: that of the exchange, of a response, of a hold, or of a client that neither sends nor takes.

import type { Deadline } from '../../lib/deadlines.ts';
import { OUTCOME } from '../../telemetry/outcomes.ts';
import type { ExchangeControl } from '../exchange-control.ts';
import { tellGivenUp } from './end-attempt.ts';
import { reply } from './local-reply.ts';
import { retry } from './retry.ts';

export function timeOut(exchange: ExchangeControl, deadline: Deadline): void {
  const { state } = exchange;
  if (deadline === state.holdDeadline) return endHold(exchange);
  const isResponse = deadline === state.responseDeadline;
  tellGivenUp(exchange, 'late');
  if (state.responded) exchange.abort(isResponse ? OUTCOME.response_timeout : OUTCOME.exchange_timeout);
  else if (isResponse) endWait(exchange);
  else reply(exchange, OUTCOME.exchange_timeout);
}

/** The client neither sent nor took a byte for the listener's idle timeout. */
export function stall(exchange: ExchangeControl): void {
  const { state } = exchange;
  if (!state.responded && !state.body.done) reply(exchange, OUTCOME.request_timeout);
  else exchange.abort(OUTCOME.downstream_closed);
}

/** A connection that is being made just now may still come through. */
function endHold(exchange: ExchangeControl): void {
  const { attempt } = exchange.state;
  attempt.holdOver = true;
  if (attempt.connection === undefined) reply(exchange, OUTCOME.no_endpoint);
}

/** Without a connection it has waited in line for one. */
function endWait(exchange: ExchangeControl): void {
  const { connection } = exchange.state.attempt;
  if (connection === undefined) return reply(exchange, OUTCOME.overload);
  connection.destroy();
  retry(exchange, connection, OUTCOME.response_timeout);
}
