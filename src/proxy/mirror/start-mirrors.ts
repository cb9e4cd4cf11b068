// Copies requests for shadows. Whatever a shadow does, and whatever goes wrong here, its exchange goes on as if there were no mirror:
// nothing is awaited, what cannot be copied at once is dropped and counted, and no error leaves this file.

import { writeCopyHead } from '../../http1/write-request.ts';
import { chooseTargetVersion, isSampled, isShadow, mirrorKey, SHADOW_FIELD } from '../../routing/mirror.ts';
import type { MirrorTable } from '../../routing/table.ts';
import { MIRRORED } from '../../telemetry/mirror-outcomes.ts';
import type { MirrorOutcome } from '../../telemetry/mirror-outcomes.ts';
import { OUTCOME } from '../../telemetry/outcomes.ts';
import type { UpstreamConnection } from '../../upstream/connection.ts';
import type { MirrorRuntime, MirrorTarget } from '../../upstream/mirror-runtime.ts';
import type { Exchange } from '../exchange.ts';
import type { ServedMirror } from '../serving-state.ts';
import type { CopyRole, ResponseTap } from './response-tap.ts';

/** Begins the copies of a request that has just been sent. Called once, for the first attempt alone. */
export function mirror(exchange: Exchange): void {
  exchange.mirrored = true;
  try {
    if (!isShadow(exchange.head)) copyForEach(exchange);
  } catch (error) {
    exchange.context.failed(error);
  }
}

/** Passes on body bytes that were sent to the primary. */
export function copyBody(exchange: Exchange, bytes: Buffer, from: number, to: number): void {
  const done = exchange.requestDone;
  for (let copy = exchange.shadow; copy !== undefined; copy = copy.next) {
    try {
      copy.push(bytes, from, to);
      if (done) copy.requestEnded();
    } catch (error) {
      copy.fail(error);
    }
  }
}

/** The primary's answer has begun, with these body bytes; for its witnesses. */
export function tellHead(exchange: Exchange, connection: UpstreamConnection, from: number, to: number): void {
  const latencyMs = exchange.context.deadlines.refresh() - exchange.attemptMs;
  tell(exchange, (tap) => tap.onHead('primary', connection.head, latencyMs));
  tellBody(exchange, connection, from, to);
}

export function tellBody(exchange: Exchange, connection: UpstreamConnection, from: number, to: number): void {
  if (to > from) tell(exchange, (tap) => tap.onBody('primary', connection.memory, from, to));
}

/** The exchange has ended: its copies go on alone, or end. */
export function leaveMirrored(exchange: Exchange): void {
  const { outcome } = exchange;
  if (exchange.taps !== undefined) tell(exchange, (tap) => tap.onPrimaryEnd(exchange));
  exchange.taps = undefined;
  let copy = exchange.shadow;
  exchange.shadow = undefined;
  while (copy !== undefined) {
    const { next } = copy;
    copy.detach(outcome === OUTCOME.downstream_closed);
    copy = next;
  }
}

function tell(exchange: Exchange, what: (tap: ResponseTap) => void): void {
  for (const tap of exchange.taps!) {
    try {
      what(tap);
    } catch (error) {
      exchange.context.failed(error);
    }
  }
}

function copyForEach(exchange: Exchange): void {
  const { pool } = exchange.destination!;
  const { head } = exchange;
  const { mirrors: leases } = exchange.serving.pools[pool.index]!;
  const key = mirrorKey(pool, head, exchange.client, exchange.choice.key);
  for (const table of pool.mirrors!) {
    const served = leases[table.index]!;
    if (!isSampled(table, head, key, served)) continue;
    const version = chooseTargetVersion(table, key, served);
    if (version >= 0 && !respondsItself(exchange, table, version)) copyFor(exchange, table, served, version, key);
  }
}

/** The version that answers has nothing to learn from a copy of the request. */
function respondsItself(exchange: Exchange, table: MirrorTable, version: number): boolean {
  return table.pool === exchange.destination!.pool && exchange.choice.version!.index === version;
}

function copyFor(exchange: Exchange, table: MirrorTable, served: ServedMirror, version: number, key: string): void {
  const shadow = served.shadows[version];
  if (shadow === undefined) return;
  const tap = exchange.context.shadows.tapOf(table, shadow, exchange);
  if (tap !== undefined) (exchange.taps ??= []).push(tap);
  send(exchange, { table, live: served.live, shadow, key, side: 'candidate', tap });
  const { secondaries } = served;
  if (tap?.wantsSecondary !== true) return;
  const secondaryTarget = secondaries?.shadows[exchange.choice.version!.index];
  if (secondaries === undefined || secondaryTarget === undefined) tap.onCopyEnd('secondary', MIRRORED.removed);
  else send(exchange, { table, live: secondaries.live, shadow: secondaryTarget, key, side: 'secondary', tap });
}

interface Copy {
  readonly table: MirrorTable;
  readonly live: MirrorRuntime;
  readonly shadow: MirrorTarget;
  readonly key: string;
  readonly side: CopyRole;
  readonly tap: ResponseTap | undefined;
}

function send(exchange: Exchange, { table, live, shadow, key, side, tap }: Copy): void {
  const { shadows } = exchange.context;
  if (shadows.pressed || shadows.isFull) return drop(exchange, shadow, MIRRORED.memory, side, tap);
  const copy = shadows.take();
  const head = side === 'candidate' ? candidateHead(exchange, table) : markedHead(exchange, table);
  copy.prepare(table, exchange.head.method, head + exchange.bodyText, shadows.deadlines.refresh());
  for (const bytes of exchange.pendingBody) copy.queueBody(bytes);
  copy.side = side;
  copy.tap = tap;
  copy.attached = true;
  const dropped = copy.start(live, shadow, key, side === 'secondary' ? exchange.endpoint!.key : undefined);
  if (dropped !== undefined) {
    copy.attached = false;
    shadows.put(copy);
    return drop(exchange, shadow, dropped, side, tap);
  }
  copy.next = exchange.shadow;
  exchange.shadow = copy;
  if (exchange.requestDone) copy.requestEnded();
}

function drop(
  { context }: Exchange,
  { counters }: MirrorTarget,
  outcome: MirrorOutcome,
  side: CopyRole,
  tap: ResponseTap | undefined,
): void {
  counters.dropped(outcome.index);
  if (tap !== undefined) context.shadows.tellEnd(tap, side, outcome);
}

/** What the primary got, marked. */
function markedHead({ outgoing }: Exchange, table: MirrorTable): string {
  return writeCopyHead(outgoing, outgoing.authority, markOf(table), undefined);
}

/** The same with the changes that the mirror wants. */
function candidateHead({ outgoing }: Exchange, table: MirrorTable): string {
  return writeCopyHead(outgoing, table.rewriteHost ?? outgoing.authority, markOf(table), table.requestHeaders);
}

function markOf({ name }: MirrorTable): string {
  return SHADOW_FIELD + ': ' + name + '\r\n';
}
