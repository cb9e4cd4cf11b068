// The reasons of verdicts, each one plain sentence with its numbers that says what to do or to wait for.

import type { Interval } from '../analysis/interval.ts';
import type { JudgeSettings } from './judge-settings.ts';
import type { FieldTally, ReportTally, TemplateTally } from './report-tally.ts';

/** A field that differs for real, and where. */
export interface FoundField {
  readonly template: TemplateTally;
  readonly field: FieldTally;
  /** Bounds of the share of the template's requests that differ beyond the noise. */
  readonly excess: Interval;
}

export interface Rates {
  readonly differenceRate: Interval;
  readonly failureRate: Interval;
}

/** So many requests without a difference make a pass, times the share that is allowed. */
const PASS_NEEDS = 15;

export function sayNothing({ failures: { primaryAttempts } }: ReportTally): string {
  if (primaryAttempts === 0) return 'nothing was compared yet: wait for mirrored requests';
  return `nothing was compared yet: none of ${primaryAttempts} requests reached the candidate, see what its mirror counts`;
}

export function sayFailing({ failures }: ReportTally, { maxFailureRate }: JudgeSettings): string {
  const { attempts, candidateFailures, primaryAttempts, primaryFailures } = failures;
  const counts = `to ${candidateFailures} of ${attempts} requests, the primary to ${primaryFailures} of ${primaryAttempts}`;
  return `the candidate gives no response ${counts}, and at most ${percent(maxFailureRate)} more may fail: see its outcomes and its log`;
}

export function sayDiffering(found: FoundField, settings: JudgeSettings): string {
  const { field, excess } = found;
  const often = `at least ${percent(excess.low)} of requests ${placeOf(found)}${beyond(settings)}`;
  return `${field.path} differs${exampleOf(field)} in ${often}, and at most ${percent(mostOf(found, settings))} may: ${cureOf(field.path)}`;
}

export function saySpread({ templates }: ReportTally, { differenceRate }: Rates, settings: JudgeSettings): string {
  const often = `at least ${percent(differenceRate.low)} of requests${beyond(settings)}`;
  const most = `most of all in ${mostDiffering(templates, settings)}, though no single field is certain yet`;
  return `responses differ in ${often}, and at most ${percent(settings.maxDifferenceRate)} may: ${most}`;
}

/** The path that differs in most requests more than its noise, over all templates. */
function mostDiffering(templates: readonly TemplateTally[], { noise }: JudgeSettings): string {
  const counts = new Map<string, number>();
  for (const { path, candidate, onlyCandidate, onlySecondary } of templates.flatMap(({ fields }) => fields)) {
    const count = noise === 'measured' ? onlyCandidate - onlySecondary : candidate;
    counts.set(path, (counts.get(path) ?? 0) + count);
  }
  return [...counts].reduce((most, each) => (each[1] > most[1] ? each : most), ['no field', -Infinity])[0];
}

export function sayTooFew({ clean, templates }: ReportTally, { minRequests }: JudgeSettings): string {
  const compared = `${clean.candidateTrials} of at least ${minRequests} requests were compared`;
  const counts = new Map<string, number>();
  for (const { uncompared } of templates) {
    for (const [reason, count] of Object.entries(uncompared)) counts.set(reason, (counts.get(reason) ?? 0) + count);
  }
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  if (total <= clean.candidateTrials) return `${compared}: wait for more`;
  const reasons = [...counts].map(([reason, count]) => `${reason} ${count}`).join(', ');
  return `${compared}, and ${total} bodies could not be (${reasons}): raise the size up to which they are kept, or have them sent uncoded`;
}

export function sayNoNoise({ clean }: ReportTally): string {
  const none = `none of ${clean.candidateTrials} compared requests had a secondary copy`;
  return `${none}, so that its noise is not known: see what sluice_mirrored_total says of the version that responds, or set noise to off`;
}

export function sayOpen(found: FoundField, settings: JudgeSettings): string {
  const { field, excess } = found;
  const often = `${percent(Math.max(0, excess.low))} to ${percent(excess.high)} of requests ${placeOf(found)}${beyond(settings)}`;
  const path = `${field.path} differs${exampleOf(field)}`;
  return `${path} in ${often}, and at most ${percent(mostOf(found, settings))} may: wait for more requests to be certain, or ${cureOf(field.path)}`;
}

export function sayUnlisted(count: number, listed: number): string {
  return `${count} fields differ for real and only the ${listed} surest were weighed: correct or ignore those first`;
}

export function sayUncertain({ clean }: ReportTally, { differenceRate }: Rates, settings: JudgeSettings): string {
  const { maxDifferenceRate, noise } = settings;
  const compared = noise === 'measured' ? `${clean.pairs} compared with a secondary copy` : `${clean.candidateTrials} compared`;
  const often = `up to ${percent(differenceRate.high)} of requests may differ${beyond(settings)}, by what ${compared} have shown`;
  const seen = noise === 'measured' ? clean.onlyCandidate : clean.candidate;
  return `${often}, and ${percent(maxDifferenceRate)} are allowed: ${whatElse(maxDifferenceRate, seen)}`;
}

export function sayUncertainFailures({ failures }: ReportTally, { failureRate }: Rates, { maxFailureRate }: JudgeSettings): string {
  const often = `up to ${percent(failureRate.high)} of requests may fail with the candidate alone, by what ${failures.attempts} have shown`;
  return `${often}, and ${percent(maxFailureRate)} are allowed: ${whatElse(maxFailureRate, failures.onlyCandidate)}`;
}

export function sayPass({ clean }: ReportTally, { differenceRate, failureRate }: Rates, settings: JudgeSettings): string {
  const differ = `at most ${percent(differenceRate.high)} of requests differ${beyond(settings)}, where ${percent(settings.maxDifferenceRate)} may`;
  const fail = `at most ${percent(failureRate.high)} fail, where ${percent(settings.maxFailureRate)} may`;
  return `responses are the same within the bounds: ${differ}, and ${fail}, by what ${clean.candidateTrials} have shown`;
}

/** The allowed share of requests for a field of this path. */
export function mostOf({ field }: FoundField, settings: JudgeSettings): number {
  return field.path === 'outcome' ? settings.maxFailureRate : settings.maxDifferenceRate;
}

function placeOf({ template: { route, template } }: FoundField): string {
  return `to ${template} of route ${route}`;
}

/** Two statuses say more than any number, and are about nobody. */
function exampleOf({ path, examples }: FieldTally): string {
  const [first] = examples;
  return path === 'status' && first !== undefined ? ` (${first.candidate} where the primary says ${first.primary}, for one)` : '';
}

function cureOf(path: string): string {
  if (path === 'outcome') return 'see its outcomes and its log';
  if (path === 'status') return 'correct the candidate';
  if (path.startsWith('header:')) return 'correct the candidate, or leave this header out of the compared ones';
  return 'correct the candidate, or ignore this field if that is meant';
}

function beyond({ noise }: JudgeSettings): string {
  return noise === 'measured' ? ', beyond the noise' : '';
}

function whatElse(share: number, seen: number): string {
  if (share <= 0) return 'allow more than 0 %, which no number of requests can prove';
  return seen > 0 ? 'wait for more of them' : `wait for more of them, about ${Math.ceil(PASS_NEEDS / share)} in all if none does`;
}

function percent(share: number): string {
  return `${Number((100 * share).toPrecision(2))} %`;
}
