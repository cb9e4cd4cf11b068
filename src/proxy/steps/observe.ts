// Records an exchange when it has ended: its counters always, its line in the access log when there is one, and now and then a copy in the
// ring of recent exchanges.

import { wallMs } from '../../lib/clock.ts';
import { ownText } from '../../lib/own-text.ts';
import { AFFINITY_HEADER } from '../../routing/affinity.ts';
import { CHOICE_REASONS } from '../../routing/choice.ts';
import type { Destination } from '../../routing/table.ts';
import { Observation } from '../../telemetry/observation.ts';
import { OUTCOME } from '../../telemetry/outcomes.ts';
import type { Outcome } from '../../telemetry/outcomes.ts';
import type { RouteCounters } from '../../telemetry/counters.ts';
import type { ProxyContext } from '../context.ts';
import type { Downstream } from '../downstream/downstream.ts';
import type { ExchangeState } from '../exchange-state.ts';
import { endEvidence } from './count-evidence.ts';

/** Method and target of what looks like a request line, however it goes on. */
const FIRST_LINE = /^[\r\n]{0,4}([!#$%&'*+\-.^_`|~0-9A-Za-z]{1,32}) ([!-~]{1,2048})/;
const MAX_LINE = 2100;
/** Of the target and the fields of a request that became a tunnel. */
const MAX_KEPT_CHARACTERS = 2048;

/** Reused: its readers read it at once and keep nothing of it. */
const observation = new Observation();

export function observe(state: ExchangeState, context: ProxyContext): void {
  // Also wakes a thread at rest: what is recorded now must leave it soon.
  const endedMs = context.deadlines.refresh();
  // A response that came whole, and left at once, was as old at its head.
  if (state.firstByteMs < 0 && state.outcome === OUTCOME.ok) state.firstByteMs = endedMs - state.startedMs;
  // Where no response was sent, the outcome says what stands in its place (499: the client went away).
  const status = state.status === 0 ? state.outcome.status : state.status;
  const failed = isFailed(state.outcome, status);
  countEnd(state, endedMs, status, failed);
  const ring = failed ? context.recent.failed : context.recent.fine;
  const isWanted = ring.offer(endedMs);
  const { accessLog } = context;
  if (!isWanted && accessLog === undefined) return;
  describeRequest(observation, state);
  describeEnd(observation, state, status, endedMs - state.startedMs);
  if (isWanted) ring.keep(observation, endedMs);
  accessLog?.record(observation);
}

/**
 * The exchange becomes a tunnel: as a request it has ended, and ended well. What it is from here on is no latency of a version.
 * Returns what is to be recorded when the tunnel has ended; it holds on to nothing of the exchange.
 */
export function observeSwitch(state: ExchangeState, context: ProxyContext): Observation {
  countEnd(state, context.deadlines.refresh(), state.status, false);
  const made = new Observation();
  describeRequest(made, state);
  describeEnd(made, state, state.status, 0);
  made.method = ownText(made.method);
  made.authority = ownText(made.authority);
  made.isCut = made.target.length > MAX_KEPT_CHARACTERS || made.fields.length > MAX_KEPT_CHARACTERS;
  made.target = ownText(made.target, MAX_KEPT_CHARACTERS);
  made.requestId = ownText(made.requestId);
  made.fields = made.isCut ? '' : ownText(made.fields);
  return made;
}

/** The tunnel of which `made` tells has ended, and so has all of its exchange. */
export function observeTunnel(made: Observation, context: ProxyContext, durationMs: number): void {
  const { fine } = context.recent;
  const { atMs } = context.deadlines;
  made.durationMs = durationMs;
  if (fine.offer(atMs)) fine.keep(made, atMs);
  context.accessLog?.record(made);
}

function countEnd(state: ExchangeState, endedMs: number, status: number, failed: boolean): void {
  const { version, versionSinceMs } = state.attempt;
  if (version !== undefined) {
    const headMs = state.firstByteMs < 0 ? -1 : state.startedMs + state.firstByteMs - versionSinceMs;
    // How long a stream of events is open is no latency.
    version.counters.ended(state.events === undefined ? endedMs - versionSinceMs : headMs, headMs);
    version.counters.received(state.body.bytes);
    version.counters.sent(state.bytesOut);
  }
  routeCountersOf(state).responded(status);
  const isVersions = failed && version !== undefined && state.outcome.source !== 'downstream';
  if (isVersions) version.counters.failed();
  if (state.assignment.writer !== undefined) endEvidence(state, status, isVersions);
}

/** What is known of a request whose head could not be used. */
export interface RefusedHead {
  readonly outcome: Outcome;
  /** As far as it had come; latin1. */
  readonly text: string;
  /** What is wrong with it. */
  readonly reason: string;
}

/** Records a request whose head was refused, which no exchange has begun on. */
export function observeRefusal({ owner, peer }: Pick<Downstream, 'owner' | 'peer'>, context: ProxyContext, refused: RefusedHead): void {
  const { outcome } = refused;
  const endedMs = context.deadlines.refresh();
  const isWanted = context.recent.failed.offer(endedMs);
  const { accessLog } = context;
  if (!isWanted && accessLog === undefined) return;
  const made = new Observation();
  made.listener = owner.settings.name;
  made.client = peer;
  made.status = outcome.status;
  made.outcome = outcome.code;
  made.detail = refused.reason;
  made.startedAtMs = wallMs();
  const line = FIRST_LINE.exec(refused.text.slice(0, MAX_LINE));
  made.method = line?.[1] ?? '';
  made.target = line?.[2] ?? '';
  if (isWanted) context.recent.failed.keep(made, endedMs);
  accessLog?.record(made);
}

function routeCountersOf({ match, destination, serving, attempt, choice }: ExchangeState): RouteCounters {
  if (destination === undefined && match === undefined) return serving!.unrouted;
  const counters = match === undefined ? serving!.connects[destination!.pool.index]! : serving!.routes[match.route.index]!;
  return counters[attempt.version === undefined ? 0 : choice.version!.index + 1]!;
}

function isFailed(outcome: Outcome, status: number): boolean {
  return (outcome !== OUTCOME.ok && outcome !== OUTCOME.replied) || status >= 500;
}

function describeRequest(made: Observation, { head, downstream, match, choice, destination, client, requestId }: ExchangeState): void {
  const { owner, peer } = downstream!;
  made.listener = owner.settings.name;
  made.route = match?.route.name ?? '';
  made.pool = destination?.pool.name ?? '';
  made.method = head.method;
  made.authority = head.authority;
  made.target = head.target;
  made.client = client === '' ? peer : client;
  made.requestId = requestId;
  made.keyed = choice.key !== '' && !choice.setCookie;
  made.keyField = keyFieldOf(destination);
  made.fields = head.block;
  made.tls = downstream!.security?.described ?? '';
  made.isHttp2 = downstream!.isHttp2;
}

function describeEnd(made: Observation, state: ExchangeState, status: number, durationMs: number): void {
  const { attempt, choice } = state;
  const { version } = attempt;
  made.version = version?.name ?? '';
  made.deploy = version?.deploy ?? '';
  made.endpoint = attempt.endpoint?.key ?? '';
  made.reason = version === undefined ? '' : CHOICE_REASONS[choice.reason]!;
  made.override = version === undefined ? '' : choice.override;
  made.attempts = attempt.count;
  made.status = status;
  made.outcome = state.outcome.code;
  made.detail = state.detail;
  made.startedAtMs = wallMs() - durationMs;
  made.durationMs = durationMs;
  made.firstByteMs = state.firstByteMs;
  made.bytesIn = state.body.bytes;
  made.bytesOut = state.bytesOut;
}

function keyFieldOf(destination: Destination | undefined): string {
  const affinity = destination?.pool.affinity;
  return affinity?.kind === AFFINITY_HEADER ? affinity.name : '';
}
