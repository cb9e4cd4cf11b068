// The answer on its way to the client: its head is written anew, its body passed on as it was framed.
// Bytes are written straight from the upstream connection's memory; while any of them are unflushed nothing more is read into it.

import { BODY_CHUNKED, BODY_UNTIL_CLOSE } from '../http1/framing.ts';
import type { ResponseHead } from '../http1/response-head.ts';
import {
  persistenceOf,
  placeHeadBefore,
  withoutChunks,
  withoutTrailers,
  writeInterimHead,
  writeResponseHead,
} from '../http1/write-response.ts';
import { nowMs } from '../lib/clock.ts';
import { applyHeaderChanges } from '../http/header-changes.ts';
import { affinityCookie } from '../routing/affinity.ts';
import { OUTCOME } from '../telemetry/outcomes.ts';
import type { UpstreamConnection } from '../upstream/connection.ts';
import type { Exchange } from './exchange.ts';
import { tellBody, tellHead } from './mirror/start-mirrors.ts';
import { retryAttempt, retryReasonOfStatus } from './retry.ts';

/** Passes on an interim answer, to clients that know them (RFC 9110, section 15.2). */
export function forwardInterim(exchange: Exchange, connection: UpstreamConnection): void {
  if (exchange.responded || exchange.head.minor === 0) return;
  exchange.connection.stream.writeText(writeInterimHead(connection.head, connection.head.block), 'latin1');
}

/** Sends the head with what has come of the body. False: pause reading. */
export function forwardHead(exchange: Exchange, connection: UpstreamConnection, from: number, to: number, done: boolean): boolean {
  const response = connection.head;
  if (response.status >= 500) {
    const reason = retryReasonOfStatus(exchange, response.status);
    if (reason >= 0) return retryResponse(exchange, connection, reason);
  }
  const { head, connection: client } = exchange;
  const live = exchange.live!;
  if (live.followsLatency || exchange.context.accessLog !== undefined) {
    const atMs = nowMs();
    exchange.firstByteMs = atMs - exchange.startedMs;
    if (exchange.requestDone) live.observed(connection.endpoint, response.status, atMs - exchange.attemptMs, atMs);
  }
  exchange.responded = true;
  exchange.status = response.status;
  if (exchange.taps !== undefined) tellHead(exchange, connection, from, to);
  exchange.unchunk = response.body === BODY_CHUNKED && head.minor === 0;
  exchange.keep = head.keepAlive && client.canKeepAlive && exchange.requestDone && response.body !== BODY_UNTIL_CLOSE && !exchange.unchunk;
  const text = headText(exchange, response);
  exchange.bytesOut += to - from;
  if (exchange.unchunk) exchange.chunkedDecoder.reset();
  if (isEdited(exchange, connection, to)) return forwardEdited(exchange, connection, text, from, done);
  let flushed = true;
  if (connection.text !== '') flushed = client.writeText(text + connection.text.slice(connection.textBody), done);
  else if (to === from) flushed = client.writeText(text, done);
  else flushed = client.writeBytes(placeHeadBefore(text, connection.memory, from, to));
  return written(exchange, flushed, done);
}

/** Sends more of the body. False: pause reading. */
export function responseBytes(exchange: Exchange, connection: UpstreamConnection, from: number, to: number, done: boolean): boolean {
  exchange.bytesOut += to - from;
  if (exchange.taps !== undefined) tellBody(exchange, connection, from, to);
  if (isEdited(exchange, connection, to)) return forwardEdited(exchange, connection, '', from, done);
  const flushed = to === from || exchange.connection.writeBytes(connection.memory.subarray(from, to));
  return written(exchange, flushed, done);
}

/** Whether bytes cannot pass as they came: chunks for HTTP/1.0, or trailers that the client did not ask for (RFC 9110, section 6.5.1). */
function isEdited(exchange: Exchange, connection: UpstreamConnection, to: number): boolean {
  if (connection.head.body !== BODY_CHUNKED) return false;
  if (exchange.unchunk) return true;
  return !exchange.head.acceptsTrailers && (connection.scanner.dataEnd !== to || connection.scanner.closing !== '');
}

function forwardEdited(exchange: Exchange, connection: UpstreamConnection, text: string, from: number, done: boolean): boolean {
  const { memory, scanner } = connection;
  const body = exchange.unchunk ? withoutChunks(exchange.chunkedDecoder, scanner, memory, from) : withoutTrailers(scanner, memory, from);
  const flushed = text + body === '' || exchange.connection.writeText(text + body, done);
  return written(exchange, flushed, done);
}

function written(exchange: Exchange, flushed: boolean, done: boolean): boolean {
  exchange.unflushed = !flushed;
  if (!flushed) exchange.connection.watchProgress();
  else if (!exchange.requestDone) exchange.watchClient();
  if (done) exchange.responseEnded();
  return flushed;
}

function retryResponse(exchange: Exchange, connection: UpstreamConnection, reason: number): boolean {
  exchange.failedEndpoint = connection.endpoint;
  exchange.endAttempt(OUTCOME.upstream_error);
  exchange.live!.failed(connection.endpoint, OUTCOME.upstream_error, connection.head.status);
  retryAttempt(exchange, reason);
  return false;
}

function headText(exchange: Exchange, response: ResponseHead): string {
  const { head, choice } = exchange;
  const { route } = exchange.match!;
  let fields = route.responseHeaders === undefined ? response.block : applyHeaderChanges(response.block, route.responseHeaders);
  if (choice.setCookie) fields += affinityCookie(exchange.destination!.pool.affinity!, choice.key);
  const chunked = response.body === BODY_CHUNKED && !exchange.unchunk;
  return writeResponseHead(response, fields, chunked, persistenceOf(exchange.keep, head.minor));
}
