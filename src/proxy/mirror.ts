// Copies requests for shadows. Whatever a shadow does, and whatever goes wrong here, its exchange goes on as if there were no mirror:
// nothing is awaited, what cannot be copied at once is dropped and counted, and no error leaves this file.

import { applyHeaderChanges } from '../lib/header-changes.ts';
import { chooseShadow, isSampled, isShadow, mirrorKey, SHADOW_FIELD } from '../routing/mirror.ts';
import type { MirrorTable } from '../routing/mirror.ts';
import { MIRRORED } from '../telemetry/mirror-outcomes.ts';
import type { MirrorOutcome } from '../telemetry/mirror-outcomes.ts';
import { OUTCOME } from '../telemetry/outcomes.ts';
import type { UpstreamConnection } from '../upstream/connection.ts';
import type { LiveMirror, Shadow } from '../upstream/mirror.ts';
import type { Exchange } from './exchange.ts';
import type { MirrorLease } from './serving.ts';
import type { CopySide, Witness } from './witness.ts';

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
export function teeBody(exchange: Exchange, bytes: Buffer, from: number, to: number): void {
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
  tell(exchange, (witness) => witness.onHead('primary', connection.head, latencyMs));
  tellBody(exchange, connection, from, to);
}

export function tellBody(exchange: Exchange, connection: UpstreamConnection, from: number, to: number): void {
  if (to > from) tell(exchange, (witness) => witness.onBody('primary', connection.memory, from, to));
}

/** The exchange has ended: its copies go on alone, or end. */
export function leaveShadows(exchange: Exchange): void {
  const { outcome } = exchange;
  if (exchange.witnesses !== undefined) tell(exchange, (witness) => witness.onPrimaryEnd(exchange));
  exchange.witnesses = undefined;
  let copy = exchange.shadow;
  exchange.shadow = undefined;
  while (copy !== undefined) {
    const { next } = copy;
    copy.detach(outcome === OUTCOME.downstream_closed);
    copy = next;
  }
}

function tell(exchange: Exchange, what: (witness: Witness) => void): void {
  for (const witness of exchange.witnesses!) {
    try {
      what(witness);
    } catch (error) {
      exchange.context.failed(error);
    }
  }
}

function copyForEach(exchange: Exchange): void {
  const { pool } = exchange.destination!;
  const { head } = exchange;
  const { mirrors: leases } = exchange.serving.leases[pool.index]!;
  const key = mirrorKey(pool, head, exchange.client, exchange.choice.key);
  for (const table of pool.mirrors!) {
    const lease = leases[table.index]!;
    if (!isSampled(table, head, key, lease)) continue;
    const version = chooseShadow(table, key, lease);
    if (version >= 0 && !respondsItself(exchange, table, version)) copyFor(exchange, table, lease, version, key);
  }
}

/** The version that answers has nothing to learn from a copy of the request. */
function respondsItself(exchange: Exchange, table: MirrorTable, version: number): boolean {
  return table.pool === exchange.destination!.pool && exchange.choice.version!.index === version;
}

function copyFor(exchange: Exchange, table: MirrorTable, lease: MirrorLease, version: number, key: string): void {
  const shadow = lease.shadows[version];
  if (shadow === undefined) return;
  const witness = exchange.context.shadows.witnessOf(table, shadow, exchange);
  if (witness !== undefined) (exchange.witnesses ??= []).push(witness);
  send(exchange, { table, live: lease.live, shadow, key, side: 'candidate', witness });
  const { seconds } = lease;
  if (witness?.wantsSecond !== true) return;
  const retryAttempt = seconds?.shadows[exchange.choice.version!.index];
  if (seconds === undefined || retryAttempt === undefined) witness.onCopyEnd('second', MIRRORED.removed);
  else send(exchange, { table, live: seconds.live, shadow: retryAttempt, key, side: 'second', witness });
}

interface Copy {
  readonly table: MirrorTable;
  readonly live: LiveMirror;
  readonly shadow: Shadow;
  readonly key: string;
  readonly side: CopySide;
  readonly witness: Witness | undefined;
}

function send(exchange: Exchange, { table, live, shadow, key, side, witness }: Copy): void {
  const { shadows } = exchange.context;
  if (shadows.pressed || shadows.isFull) return drop(exchange, shadow, MIRRORED.memory, side, witness);
  const copy = shadows.take();
  const text = side === 'candidate' ? shadowText(exchange, table) : markedText(exchange, table);
  copy.prepare(table, exchange.head.method, text, shadows.deadlines.refresh());
  for (const bytes of exchange.pendingBody) copy.queueBody(bytes);
  copy.side = side;
  copy.witness = witness;
  copy.attached = true;
  const dropped = copy.start(live, shadow, key, side === 'second' ? exchange.endpoint!.key : undefined);
  if (dropped !== undefined) {
    copy.attached = false;
    shadows.put(copy);
    return drop(exchange, shadow, dropped, side, witness);
  }
  copy.next = exchange.shadow;
  exchange.shadow = copy;
  if (exchange.requestDone) copy.requestEnded();
}

function drop({ context }: Exchange, { counters }: Shadow, outcome: MirrorOutcome, side: CopySide, witness: Witness | undefined): void {
  counters.dropped(outcome.index);
  if (witness !== undefined) context.shadows.tellEnd(witness, side, outcome);
}

/** What the primary got, marked. */
function markedText(exchange: Exchange, table: MirrorTable): string {
  const text = exchange.requestText;
  const hostEnd = text.indexOf('\n', text.indexOf('\n') + 1) + 1;
  return text.slice(0, hostEnd) + markOf(table) + text.slice(hostEnd);
}

/** The same with the changes that the mirror wants. */
function shadowText(exchange: Exchange, table: MirrorTable): string {
  if (table.requestHeaders === undefined && table.rewriteHost === undefined) return markedText(exchange, table);
  const text = exchange.requestText;
  const hostStart = text.indexOf('\n') + 1;
  const hostEnd = text.indexOf('\n', hostStart) + 1;
  const host = table.rewriteHost === undefined ? text.slice(hostStart, hostEnd) : 'host: ' + table.rewriteHost + '\r\n';
  const blockEnd = text.length - exchange.bodyText.length - 2;
  const block = text.slice(hostEnd, blockEnd);
  const changed = table.requestHeaders === undefined ? block : applyHeaderChanges(block, table.requestHeaders);
  return text.slice(0, hostStart) + host + markOf(table) + changed + text.slice(blockEnd);
}

function markOf({ name }: MirrorTable): string {
  return SHADOW_FIELD + ': ' + name + '\r\n';
}
