// The way of a request, in order: its path, the listener's routes, the pool, the version. Each step may end the exchange with a reply of our own.

import { callTimeoutMs } from '../../http/grpc.ts';
import { judgeWay, WAY_LOOP } from '../../http/way.ts';
import type { RequestHead } from '../../http1/request-head.ts';
import { isAmbiguousPath } from '../../routing/path.ts';
import type { RouteTable } from '../../routing/route-table.ts';
import { findClient } from '../../routing/trust.ts';
import { OUTCOME } from '../../telemetry/outcomes.ts';
import type { ExchangeControl } from '../exchange-control.ts';
import { takeForwarded } from '../forwarding-fields.ts';
import { chooseVersion } from './choose-version.ts';
import { reply, replyAsRecipient, replyRoute } from './local-reply.ts';
import { routeConnect } from './route-connect.ts';
import { startAttempt } from './start-attempt.ts';
import { isMisdirected, takeIdentity } from './take-identity.ts';

export function route(exchange: ExchangeControl): void {
  const { state } = exchange;
  const { head } = state;
  if (head.connects) return routeConnect(exchange);
  const { security } = state.downstream!;
  if (security !== undefined && isMisdirected(state, security)) return refuseMisdirected(exchange);
  if (head.forwardedOther || (security !== undefined && security.clientCert !== '')) takeIdentity(state);
  if (isAmbiguousPath(head.path)) return refuseTarget(exchange);
  if ((head.via !== '' || head.cdnLoop !== '') && isLooping(exchange)) return;
  if (head.maxForwards === 0) return replyAsRecipient(exchange);
  if (head.forwarded !== '') takeForwarded(state);
  const { settings, lastServing } = state.downstream!.owner;
  // A listener that left the Config still serves what was on its way, by the Table that knew it.
  if (lastServing !== undefined) state.serving = lastServing;
  const { table } = state.serving!;
  const match = table.matchers.get(settings.name)?.find(head);
  if (match === undefined) return reply(exchange, OUTCOME.no_route);
  state.match = match;
  const destination = table.destinations[match.route.index];
  if (destination === undefined) return replyRoute(exchange, match);
  state.destination = destination;
  state.client = findClient(state.downstream!.peer, head.forwardedFor, settings.trust);
  if (!chooseVersion(exchange, state.head, state.client)) return reply(exchange, OUTCOME.no_endpoint);
  const timeoutMs = head.acceptsTrailers ? boundOf(head, match.route) : match.route.timeoutMs;
  if (timeoutMs > 0) exchange.context.deadlines.arm(state.exchangeDeadline, timeoutMs);
  startAttempt(exchange);
}

/** All calls of gRPC take trailers, and few others do: only these are asked how long their client waits. 0 = no bound. */
function boundOf({ block }: RequestHead, { timeoutMs }: RouteTable): number {
  const callMs = callTimeoutMs(block);
  if (callMs === 0) return timeoutMs;
  return timeoutMs === 0 ? callMs : Math.min(timeoutMs, callMs);
}

/** Ends a request that has been here before, or that goes round without saying so. */
function isLooping(exchange: ExchangeControl): boolean {
  const { state, context } = exchange;
  const { via, cdnLoop } = state.head;
  const fault = judgeWay(via, context.pseudonym) || judgeWay(cdnLoop, context.pseudonym);
  if (fault === 0) return false;
  const outcome = fault === WAY_LOOP ? OUTCOME.loop_detected : OUTCOME.too_many_proxies;
  state.downstream!.owner.counters.refused(outcome.index);
  reply(exchange, outcome);
  return true;
}

/** The client is to ask on another connection; this one goes on. */
function refuseMisdirected(exchange: ExchangeControl): void {
  exchange.state.downstream!.owner.counters.refused(OUTCOME.misdirected.index);
  reply(exchange, OUTCOME.misdirected);
}

/** A target with two readings: refused like any other malformed request, with the connection closed. */
function refuseTarget(exchange: ExchangeControl): void {
  const { state } = exchange;
  state.downstream!.owner.counters.refused(OUTCOME.bad_request.index);
  state.head.keepAlive = false;
  state.detail = 'path with two readings';
  reply(exchange, OUTCOME.bad_request);
}
