// Counts what happens to a request that chance drew for one side of a rollout: whatever the version does is charged to the version that was
// drawn and tried. What another one does in its place, after a retry or because the drawn one is not ready, is no event of anybody.
//
// An exchange counts in each cell at most once. Errors: an attempt that failed, a status that is tried again or is 500 or above, a time that
// is over, no endpoint ready. Slow: the head came later than the bound of the moment of the draw, or has not come by then. A client that goes
// before the head gave up; a status of 400 to 499 is a client error. An ejection is no event beside the failures that led to it.
// A call of gRPC has the status that its own counts as (`forward-response`).

import { findField, findLine } from '../../http/header-block.ts';
import { BODY_NONE } from '../../http/body-kind.ts';
import type { IncomingResponse } from '../../http/response.ts';
import { nowMs } from '../../lib/clock.ts';
import { countsBeside } from '../../routing/choose-otherwise.ts';
import { groupOf } from '../../telemetry/body-sizes.ts';
import { BASELINE, CANARY, CLIENT_ERRORS, ERRORS, EVENTS, GAVE_UP, SLOW_P50, SLOW_P90, SLOW_P99 } from '../../telemetry/evidence-layout.ts';
import { NO_ROOM, NO_USER } from '../../telemetry/evidence-users.ts';
import { readAmount } from '../../telemetry/evidence-values.ts';
import type { EvidenceWriter } from '../../telemetry/evidence-writer.ts';
import { OUTCOME } from '../../telemetry/outcomes.ts';
import type { ExchangeState } from '../exchange-state.ts';
import type { ServedPool } from '../serving-state.ts';
import type { Versioned, VersionedControl } from '../versioned.ts';

/** A version was chosen, or none may respond; the canary is not halted. @param path of the request; empty: it is a connection */
export function beginEvidence({ state, context }: VersionedControl, path: string, servedPool: ServedPool, writer: EvidenceWriter): void {
  const { choice, assignment } = state;
  const { drawn } = choice;
  if (drawn !== writer.canary && drawn !== writer.baseline) return;
  const isCanary = drawn === writer.canary;
  const { pool } = state.destination!;
  if (pool.hasSlowStart && !countsBeside(isCanary ? writer.baseline : writer.canary, pool, servedPool, choice)) return;
  assignment.arm = isCanary ? CANARY : BASELINE;
  if (!findUser(state, writer)) return;
  if (assignment.user !== NO_ROOM) writer.assigned(assignment.row, assignment.arm, assignment.user);
  assignment.writer = writer;
  if (choice.version?.index !== drawn) return failEvidence(state);
  assignment.bounds = writer.boundsOf(assignment.arm);
  if (writer.sizes !== undefined) {
    assignment.sizeGroup = groupOf(path);
    assignment.smallBytes = writer.sizes.boundOf(assignment.sizeGroup);
  }
  context.deadlines.arm(state.hangDeadline, assignment.bounds.hangMs);
}

/** Where the request counts, and as whose. False: nowhere. */
function findUser({ choice, assignment }: Versioned, writer: EvidenceWriter): boolean {
  const { key } = choice;
  assignment.row = writer.rowOf(assignment.arm);
  if (key === '') return true;
  const user = choice.kept ? writer.users.lookUp(key) : writer.users.find(key, choice.setCookie);
  assignment.user = user;
  // Of a user that there is no room for a failure counts still.
  if (user === NO_ROOM) writer.signals.saturate();
  if (choice.kept && user === NO_USER) return false;
  if (choice.kept) assignment.row = writer.rowOfKept(assignment.arm, user);
  return assignment.row >= 0;
}

/** The drawn version failed an attempt. */
export function countError(state: Versioned): void {
  const { assignment, choice } = state;
  const { writer, row, arm } = assignment;
  if (writer !== undefined && assignment.user === NO_ROOM) assignment.user = writer.listFailed(choice.key, row, arm);
  countBad(assignment, ERRORS);
}

/** The drawn version has begun to respond. */
export function countFirstByte({ assignment, attempt, hangDeadline }: Versioned): void {
  const { bounds } = assignment;
  hangDeadline.disarm();
  assignment.responded = true;
  const headMs = nowMs() - attempt.versionSinceMs;
  if (headMs > bounds!.p50) countBad(assignment, SLOW_P50);
  if (headMs > bounds!.p90) countBad(assignment, SLOW_P90);
  if (headMs > bounds!.p99) countBad(assignment, SLOW_P99);
}

/** The head of the response that the client gets has come from the drawn version. */
export function countHead(state: ExchangeState, response: IncomingResponse): void {
  countFirstByte(state);
  const { assignment } = state;
  const { writer } = assignment;
  if (response.status >= 400) return;
  if (response.status >= 300) countShape(assignment, writer!.redirects);
  else if (response.body === BODY_NONE) countShape(assignment, writer!.emptyBodies);
  if (writer!.valueFields.length > 0) countValues(state, response);
  for (let at = 0; at < writer!.fields.length; at++) {
    const { name, position } = writer!.fields[at]!;
    if (findLine(response.block, name, 0) >= 0) writer!.good(assignment.row, assignment.user, EVENTS + position);
  }
  for (let at = 0; at < writer!.routes.length; at++) {
    const { name, position } = writer!.routes[at]!;
    if (name === state.match!.route.name) writer!.good(assignment.row, assignment.user, EVENTS + position);
  }
}

function countShape({ writer, row, user }: Versioned['assignment'], positions: readonly number[]): void {
  for (let at = 0; at < positions.length; at++) writer!.good(row, user, EVENTS + positions[at]!);
}

/** A text that is no amount is told as well: somebody has to see that nothing counts. */
function countValues({ assignment }: ExchangeState, { block }: IncomingResponse): void {
  const { writer, arm, user } = assignment;
  for (const { name, position } of writer!.valueFields) {
    const text = findField(block, name);
    if (text !== undefined) writer!.value(position, arm, user, readAmount(text));
  }
}

/** The bound has passed without a head: it is beyond all of them. */
export function countHang({ assignment }: Pick<Versioned, 'assignment'>): void {
  countBad(assignment, SLOW_P50);
  countBad(assignment, SLOW_P90);
  countBad(assignment, SLOW_P99);
}

/** The drawn version could not, and another one takes its place, or none. */
function failEvidence(state: Versioned): void {
  countError(state);
  leaveEvidence(state);
}

/** Another version takes the place of the drawn one, whatever that did. */
export function leaveEvidence(state: Versioned): void {
  const { assignment } = state;
  const { writer, row, user } = assignment;
  if (writer === undefined) return;
  state.hangDeadline.disarm();
  assignment.writer = undefined;
  writer.finished(row, user);
  writer.guarded(row, user, (assignment.counted & (1 << ERRORS)) !== 0);
}

/** The exchange has ended with this status. @param failed not by its client */
export function endEvidence(state: ExchangeState, status: number, failed: boolean): void {
  const { assignment, outcome } = state;
  if (failed || outcome === OUTCOME.downstream_closed) return endUntold(state, failed);
  if (outcome === OUTCOME.ok && status >= 400 && status < 500) countBad(assignment, CLIENT_ERRORS);
  else if (outcome === OUTCOME.ok && status >= 200 && status < 300 && assignment.writer?.sizes !== undefined) countSize(state);
  leaveEvidence(state);
}

/** The same of what has no status, such as a connection. */
export function endUntold(state: Versioned, failed: boolean): void {
  const { assignment, outcome } = state;
  if (failed) countError(state);
  else if (outcome === OUTCOME.downstream_closed && !assignment.responded) countBad(assignment, GAVE_UP);
  leaveEvidence(state);
}

/** A body has come whole. A HEAD has none, whatever is sent. */
function countSize({ assignment, head, bytesOut }: ExchangeState): void {
  if (head.method === 'HEAD') return;
  const { writer, arm, sizeGroup, smallBytes } = assignment;
  if (arm === BASELINE) writer!.sizes!.add(sizeGroup, bytesOut);
  if (bytesOut < smallBytes) countShape(assignment, writer!.smallBodies);
}

function countBad(assignment: Versioned['assignment'], cell: number): void {
  const { writer, row, arm, user } = assignment;
  if (writer === undefined || user === NO_ROOM || (assignment.counted & (1 << cell)) !== 0) return;
  assignment.counted |= 1 << cell;
  writer.bad(row, arm, user, cell);
}
