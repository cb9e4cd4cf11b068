// The end of an attempt: everything that it took is given back, and what it met is told to the version that it was made on.

import { OUTCOME } from '../../telemetry/outcomes.ts';
import type { Outcome } from '../../telemetry/outcomes.ts';
import type { Endpoint } from '../../upstream/endpoint.ts';
import type { VersionRuntime } from '../../upstream/version-runtime.ts';
import { closeAttempt } from '../attempt.ts';
import type { ExchangeControl } from '../exchange-control.ts';

/** Ends the attempt under way, if any: its connection goes back to its version, or is closed. */
export function endAttempt(exchange: ExchangeControl, outcome: Outcome): void {
  const { state } = exchange;
  const { attempt } = state;
  if (!attempt.holdsSlot) return;
  const { connection, endpoint } = attempt;
  const version = attempt.version!;
  closeAttempt(attempt);
  state.responseDeadline.disarm();
  if (!attempt.slotFree) version.releaseSlot();
  version.counters.attempted(outcome.index);
  if (connection === undefined) {
    version.withdraw(exchange);
    return;
  }
  tellEndpoint(version, endpoint!, outcome, state.status);
  if (state.responseDone && state.body.done && !attempt.unasked) connection.release();
  else connection.destroy();
}

/** The attempt under way has become a tunnel: it holds no place any more, and its endpoint has responded well. */
export function endAttemptInTunnel({ state }: ExchangeControl): void {
  const { attempt } = state;
  const version = attempt.version!;
  closeAttempt(attempt);
  state.responseDeadline.disarm();
  version.releaseSlot();
  version.counters.attempted(OUTCOME.ok.index);
  version.succeeded(attempt.endpoint!);
}

/** An attempt is given up after its time, or because its client went: the version's adaptive limit learns from it. */
export function tellGivenUp({ state }: ExchangeControl, why: 'late' | 'unwanted'): void {
  const { attempt } = state;
  if (attempt.connection === undefined || state.responded) return;
  // An upload that its client has yet to send is nothing that the upstream is late with.
  if (state.body.done || state.clientPaused) attempt.version!.gaveUp(attempt.startedMs, why);
}

function tellEndpoint(version: VersionRuntime, endpoint: Endpoint, outcome: Outcome, status: number): void {
  endpoint.inFlight--;
  endpoint.counters.ended();
  if (outcome === OUTCOME.ok) {
    if (status < 500) return version.succeeded(endpoint);
    endpoint.counters.errorResponse();
    version.failed(endpoint, outcome, status);
  } else if (outcome.source === 'upstream') endpoint.counters.failed();
}
