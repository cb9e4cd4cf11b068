// Records an exchange when it has ended: its counters always, its line in the access log when there is one, and now and then a copy for
// those who ask what was served lately.

import { nowMs, wallMs } from '../lib/clock.ts';
import { AFFINITY_HEADER } from '../routing/affinity.ts';
import { CHOICE_REASONS } from '../routing/choice.ts';
import type { Destination } from '../routing/table.ts';
import { Observation } from '../telemetry/observation.ts';
import { OUTCOME } from '../telemetry/outcomes.ts';
import type { Outcome } from '../telemetry/outcomes.ts';
import type { Exchange } from './exchange.ts';

/** Reused: whoever is given it reads it at once and keeps nothing of it. */
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
  counters.responded(status);
  const ring = isFailed(exchange.outcome, status) ? context.recent.failed : context.recent.fine;
  const isWanted = ring.offer(endedMs);
  const { accessLog } = context;
  if (!isWanted && accessLog === undefined) return;
  fill(exchange, status, durationMs);
  if (isWanted) ring.keep(observation, endedMs);
  accessLog?.record(observation);
}

function isFailed(outcome: Outcome, status: number): boolean {
  return (outcome !== OUTCOME.ok && outcome !== OUTCOME.replied) || status >= 500;
}

function fill(exchange: Exchange, status: number, durationMs: number): void {
  const { head, connection, match, choice } = exchange;
  const isChosen = exchange.live !== undefined;
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
  observation.reason = isChosen ? CHOICE_REASONS[choice.reason]! : '';
  observation.attempts = exchange.attempts;
  observation.startedAtMs = wallMs() - durationMs;
  observation.durationMs = durationMs;
  observation.firstByteMs = exchange.firstByteMs;
  observation.bytesIn = exchange.body.bytes;
  observation.bytesOut = exchange.bytesOut;
  observation.override = isChosen ? choice.override : '';
  observation.keyed = choice.key !== '' && !choice.setCookie;
  observation.keyField = keyFieldOf(exchange.destination);
  observation.fields = head.block;
}

function keyFieldOf(destination: Destination | undefined): string {
  const affinity = destination?.pool.affinity;
  return affinity?.kind === AFFINITY_HEADER ? affinity.name : '';
}
