// Records an exchange when it has ended: its counters always, its line in the access log when there is one.

import { nowMs, wallMs } from '../lib/clock.ts';
import { CHOICE_REASONS } from '../routing/table.ts';
import { Observation } from '../telemetry/observation.ts';
import type { Exchange } from './exchange.ts';

/** Reused: the access log reads it at once and keeps nothing. */
const observation = new Observation();

export function observe(exchange: Exchange): void {
  const endedMs = nowMs();
  const durationMs = endedMs - exchange.startedMs;
  const { live, match, serving, context } = exchange;
  if (live !== undefined) {
    live.counters.ended(endedMs - exchange.liveSinceMs);
    live.counters.received(exchange.body.bytes);
    live.counters.sent(exchange.bytesOut);
  }
  const version = exchange.choice.version;
  const counters =
    match === undefined ? serving.unrouted : serving.routes[match.route.index]![live === undefined ? 0 : version!.index + 1]!;
  // Where no answer was sent, the outcome says what stands in its place (499: the client went away).
  const status = exchange.status === 0 ? exchange.outcome.status : exchange.status;
  counters.answered(status);
  if (context.accessLog !== undefined) record(exchange, status, durationMs);
}

function record(exchange: Exchange, status: number, durationMs: number): void {
  const log = exchange.context.accessLog!;
  const { head, connection, match } = exchange;
  observation.listener = connection.listener.settings.name;
  observation.route = match?.route.name ?? '';
  observation.pool = exchange.destination?.pool.name ?? '';
  observation.version = exchange.live?.name ?? '';
  observation.deploy = exchange.live?.deploy ?? '';
  observation.endpoint = exchange.endpoint?.key ?? '';
  observation.method = head.method;
  observation.authority = head.authority;
  observation.target = head.target;
  observation.client = exchange.client === '' ? connection.peer : exchange.client;
  observation.requestId = exchange.requestId;
  observation.status = status;
  observation.outcome = exchange.outcome.code;
  observation.reason = exchange.live === undefined ? '' : CHOICE_REASONS[exchange.choice.reason]!;
  observation.attempts = exchange.attempts;
  observation.startedAtMs = wallMs() - durationMs;
  observation.durationMs = durationMs;
  observation.firstByteMs = exchange.firstByteMs;
  observation.bytesIn = exchange.body.bytes;
  observation.bytesOut = exchange.bytesOut;
  log.record(observation);
}
