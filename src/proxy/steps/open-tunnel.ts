// What follows a 101: it is judged by what the client asked for, passed on, and the two connections become a tunnel. CONNECT has one as soon as
// its connection stands. The exchange is over as a request then, and is recorded once, when the tunnel has ended.

import { WEBSOCKET, judgeSwitch } from '../../http1/upgrade.ts';
import { nowMs } from '../../lib/clock.ts';
import { OUTCOME } from '../../telemetry/outcomes.ts';
import type { VersionCounters } from '../../telemetry/counters.ts';
import type { Observation } from '../../telemetry/observation.ts';
import type { TunnelEnd } from '../../telemetry/tunnel-ends.ts';
import { NOT_READY_DRAINING } from '../../upstream/endpoint.ts';
import type { Endpoint } from '../../upstream/endpoint.ts';
import type { UpstreamStream } from '../../upstream/protocol/upstream-stream.ts';
import type { ProxyContext } from '../context.ts';
import type { Downstream } from '../downstream/downstream.ts';
import type { ExchangeControl } from '../exchange-control.ts';
import { LATE_MS } from '../leave-moment.ts';
import { Tunnel } from '../tunnel/tunnel.ts';
import { countHead } from './count-evidence.ts';
import { endAttemptInTunnel } from './end-attempt.ts';
import { responseFields } from './forward-response.ts';
import { reply } from './local-reply.ts';
import { observeSwitch, observeTunnel } from './observe.ts';

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
  const first = connection.memory.subarray(from, to);
  const downstream = state.downstream!;
  const tunnel = join(exchange, connection, upgrade.toLowerCase() === WEBSOCKET);
  downstream.sendSwitch(connection.head, fields, upgrade);
  connection.head.reset();
  exchange.becomeTunnel();
  if (first.length > 0) tunnel.upstream.onRead(first, first.length);
  downstream.passEarly();
  return '';
}

/** A connection for CONNECT stands: nothing was sent on it. */
export function openConnect(exchange: ExchangeControl, connection: UpstreamStream): void {
  const { state } = exchange;
  if (!hasRoom(exchange)) return;
  state.firstByteMs = nowMs() - state.startedMs;
  state.status = 200;
  endAttemptInTunnel(exchange);
  const downstream = state.downstream!;
  join(exchange, connection, false);
  downstream.sendConnected();
  exchange.becomeTunnel();
  downstream.passEarly();
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
  state.status = head.status;
}

/** What is kept of the exchange while its tunnel is open: a Table that it held would outlive all reloads. */
interface OpenTunnel {
  readonly context: ProxyContext;
  readonly downstream: Downstream;
  readonly connection: UpstreamStream;
  readonly endpoint: Endpoint;
  readonly counters: VersionCounters;
  readonly startedMs: number;
  readonly observation: Observation;
}

function join(exchange: ExchangeControl, connection: UpstreamStream, isWebSocket: boolean): Tunnel {
  const { state, context } = exchange;
  const { attempt, startedMs } = state;
  const [version, endpoint, downstream] = [attempt.version!, attempt.endpoint!, state.downstream!];
  const { counters } = version;
  const open: OpenTunnel = { context, downstream, connection, endpoint, counters, startedMs, observation: observeSwitch(state, context) };
  const tunnel = new Tunnel({
    client: downstream.openTunnel(),
    upstream: connection.openTunnel(),
    isWebSocket,
    idleMs: version.settings.tunnelMs,
    deadlines: context.deadlines,
    counters,
    onFinished: (ended, end) => closeTunnel(open, ended, end),
    onFault: (error) => context.failed(error),
  });
  downstream.longLived = tunnel;
  connection.longLived = tunnel;
  counters.tunnelOpened();
  downstream.owner.onTunnelOpened();
  tunnel.open();
  const isDraining = (endpoint.notReadyReasons & NOT_READY_DRAINING) !== 0;
  if (isDraining || context.lateMs > 0) tunnel.leave(context.lateMs || LATE_MS);
  return tunnel;
}

function closeTunnel(
  { context, downstream, connection, endpoint, counters, startedMs, observation }: OpenTunnel,
  tunnel: Tunnel,
  end: TunnelEnd,
): void {
  const ageMs = context.deadlines.refresh() - startedMs;
  if (tunnel.client.wasReset) connection.abort();
  else connection.destroy();
  endpoint.inFlight--;
  endpoint.counters.ended();
  counters.tunnelEnded(end.index, ageMs);
  downstream.owner.onTunnelClosed();
  observation.bytesIn = tunnel.client.bytes;
  observation.bytesOut = tunnel.upstream.bytes;
  observation.detail = 'tunnel ended: ' + end.code;
  observeTunnel(observation, context, ageMs);
  downstream.closeTunnel();
  if (tunnel.client.gone) downstream.abort();
  else if (tunnel.upstream.wasReset) downstream.cutOff(false);
  downstream.end(false);
}
