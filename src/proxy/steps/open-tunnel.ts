// What follows a 101: it is judged by what the client asked for, passed on, and the two connections become a tunnel. CONNECT has one as soon as
// its connection stands. The exchange is over as a request then, and is recorded once, when the tunnel has ended.

import { WEBSOCKET, judgeSwitch } from '../../http1/upgrade.ts';
import { nowMs } from '../../lib/clock.ts';
import { OUTCOME } from '../../telemetry/outcomes.ts';
import type { TunnelEnd } from '../../telemetry/tunnel-ends.ts';
import { NOT_READY_DRAINING } from '../../upstream/endpoint.ts';
import type { UpstreamStream } from '../../upstream/protocol/upstream-stream.ts';
import type { ExchangeControl } from '../exchange-control.ts';
import type { ExchangeState } from '../exchange-state.ts';
import { LATE_MS } from '../leave-moment.ts';
import { Tunnel } from '../tunnel/tunnel.ts';
import { countHead } from './count-evidence.ts';
import { endAttemptInTunnel } from './end-attempt.ts';
import { responseFields } from './forward-response.ts';
import { reply } from './local-reply.ts';
import { observeSwitch } from './observe.ts';

/** The 101 in `connection.head` has come; what follows it lies in `from` to `to`. Returns why it is malformed; empty: it is not. */
export function openTunnel(exchange: ExchangeControl, connection: UpstreamStream, from: number, to: number): string {
  const { state } = exchange;
  const refusal = judgeSwitch(state.head, connection.head);
  if (refusal !== '') return refusal;
  if (!hasRoom(exchange)) return '';
  measure(exchange, connection);
  const { upgrade } = connection.head;
  const fields = responseFields(state, connection.head);
  endAttemptInTunnel(exchange);
  observeSwitch(state, exchange.context);
  const first = connection.memory.subarray(from, to);
  const tunnel = join(exchange, connection, upgrade.toLowerCase() === WEBSOCKET);
  state.downstream!.sendSwitch(connection.head, fields, upgrade);
  if (first.length > 0) tunnel.upstream.onRead(first, first.length);
  state.downstream!.passEarly();
  return '';
}

/** A connection for CONNECT stands: nothing was sent on it. */
export function openConnect(exchange: ExchangeControl, connection: UpstreamStream): void {
  const { state } = exchange;
  if (!hasRoom(exchange)) return;
  state.holdDeadline.disarm();
  state.hangDeadline.disarm();
  state.firstByteMs = nowMs() - state.startedMs;
  endRequest(state, 200);
  endAttemptInTunnel(exchange);
  observeSwitch(state, exchange.context);
  join(exchange, connection, false);
  state.downstream!.sendConnected();
  state.downstream!.passEarly();
}

function hasRoom(exchange: ExchangeControl): boolean {
  const { owner } = exchange.state.downstream!;
  if (!owner.tunnelsFull) return true;
  owner.counters.refused(OUTCOME.overload.index);
  reply(exchange, OUTCOME.overload);
  return false;
}

function measure(exchange: ExchangeControl, { head }: UpstreamStream): void {
  const { state } = exchange;
  const { attempt } = state;
  const atMs = nowMs();
  const version = attempt.version!;
  if (version.followsLatency) version.observed(attempt.endpoint!, head.status, atMs - attempt.startedMs, atMs);
  if (state.assignment.writer !== undefined) countHead(state, head);
  state.firstByteMs = atMs - state.startedMs;
  // What a route allows an exchange is meant for the way to its response.
  state.exchangeDeadline.disarm();
  endRequest(state, head.status);
}

function endRequest(state: ExchangeState, status: number): void {
  state.status = status;
  state.responded = true;
  state.responseDone = true;
  state.keep = false;
}

function join(exchange: ExchangeControl, connection: UpstreamStream, isWebSocket: boolean): Tunnel {
  const { state, context } = exchange;
  const { downstream, attempt } = state;
  const version = attempt.version!;
  const tunnel = new Tunnel({
    client: downstream!.openTunnel(),
    upstream: connection.openTunnel(),
    isWebSocket,
    idleMs: version.settings.tunnelMs,
    deadlines: context.deadlines,
    counters: version.counters,
    onFinished: (ended, end) => closeTunnel(exchange, connection, ended, end),
    onFault: (error) => context.failed(error),
  });
  downstream!.longLived = tunnel;
  connection.longLived = tunnel;
  version.counters.tunnelOpened();
  downstream!.owner.onTunnelOpened();
  tunnel.open();
  const isDraining = (attempt.endpoint!.notReadyReasons & NOT_READY_DRAINING) !== 0;
  if (isDraining || context.lateMs > 0) tunnel.leave(context.lateMs || LATE_MS);
  return tunnel;
}

function closeTunnel(exchange: ExchangeControl, connection: UpstreamStream, tunnel: Tunnel, end: TunnelEnd): void {
  const { state, context } = exchange;
  const { endpoint, version } = state.attempt;
  const downstream = state.downstream!;
  connection.destroy();
  endpoint!.inFlight--;
  endpoint!.counters.ended();
  version!.counters.tunnelEnded(end.index, context.deadlines.refresh() - state.startedMs);
  downstream.owner.onTunnelClosed();
  state.body.bytes = tunnel.client.bytes;
  state.bytesOut = tunnel.upstream.bytes;
  state.detail = 'tunnel ended: ' + end.code;
  downstream.closeTunnel();
  if (tunnel.client.gone) downstream.abort();
  exchange.finish();
}
