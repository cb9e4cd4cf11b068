// Drives one request and its response: takes the events of both sides, lets the steps work on the state, and does what they ask for.
// What must happen once, such as the end, happens here. It is reused for later requests, and it never knows a socket.
//
//          begin: receive-request, route                                        finish, once
//   spare ------------------------------> active -------------------------------------------------> spare (reset)
//                                           |
//     an attempt:   start-attempt           v          a hold, a line, or a new connection
//     wanted ---------------------> looking for a connection <-----------------------------+
//                                           | onConnected                                   |
//                                           v                     retry, version fallback   |
//                                     request sent ------------------ failure --------------+
//                                           | onResponse              | no retry
//                                           v                         v
//                                       responded                 local reply ----> finish
//                                           | all read and flushed
//                                           v
//                                   responseEnded ----> finish
//
//   onConnected of CONNECT, or request sent --onSwitch--> open-tunnel: the tunnel goes on without the exchange ----> spare (reset)
//
//   From each of them: the client goes (finish), a deadline passes (time-out), a failure of a response under way (abort, then finish).

import type { RequestHead } from '../http1/request-head.ts';
import type { Deadline, DeadlineOwner } from '../lib/deadlines.ts';
import { OUTCOME } from '../telemetry/outcomes.ts';
import type { Outcome } from '../telemetry/outcomes.ts';
import type { UpstreamStream } from '../upstream/protocol/upstream-stream.ts';
import type { Endpoint } from '../upstream/endpoint.ts';
import type { Introduction } from '../upstream/introduction.ts';
import type { ProxyContext } from './context.ts';
import type { Downstream } from './downstream/downstream.ts';
import type { RequestSink } from './downstream/request-sink.ts';
import type { ExchangeControl } from './exchange-control.ts';
import { ExchangeState, resetExchangeState } from './exchange-state.ts';
import { leaveMirrored } from './mirror/start-mirrors.ts';
import { endAttempt, tellGivenUp } from './steps/end-attempt.ts';
import { forwardBody, forwardHead, forwardInterim } from './steps/forward-response.ts';
import { haltBaselineOf } from './steps/leave-halted.ts';
import { reply } from './steps/local-reply.ts';
import { observe } from './steps/observe.ts';
import { openConnect, openTunnel } from './steps/open-tunnel.ts';
import { receiveBody, receiveEnd, receiveRequest } from './steps/receive-request.ts';
import { retry } from './steps/retry.ts';
import { bindUpstream, continueBody, sendRequest, watchUpstream } from './steps/start-attempt.ts';
import { switchVersion } from './steps/switch-version.ts';
import { stall, timeOut } from './steps/time-out.ts';

export class Exchange implements ExchangeControl, RequestSink, DeadlineOwner {
  readonly isRaw = false;
  readonly context: ProxyContext;
  readonly state: ExchangeState;

  constructor(context: ProxyContext) {
    this.context = context;
    this.state = new ExchangeState(this);
  }

  get head(): RequestHead {
    return this.state.head;
  }

  get requestDone(): boolean {
    return this.state.body.done;
  }

  get passesBody(): boolean {
    const { body, clientPaused, attempt } = this.state;
    return !body.done && !clientPaused && attempt.connection?.connected === true && !attempt.connection.idle;
  }

  get responded(): boolean {
    return this.state.responded;
  }

  get unflushed(): boolean {
    return this.state.unflushed;
  }

  get affinityKey(): string {
    return this.state.choice.key;
  }

  get failedEndpoint(): Endpoint | undefined {
    return this.state.attempt.failedEndpoint;
  }

  get introduction(): Introduction {
    return this.state.downstream!.introduction;
  }

  get upgrades(): boolean {
    return this.state.head.opensTunnel;
  }

  get wantsFresh(): boolean {
    return this.state.attempt.wantsFresh || this.upgrades;
  }

  get leavesVersion(): boolean {
    return haltBaselineOf(this.state) >= 0;
  }

  get holdOver(): boolean {
    return this.state.attempt.holdOver;
  }

  // What the client does.

  begin(downstream: Downstream, bytes: Buffer, from: number, to: number, ended: boolean): number {
    const { state, context } = this;
    const startedMs = context.deadlines.refresh();
    state.active = true;
    state.downstream = downstream;
    state.serving = context.servingNow;
    state.startedMs = startedMs;
    state.movedMs = startedMs;
    state.attempt.startedMs = startedMs;
    state.attempt.versionSinceMs = startedMs;
    return receiveRequest(this, bytes, from, to, ended);
  }

  onRequestBytes(bytes: Buffer, from: number, to: number): number {
    return receiveBody(this, bytes, from, to);
  }

  onRequestEnd(trailers: string): void {
    receiveEnd(this, trailers);
  }

  onDownstreamFlushed(): void {
    const { state } = this;
    if (!state.unflushed) return;
    state.unflushed = false;
    this.watchClient();
    if (state.responseDone) return this.responseEnded();
    watchUpstream(this);
    state.attempt.connection?.resume();
    state.events?.flushed();
  }

  onDownstreamStalled(): void {
    stall(this);
  }

  onDownstreamClosed(): void {
    if (!this.state.active) return;
    tellGivenUp(this, 'unwanted');
    this.state.outcome = OUTCOME.downstream_closed;
    this.state.events?.clientGone();
    this.finish();
  }

  // What the version and its connections do.

  onWaiting(): void {
    // A client that has gone unseen must not hold a place in the queue; a place in it is worth as much time as a connection.
    const { responseDeadline, attempt } = this.state;
    this.context.deadlines.arm(responseDeadline, attempt.version!.settings.connectMs);
  }

  onHeld(): void {
    const { responseDeadline, holdDeadline, attempt } = this.state;
    // It may come from the line, whose time is not that of the hold.
    responseDeadline.disarm();
    attempt.startedMs = 0;
    if (holdDeadline.list === undefined) this.context.deadlines.arm(holdDeadline, attempt.version!.settings.holdMs);
  }

  onStillHeld(): boolean {
    return switchVersion(this);
  }

  onTurnedAway(outcome: Outcome): void {
    reply(this, outcome);
  }

  onConnecting(connection: UpstreamStream, endpoint: Endpoint): void {
    this.state.attempt.startedMs = this.context.deadlines.refresh();
    bindUpstream(this, connection, endpoint);
  }

  onConnected(connection: UpstreamStream, endpoint: Endpoint): void {
    if (this.state.attempt.connection !== connection) bindUpstream(this, connection, endpoint);
    if (this.state.head.connects) openConnect(this, connection);
    else sendRequest(this, connection);
  }

  onInterim(connection: UpstreamStream): void {
    forwardInterim(this, connection);
  }

  onResponse(connection: UpstreamStream, from: number, to: number, done: boolean): boolean {
    return forwardHead(this, connection, from, to, done);
  }

  onResponseBytes(connection: UpstreamStream, from: number, to: number, done: boolean): boolean {
    return forwardBody(this, connection, from, to, done);
  }

  onSwitch(connection: UpstreamStream, from: number, to: number): string {
    return openTunnel(this, connection, from, to);
  }

  onUpstreamDrained(): void {
    continueBody(this);
  }

  onUpstreamFailure(connection: UpstreamStream, outcome: Outcome): void {
    retry(this, connection, outcome);
  }

  onDeadline(deadline: Deadline): void {
    timeOut(this, deadline);
  }

  // What the steps ask for.

  endAttempt(outcome: Outcome): void {
    endAttempt(this, outcome);
  }

  abort(outcome: Outcome): void {
    const { state } = this;
    state.outcome = outcome;
    state.keep = false;
    // First: what ends an exchange in good order would send a clean end. Who takes nothing need not be waited for.
    if (outcome === OUTCOME.downstream_stalled || outcome === OUTCOME.downstream_closed) state.downstream!.abort();
    else state.downstream!.cutOff(state.looksDone || state.attempt.connection?.scanner.looksDone === true);
    this.finish();
  }

  responseEnded(): void {
    const { state } = this;
    state.responseDone = true;
    state.responseDeadline.disarm();
    if (state.unflushed) return;
    if (!state.body.done) state.keep = false;
    this.finish();
  }

  finish(): void {
    const { state } = this;
    if (!state.active) return;
    state.active = false;
    state.exchangeDeadline.disarm();
    state.holdDeadline.disarm();
    state.events?.close();
    endAttempt(this, state.outcome);
    observe(state, this.context);
    if (state.shadow !== undefined || state.taps !== undefined) leaveMirrored(this);
    const downstream = state.downstream!;
    downstream.unwatchProgress();
    // The downstream gives this exchange back, which resets it.
    downstream.end(state.keep);
  }

  becomeTunnel(): void {
    const { state } = this;
    // A tunnel that could not be told of its client has ended already, and all with it.
    if (!state.active) return;
    state.active = false;
    // The downstream gives this exchange back, which resets it.
    state.downstream!.giveBack();
  }

  watchClient(): void {
    const { state } = this;
    const downstream = state.downstream!;
    if ((state.body.done || state.clientPaused) && !state.unflushed) downstream.unwatchProgress();
    else downstream.watchProgress(state.attempt.version!.settings.stallMs);
  }

  pauseClient(): void {
    const { state } = this;
    if (state.body.done || state.clientPaused) return;
    state.clientPaused = true;
    state.downstream!.pause();
    if (!state.unflushed) state.downstream!.unwatchProgress();
  }

  resumeClient(): void {
    const { state } = this;
    if (!state.clientPaused) return;
    state.clientPaused = false;
    state.downstream!.resume();
    this.watchClient();
  }

  reset(): void {
    resetExchangeState(this.state);
  }
}
