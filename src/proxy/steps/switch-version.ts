// A request that is held for its version while another of the split has become ready: it goes there, as it would if it came now.

import { OUTCOME } from '../../telemetry/outcomes.ts';
import type { ExchangeControl } from '../exchange-control.ts';
import { countError } from './count-evidence.ts';
import { haltBaselineOf } from './leave-halted.ts';
import { startAttempt } from './start-attempt.ts';
import { moveToVersion, readyVersionOf } from './version-fallback.ts';

/** Turns to a version that is ready. False: there is none that may respond. */
export function switchVersion(exchange: ExchangeControl): boolean {
  const { state } = exchange;
  const index = readyVersionOf(state);
  if (index < 0 || index === state.choice.version!.index) return false;
  if (haltBaselineOf(state) < 0) countError(state);
  exchange.endAttempt(OUTCOME.no_endpoint);
  moveToVersion(state, index);
  startAttempt(exchange);
  return true;
}
