// How much more often the candidate gives no response than the primary, also where a breaker keeps most requests away from it.

import type { Interval } from '../analysis/interval.ts';
import { rateDifference } from '../analysis/rate-difference.ts';
import type { FailureTally } from './report-tally.ts';

/**
 * Bounds of the share of requests that the candidate fails, less the share that the primary does; they hold at all times together with a chance
 * of at least 1 - `alpha`. What both were tried with is the sharper evidence; but a dead candidate is tried with few requests, and then it tells
 * more that the primary responds to all the others. So both count.
 *
 * Which requests the candidate is tried with depends on how it did before, and may: against "it fails with chance p whatever came before" each
 * request that is tried is a fair bet at the moment it is tried, and one that is not tried is a bet not made. The wealth stays a martingale under
 * any such choice (J. L. Doob, Note on probability, Ann. Math. 37, 1936). But both rates must stand still: of times that are bad for both sides the
 * candidate sees a part alone.
 */
export function failureRateOf(failures: FailureTally, alpha: number): Interval {
  const { attempts, onlyCandidate, onlyPrimary, candidateFailures, primaryAttempts, primaryFailures } = failures;
  const pairs = { total: attempts, onlyOurs: onlyCandidate, onlyTheirs: onlyPrimary };
  const ours = { differing: candidateFailures, total: attempts };
  return rateDifference(pairs, ours, { differing: primaryFailures, total: primaryAttempts }, alpha);
}
