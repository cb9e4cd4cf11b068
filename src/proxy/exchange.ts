// One request and its answer: the state that its steps share, and the events of its two sides. `serve` is the table of contents.
// An exchange is reused for later requests; it holds one Serving from its first step to its last. Long because every event of both sides
// meets here, so that what must happen once is in one place; what to do about them stands in the files it imports.

import { OutgoingRequest } from '../http/request.ts';
import { RequestHead } from '../http1/request-head.ts';
import { ChunkedDecoder } from '../http1/chunked-decoder.ts';
import { Deadline } from '../lib/deadlines.ts';
import type { DeadlineOwner } from '../lib/deadlines.ts';
import { latin1 } from '../lib/latin1.ts';
import { chooseFor } from '../routing/choose.ts';
import { isAmbiguousPath } from '../routing/path.ts';
import { Choice } from '../routing/choice.ts';
import type { RouteMatch } from '../routing/route-table.ts';
import type { Destination } from '../routing/table.ts';
import { findClient } from '../routing/trust.ts';
import { OUTCOME } from '../telemetry/outcomes.ts';
import type { Outcome } from '../telemetry/outcomes.ts';
import { TEXT_BYTES } from '../upstream/connection.ts';
import type { UpstreamConnection } from '../upstream/connection.ts';
import type { Endpoint } from '../upstream/endpoint.ts';
import type { ConnectionRequest, VersionRuntime } from '../upstream/version-runtime.ts';
import { responseBytes, forwardHead, forwardInterim } from './forward-response.ts';
import type { Connection } from './connection.ts';
import type { ProxyContext } from './context.ts';
import { startAttempt, sendBody, sendRequest } from './forward.ts';
import { observe } from './observe.ts';
import { reply, replyRoute } from './local-reply.ts';
import { RequestBody } from './request-body.ts';
import { switchVersion } from './switch-version.ts';
import { retry } from './retry.ts';
import { leaveMirrored } from './mirror/start-mirrors.ts';
import type { ServingState } from './serving-state.ts';
import type { MirroredRequest } from './mirror/mirrored-request.ts';
import type { ResponseTap } from './mirror/response-tap.ts';

export class Exchange implements ConnectionRequest, DeadlineOwner {
  readonly context: ProxyContext;
  readonly head = new RequestHead();
  readonly choice = new Choice();
  readonly body = new RequestBody();
  readonly chunkedDecoder = new ChunkedDecoder();
  readonly exchangeDeadline: Deadline;
  readonly responseDeadline: Deadline;
  readonly holdDeadline: Deadline;

  connection: Connection;
  serving: ServingState;
  match: RouteMatch | undefined = undefined;
  /** Set when the route leads to a pool. */
  destination: Destination | undefined = undefined;
  client = '';
  requestId = '';
  live: VersionRuntime | undefined = undefined;
  upstream: UpstreamConnection | undefined = undefined;
  endpoint: Endpoint | undefined = undefined;
  failedEndpoint: Endpoint | undefined = undefined;

  startedMs = 0;
  /** From when on `live` is what answers. */
  liveSinceMs = 0;
  /** When the attempt began, or had the whole request; 0 while it is held. */
  attemptMs = 0;
  firstByteMs = -1;
  attempts = 0;
  /** Copies of it have been begun, where its pool has mirrors. */
  mirrored = false;
  /** The first of its copies that it still feeds. */
  shadow: MirroredRequest | undefined = undefined;
  /** Who looks at its copies. */
  taps: ResponseTap[] | undefined = undefined;
  /** A reused connection turned out to be closed; it is replaced once, by a new one. */
  wantsFresh = false;
  /** Retries decided on, the replacement of a stale connection not counted. */
  retries = 0;
  /** Whether a place in `live` is held. */
  attempting = false;
  /** It has been held for as long as it may be. */
  holdOver = false;

  /** What every attempt sends; filled by the first. */
  readonly outgoing = new OutgoingRequest();
  /** The body's first bytes, when they are few: they are sent with the head. */
  bodyText = '';
  /** Body bytes that wait for a connection. */
  pendingBody: Buffer[] = [];
  /** Whether everything the client sent of this request can be sent again. */
  replayable = true;
  clientPaused = false;
  bytesOut = 0;

  /** A byte of the answer may have left: no other answer can be given. */
  responded = false;
  responseDone = false;
  /** The client cannot read chunks (HTTP/1.0): they are taken apart. */
  unchunk = false;
  keep = true;
  status = 0;
  outcome: Outcome = OUTCOME.ok;
  /** Whether written bytes still lie in the upstream connection's memory. */
  unflushed = false;
  active = false;

  constructor(context: ProxyContext) {
    this.context = context;
    this.connection = undefined as unknown as Connection;
    this.serving = context.serving;
    this.exchangeDeadline = new Deadline(this);
    this.responseDeadline = new Deadline(this);
    this.holdDeadline = new Deadline(this);
  }

  get requestMethod(): string {
    return this.head.method;
  }

  /** Whether the whole request has been read. */
  get requestDone(): boolean {
    return this.body.done;
  }

  get affinityKey(): string {
    return this.choice.key;
  }

  /** Starts on the head just parsed. `bytes` from `from` to `to` follow it; answers where this request ends in them. */
  begin(connection: Connection, bytes: Buffer, from: number, to: number): number {
    this.#reset(connection);
    if (!this.body.begin(this.head, connection.listener.settings.bodyBytes)) return this.#refuseBody(to);
    if (this.context.rejectsRequests) return this.#shed(to);
    if (this.body.done) {
      this.serve();
      return from;
    }
    const end = this.body.advance(bytes, from, to);
    if (end < 0) return this.#refuseBody(to);
    if (end - from > TEXT_BYTES) this.pendingBody.push(Buffer.from(bytes.subarray(from, end)));
    else if (end > from) this.bodyText = latin1(bytes, from, end);
    this.replayable = this.body.bytes === 0 || (this.body.done && this.pendingBody.length === 0);
    this.serve();
    if (!this.body.done && this.active) this.watchClient();
    return end;
  }

  /** The steps of an exchange, in order; each may end it with a reply. */
  serve(): void {
    const head = this.head;
    if (isAmbiguousPath(head.path)) return this.#refuseTarget();
    const { listener } = this.connection;
    // A listener that left the Config still answers what was on its way, by the Table that knew it.
    if (listener.lastServing !== undefined) this.serving = listener.lastServing;
    const match = this.serving.table.matchers.get(listener.settings.name)?.find(head);
    if (match === undefined) return reply(this, OUTCOME.no_route);
    this.match = match;
    const route = match.route;
    const destination = this.serving.table.destinations[route.index];
    if (destination === undefined) return replyRoute(this, match);
    this.destination = destination;
    this.client = findClient(this.connection.peer, head.forwardedFor, this.connection.listener.settings.trust);
    const servedPool = this.serving.pools[destination.pool.index]!;
    chooseFor(destination, head, this.client, servedPool, this.choice);
    if (this.choice.version === undefined) return reply(this, OUTCOME.no_endpoint);
    this.live = servedPool.versions[this.choice.version.index]!;
    this.live.counters.began();
    this.live.counters.chosen(this.choice.reason);
    if (route.timeoutMs > 0) this.context.deadlines.arm(this.exchangeDeadline, route.timeoutMs);
    startAttempt(this);
  }

  /** Body bytes of the request; answers where it ends in them. */
  onRequestBytes(bytes: Buffer, from: number, to: number): number {
    if (this.body.done) return from;
    const end = this.body.advance(bytes, from, to);
    if (end < 0) return this.#refuseBody(to);
    if (end > from) sendBody(this, bytes, from, end);
    if (this.active) this.watchClient();
    return end;
  }

  onWaiting(): void {
    // A client that has gone unseen must not hold a place in the queue; a place in it is worth as much time as a connection.
    this.context.deadlines.arm(this.responseDeadline, this.live!.settings.connectMs);
  }

  onHeld(): void {
    // It may come from the line, whose time is not that of the hold.
    this.responseDeadline.disarm();
    this.attemptMs = 0;
    if (this.holdDeadline.list === undefined) this.context.deadlines.arm(this.holdDeadline, this.live!.settings.holdMs);
  }

  onStillHeld(): boolean {
    return switchVersion(this);
  }

  onTurnedAway(outcome: Outcome): void {
    reply(this, outcome);
  }

  onConnecting(connection: UpstreamConnection): void {
    this.attemptMs = this.context.deadlines.refresh();
    this.#bindUpstream(connection);
  }

  onConnected(connection: UpstreamConnection): void {
    if (this.upstream !== connection) this.#bindUpstream(connection);
    sendRequest(this, connection);
  }

  onInterim(connection: UpstreamConnection): void {
    forwardInterim(this, connection);
  }

  onResponse(connection: UpstreamConnection, from: number, to: number, done: boolean): boolean {
    // While the client is paused the upstream still owes us its reading.
    if (!this.clientPaused) this.responseDeadline.disarm();
    return forwardHead(this, connection, from, to, done);
  }

  onResponseBytes(connection: UpstreamConnection, from: number, to: number, done: boolean): boolean {
    return responseBytes(this, connection, from, to, done);
  }

  onUpstreamDrained(): void {
    if (this.requestDone) return;
    this.responseDeadline.disarm();
    this.resumeClient();
  }

  onUpstreamFailure(connection: UpstreamConnection, outcome: Outcome): void {
    retry(this, connection, outcome);
  }

  /** The client went away: nobody wants the answer any more. */
  onDownstreamClosed(): void {
    if (!this.active) return;
    this.#tellGivenUp('unwanted');
    this.outcome = OUTCOME.downstream_closed;
    this.finish();
  }

  /** The client neither sent nor took a byte for the listener's idle timeout. */
  onDownstreamStalled(): void {
    if (!this.responded && !this.requestDone) reply(this, OUTCOME.request_timeout);
    else this.abort(OUTCOME.downstream_closed);
  }

  onDeadline(deadline: Deadline): void {
    if (deadline === this.holdDeadline) return this.#heldTooLong();
    const outcome = deadline === this.responseDeadline ? OUTCOME.response_timeout : OUTCOME.exchange_timeout;
    this.#tellGivenUp('late');
    if (this.responded) this.abort(outcome);
    else if (deadline === this.responseDeadline) this.#responseTimedOut(this.upstream);
    else reply(this, outcome);
  }

  /** Cuts the answer short so that the client can see it. */
  abort(outcome: Outcome): void {
    this.outcome = outcome;
    this.keep = false;
    // First: what ends an exchange in good order would send a clean end.
    this.connection.cut();
    this.finish();
  }

  /** The answer is complete; the rest of a request body that nobody read is not waited for. */
  responseEnded(): void {
    this.responseDone = true;
    if (this.unflushed) return;
    if (!this.requestDone) this.keep = false;
    this.finish();
  }

  /** The one end of every exchange: gives back what it holds, records it, and lets the connection go on. */
  finish(): void {
    if (!this.active) return;
    this.active = false;
    this.exchangeDeadline.disarm();
    this.holdDeadline.disarm();
    this.endAttempt(this.outcome);
    observe(this);
    if (this.shadow !== undefined || this.taps !== undefined) leaveMirrored(this);
    this.outgoing.reset();
    this.bodyText = '';
    if (this.pendingBody.length > 0) this.pendingBody = [];
    this.connection.unwatchProgress();
    this.connection.exchangeEnded(this.keep);
  }

  /** Ends the attempt under way, if any: its connection goes back to its version, or is closed. */
  endAttempt(outcome: Outcome): void {
    if (!this.attempting) return;
    this.attempting = false;
    this.responseDeadline.disarm();
    const { upstream, endpoint } = this;
    const live = this.live!;
    this.upstream = undefined;
    live.releaseSlot();
    live.counters.attempted(outcome.index);
    if (upstream === undefined || endpoint === undefined) {
      live.withdraw(this);
      return;
    }
    endpoint.inFlight--;
    endpoint.counters.ended();
    if (outcome === OUTCOME.ok) {
      if (this.status < 500) live.succeeded(endpoint);
      else live.failed(endpoint, outcome, this.status);
    } else if (outcome.source === 'upstream') endpoint.counters.failed();
    if (!this.responseDone) {
      upstream.destroy();
      return;
    }
    if (this.requestDone) live.releaseConnection(upstream);
    else upstream.destroy();
  }

  /** All written bytes have left: what waited for that goes on. */
  onDownstreamFlushed(): void {
    if (!this.unflushed) return;
    this.unflushed = false;
    this.watchClient();
    if (this.responseDone) this.responseEnded();
    else this.upstream?.resume();
  }

  #bindUpstream(connection: UpstreamConnection): void {
    this.responseDeadline.disarm();
    this.upstream = connection;
    this.endpoint = connection.endpoint;
    this.endpoint.inFlight++;
    this.endpoint.counters.began();
  }

  /** An upload that its client has yet to send is nothing that the upstream is late with. */
  #tellGivenUp(why: 'late' | 'unwanted'): void {
    if (this.upstream === undefined || this.responded) return;
    if (this.requestDone || this.clientPaused) this.live!.gaveUp(this.attemptMs, why);
  }

  /** One that is being connected for just now may still come through. */
  #heldTooLong(): void {
    this.holdOver = true;
    if (this.upstream === undefined) reply(this, OUTCOME.no_endpoint);
  }

  #responseTimedOut(connection: UpstreamConnection | undefined): void {
    if (connection === undefined) return reply(this, OUTCOME.overload);
    connection.destroy();
    retry(this, connection, OUTCOME.response_timeout);
  }

  /** A target with two readings: refused like any other malformed request, with the connection closed. */
  #refuseTarget(): void {
    this.connection.listener.counters.refused(OUTCOME.bad_request.index);
    this.head.keepAlive = false;
    reply(this, OUTCOME.bad_request);
  }

  /** Ends the exchange for a body that cannot be passed on; nothing up to `to` is used. */
  #refuseBody(to: number): number {
    this.connection.listener.counters.refused(this.body.refusal.index);
    if (this.responded) this.abort(this.body.refusal);
    else reply(this, this.body.refusal);
    return to;
  }

  /** Ends the exchange before anything is spent on it; nothing up to `to` is used. */
  #shed(to: number): number {
    this.connection.listener.counters.refused(OUTCOME.overload.index);
    reply(this, OUTCOME.overload);
    return to;
  }

  /** Reads no more of the request body for now; it is not the client who is slow. */
  pauseClient(): void {
    if (this.requestDone || this.clientPaused) return;
    this.clientPaused = true;
    this.connection.stream.pause();
    if (!this.unflushed) this.connection.unwatchProgress();
  }

  resumeClient(): void {
    if (!this.clientPaused) return;
    this.clientPaused = false;
    this.connection.stream.resume();
    this.connection.watchProgress();
  }

  /** The client's clock runs while it is its turn: to send more of a body, or to take what is written. */
  watchClient(): void {
    if ((this.requestDone || this.clientPaused) && !this.unflushed) this.connection.unwatchProgress();
    else this.connection.watchProgress();
  }

  #reset(connection: Connection): void {
    this.connection = connection;
    this.serving = this.context.serving;
    this.match = undefined;
    this.destination = undefined;
    this.client = '';
    this.requestId = '';
    this.live = undefined;
    this.upstream = undefined;
    this.endpoint = undefined;
    this.failedEndpoint = undefined;
    this.startedMs = this.context.deadlines.refresh();
    this.liveSinceMs = this.startedMs;
    this.attemptMs = this.startedMs;
    this.firstByteMs = -1;
    this.attempts = 0;
    this.retries = 0;
    this.mirrored = false;
    this.shadow = undefined;
    this.wantsFresh = false;
    this.attempting = false;
    this.holdOver = false;
    this.replayable = true;
    this.clientPaused = false;
    this.bytesOut = 0;
    this.responded = false;
    this.responseDone = false;
    this.unchunk = false;
    this.keep = true;
    this.status = 0;
    this.outcome = OUTCOME.ok;
    this.unflushed = false;
    this.active = true;
    this.choice.version = undefined;
    this.choice.key = '';
    this.choice.setCookie = false;
  }
}
