// What follows a failed attempt: another one where the retry law allows it, else an answer that names the failure.
// RFC 9110, section 9.2.2: a proxy does not repeat a request that is not idempotent unless it knows that it was not applied.

import { nowMs } from '../lib/clock.ts';
import { OUTCOME } from '../telemetry/outcomes.ts';
import type { Outcome } from '../telemetry/outcomes.ts';
import type { UpstreamConnection } from '../upstream/connection.ts';
import { startAttempt, hold } from './forward.ts';
import type { Exchange } from './exchange.ts';
import { reply } from './local-reply.ts';
import { fallBackToVersion } from './version-fallback.ts';

/** Why a request was sent again; positions are those of the retry counters. */
export const RETRY_REASONS = ['stale', 'connect-failure', 'reset', 'response-timeout', 'gateway-error', '5xx'] as const;
const STALE = 0;
const CONNECT_FAILURE = 1;
const RESET = 2;
const RESPONSE_TIMEOUT = 3;
const GATEWAY_ERROR = 4;
const SERVER_ERROR = 5;

/** The attempt failed with `outcome`; `connection` is closed already. */
export function retry(exchange: Exchange, connection: UpstreamConnection, outcome: Outcome): void {
  if (exchange.responded) {
    exchange.endAttempt(outcome);
    exchange.live!.failed(connection.endpoint, outcome);
    exchange.abort(outcome);
    return;
  }
  const stale = isStale(exchange, connection, outcome);
  const reason = stale ? STALE : reasonOf(outcome, connection.sent);
  exchange.endAttempt(outcome);
  if (!stale) exchange.live!.failed(connection.endpoint, outcome);
  if (stale) {
    exchange.wantsFresh = true;
    retryAttempt(exchange, STALE);
  } else if (reason >= 0 && mayRetry(exchange, reason, connection.sent)) {
    exchange.failedEndpoint = connection.endpoint;
    retryAttempt(exchange, reason);
  } else if (reason !== CONNECT_FAILURE) reply(exchange, outcome);
  else if (!hold(exchange)) reply(exchange, exchange.holdOver ? OUTCOME.no_endpoint : outcome);
}

/** Whether an answer with this status is to be thrown away and the request sent again. */
export function retryReasonOfStatus(exchange: Exchange, status: number): number {
  if (status < 500) return -1;
  const on = exchange.live!.settings.retryOn;
  if (on.has('gateway-error') && (status === 502 || status === 503 || status === 504) && mayRetry(exchange, GATEWAY_ERROR, true))
    return GATEWAY_ERROR;
  if (on.has('5xx') && mayRetry(exchange, SERVER_ERROR, true)) return SERVER_ERROR;
  return -1;
}

export function retryAttempt(exchange: Exchange, reason: number): void {
  exchange.live!.counters.retried(reason);
  if (reason !== STALE) {
    exchange.retries++;
    if (exchange.live!.settings.acrossVersions) fallBackToVersion(exchange);
  }
  startAttempt(exchange);
}

/** A reused connection that closed before a byte of the answer: the upstream had given it up already (keep-alive race). */
function isStale(exchange: Exchange, connection: UpstreamConnection, outcome: Outcome): boolean {
  if (outcome !== OUTCOME.upstream_reset || exchange.wantsFresh) return false;
  return connection.responses > 0 && !connection.responding && exchange.replayable && isIdempotent(exchange.head.method);
}

function reasonOf(outcome: Outcome, sent: boolean): number {
  if (outcome === OUTCOME.connect_refused || outcome === OUTCOME.connect_timeout) return CONNECT_FAILURE;
  if (outcome === OUTCOME.drain_timeout) return sent ? RESET : CONNECT_FAILURE;
  if (outcome === OUTCOME.upstream_reset) return RESET;
  return outcome === OUTCOME.response_timeout ? RESPONSE_TIMEOUT : -1;
}

function mayRetry(exchange: Exchange, reason: number, sent: boolean): boolean {
  const live = exchange.live!;
  if (exchange.retries >= live.settings.retryAttempts || !live.settings.retryOn.has(RETRY_REASONS[reason]!)) return false;
  if (sent && !(exchange.replayable && isIdempotent(exchange.head.method))) return false;
  return live.budget.withdraw(nowMs());
}

/** RFC 9110, section 9.2.2. */
function isIdempotent(method: string): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'PUT' || method === 'DELETE' || method === 'OPTIONS' || method === 'TRACE';
}
