// A request that is held for its version while another of the split has become ready: it goes there, as it would if it came now.

import { rankByKey } from '../../routing/rank-by-key.ts';
import { pickReadyByWeight } from '../../routing/split.ts';
import { REASON_ROUTE } from '../../routing/choice.ts';
import { OUTCOME } from '../../telemetry/outcomes.ts';
import type { ExchangeControl } from '../exchange-control.ts';
import { startAttempt } from './start-attempt.ts';
import { moveToVersion } from './version-fallback.ts';

/** Turns to a version that is ready. False: there is none that may respond. */
export function switchVersion(exchange: ExchangeControl): boolean {
  const { state } = exchange;
  const { choice } = state;
  const { pool } = state.destination!;
  if (choice.reason === REASON_ROUTE || pool.fallback === 'fail') return false;
  const servedPool = state.serving!.pools[pool.index]!;
  const keyed = pool.affinity !== undefined && choice.key !== '';
  const index = keyed ? rankByKey(pool, choice.key, servedPool) : pickReadyByWeight(pool, servedPool.chance(), servedPool);
  if (index < 0 || index === choice.version!.index) return false;
  exchange.endAttempt(OUTCOME.no_endpoint);
  moveToVersion(state, index);
  startAttempt(exchange);
  return true;
}
