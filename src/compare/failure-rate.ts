// How much more often the candidate gives no response than the primary, also where a breaker keeps most requests away from it.

import type { Interval } from '../analysis/interval.ts';
import { intersect, meanInterval } from '../analysis/bets.ts';
import { rateInterval } from '../analysis/rate-interval.ts';
import type { FailureTally } from './report-tally.ts';

/**
 * Bounds of the share of requests that the candidate fails, less the share that the primary does; they hold at all times together with a chance
 * of at least 1 - `alpha`. What both were tried with is the sharper evidence; but a dead candidate is tried with few requests, and then it tells
 * more that the primary responds to all the others. So half of alpha is for pairs, and a quarter for each of the two rates.
 *
 * Which requests the candidate is tried with depends on how it did before, and may: against "it fails with chance p whatever came before" each
 * request that is tried is a fair bet at the moment it is tried, and one that is not tried is a bet not made. The wealth stays a martingale under
 * any such choice (J. L. Doob, Note on probability, Ann. Math. 37, 1936). But both rates must stand still: of times that are bad for both sides the
 * candidate sees a part alone.
 */
export function failureRateOf(failures: FailureTally, alpha: number): Interval {
  const { attempts, onlyCandidate, onlyPrimary, candidateFailures, primaryAttempts, primaryFailures } = failures;
  const paired = meanInterval(
    [
      { value: 1, count: onlyCandidate },
      { value: -1, count: onlyPrimary },
      { value: 0, count: attempts - onlyCandidate - onlyPrimary },
    ],
    alpha / 2,
  );
  const ours = rateInterval(candidateFailures, attempts, alpha / 4);
  const theirs = rateInterval(primaryFailures, primaryAttempts, alpha / 4);
  return intersect(paired, { low: ours.low - theirs.high, high: ours.high - theirs.low });
}
