// The request as it comes in: its first bytes begin the exchange, the others follow as its body. What cannot be passed on is refused here,
// before anything is spent on it.

import { BODY_STREAM } from '../../http/body-kind.ts';
import { latin1 } from '../../lib/latin1.ts';
import { OUTCOME } from '../../telemetry/outcomes.ts';
import type { Outcome } from '../../telemetry/outcomes.ts';
import { TEXT_BYTES } from '../../upstream/protocol/http1-connection.ts';
import type { ExchangeControl } from '../exchange-control.ts';
import type { ExchangeState } from '../exchange-state.ts';
import { reply } from './local-reply.ts';
import { route } from './route.ts';
import { endBody, keepLentBody, sendBody } from './start-attempt.ts';

/** Starts on the head in the state. `bytes` from `from` to `to` follow it; `ended`: with them it is over. Returns where this request ends in them. */
export function receiveRequest(exchange: ExchangeControl, bytes: Buffer, from: number, to: number, ended: boolean): number {
  const { state } = exchange;
  const { body } = state;
  if (!body.begin(state.head, state.downstream!.owner.settings.bodyBytes)) return refuse(exchange, body.refusal, to);
  if (exchange.context.rejectsRequests) return refuse(exchange, OUTCOME.overload, to);
  if (body.done) {
    if (state.head.opensTunnel && state.downstream!.owner.tunnelsFull) return refuse(exchange, OUTCOME.overload, to);
    route(exchange);
    return from;
  }
  const end = body.advance(bytes, from, to);
  if (end < 0) return refuse(exchange, body.refusal, to);
  if (ended && state.head.body === BODY_STREAM) body.end('');
  const { cleaned } = body;
  if (cleaned === undefined) keepBeginning(state, bytes, from, end);
  else keepBeginning(state, cleaned, 0, cleaned.length);
  state.replayable = body.bytes === 0 || (body.done && state.lentBody === undefined);
  route(exchange);
  keepLentBody(state);
  if (state.active && !body.done) exchange.watchClient();
  return end;
}

/** Body bytes of the request; returns where it ends in them. */
export function receiveBody(exchange: ExchangeControl, bytes: Buffer, from: number, to: number): number {
  const { state } = exchange;
  if (state.body.done) return from;
  const end = state.body.advance(bytes, from, to);
  if (end < 0) return refuse(exchange, state.body.refusal, to);
  const { cleaned } = state.body;
  if (cleaned !== undefined) {
    if (cleaned.length > 0) sendBody(exchange, cleaned, 0, cleaned.length);
  } else if (end > from) sendBody(exchange, bytes, from, end);
  if (state.active) exchange.watchClient();
  return end;
}

/** The body is over, of a request whose kind does not tell it. */
export function receiveEnd(exchange: ExchangeControl, trailers: string): void {
  const { state } = exchange;
  if (state.body.done) return;
  state.body.end(trailers);
  endBody(exchange);
  if (state.active) exchange.watchClient();
}

/** What has come with the head is sent with it. */
function keepBeginning(state: ExchangeState, bytes: Buffer, from: number, to: number): void {
  if (to - from > TEXT_BYTES) state.lentBody = bytes.subarray(from, to);
  else if (to > from) state.bodyText = latin1(bytes, from, to);
}

/** Ends the exchange for a request that cannot be passed on; nothing up to `to` is used. */
function refuse(exchange: ExchangeControl, outcome: Outcome, to: number): number {
  const { state } = exchange;
  state.downstream!.owner.counters.refused(outcome.index);
  state.detail = state.body.scanner.refusal;
  if (state.responded) exchange.abort(outcome);
  else reply(exchange, outcome);
  return to;
}
