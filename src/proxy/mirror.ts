// Copies requests for shadows. Whatever a shadow does, and whatever goes wrong here, its exchange goes on as if there were no mirror:
// nothing is awaited, what cannot be copied at once is dropped and counted, and no error leaves this file.

import { applyHeaderChanges } from '../lib/header-changes.ts';
import { chooseShadow, isSampled, isShadow, mirrorKey, SHADOW_FIELD } from '../routing/mirror.ts';
import type { MirrorTable } from '../routing/mirror.ts';
import { MIRRORED } from '../telemetry/mirror-outcomes.ts';
import { OUTCOME } from '../telemetry/outcomes.ts';
import type { UpstreamConnection } from '../upstream/connection.ts';
import type { Exchange } from './exchange.ts';
import type { MirrorLease } from './serving.ts';
import type { Witness } from './witness.ts';

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

/** The primary's answer has begun, with these body bytes; for those who compare. */
export function tellHead(exchange: Exchange, connection: UpstreamConnection, from: number, to: number): void {
  if (!isCompared(exchange)) return;
  tell(exchange, (witness) => witness.onHead('primary', connection.head));
  tellBody(exchange, connection, from, to);
}

export function tellBody(exchange: Exchange, connection: UpstreamConnection, from: number, to: number): void {
  if (to > from && isCompared(exchange)) tell(exchange, (witness) => witness.onBody('primary', connection.memory, from, to));
}

/** The exchange has ended: its copies go on alone, or end. */
export function leaveShadows(exchange: Exchange): void {
  const { context, outcome, startedMs, status } = exchange;
  if (isCompared(exchange)) tell(exchange, (witness) => witness.onPrimaryEnd(status, context.deadlines.refresh() - startedMs));
  let copy = exchange.shadow;
  exchange.shadow = undefined;
  while (copy !== undefined) {
    const { next } = copy;
    copy.detach(outcome === OUTCOME.downstream_closed);
    copy = next;
  }
}

/** Where nobody compares, nothing is made for it. */
function isCompared({ context, shadow }: Exchange): boolean {
  return shadow !== undefined && context.shadows.findWitness !== undefined;
}

function tell(exchange: Exchange, what: (witness: Witness) => void): void {
  for (let copy = exchange.shadow; copy !== undefined; copy = copy.next) {
    if (copy.witness === undefined) continue;
    try {
      what(copy.witness);
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
    if (version >= 0 && !answersItself(exchange, table, version)) copyFor(exchange, table, lease, version, key);
  }
}

/** The version that answers has nothing to learn from a copy of the request. */
function answersItself(exchange: Exchange, table: MirrorTable, version: number): boolean {
  return table.pool === exchange.destination!.pool && exchange.choice.version!.index === version;
}

function copyFor(exchange: Exchange, table: MirrorTable, { live, shadows: targets }: MirrorLease, version: number, key: string): void {
  const { shadows } = exchange.context;
  const shadow = targets[version];
  if (shadow === undefined) return;
  if (shadows.pressed || shadows.isFull) return shadow.counters.dropped(MIRRORED.memory.index);
  const copy = shadows.take();
  copy.prepare(table, exchange.head.method, shadowText(exchange, table), exchange.context.deadlines.refresh());
  for (const bytes of exchange.held) copy.hold(bytes);
  copy.witness = shadows.findWitness?.(table, exchange);
  copy.attached = true;
  const dropped = copy.start(live, shadow, key);
  if (dropped !== undefined) {
    shadow.counters.dropped(dropped.index);
    if (copy.witness !== undefined) shadows.tellEnd(copy.witness, dropped, shadows.deadlines.refresh());
    copy.attached = false;
    shadows.put(copy);
    return;
  }
  copy.next = exchange.shadow;
  exchange.shadow = copy;
  if (exchange.requestDone) copy.requestEnded();
}

/** What the primary got, marked. */
function shadowText(exchange: Exchange, table: MirrorTable): string {
  const text = exchange.requestText;
  const hostStart = text.indexOf('\n') + 1;
  const hostEnd = text.indexOf('\n', hostStart) + 1;
  const mark = SHADOW_FIELD + ': ' + table.name + '\r\n';
  if (table.requestHeaders === undefined && table.rewriteHost === undefined) return text.slice(0, hostEnd) + mark + text.slice(hostEnd);
  const host = table.rewriteHost === undefined ? text.slice(hostStart, hostEnd) : 'host: ' + table.rewriteHost + '\r\n';
  const blockEnd = text.length - exchange.bodyText.length - 2;
  const block = text.slice(hostEnd, blockEnd);
  const changed = table.requestHeaders === undefined ? block : applyHeaderChanges(block, table.requestHeaders);
  return text.slice(0, hostStart) + host + mark + changed + text.slice(blockEnd);
}
