// A request that is held for its version while another of the split has become ready: it goes there, as it would if it came now.

import { rankByKey } from '../routing/rank-by-key.ts';
import { pickReadyByWeight } from '../routing/split.ts';
import { REASON_ROUTE } from '../routing/choice.ts';
import { OUTCOME } from '../telemetry/outcomes.ts';
import type { Exchange } from './exchange.ts';
import { startAttempt } from './forward.ts';
import { moveToVersion } from './version-fallback.ts';

/** Hands the exchange to a ready version. False: there is none that may take it. */
export function switchVersion(exchange: Exchange): boolean {
  const { choice } = exchange;
  const { pool } = exchange.destination!;
  if (choice.reason === REASON_ROUTE || pool.fallback === 'fail') return false;
  const servedPool = exchange.serving.pools[pool.index]!;
  const keyed = pool.affinity !== undefined && choice.key !== '';
  const index = keyed ? rankByKey(pool, choice.key, servedPool) : pickReadyByWeight(pool, servedPool.chance(), servedPool);
  if (index < 0 || index === choice.version!.index) return false;
  exchange.endAttempt(OUTCOME.no_endpoint);
  moveToVersion(exchange, index);
  startAttempt(exchange);
  return true;
}
