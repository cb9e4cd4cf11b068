// Endpoints that are replaced in place, a batch after the other: drained, the hooks, ready again for long enough. A batch that fails is undone:
// its endpoints get traffic again as soon as they are ready, and no further one is touched.

import type { RecreateStep, ReplaceStep, RolloutStep } from '../config/rollout-model.ts';
import { formatDuration } from '../config/duration.ts';
import { hooksOf, mostAtOnce, outcomeOf } from './effects.ts';
import type { Effect, Replacing, RolloutState } from './model.ts';
import type { EndpointSeen } from './seen.ts';
import { holdFor, moveOn, timeOut, wait } from './moves.ts';
import { fail } from './react.ts';
import { change, tell } from './turn.ts';
import type { Turn } from './turn.ts';
import { closedFor } from './windows.ts';

const NOTHING_REPLACED: Replacing = { done: [], batch: [], phase: 'drain', readyMs: 0 };

export function isReplacing(step: RolloutStep): step is ReplaceStep | RecreateStep {
  return step.kind === 'replace' || step.kind === 'recreate';
}

export function replace(turn: Turn, step: ReplaceStep | RecreateStep): void {
  const replacing = turn.state.replacing ?? NOTHING_REPLACED;
  if (replacing.batch.length === 0) return nextBatch(turn, step, replacing);
  if (turn.state.stepRanMs >= step.atMostMs) return timeOutBatch(turn, step, replacing);
  const batch = replacing.batch
    .map((key) => turn.seen.endpoints.find((endpoint) => endpoint.key === key))
    .filter((each) => each !== undefined);
  switch (replacing.phase) {
    case 'drain':
      if (batch.some(({ drained, inFlight }) => !drained || inFlight > 0)) return wait(turn, `${listed(replacing)} finish what they have`);
      return change(turn, { replacing: { ...replacing, phase: 'hook' } });
    case 'hook':
      return afterHooks(turn, replacing);
    case 'ready':
      return whenReady(turn, { step, replacing, batch });
  }
}

/** Endpoints that get nothing new while they are replaced. */
export function drainedBy({ replacing }: Pick<RolloutState, 'replacing'>): readonly string[] {
  return replacing === undefined || replacing.phase === 'ready' ? [] : replacing.batch;
}

/** Hooks that are to be called by now. */
export function hooksOfBatch(state: RolloutState): readonly Effect[] {
  const { replacing } = state;
  return replacing?.phase === 'hook' ? replacing.batch.flatMap((key) => hooksOf(state, 'endpoint', key)) : [];
}

function nextBatch(turn: Turn, step: ReplaceStep | RecreateStep, { done }: Replacing): void {
  const { endpoints } = turn.seen;
  const left = endpoints.filter(({ key }) => !done.includes(key));
  if (endpoints.length === 0) return wait(turn, 'no endpoint is known yet');
  if (left.length === 0) {
    tell(turn, `all ${endpoints.length} endpoints are replaced`);
    return moveOn(turn);
  }
  const closed = closedFor(turn.state, turn.instant.wallMs);
  if (closed !== undefined) return holdFor(turn, { why: closed.sentence, reason: 'window' });
  const most = mostAtOnce(turn.state);
  if (step.kind === 'recreate' && left.length > most) return stop(turn, tooMany(left.length, most));
  const size = step.kind === 'recreate' ? left.length : Math.min(most, roomFor(step, endpoints, left));
  if (size < 1) return wait(turn, 'waits until enough of the other endpoints are ready');
  const batch = left.slice(0, size).map(({ key }) => key);
  wait(turn, `replaces ${batch.join(', ')}`);
  change(turn, { replacing: { done, batch, phase: 'drain', readyMs: 0 }, stepRanMs: 0 });
  tell(turn, `replaces ${batch.join(', ')}`);
}

function tooMany(endpoints: number, most: number): string {
  return `recreate would replace ${endpoints} endpoints at once, and with these hooks ${most} are the most: use a step replace, or fewer hooks on endpoint`;
}

/** Those that are not ready anyway count as unavailable, and one that is left may always be taken of those. */
function roomFor(step: ReplaceStep, endpoints: readonly EndpointSeen[], left: readonly EndpointSeen[]): number {
  const most = Math.max(1, Math.floor(endpoints.length * step.maxUnavailable));
  const size = Math.max(1, Math.floor(endpoints.length * step.batch));
  const chosen = left.slice(0, size);
  const others = endpoints.filter(({ key, ready }) => !ready && !chosen.some((each) => each.key === key)).length;
  return Math.min(size, most - others);
}

function afterHooks(turn: Turn, replacing: Replacing): void {
  const outcome = outcomeOf(turn.state, hooksOfBatch(turn.state));
  if (outcome.is === 'open') return wait(turn, `the hooks replace ${listed(replacing)}`);
  if (outcome.is === 'done') return change(turn, { replacing: { ...replacing, phase: 'ready', readyMs: 0 } });
  stop(turn, `a hook failed for one of ${listed(replacing)}: ${outcome.sentence}`);
}

interface Awaited {
  readonly step: ReplaceStep | RecreateStep;
  readonly replacing: Replacing;
  readonly batch: readonly EndpointSeen[];
}

function whenReady(turn: Turn, { step, replacing, batch }: Awaited): void {
  const areReady = batch.length === replacing.batch.length && batch.every(({ ready, drained }) => ready && !drained);
  if (!areReady) {
    change(turn, { replacing: { ...replacing, readyMs: 0 } });
    return wait(turn, `waits until ${listed(replacing)} are ready`);
  }
  if (replacing.readyMs < step.minReadyMs) return wait(turn, `${listed(replacing)} are to be ready for ${formatDuration(step.minReadyMs)}`);
  change(turn, { replacing: { ...NOTHING_REPLACED, done: [...replacing.done, ...replacing.batch] }, done: {} });
  tell(turn, `replaced ${replacing.batch.join(', ')}`);
}

function timeOutBatch(turn: Turn, step: ReplaceStep | RecreateStep, replacing: Replacing): void {
  // What goes on without them takes the next ones.
  change(turn, { replacing: { ...NOTHING_REPLACED, done: [...replacing.done, ...replacing.batch] } });
  const missing = `${listed(replacing)} are not replaced and ready`;
  if (step.onTimeout !== 'continue') return timeOut(turn, step, missing);
  tell(turn, `goes on with the next endpoints although the time is up: ${missing}`);
}

/** There is no version to go back to: what is replaced stays, and nothing further is. */
function stop(turn: Turn, why: string): void {
  change(turn, { replacing: undefined });
  fail(turn, turn.state.template.onFail === 'hold' ? 'hold' : 'rollback', { why, reason: 'hook' });
}

function listed({ batch }: Replacing): string {
  return batch.length > 3 ? `${batch.slice(0, 3).join(', ')} and ${batch.length - 3} more` : batch.join(', ');
}
