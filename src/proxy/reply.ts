// Answers that Sluice gives by itself: failures from the outcome table, redirects, fixed responses.
// They say what the client may know and no more.

import { applyHeaderChanges } from '../lib/header-changes.ts';
import { reasonPhrase } from '../lib/reason-phrase.ts';
import { redirectLocation } from '../routing/redirect.ts';
import type { RouteMatch } from '../routing/table.ts';
import { OUTCOME } from '../telemetry/outcomes.ts';
import type { Outcome } from '../telemetry/outcomes.ts';
import type { Connection } from './connection.ts';
import type { Exchange } from './exchange.ts';
import { isTrusted } from './forwarded.ts';

/** Ends the exchange with the answer of a failed outcome. */
export function reply(exchange: Exchange, outcome: Outcome): void {
  exchange.outcome = outcome;
  const retryAfter = outcome.status === 503 ? 'retry-after: 1\r\n' : '';
  const fields = 'content-type: text/plain; charset=utf-8\r\nx-sluice-outcome: ' + outcome.code + '\r\n' + retryAfter;
  answer(exchange, outcome.status, fields, outcome.text + '\n');
}

/** Ends the exchange with what a route says without asking a pool. */
export function replyRoute(exchange: Exchange, match: RouteMatch): void {
  const { route } = match;
  exchange.outcome = OUTCOME.replied;
  if (route.redirect !== undefined) {
    const location = redirectLocation(route.redirect, exchange.head, match, schemeOf(exchange));
    answer(exchange, route.redirect.status, changed(match, 'location: ' + location + '\r\n'), '');
  } else if (route.respond !== undefined) {
    let fields = '';
    for (const [name, value] of Object.entries(route.respond.headers)) fields += name + ': ' + value + '\r\n';
    answer(exchange, route.respond.status, changed(match, fields), route.respond.body);
  } else reply(exchange, OUTCOME.internal);
}

/** Answers a request whose head could not be used; the caller closes the connection. */
export function refuse(connection: Connection, outcome: Outcome): void {
  const body = outcome.text + '\n';
  connection.socket.write(
    statusLine(outcome.status) +
      'content-type: text/plain; charset=utf-8\r\nx-sluice-outcome: ' +
      outcome.code +
      '\r\ncontent-length: ' +
      Buffer.byteLength(body) +
      '\r\nconnection: close\r\n\r\n' +
      body,
    'utf8',
  );
}

export function statusLine(status: number): string {
  return 'HTTP/1.1 ' + status + ' ' + reasonPhrase(status) + '\r\n';
}

function answer(exchange: Exchange, status: number, fields: string, body: string): void {
  const { connection, head } = exchange;
  exchange.keep = head.keepAlive && connection.mayStay && exchange.requestDone;
  exchange.status = status;
  exchange.answered = true;
  exchange.endAttempt(exchange.outcome);
  let text = statusLine(status) + fields;
  const bodyless = status === 204 || status === 304;
  if (!bodyless) text += 'content-length: ' + Buffer.byteLength(body) + '\r\n';
  if (!exchange.keep) text += 'connection: close\r\n';
  else if (head.minor === 0) text += 'connection: keep-alive\r\n';
  text += '\r\n';
  if (!bodyless && head.method !== 'HEAD') text += body;
  connection.socket.write(text, 'utf8');
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
