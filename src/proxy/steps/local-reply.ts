// The responses that Sluice makes itself: failures from the outcome table, redirects, fixed responses of a route.
// They say what the client may know and no more.

import { dateLine } from '../../http/date.ts';
import { grpcFields, isGrpc } from '../../http/grpc.ts';
import { findLine } from '../../http/header-block.ts';
import { applyHeaderChanges } from '../../http/header-changes.ts';
import { CLOSES, writeLocalHead } from '../../http1/write-response.ts';
import { writeTrace } from '../../http1/write-request.ts';
import { wallMs } from '../../lib/clock.ts';
import { redirectLocation } from '../../routing/redirect.ts';
import type { RouteMatch } from '../../routing/route-table.ts';
import { OUTCOME } from '../../telemetry/outcomes.ts';
import type { Outcome } from '../../telemetry/outcomes.ts';
import type { ExchangeControl } from '../exchange-control.ts';
import type { ExchangeState } from '../exchange-state.ts';
import { clientScheme } from '../forwarding-fields.ts';

/** Ends the exchange with the response of a failed outcome. */
export function reply(exchange: ExchangeControl, outcome: Outcome): void {
  const { state } = exchange;
  state.outcome = outcome;
  const told = 'x-sluice-outcome: ' + outcome.code + '\r\n' + (outcome.status === 503 ? 'retry-after: 1\r\n' : '');
  if (isGrpc(state.head.block)) return respond(exchange, 200, grpcFields(outcome.status, outcome.text) + told, '');
  respond(exchange, outcome.status, 'content-type: text/plain; charset=utf-8\r\n' + told, outcome.text + '\n');
}

/** Ends the exchange with what a route says without asking a pool. */
export function replyRoute(exchange: ExchangeControl, match: RouteMatch): void {
  const { route } = match;
  const { state } = exchange;
  state.outcome = OUTCOME.replied;
  if (route.redirect !== undefined) {
    const location = redirectLocation(route.redirect, state.head, match, clientScheme(state));
    respond(exchange, route.redirect.status, 'location: ' + location + '\r\n', '');
  } else if (route.respond !== undefined) {
    respond(exchange, route.respond.status, route.respond.fields, route.respond.body);
  } else reply(exchange, OUTCOME.internal);
}

/** Ends the exchange with a response to a request that goes no further than to us (Max-Forwards: RFC 9110, section 7.6.2). */
export function replyAsRecipient(exchange: ExchangeControl): void {
  const { state } = exchange;
  state.outcome = OUTCOME.replied;
  if (state.head.method === 'TRACE') respond(exchange, 200, 'content-type: message/http\r\n', writeTrace(state.head));
  else respond(exchange, 200, '', '');
}

/** The response to a request whose head could not be used; the connection is closed behind it. */
export function refusalText(outcome: Outcome): string {
  const body = outcome.text + '\n';
  return writeLocalHead(outcome.status, refusalFields(outcome), Buffer.byteLength(body), CLOSES) + body;
}

/** The fields of such a response, without what frames it. */
export function refusalFields(outcome: Outcome): string {
  return dateLine(wallMs()) + 'content-type: text/plain; charset=utf-8\r\nx-sluice-outcome: ' + outcome.code + '\r\n';
}

function respond(exchange: ExchangeControl, status: number, fields: string, body: string): void {
  const { state } = exchange;
  state.status = status;
  state.responded = true;
  exchange.endAttempt(state.outcome);
  state.downstream!.sendReply(status, finalFields(state, fields), body);
  exchange.finish();
}

/** With the date, and as the route has it: what it says of responses holds for ours as well. */
function finalFields({ match }: ExchangeState, fields: string): string {
  const dated = findLine(fields, 'date', 0) < 0 ? dateLine(wallMs()) + fields : fields;
  const changes = match?.route.responseHeaders;
  return changes === undefined ? dated : applyHeaderChanges(dated, changes);
}
