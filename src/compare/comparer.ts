// Compares the responses of a mirror's candidate with the primary's, and keeps count: one mirror, one thread, one judgement.
//
// How it is fed. `Comparers` holds one of these per mirror that compares, on the thread of the instance that does nothing else, and makes a new one
// when the mirror, its candidate or the primary is replaced: evidence of the old one says nothing about the new one. Workers decide, template by
// template (`TemplateSampler`, `templateOf`), which requests are compared before a copy is made, and post one exchange for each when all of its
// copies have ended:
//
//   comparer.add({ route, target, atMs, primary, candidate, second });   returns what differs, for counters by kind
//   const report = describeReport(comparer.tally(), judge, 200);         whenever anybody asks; `report.verdict` is the check of a rollout
//
// `candidate` is undefined where no copy reached it (a breaker, a bound); the primary's outcome counts all the same. `second` is the copy to
// another endpoint of the primary's version; it may be missing for most requests, or for all (`noise: 'absent'`). It must be made, or not made,
// before anything is known of the responses. Both copies are sent at the same time and in the same way, so that they are alike but for the
// version. An attempt that Sluice itself gave up for reasons of its own (no room, client gone) is left out altogether: it is no outcome of the
// candidate. Bodies come as they were on the wire, whole up to `limits.bodyBytes`, else as SHA-256 and length, or as cut.
//
// Comparison is synchronous, some 60 µs for 2 KiB of JSON and up to 0.1 s for a MiB: it belongs on a thread of its own.

import type { RecordedResponse, Attempted, MirroredExchange } from './mirrored-exchange.ts';
import { compareResponses } from './compare-responses.ts';
import type { ComparisonRules, ComparisonSettings } from './comparison-rules.ts';
import { compileRules } from './comparison-rules.ts';
import type { Comparison } from './difference.ts';
import type { FieldNode } from './field-node.ts';
import { plantFields } from './field-node.ts';
import { DecodedBody } from './decoded-body.ts';
import { PathTemplates } from './path-template.ts';
import type { ReportBounds } from './report-record.ts';
import { DEFAULT_BOUNDS, ReportRecord } from './report-record.ts';
import type { ReportTally } from './report-tally.ts';
import type { ShowValues } from './show-value.ts';

export interface ComparerSettings {
  readonly comparison: ComparisonSettings;
  readonly examples?: ShowValues;
  readonly examplesPerField?: number;
  readonly templatesPerRoute?: number;
  readonly bounds?: Partial<ReportBounds>;
}

/** The rest of the places is for `{other}`, one per route. */
const NAMED_PART = 0.8;

/** A path that leads nowhere names no call of the API. */
const NOWHERE = new Set([400, 404, 405, 410, 414]);

export class Comparer {
  readonly #rules: ComparisonRules;
  readonly #fields: FieldNode;
  readonly #templates: PathTemplates;
  readonly #record: ReportRecord;

  /** Throws an Error that names the pattern where a setting is malformed. */
  constructor({ comparison, examples = 'shapes', examplesPerField = 3, templatesPerRoute = 100, bounds = {} }: ComparerSettings) {
    this.#rules = compileRules(comparison);
    this.#fields = plantFields(this.#rules);
    const allBounds = { ...DEFAULT_BOUNDS, ...bounds };
    this.#templates = new PathTemplates(templatesPerRoute, Math.ceil(NAMED_PART * allBounds.templates));
    this.#record = new ReportRecord(allBounds, { show: examples, most: examplesPerField });
  }

  /**
   * Compares and counts one exchange; returns what the candidate's response differs in, noise included, or undefined where nothing was compared.
   * Never throws for anything that an upstream or a client has sent.
   */
  add({ route, target, atMs, primary, candidate, secondary }: MirroredExchange): Comparison | undefined {
    const isNowhere = primary.outcome === 'ok' && NOWHERE.has(primary.response.status);
    const name = isNowhere ? this.#templates.find(route, target) : this.#templates.learn(route, target);
    const template = this.#record.template(route, name, atMs);
    if (template === undefined) return undefined;
    template.begin(atMs);
    template.countOutcome('primary', primary.outcome);
    if (candidate !== undefined) template.countOutcome('candidate', candidate.outcome);
    this.#record.addOutcomes(template, primary.outcome, candidate?.outcome, atMs);
    if (secondary !== undefined) template.countOutcome('secondary', secondary.outcome);
    if (primary.outcome !== 'ok') return undefined;
    const [candidateResponse, secondaryResponse] = [responseOf(candidate), responseOf(secondary)];
    template.latency.add(primary.response.latencyMs, candidateResponse?.latencyMs, secondaryResponse?.latencyMs);
    const opened = new DecodedBody(primary.response, this.#rules.limits.bodyBytes);
    const compared = { candidate: this.#compare(opened, candidateResponse), secondary: this.#compare(opened, secondaryResponse) };
    this.#record.addComparisons(template, compared, atMs);
    return compared.candidate;
  }

  /** Everything counted so far, as plain JSON. */
  tally(): ReportTally {
    return this.#record.tally();
  }

  #compare(primary: DecodedBody, other: RecordedResponse | undefined): Comparison | undefined {
    if (other === undefined) return undefined;
    return compareResponses(primary, new DecodedBody(other, this.#rules.limits.bodyBytes), this.#rules, this.#fields);
  }
}

function responseOf(attempted: Attempted | undefined): RecordedResponse | undefined {
  return attempted?.outcome === 'ok' ? attempted.response : undefined;
}
