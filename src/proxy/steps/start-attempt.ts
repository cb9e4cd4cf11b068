// One attempt: finds a connection and sends the request on it. What comes back goes to the exchange.

import { BODY_STREAM } from '../../http/body-kind.ts';
import { withoutForwardingFields } from '../../http/forwarding-fields.ts';
import { applyHeaderChanges } from '../../http/header-changes.ts';
import type { CompiledHeaderChanges } from '../../http/header-changes.ts';
import { rewriteTarget } from '../../routing/rewrite.ts';
import { OUTCOME } from '../../telemetry/outcomes.ts';
import type { Endpoint } from '../../upstream/endpoint.ts';
import type { UpstreamStream } from '../../upstream/protocol/upstream-stream.ts';
import { ACQUIRED, NO_ENDPOINT } from '../../upstream/stream-request.ts';
import { authorityFor, cancelAttempt, openAttempt } from '../attempt.ts';
import type { ProxyContext } from '../context.ts';
import type { ExchangeControl } from '../exchange-control.ts';
import type { ExchangeState } from '../exchange-state.ts';
import { forwardingFields, isTrusted } from '../forwarding-fields.ts';
import { mirror, copyBody } from '../mirror/start-mirrors.ts';
import { reply } from './local-reply.ts';

/** Of a request body that waits for a connection. */
const MAX_PENDING_BODY_BYTES = 65536;

/** Begins an attempt on the version that was chosen. */
export function startAttempt(exchange: ExchangeControl): void {
  const { attempt, head } = exchange.state;
  const version = attempt.version!;
  // RFC 8441 has a way that few servers know.
  if (head.upgrade !== '' && version.isHttp2) return reply(exchange, OUTCOME.not_implemented);
  openAttempt(attempt);
  if (attempt.count === 1) {
    version.budget.deposit();
    version.fallbackBudget.deposit();
  }
  const acquired = version.acquire(exchange);
  if (acquired === ACQUIRED) return;
  cancelAttempt(attempt);
  reply(exchange, acquired === NO_ENDPOINT ? OUTCOME.no_endpoint : OUTCOME.overload);
}

/** Waits, after a connection that failed, until an endpoint takes connections again. False: it may not, or has waited long enough. */
export function hold(exchange: ExchangeControl): boolean {
  const { attempt } = exchange.state;
  const version = attempt.version!;
  if (version.settings.holdMs === 0 || attempt.holdOver || version.hold(exchange) !== ACQUIRED) return false;
  openAttempt(attempt);
  return true;
}

/** The attempt has a connection, which may still be on its way to its endpoint. */
export function bindUpstream({ state }: ExchangeControl, connection: UpstreamStream, endpoint: Endpoint): void {
  const { attempt } = state;
  state.responseDeadline.disarm();
  attempt.connection = connection;
  attempt.endpoint = endpoint;
  endpoint.inFlight++;
  endpoint.counters.began();
}

/** Sends what there is of the request; called when the connection is usable. */
export function sendRequest(exchange: ExchangeControl, connection: UpstreamStream): void {
  const { state } = exchange;
  const { attempt } = state;
  const atOnce = attempt.count === 1 && connection.responses > 0 && attempt.startedMs === state.startedMs;
  if (!atOnce) attempt.startedMs = exchange.context.deadlines.refresh();
  if (state.outgoing.method === '') fillOutgoing(exchange);
  state.holdDeadline.disarm();
  // Mirrors need the bytes for longer than this read.
  if (state.destination!.pool.mirrors !== undefined) keepLentBody(state);
  let more = connection.begin(exchange, state.outgoing, authorityFor(state.outgoing, attempt), state.bodyText, state.lentBody);
  state.lentBody = undefined;
  for (const bytes of state.pendingBody) more = connection.sendBytes(bytes);
  if (state.body.kind === BODY_STREAM && state.body.done) connection.sendEnd(state.body.trailers);
  if (!state.mirrored && state.destination!.pool.mirrors !== undefined && state.outgoing.upgrade === '') mirror(exchange);
  if (state.head.expectsContinue && state.body.bytes > 0) attempt.unasked = true;
  if (state.pendingBody.length > 0) state.pendingBody = [];
  if (state.body.done) awaitResponse(exchange);
  else if (more) exchange.resumeClient();
  else pauseFor(exchange);
}

/** Copies what the read under way has lent, unless it is sent already. */
export function keepLentBody(state: ExchangeState): void {
  const { lentBody } = state;
  if (lentBody === undefined) return;
  state.lentBody = undefined;
  state.pendingBody.push(Buffer.from(lentBody));
}

/** Passes on body bytes that arrived later; they lie in memory that the next read overwrites. */
export function sendBody(exchange: ExchangeControl, bytes: Buffer, from: number, to: number): void {
  const { state } = exchange;
  state.replayable = false;
  state.movedMs = exchange.context.deadlines.atMs;
  passBody(exchange, bytes, from, to);
  if (state.shadow !== undefined) copyBody(exchange, bytes, from, to);
}

/** The body is over, which only its client's side could tell. */
export function endBody(exchange: ExchangeControl): void {
  const { state } = exchange;
  const { connection } = state.attempt;
  if (connection?.connected === true && !connection.idle) {
    connection.sendEnd(state.body.trailers);
    state.attempt.startedMs = exchange.context.deadlines.refresh();
    awaitResponse(exchange);
  }
  for (let copy = state.shadow; copy !== undefined; copy = copy.next) copy.requestEnded(state.body.trailers);
}

/** All that was sent of the body has left: the client is read again. */
export function continueBody(exchange: ExchangeControl): void {
  const { state, context } = exchange;
  if (state.body.done) return;
  state.movedMs = context.deadlines.atMs;
  if (!state.responded) state.responseDeadline.disarm();
  exchange.resumeClient();
}

/** (Re)starts the clock on an upstream that must take or send bytes of a body now. */
export function watchUpstream({ state, context }: ExchangeControl): void {
  state.movedMs = context.deadlines.atMs;
  context.deadlines.arm(state.responseDeadline, quietMsOf(state));
}

/** How long an upstream may be quiet in the middle of a body; 0 = no limit. */
export function quietMsOf({ events, attempt }: ExchangeState): number {
  const { stallMs, tunnelMs } = attempt.version!.settings;
  return events === undefined ? stallMs : tunnelMs;
}

function passBody(exchange: ExchangeControl, bytes: Buffer, from: number, to: number): void {
  const { state } = exchange;
  const { connection } = state.attempt;
  if (connection === undefined || !connection.connected || connection.idle) {
    state.pendingBody.push(Buffer.from(bytes.subarray(from, to)));
    // A client that is not read cannot be seen to leave: it is paused for the sake of memory only.
    if (state.body.bytes >= MAX_PENDING_BODY_BYTES) exchange.pauseClient();
    return;
  }
  if (state.head.expectsContinue && !state.attempt.continued) state.attempt.unasked = true;
  const more = connection.sendRead(bytes, from, to);
  if (!state.body.done) {
    if (!more) pauseFor(exchange);
    return;
  }
  // The time of the upload was the client's.
  state.attempt.startedMs = exchange.context.deadlines.refresh();
  awaitResponse(exchange);
}

/** The upstream takes no more of the body for now. It may never do so again. */
function pauseFor(exchange: ExchangeControl): void {
  exchange.pauseClient();
  watchUpstream(exchange);
}

/** The whole request has left: from here on the time until the head of the response runs. */
function awaitResponse({ state, context }: ExchangeControl): void {
  if (!state.responded) context.deadlines.arm(state.responseDeadline, state.attempt.version!.settings.responseMs);
}

/** The request as all attempts send it: with the route's rewrites and header changes, and with what we say of the client. */
function fillOutgoing({ state, context }: ExchangeControl): void {
  const { head, outgoing } = state;
  const { route } = state.match!;
  let received = head.forwardedOther && !isTrusted(state) ? withoutForwardingFields(head.block) : head.block;
  if (head.maxForwards > 0) received += 'max-forwards: ' + (head.maxForwards - 1) + '\r\n';
  outgoing.method = head.method;
  outgoing.target = route.rewritePath === undefined ? head.target : rewriteTarget(state.match!, head);
  outgoing.authority = route.rewriteHost ?? head.authority;
  outgoing.block = changedBlock(route.requestHeaders, received, forwardingFields(state, context), context);
  outgoing.body = head.body;
  outgoing.contentLength = head.contentLength;
  outgoing.acceptsTrailers = head.acceptsTrailers;
  outgoing.expectsContinue = head.expectsContinue;
  outgoing.upgrade = head.upgrade;
}

/** What a route says of forwarding fields is final: then they are written before it speaks. */
function changedBlock(changes: CompiledHeaderChanges | undefined, received: string, ours: string, { cdnLoop }: ProxyContext): string {
  if (changes === undefined) return received + ours;
  if (!changes.forwarding) return applyHeaderChanges(received, changes) + ours;
  const block = applyHeaderChanges(received + ours, changes);
  return changes.hidesWay ? block + cdnLoop : block;
}
