// One attempt: finds a connection and sends the request on it. What comes back goes to the exchange.

import { BODY_CHUNKED } from '../http1/framing.ts';
import { withoutForwardedFields } from '../http1/forwarded-fields.ts';
import { writeRequestHead } from '../http1/write-request.ts';
import { applyHeaderChanges } from '../http/header-changes.ts';
import { rewriteTarget } from '../routing/rewrite.ts';
import { OUTCOME } from '../telemetry/outcomes.ts';
import type { UpstreamConnection } from '../upstream/connection.ts';
import { ACQUIRED, NO_ENDPOINT } from '../upstream/version-runtime.ts';
import type { Exchange } from './exchange.ts';
import { forwardingFields, isTrusted } from './forwarding-fields.ts';
import { mirror, copyBody } from './mirror/start-mirrors.ts';
import { reply } from './local-reply.ts';

/** Of a request body that waits for a connection. */
const MAX_PENDING_BODY_BYTES = 65536;

/** Begins an attempt on the version that was chosen. */
export function startAttempt(exchange: Exchange): void {
  const live = exchange.live!;
  exchange.attempts++;
  exchange.attempting = true;
  if (exchange.attempts === 1) live.budget.deposit();
  const acquired = live.acquire(exchange);
  if (acquired === ACQUIRED) return;
  exchange.attempting = false;
  exchange.attempts--;
  reply(exchange, acquired === NO_ENDPOINT ? OUTCOME.no_endpoint : OUTCOME.overload);
}

/** Waits, after a connection that failed, until an endpoint takes connections again. False: it may not, or has waited long enough. */
export function hold(exchange: Exchange): boolean {
  const live = exchange.live!;
  if (live.settings.holdMs === 0 || exchange.holdOver || live.hold(exchange) !== ACQUIRED) return false;
  exchange.attempts++;
  exchange.attempting = true;
  return true;
}

/** Sends what there is of the request; called when the connection is usable. */
export function sendRequest(exchange: Exchange, connection: UpstreamConnection): void {
  const atOnce = exchange.attempts === 1 && connection.responses > 0 && exchange.attemptMs === exchange.startedMs;
  if (!atOnce) exchange.attemptMs = exchange.context.deadlines.refresh();
  if (exchange.outgoing.method === '') fillOutgoing(exchange);
  exchange.holdDeadline.disarm();
  connection.begin(exchange, exchange.head.method);
  let more = connection.send(writeRequestHead(exchange.outgoing) + exchange.bodyText);
  for (const bytes of exchange.pendingBody) more = connection.sendBytes(bytes);
  if (!exchange.mirrored && exchange.destination!.pool.mirrors !== undefined) mirror(exchange);
  if (exchange.pendingBody.length > 0) exchange.pendingBody = [];
  if (exchange.requestDone) awaitResponse(exchange);
  else if (more) exchange.resumeClient();
  else pauseFor(exchange);
}

/** Passes on body bytes that arrived later; they lie in memory that the next read overwrites. */
export function sendBody(exchange: Exchange, bytes: Buffer, from: number, to: number): void {
  exchange.replayable = false;
  passBody(exchange, bytes, from, to);
  if (exchange.shadow !== undefined) copyBody(exchange, bytes, from, to);
}

function passBody(exchange: Exchange, bytes: Buffer, from: number, to: number): void {
  const upstream = exchange.upstream;
  if (upstream === undefined || !upstream.connected || upstream.idle) {
    exchange.pendingBody.push(Buffer.from(bytes.subarray(from, to)));
    // A client that is not read cannot be seen to leave: it is paused for the sake of memory only.
    if (exchange.body.bytes >= MAX_PENDING_BODY_BYTES) exchange.pauseClient();
    return;
  }
  const more = upstream.sendCopy(bytes, from, to);
  if (!exchange.requestDone) {
    if (!more) pauseFor(exchange);
    return;
  }
  // The time of the upload was the client's.
  exchange.attemptMs = exchange.context.deadlines.refresh();
  awaitResponse(exchange);
}

/** The upstream takes no more of the body for now. One that never does is as bad as one that never answers. */
function pauseFor(exchange: Exchange): void {
  exchange.pauseClient();
  exchange.context.deadlines.arm(exchange.responseDeadline, exchange.live!.settings.responseMs);
}

function awaitResponse(exchange: Exchange): void {
  if (!exchange.responded) exchange.context.deadlines.arm(exchange.responseDeadline, exchange.live!.settings.responseMs);
}

/** The request as all attempts send it: with the route's rewrites and header changes, and with what we say of the client. */
function fillOutgoing(exchange: Exchange): void {
  const { head, outgoing } = exchange;
  const route = exchange.match!.route;
  const received = head.forwardedOther && !isTrusted(exchange) ? withoutForwardedFields(head.block) : head.block;
  const block = route.requestHeaders === undefined ? received : applyHeaderChanges(received, route.requestHeaders);
  outgoing.method = head.method;
  outgoing.target = route.rewritePath === undefined ? head.target : rewriteTarget(exchange.match!, head);
  outgoing.authority = route.rewriteHost ?? head.authority;
  outgoing.block = block + forwardingFields(exchange);
  outgoing.unsized = head.body === BODY_CHUNKED;
  outgoing.acceptsTrailers = head.acceptsTrailers;
}
