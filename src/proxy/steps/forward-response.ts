// The upstream's response on its way to the client: its head is written anew, its body passed on. How the client gets them is its side's to say.
// Bytes are written straight from the upstream connection's memory; while any of them are unflushed nothing more is read into it.

import { BODY_STREAM } from '../../http/body-kind.ts';
import { callStatusOf, countedAs, isGrpc } from '../../http/grpc.ts';
import type { IncomingResponse } from '../../http/response.ts';
import { nowMs, wallMs } from '../../lib/clock.ts';
import { dateLine } from '../../http/date.ts';
import { withoutSharing } from '../../http/cache-control.ts';
import { applyHeaderChanges } from '../../http/header-changes.ts';
import { affinityCookie } from '../../routing/affinity.ts';
import { rewriteLocations } from '../../routing/location.ts';
import type { KnownPlaces } from '../../routing/location.ts';
import type { UpstreamStream } from '../../upstream/protocol/upstream-stream.ts';
import type { ExchangeControl } from '../exchange-control.ts';
import type { ExchangeState } from '../exchange-state.ts';
import { clientAuthority, clientScheme } from '../forwarding-fields.ts';
import { tellBody, tellHead } from '../mirror/start-mirrors.ts';
import { ServerSentEvents, isEventStream } from '../server-sent-events.ts';
import { countHead } from './count-evidence.ts';
import { retryReasonOfStatus, retryResponse } from './retry.ts';
import { watchUpstream } from './start-attempt.ts';

const NO_CALL = -1;

/** Passes on an interim response, to clients that know them (RFC 9110, section 15.2). */
export function forwardInterim({ state }: ExchangeControl, { head }: UpstreamStream): void {
  if (head.status === 100) state.attempt.continued = true;
  if (!state.responded) state.downstream!.sendInterim(head);
}

/** Sends the head with what has come of the body. False: pause reading. Five arguments instead of an object: it runs once per request. */
export function forwardHead(exchange: ExchangeControl, connection: UpstreamStream, from: number, to: number, done: boolean): boolean {
  const { state } = exchange;
  const response = connection.head;
  const call = mayBeCall(response) ? callOf(response) : NO_CALL;
  const status = call > 0 && done ? countedAs(call) : response.status;
  if (status >= state.attempt.version!.settings.leastRetryStatus || status >= 500) {
    const reason = retryReasonOfStatus(state, status, call);
    if (reason >= 0) return retryResponse(exchange, connection, reason, status);
  }
  measure(exchange, connection, done);
  if (state.assignment.writer !== undefined) countHead(state, response);
  state.responded = true;
  state.status = response.status;
  if (call !== NO_CALL) state.isCall = true;
  if (call !== NO_CALL && done) endCall(state, response.isEmpty ? response.block : connection.trailers);
  if (!done && isEventStream(response)) openEventStream(exchange);
  if (!done) watchUpstream(exchange);
  if (state.taps !== undefined) tellHead(exchange, connection, from, to);
  state.bytesOut += to - from;
  const flushed = written(exchange, state.downstream!.sendHead(connection, responseFields(state, response), from, to, done), done);
  return done || state.events === undefined ? flushed : state.events.passed(connection, from, to) && flushed;
}

/** Sends more of the body. False: pause reading. */
export function forwardBody(exchange: ExchangeControl, connection: UpstreamStream, from: number, to: number, done: boolean): boolean {
  const { state } = exchange;
  state.bytesOut += to - from;
  watchUpstream(exchange);
  if (state.taps !== undefined) tellBody(exchange, connection, from, to);
  if (done && state.isCall) endCall(state, connection.trailers);
  const flushed = written(exchange, state.downstream!.sendBody(connection, from, to, done), done);
  return done || state.events === undefined ? flushed : state.events.passed(connection, from, to) && flushed;
}

/** A response without a length: calls of gRPC have none, and come by HTTP/2 alone. */
function mayBeCall({ body, isEmpty }: IncomingResponse): boolean {
  return isEmpty || body === BODY_STREAM;
}

/** The status of gRPC in a head; 0 where it may follow behind the content; NO_CALL: it is no call. */
function callOf({ isEmpty, block, status }: IncomingResponse): number {
  if (status !== 200 || !isGrpc(block)) return NO_CALL;
  return isEmpty ? callStatusOf(block) : 0;
}

/** From here on the call counts by its own status. */
function endCall(state: ExchangeState, fields: string): void {
  const status = callStatusOf(fields);
  if (status === 0) return;
  state.status = countedAs(status);
  state.detail = 'grpc-status ' + status;
}

function openEventStream(exchange: ExchangeControl): void {
  const events = new ServerSentEvents(exchange);
  exchange.state.events = events;
  events.open();
}

/** Nobody looks at the clock for the head of a response that has come whole: its end, a moment later, is looked at anyway. */
function measure({ state, context }: ExchangeControl, { head }: UpstreamStream, done: boolean): void {
  const { attempt } = state;
  const version = attempt.version!;
  if (done && !version.followsLatency && context.accessLog === undefined) return;
  const atMs = nowMs();
  state.firstByteMs = atMs - state.startedMs;
  if (version.followsLatency && state.body.done) version.observed(attempt.endpoint!, head.status, atMs - attempt.startedMs, atMs);
}

function written(exchange: ExchangeControl, flushed: boolean, done: boolean): boolean {
  const { state } = exchange;
  state.unflushed = !flushed;
  if (!flushed && state.firstByteMs < 0) state.firstByteMs = nowMs() - state.startedMs;
  if (!flushed || !state.body.done) exchange.watchClient();
  if (done) exchange.responseEnded();
  return flushed;
}

/** The fields of the upstream's response as the client gets them. */
export function responseFields(state: ExchangeState, response: IncomingResponse): string {
  const { choice } = state;
  const { route } = state.match!;
  let fields = response.dated ? response.block : response.block + dateLine(wallMs());
  if (route.rewritesLocation) fields = rewriteLocations(fields, knownPlaces(state));
  if (route.responseHeaders !== undefined) fields = applyHeaderChanges(fields, route.responseHeaders);
  if (choice.setCookie) fields = giveKey(state, response.status, fields);
  return fields;
}

/** A shared cache that kept the response would give one user's key to all others. */
function giveKey(state: ExchangeState, status: number, fields: string): string {
  const { head, choice } = state;
  const own = head.method === 'GET' || head.method === 'HEAD' ? withoutSharing(fields, status) : withoutSharing(fields, 0);
  return own + affinityCookie(state.destination!.pool.affinity!, choice.key, clientScheme(state) === 'https');
}

function knownPlaces(state: ExchangeState): KnownPlaces {
  return {
    upstream: [state.outgoing.authority, state.attempt.endpoint!.authority],
    scheme: clientScheme(state),
    authority: clientAuthority(state),
    path: state.head.path,
    match: state.match!,
  };
}
