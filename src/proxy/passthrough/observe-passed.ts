// Records a connection that was passed through when it has ended: its line in the access log, and now and then a copy in the ring of recent
// exchanges.

import { wallMs } from '../../lib/clock.ts';
import { CHOICE_REASONS } from '../../routing/choice.ts';
import { Observation } from '../../telemetry/observation.ts';
import { OUTCOME } from '../../telemetry/outcomes.ts';
import type { ProxyContext } from '../context.ts';
import type { PassedState } from './passed-state.ts';

/** Reused: its readers read it at once and keep nothing of it. */
const observation = new Observation();
observation.protocol = 'tcp';

/** @param listener its name */
export function observePassed(state: PassedState, listener: string, context: ProxyContext): void {
  const endedMs = context.deadlines.refresh();
  const ring = state.outcome === OUTCOME.ok ? context.recent.fine : context.recent.failed;
  const isWanted = ring.offer(endedMs);
  const { accessLog } = context;
  if (!isWanted && accessLog === undefined) return;
  observation.listener = listener;
  describe(state, endedMs - state.startedMs);
  observation.requestId = context.newRequestId();
  if (isWanted) ring.keep(observation, endedMs);
  accessLog?.record(observation);
}

function describe({ attempt, choice, destination, ...state }: PassedState, durationMs: number): void {
  const { version } = attempt;
  observation.pool = destination?.pool.name ?? '';
  observation.version = version?.name ?? '';
  observation.deploy = version?.deploy ?? '';
  observation.endpoint = attempt.endpoint?.key ?? '';
  observation.client = state.client;
  observation.serverName = state.serverName;
  observation.keyed = choice.key !== '';
  observation.reason = version === undefined ? '' : CHOICE_REASONS[choice.reason]!;
  observation.attempts = attempt.count;
  observation.outcome = state.outcome.code;
  observation.detail = state.detail;
  observation.startedAtMs = wallMs() - durationMs;
  observation.durationMs = durationMs;
  observation.firstByteMs = state.firstByteMs;
  observation.bytesIn = state.bytesIn;
  observation.bytesOut = state.bytesOut;
}
