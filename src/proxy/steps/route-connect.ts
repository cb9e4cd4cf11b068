// The way of CONNECT (RFC 9110, section 9.3.6): no route has it. What its listener allows leads to an endpoint of a pool, never to an address
// that the client has named: a client cannot reach more by a listener than its config says.

import { findClient } from '../../routing/trust.ts';
import { OUTCOME } from '../../telemetry/outcomes.ts';
import type { Outcome } from '../../telemetry/outcomes.ts';
import type { ExchangeControl } from '../exchange-control.ts';
import { chooseVersion } from './choose-version.ts';
import { reply } from './local-reply.ts';
import { startAttempt } from './start-attempt.ts';
import { takeIdentity } from './take-identity.ts';

export function routeConnect(exchange: ExchangeControl): void {
  const { state } = exchange;
  const { head, downstream } = state;
  const { settings, lastServing } = downstream!.owner;
  if (lastServing !== undefined) state.serving = lastServing;
  const connects = state.serving!.table.connects.get(settings.name);
  if (connects === undefined) return refuse(exchange, OUTCOME.not_implemented, 'CONNECT');
  const destination = connects.find(head.authority);
  if (destination === undefined) return refuse(exchange, OUTCOME.authority_not_allowed, head.authority);
  if (head.forwardedOther || (downstream!.security?.clientCert ?? '') !== '') takeIdentity(state);
  state.destination = destination;
  state.client = findClient(downstream!.peer, head.forwardedFor, settings.trust);
  if (!chooseVersion(exchange, head, state.client)) return reply(exchange, OUTCOME.no_endpoint);
  startAttempt(exchange);
}

function refuse(exchange: ExchangeControl, outcome: Outcome, detail: string): void {
  const { state } = exchange;
  state.downstream!.owner.counters.refused(outcome.index);
  state.detail = detail;
  reply(exchange, outcome);
}
