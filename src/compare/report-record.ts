// Everything that is counted of one mirror, bounded whatever comes. One record, one thread; no value of a response stays in it.

import type { OutcomeCode } from '../telemetry/outcomes.ts';
import type { Difference } from './difference.ts';
import type { ExampleSettings, FieldSighting } from './field-record.ts';
import { FieldRecord } from './field-record.ts';
import type { FailureTally, ReportTally, Trials } from './report-tally.ts';
import { NO_FAILURES } from './report-tally.ts';
import type { Compared } from './template-record.ts';
import { TemplateRecord } from './template-record.ts';

export interface ReportBounds {
  /** Pairs of route and path template. */
  readonly templates: number;
  readonly fieldsPerTemplate: number;
  /** Fields of all templates together. */
  readonly fields: number;
  /** Characters of a field path. */
  readonly pathLength: number;
}

export const DEFAULT_BOUNDS: ReportBounds = { templates: 1000, fieldsPerTemplate: 250, fields: 5000, pathLength: 400 };

const OUTCOME_PATH = 'outcome';

export class ReportRecord {
  readonly #bounds: ReportBounds;
  readonly #examples: ExampleSettings;
  readonly #templates = new Map<string, TemplateRecord>();
  readonly #clean = { candidateTrials: 0, candidate: 0, pairs: 0, onlyCandidate: 0, onlySecondary: 0 };
  readonly #failures: { -readonly [K in keyof FailureTally]: number } = { ...NO_FAILURES };
  readonly #overflow = { requests: 0, differences: 0 };
  #fieldCount = 0;

  constructor(bounds: ReportBounds, examples: ExampleSettings) {
    this.#bounds = bounds;
    this.#examples = examples;
  }

  /** The record of a template; undefined, and counted as overflow, beyond the bound. */
  template(route: string, template: string, atMs: number): TemplateRecord | undefined {
    const key = `${route.length}:${route}${template}`;
    const known = this.#templates.get(key);
    if (known !== undefined) return known;
    if (this.#templates.size >= this.#bounds.templates) {
      this.#overflow.requests++;
      return undefined;
    }
    const record = new TemplateRecord(route, template, atMs);
    this.#templates.set(key, record);
    return record;
  }

  /**
   * Counts how an exchange ended with primary and candidate (undefined: it was not tried): a failure of one of the two is a difference of its
   * own.
   */
  addOutcomes(template: TemplateRecord, primary: OutcomeCode, candidate: OutcomeCode | undefined, atMs: number): void {
    this.#failures.primaryAttempts++;
    if (primary !== 'ok') this.#failures.primaryFailures++;
    if (candidate === undefined) return;
    const trials = template.countAttempt();
    this.#failures.attempts++;
    if (candidate !== 'ok') this.#failures.candidateFailures++;
    if ((primary === 'ok') === (candidate === 'ok')) return;
    const difference: Difference = { path: OUTCOME_PATH, kind: 'outcome', primary, other: candidate, isRedacted: false };
    // The primary's own failures are the noise of the candidate's.
    const isCandidates = primary === 'ok';
    if (isCandidates) this.#failures.onlyCandidate++;
    else this.#failures.onlyPrimary++;
    const sighting = { candidate: isCandidates ? difference : undefined, secondary: isCandidates ? undefined : difference, hasBoth: true };
    this.#see(template, OUTCOME_PATH, sighting, trials, atMs);
  }

  /** Counts the comparisons of one request. */
  addComparisons(template: TemplateRecord, compared: Compared, atMs: number): void {
    template.countTrials(compared);
    this.#countClean(template, compared);
    const hasBoth = compared.candidate !== undefined && compared.secondary !== undefined;
    const secondaries = new Map((compared.secondary?.differences ?? []).map((difference) => [difference.path, difference]));
    for (const candidate of compared.candidate?.differences ?? []) {
      this.#see(template, candidate.path, { candidate, secondary: secondaries.get(candidate.path), hasBoth }, template.trials, atMs);
      secondaries.delete(candidate.path);
    }
    for (const [path, secondary] of secondaries)
      this.#see(template, path, { candidate: undefined, secondary, hasBoth }, template.trials, atMs);
  }

  tally(): ReportTally {
    return {
      templates: [...this.#templates.values()].map((template) => template.tally()),
      clean: { ...this.#clean },
      failures: { ...this.#failures },
      overflow: { ...this.#overflow },
    };
  }

  /** What is noise must be known before the request that is judged, or the judgement would not be blind. So this comes first. */
  #countClean(template: TemplateRecord, { candidate, secondary }: Compared): void {
    const differs = (differences: readonly Difference[]): boolean =>
      differences.some(({ path }) => template.fields.get(path)?.isNoisy !== true);
    if (candidate === undefined || candidate.uncompared !== undefined) return;
    const ours = differs(candidate.differences);
    this.#clean.candidateTrials++;
    if (ours) this.#clean.candidate++;
    if (secondary === undefined || secondary.uncompared !== undefined) return;
    const theirs = differs(secondary.differences);
    this.#clean.pairs++;
    if (ours && !theirs) this.#clean.onlyCandidate++;
    if (theirs && !ours) this.#clean.onlySecondary++;
  }

  #see(template: TemplateRecord, path: string, sighting: FieldSighting, trials: Trials, atMs: number): void {
    const field = template.fields.get(path) ?? this.#addField(template, path, atMs);
    if (field === undefined) {
      this.#overflow.differences++;
      return;
    }
    field.see(sighting, trials, atMs);
    if (sighting.candidate !== undefined) field.show(sighting.candidate, this.#examples, atMs);
  }

  #addField(template: TemplateRecord, path: string, atMs: number): FieldRecord | undefined {
    const { fields, fieldsPerTemplate, pathLength } = this.#bounds;
    if (this.#fieldCount >= fields || template.fields.size >= fieldsPerTemplate || path.length > pathLength) return undefined;
    const field = new FieldRecord(path, this.#fieldCount++, atMs);
    template.fields.set(path, field);
    return field;
  }
}
