// Copies requests for shadows. Whatever a shadow does, and whatever goes wrong here, its exchange goes on as if there were no mirror:
// nothing is awaited, what cannot be copied at once is dropped and counted, and no error leaves this file.

import { SHADOW_FIELD } from '../../http/forwarding-fields.ts';
import { chooseTargetVersion, isSampled, isShadow, mirrorKey } from '../../routing/mirror.ts';
import type { MirrorTable } from '../../routing/table.ts';
import { MIRRORED } from '../../telemetry/mirror-outcomes.ts';
import type { MirrorOutcome } from '../../telemetry/mirror-outcomes.ts';
import { OUTCOME } from '../../telemetry/outcomes.ts';
import type { UpstreamStream } from '../../upstream/protocol/upstream-stream.ts';
import type { MirrorRuntime } from '../../upstream/mirror-runtime.ts';
import type { MirrorTarget } from '../../upstream/mirror-target.ts';
import { authorityFor } from '../attempt.ts';
import type { ExchangeControl } from '../exchange-control.ts';
import type { ExchangeState } from '../exchange-state.ts';
import type { ServedMirror } from '../serving-state.ts';
import { copiedBlock } from './copied-block.ts';
import type { CopiedRequest, CopyRole, PrimaryEnd, ResponseTap } from './response-tap.ts';

/** Begins the copies of a request that has just been sent. Called once, for the first attempt alone. */
export function mirror(exchange: ExchangeControl): void {
  const { state, context } = exchange;
  state.mirrored = true;
  try {
    if (!isShadow(state.head)) copyForEach(exchange);
  } catch (error) {
    context.failed(error);
  }
}

/** Passes on body bytes that were sent to the primary. */
export function copyBody({ state }: ExchangeControl, bytes: Buffer, from: number, to: number): void {
  const { done } = state.body;
  for (let copy = state.shadow; copy !== undefined; copy = copy.next) {
    try {
      copy.push(bytes, from, to);
      if (done) copy.requestEnded('');
    } catch (error) {
      copy.fail(error);
    }
  }
}

/** The primary's response has begun, with these body bytes; for its taps. */
export function tellHead(exchange: ExchangeControl, connection: UpstreamStream, from: number, to: number): void {
  const latencyMs = exchange.context.deadlines.refresh() - exchange.state.attempt.startedMs;
  tell(exchange, (tap) => tap.onHead('primary', connection.head, latencyMs));
  tellBody(exchange, connection, from, to);
}

export function tellBody(exchange: ExchangeControl, connection: UpstreamStream, from: number, to: number): void {
  if (to > from) tell(exchange, (tap) => tap.onBody('primary', connection.memory, from, to));
}

/** The exchange has ended: its copies go on alone, or end. */
export function leaveMirrored(exchange: ExchangeControl): void {
  const { state } = exchange;
  const isUnwanted = state.outcome === OUTCOME.downstream_closed || state.events?.isCut === true;
  if (state.taps !== undefined) tellPrimaryEnd(exchange, isUnwanted);
  state.taps = undefined;
  let copy = state.shadow;
  state.shadow = undefined;
  while (copy !== undefined) {
    const { next } = copy;
    copy.detach(isUnwanted);
    copy = next;
  }
}

/** @param isUnwanted it is not whole, and nobody waits for the rest */
function tellPrimaryEnd(exchange: ExchangeControl, isUnwanted: boolean): void {
  const { status, body, attempt } = exchange.state;
  const outcome = isUnwanted ? OUTCOME.downstream_closed : exchange.state.outcome;
  const end: PrimaryEnd = { outcome, status, requestDone: body.done, version: attempt.version! };
  tell(exchange, (tap) => tap.onPrimaryEnd(end));
}

function tell({ state, context }: ExchangeControl, what: (tap: ResponseTap) => void): void {
  for (const tap of state.taps!) {
    try {
      what(tap);
    } catch (error) {
      context.failed(error);
    }
  }
}

function copyForEach(exchange: ExchangeControl): void {
  const { state } = exchange;
  const { head, choice } = state;
  const { pool } = state.destination!;
  const { mirrors } = state.serving!.pools[pool.index]!;
  const key = mirrorKey(pool, head, state.client, choice.key);
  let copied: CopiedRequest | undefined;
  for (const table of pool.mirrors!) {
    const served = mirrors[table.index]!;
    if (!isSampled(table, head, key, served)) continue;
    const version = chooseTargetVersion(table, key, served);
    const shadow = version >= 0 && !respondsItself(state, table, version) ? served.shadows[version] : undefined;
    if (shadow === undefined) continue;
    copied ??= describe(state);
    copyFor(exchange, { table, served, shadow, key, copied });
  }
}

/** The version that responds has nothing to learn from a copy of the request. */
function respondsItself(state: ExchangeState, table: MirrorTable, version: number): boolean {
  return table.pool === state.destination!.pool && state.choice.version!.index === version;
}

function describe(state: ExchangeState): CopiedRequest {
  const { head, requestId, startedMs } = state;
  return {
    pool: state.destination!.pool,
    route: state.match!.route.name,
    version: state.attempt.version!,
    method: head.method,
    authority: head.authority,
    target: head.target,
    requestId,
    startedMs,
  };
}

interface Wanted {
  readonly table: MirrorTable;
  readonly served: ServedMirror;
  readonly shadow: MirrorTarget;
  readonly key: string;
  readonly copied: CopiedRequest;
}

function copyFor(exchange: ExchangeControl, { table, served, shadow, key, copied }: Wanted): void {
  const { state, context } = exchange;
  const tap = context.shadows.tapOf(table, shadow, copied);
  if (tap !== undefined) (state.taps ??= []).push(tap);
  send(exchange, { table, live: served.live, shadow, key, side: 'candidate', tap });
  const { secondaries } = served;
  if (tap?.wantsSecondary !== true) return;
  const secondaryTarget = secondaries?.shadows[state.choice.version!.index];
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

function send(exchange: ExchangeControl, wanted: Copy): void {
  const { state, context } = exchange;
  const { shadows } = context;
  const { table, live, shadow, key, side, tap } = wanted;
  if (shadows.pressed || shadows.isFull) return drop(exchange, wanted, MIRRORED.memory);
  const copy = shadows.take();
  const { outgoing, attempt } = state;
  const isCandidate = side === 'candidate';
  const authority = (isCandidate ? table.rewriteHost : undefined) ?? authorityFor(outgoing, attempt);
  const changes = isCandidate ? table.requestHeaders : undefined;
  const mark = changes?.hidesWay === true ? markOf(table) + context.cdnLoop : markOf(table);
  copy.prepare(table, outgoing, copiedBlock(outgoing, mark, changes), authority, shadows.deadlines.refresh());
  copy.queueBody(state.bodyText, state.pendingBody);
  copy.side = side;
  copy.tap = tap;
  copy.client = state.downstream;
  copy.attached = true;
  const dropped = copy.start(live, shadow, key, side === 'secondary' ? state.attempt.endpoint!.key : undefined);
  if (dropped !== undefined) {
    copy.attached = false;
    shadows.put(copy);
    return drop(exchange, wanted, dropped);
  }
  copy.next = state.shadow;
  state.shadow = copy;
  if (state.body.done) copy.requestEnded(state.body.trailers);
}

function drop({ context }: ExchangeControl, { shadow, side, tap }: Copy, outcome: MirrorOutcome): void {
  shadow.counters.dropped(outcome.index);
  if (tap !== undefined) context.shadows.tellEnd(tap, side, outcome);
}

function markOf({ name }: MirrorTable): string {
  return SHADOW_FIELD + ': ' + name + '\r\n';
}
