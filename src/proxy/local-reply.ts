// Answers that Sluice gives by itself: failures from the outcome table, redirects, fixed responses.
// They say what the client may know and no more.

import { applyHeaderChanges } from '../http/header-changes.ts';
import { isBodyless } from '../http/status.ts';
import { CLOSES, persistenceOf, writeLocalHead } from '../http1/write-response.ts';
import { redirectLocation } from '../routing/redirect.ts';
import type { RouteMatch } from '../routing/route-table.ts';
import { OUTCOME } from '../telemetry/outcomes.ts';
import type { Outcome } from '../telemetry/outcomes.ts';
import type { Connection } from './connection.ts';
import type { Exchange } from './exchange.ts';
import { isTrusted } from './forwarding-fields.ts';

/** Ends the exchange with the answer of a failed outcome. */
export function reply(exchange: Exchange, outcome: Outcome): void {
  exchange.outcome = outcome;
  const retryAfter = outcome.status === 503 ? 'retry-after: 1\r\n' : '';
  const fields = 'content-type: text/plain; charset=utf-8\r\nx-sluice-outcome: ' + outcome.code + '\r\n' + retryAfter;
  response(exchange, outcome.status, fields, outcome.text + '\n');
}

/** Ends the exchange with what a route says without asking a pool. */
export function replyRoute(exchange: Exchange, match: RouteMatch): void {
  const { route } = match;
  exchange.outcome = OUTCOME.replied;
  if (route.redirect !== undefined) {
    const location = redirectLocation(route.redirect, exchange.head, match, schemeOf(exchange));
    response(exchange, route.redirect.status, changed(match, 'location: ' + location + '\r\n'), '');
  } else if (route.respond !== undefined) {
    let fields = '';
    for (const [name, value] of Object.entries(route.respond.headers)) fields += name + ': ' + value + '\r\n';
    response(exchange, route.respond.status, changed(match, fields), route.respond.body);
  } else reply(exchange, OUTCOME.internal);
}

/** Answers a request whose head could not be used; the caller closes the connection. */
export function refuse(connection: Connection, outcome: Outcome): void {
  const body = outcome.text + '\n';
  const fields = 'content-type: text/plain; charset=utf-8\r\nx-sluice-outcome: ' + outcome.code + '\r\n';
  connection.stream.writeText(writeLocalHead(outcome.status, fields, Buffer.byteLength(body), CLOSES) + body, 'utf8');
}

function response(exchange: Exchange, status: number, fields: string, body: string): void {
  const { connection, head } = exchange;
  exchange.keep = head.keepAlive && connection.canKeepAlive && exchange.requestDone;
  exchange.status = status;
  exchange.responded = true;
  exchange.endAttempt(exchange.outcome);
  const bodyless = isBodyless(status);
  let text = writeLocalHead(status, fields, bodyless ? -1 : Buffer.byteLength(body), persistenceOf(exchange.keep, head.minor));
  if (!bodyless && head.method !== 'HEAD') text += body;
  connection.stream.writeText(text, 'utf8');
  exchange.finish();
}

function changed(match: RouteMatch, fields: string): string {
  const changes = match.route.responseHeaders;
  return changes === undefined ? fields : applyHeaderChanges(fields, changes);
}

/** How the client asked: what a trusted proxy says, or as we were asked ourselves. */
function schemeOf(exchange: Exchange): 'http' | 'https' {
  return exchange.head.forwardedProto === 'https' && isTrusted(exchange) ? 'https' : 'http';
}
