// The verdict over a whole report, for people and as a check of a rollout: pass, fail, inconclusive or no-data, with its numbers and its reason.

import type { Interval } from './bets.ts';
import { meanInterval } from './bets.ts';
import { evidenceOf } from './field-evidence.ts';
import { excessInterval, judgeField } from './judge-field.ts';
import type { JudgeSettings } from './judge-settings.ts';
import { ALARM_PARTS } from './judge-settings.ts';
import { rateInterval } from './rate-interval.ts';
import type { FieldTally, ReportTally, TemplateTally } from './report-tally.ts';

export type Verdict = 'pass' | 'fail' | 'inconclusive' | 'no-data';

export interface RealField {
  readonly route: string;
  readonly template: string;
  readonly path: string;
  /** Of the requests of its template. */
  readonly excess: Interval;
}

export interface VerdictReport {
  readonly verdict: Verdict;
  readonly reason: string;
  /** Requests whose answers were compared as a whole, and those of them with a second copy. */
  readonly compared: number;
  readonly seconded: number;
  /** Share of requests that differ beyond the noise. */
  readonly differenceRate: Interval;
  /** Share of requests that the candidate fails, less those that the primary does. */
  readonly failureRate: Interval;
  /** What differs for real, the surest first; at most 100. */
  readonly realFields: readonly RealField[];
}

const MOST_LISTED = 100;

/** What was found, with bounds for the surest of it: bounds cost a millisecond each. */
interface RealFields {
  readonly listed: readonly RealField[];
  readonly unlisted: number;
}

/**
 * Valid at all times, as long as rates stand still: an undeserved fail or pass ever comes with a chance of at most `falseAlarm`. A pass speaks of
 * fields that are no noise; of a noisy one it says only that no excess was found. Evidence is of everything counted: replace the Comparer when
 * either version is replaced.
 */
export function judgeReport(tally: ReportTally, settings: JudgeSettings): VerdictReport {
  const fields = findReal(tally, settings);
  const differenceRate = differenceRateOf(tally, settings);
  const failureRate = failureRateOf(tally, settings);
  const [verdict, reason] = decide({ tally, settings, fields, differenceRate, failureRate });
  const { candidateTrials, pairs } = tally.clean;
  return {
    verdict,
    reason,
    compared: candidateTrials,
    seconded: pairs,
    differenceRate,
    failureRate,
    realFields: fields.listed,
  };
}

interface Facts {
  readonly tally: ReportTally;
  readonly settings: JudgeSettings;
  readonly fields: RealFields;
  readonly differenceRate: Interval;
  readonly failureRate: Interval;
}

function decide({ tally, settings, fields, differenceRate, failureRate }: Facts): readonly [Verdict, string] {
  const { maxDifferenceRate, maxFailureRate, minRequests } = settings;
  const { candidateTrials, pairs } = tally.clean;
  if (candidateTrials === 0 && tally.failures.attempts === 0) return ['no-data', 'nothing was compared yet'];
  if (failureRate.low > maxFailureRate) return ['fail', 'the candidate gives no answer where the primary does'];
  const worst = fields.listed.find((field) => field.excess.low > maxOf(field, settings));
  if (worst !== undefined) return ['fail', `${worst.path} differs in ${worst.template} of route ${worst.route}`];
  if (differenceRate.low > maxDifferenceRate) return ['fail', 'answers differ in many fields'];
  if (candidateTrials < minRequests) return ['inconclusive', `${candidateTrials} of at least ${minRequests} requests were compared`];
  if (settings.noise === 'measured' && pairs === 0)
    return ['inconclusive', 'no second copy of the primary was compared: noise is not known'];
  const open = fields.listed.find((field) => field.excess.high > maxOf(field, settings));
  if (open !== undefined)
    return ['inconclusive', `${open.path} differs in ${open.template} of route ${open.route}; how often is not certain yet`];
  if (fields.unlisted > 0) return ['inconclusive', `${fields.listed.length + fields.unlisted} fields differ`];
  if (differenceRate.high > maxDifferenceRate) return ['inconclusive', 'not enough requests yet to be certain that few differ'];
  if (failureRate.high > maxFailureRate) return ['inconclusive', 'not enough requests yet to be certain that few fail'];
  return ['pass', 'answers are the same within the bounds'];
}

function maxOf({ path }: RealField, settings: JudgeSettings): number {
  return path === 'outcome' ? settings.maxFailureRate : settings.maxDifferenceRate;
}

function findReal(tally: ReportTally, settings: JudgeSettings): RealFields {
  const real = tally.templates
    .flatMap((template) =>
      template.fields.map((field) => ({ template, field, judgement: judgeField(...evidenceOf(template, field, settings)) })),
    )
    .filter(({ judgement }) => judgement.isReal)
    .sort((a, b) => b.judgement.log10Evidence - a.judgement.log10Evidence);
  const listed = real.slice(0, MOST_LISTED).map(({ template, field }) => toRealField(template, field, settings));
  return { listed, unlisted: real.length - listed.length };
}

function toRealField(template: TemplateTally, field: FieldTally, settings: JudgeSettings): RealField {
  const [evidence, test] = evidenceOf(template, field, settings);
  const alpha = test.alpha * (ALARM_PARTS.bounds / ALARM_PARTS.fields);
  return { route: template.route, template: template.template, path: field.path, excess: excessInterval(evidence, { ...test, alpha }) };
}

function differenceRateOf({ clean }: ReportTally, settings: JudgeSettings): Interval {
  const alpha = settings.falseAlarm * ALARM_PARTS.share;
  if (settings.noise === 'absent') return rateInterval(clean.candidate, clean.candidateTrials, alpha);
  return excess(clean.onlyCandidate, clean.onlySecond, clean.pairs, alpha);
}

function failureRateOf({ failures }: ReportTally, settings: JudgeSettings): Interval {
  return excess(failures.onlyCandidate, failures.onlyPrimary, failures.attempts, settings.falseAlarm * ALARM_PARTS.failures);
}

function excess(more: number, less: number, total: number, alpha: number): Interval {
  const seen = [
    { value: 1, count: more },
    { value: -1, count: less },
    { value: 0, count: total - more - less },
  ];
  return meanInterval(seen, alpha);
}
