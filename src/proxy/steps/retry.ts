// What follows a failed attempt: another one where the retry law allows it, else a reply that names the failure.
// RFC 9110, section 9.2.2: a proxy does not repeat a request that is not idempotent unless it knows that it was not applied.

import { isIdempotent } from '../../http/method.ts';
import { nowMs } from '../../lib/clock.ts';
import { OUTCOME } from '../../telemetry/outcomes.ts';
import type { Outcome } from '../../telemetry/outcomes.ts';
import type { UpstreamStream } from '../../upstream/protocol/upstream-stream.ts';
import type { ExchangeControl } from '../exchange-control.ts';
import type { ExchangeState } from '../exchange-state.ts';
import type { Versioned } from '../versioned.ts';
import {
  CALL_STATUS,
  CONNECT_FAILURE,
  GATEWAY_ERROR,
  HALT,
  NAMED_STATUS,
  REFUSED_STREAM,
  RESET,
  RESPONSE_TIMEOUT,
  RETRY_REASONS,
  SERVER_ERROR,
  STALE,
} from '../retry-reasons.ts';
import { countError } from './count-evidence.ts';
import { leavesHalted } from './leave-halted.ts';
import { reply } from './local-reply.ts';
import { noteMalformed, noteUntrusted } from './note-malformed.ts';
import { startAttempt, hold } from './start-attempt.ts';
import { moveToVersion, retryVersionOf } from './version-fallback.ts';

/** From one connection that goes away to another. */
const MAX_MOVES = 3;

/** What the upstream has of the request. */
type Sent = Pick<UpstreamStream, 'sent' | 'unprocessed'>;
const RESPONDED: Sent = { sent: true, unprocessed: false };

/** The attempt failed with `outcome`; `connection` is closed already. */
export function retry(exchange: ExchangeControl, connection: UpstreamStream, outcome: Outcome): void {
  const { state } = exchange;
  if (outcome === OUTCOME.upstream_malformed || outcome === OUTCOME.upstream_header_too_large) noteMalformed(exchange, connection);
  if (outcome === OUTCOME.connect_tls) noteUntrusted(exchange, connection.fault);
  if (state.responded) return failResponse(exchange, connection, outcome);
  const moves = mayMove(state, connection);
  const stale = moves || isStale(state, connection, outcome);
  const sent = connection.sent && !connection.unprocessed;
  const reason = stale ? STALE : leavesHalted(state, connection.sent) ? HALT : reasonOf(outcome, sent, connection.unprocessed);
  exchange.endAttempt(outcome);
  if (stale) {
    if (moves) state.attempt.moves++;
    else state.attempt.wantsFresh = true;
    return retryAttempt(exchange, STALE);
  }
  state.attempt.version!.failed(state.attempt.endpoint!, outcome);
  // What we cut ourselves says nothing about it, unless the client hears of it.
  if (outcome.source === 'upstream') countError(state);
  if (reason >= 0 && mayRetry(state, reason, connection)) {
    state.attempt.failedEndpoint = state.attempt.endpoint;
    retryAttempt(exchange, reason);
  } else if (reason !== CONNECT_FAILURE) reply(exchange, outcome);
  else if (!hold(exchange)) reply(exchange, state.attempt.holdOver ? OUTCOME.no_endpoint : outcome);
}

/**
 * Why a response with this status is to be thrown away and the request sent again; -1 when it is not.
 * @param call its status of gRPC, where it has one and nothing else
 */
export function retryReasonOfStatus(state: ExchangeState, status: number, call = -1): number {
  const { retryOn: on, retryStatuses, retryCalls } = state.attempt.version!.settings;
  if (status >= 500 && leavesHalted(state, true)) return HALT;
  // Calls are all POST: that they may be repeated is for the config to say.
  if (call > 0) return retryCalls.has(call) && state.replayable && mayTryAgain(state, CALL_STATUS) ? CALL_STATUS : -1;
  if (retryStatuses.has(status)) return mayRetry(state, NAMED_STATUS, RESPONDED) ? NAMED_STATUS : -1;
  if (status < 500) return -1;
  if (on.has('gateway-error') && (status === 502 || status === 503 || status === 504) && mayRetry(state, GATEWAY_ERROR, RESPONDED))
    return GATEWAY_ERROR;
  if (on.has('5xx') && mayRetry(state, SERVER_ERROR, RESPONDED)) return SERVER_ERROR;
  return -1;
}

/** Throws away the response that begins on `connection`, and sends the request again. Returns false: nothing more is read of it. */
export function retryResponse(
  exchange: ExchangeControl,
  connection: UpstreamStream,
  reason: number,
  status = connection.head.status,
): false {
  const { attempt } = exchange.state;
  attempt.failedEndpoint = attempt.endpoint;
  exchange.endAttempt(OUTCOME.upstream_error);
  countError(exchange.state);
  // A status below 500 says nothing about the endpoint.
  if (status >= 500) attempt.version!.failed(attempt.endpoint!, OUTCOME.upstream_error, status);
  retryAttempt(exchange, reason);
  return false;
}

function retryAttempt(exchange: ExchangeControl, reason: number): void {
  const { attempt } = exchange.state;
  const version = attempt.version!;
  version.counters.retried(reason);
  if (reason !== STALE) {
    attempt.retries++;
    const other = retryVersionOf(exchange.state);
    if (other >= 0) moveToVersion(exchange.state, other);
  }
  startAttempt(exchange);
}

/** What the client has of the response cannot be taken back. */
function failResponse(exchange: ExchangeControl, connection: UpstreamStream, outcome: Outcome): void {
  const { state } = exchange;
  const { attempt } = state;
  state.looksDone = connection.scanner.looksDone;
  exchange.endAttempt(outcome);
  attempt.version!.failed(attempt.endpoint!, outcome);
  exchange.abort(outcome);
}

/** A reused connection that closed before a byte of the response: the upstream had given it up already (keep-alive race). */
function isStale({ attempt, replayable, head }: ExchangeState, connection: UpstreamStream, outcome: Outcome): boolean {
  if (outcome !== OUTCOME.upstream_reset || attempt.wantsFresh || connection.unprocessed) return false;
  return connection.responses > 0 && !connection.responding && replayable && isIdempotent(head.method);
}

/** The connection that was to carry it goes away, and says that it has not looked at it. */
function mayMove({ attempt, replayable }: ExchangeState, { unprocessed, leaves, sent }: UpstreamStream): boolean {
  return unprocessed && leaves && (replayable || !sent) && attempt.moves < MAX_MOVES;
}

/** Why an attempt that failed with `outcome` may be made again; -1: it may not. */
export function reasonOf(outcome: Outcome, sent: boolean, unprocessed = false): number {
  if (unprocessed) return REFUSED_STREAM;
  if (outcome === OUTCOME.connect_refused || outcome === OUTCOME.connect_timeout || outcome === OUTCOME.connect_tls) return CONNECT_FAILURE;
  if (outcome === OUTCOME.drain_timeout) return sent ? RESET : CONNECT_FAILURE;
  if (outcome === OUTCOME.upstream_reset) return RESET;
  return outcome === OUTCOME.response_timeout ? RESPONSE_TIMEOUT : -1;
}

/** Takes a retry out of its budget where nothing else forbids it: that of the version, or, where another version responds, that of the pool. */
function mayRetry(state: ExchangeState, reason: number, { sent, unprocessed }: Sent): boolean {
  const mayRepeat = state.replayable && (unprocessed || isIdempotent(state.head.method));
  if (reason !== HALT && sent && !mayRepeat) return false;
  return mayTryAgain(state, reason);
}

/** The same of what may be sent again. */
export function mayTryAgain(state: Versioned, reason: number): boolean {
  if (reason === HALT) return true;
  const { attempt } = state;
  const { settings, budget, fallbackBudget } = attempt.version!;
  if (attempt.retries >= settings.retryAttempts || !settings.retryOn.has(RETRY_REASONS[reason]!)) return false;
  return (retryVersionOf(state) >= 0 ? fallbackBudget : budget).withdraw(nowMs());
}
