// The verdict over a whole report, for people and as a check of a rollout: pass, fail, inconclusive or no-data, with its numbers and its reason.

import type { Interval } from '../analysis/interval.ts';
import type { Verdict, VerdictReport } from './mirror-report.ts';
import { pairedDifference } from '../analysis/rate-difference.ts';
import { failureRateOf } from './failure-rate.ts';
import { evidenceOf } from './field-evidence.ts';
import { excessInterval } from './judge-field.ts';
import type { JudgeSettings } from './judge-settings.ts';
import { ALARM_PARTS } from './judge-settings.ts';
import type { RankedField } from './rank-fields.ts';
import { rankFields } from './rank-fields.ts';
import { rateInterval } from '../analysis/rate-interval.ts';
import type { ReportTally } from './report-tally.ts';
import type { FoundField, Rates } from './verdict-reason.ts';
import {
  mostOf,
  sayDiffering,
  sayFailing,
  sayNoNoise,
  sayNothing,
  sayOpen,
  sayPass,
  saySpread,
  sayTooFew,
  sayUncertain,
  sayUncertainFailures,
  sayUnlisted,
} from './verdict-reason.ts';

const MAX_LISTED = 100;

/** What differs for real, with bounds for the surest of it: each costs as much as to judge a hundred fields. */
interface Found {
  readonly listed: readonly FoundField[];
  readonly count: number;
}

/**
 * Valid at all times, as long as rates stand still: an undeserved fail or pass ever comes with a chance of at most `falseAlarm`. A pass speaks of
 * fields that are no noise; of a noisy one it says only that no excess was found. Evidence is of everything counted: replace the Comparer when
 * either version is replaced. `ranked` is what `rankFields` says of the same.
 */
export function judgeReport(tally: ReportTally, settings: JudgeSettings, ranked = rankFields(tally, settings)): VerdictReport {
  const found = findReal(ranked, settings);
  const differenceRate = differenceRateOf(tally, settings);
  const failureRate = failureRateOf(tally.failures, settings.falseAlarm * ALARM_PARTS.failures);
  const [verdict, reason] = decide(tally, settings, found, { differenceRate, failureRate });
  const { candidateTrials, pairs } = tally.clean;
  return {
    ...{ verdict, reason, compared: candidateTrials, withSecondary: pairs, differenceRate, failureRate },
    realFields: found.listed.map(({ template: { route, template }, field: { path }, excess }) => ({ route, template, path, excess })),
  };
}

function decide(tally: ReportTally, settings: JudgeSettings, { listed, count }: Found, rates: Rates): readonly [Verdict, string] {
  const { maxDifferenceRate, maxFailureRate, minRequests } = settings;
  const { candidateTrials, pairs } = tally.clean;
  if (candidateTrials === 0 && tally.failures.attempts === 0) return ['no-data', sayNothing(tally)];
  if (rates.failureRate.low > maxFailureRate) return ['fail', sayFailing(tally, settings)];
  const worst = listed.find((found) => found.excess.low > mostOf(found, settings));
  if (worst !== undefined) return ['fail', sayDiffering(worst, settings)];
  if (rates.differenceRate.low > maxDifferenceRate) return ['fail', saySpread(tally, rates, settings)];
  if (candidateTrials < minRequests) return ['inconclusive', sayTooFew(tally, settings)];
  if (settings.noise === 'measured' && pairs === 0) return ['inconclusive', sayNoNoise(tally)];
  const open = listed.find((found) => found.excess.high > mostOf(found, settings));
  if (open !== undefined) return ['inconclusive', sayOpen(open, settings)];
  if (count > listed.length) return ['inconclusive', sayUnlisted(count, listed.length)];
  if (rates.differenceRate.high > maxDifferenceRate) return ['inconclusive', sayUncertain(tally, rates, settings)];
  if (rates.failureRate.high > maxFailureRate) return ['inconclusive', sayUncertainFailures(tally, rates, settings)];
  return ['pass', sayPass(tally, rates, settings)];
}

function findReal(ranked: readonly RankedField[], settings: JudgeSettings): Found {
  const real = ranked.filter(({ isReal }) => isReal);
  return { listed: real.slice(0, MAX_LISTED).map((one) => weigh(one, settings)), count: real.length };
}

function weigh({ template, field }: RankedField, settings: JudgeSettings): FoundField {
  const [evidence, test] = evidenceOf(template, field, settings);
  const alpha = test.alpha * (ALARM_PARTS.bounds / ALARM_PARTS.fields);
  return { template, field, excess: excessInterval(evidence, { ...test, alpha }) };
}

function differenceRateOf({ clean }: ReportTally, settings: JudgeSettings): Interval {
  const { candidateTrials, candidate, pairs, onlyCandidate, onlySecondary } = clean;
  const alpha = settings.falseAlarm * ALARM_PARTS.share;
  if (settings.noise === 'absent') return rateInterval(candidate, candidateTrials, alpha);
  return pairedDifference({ total: pairs, onlyOurs: onlyCandidate, onlyTheirs: onlySecondary }, alpha);
}
