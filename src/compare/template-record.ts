// Counts of one path template of one route. `ReportRecord`, which makes them, bounds the fields.

import type { OutcomeCode } from '../telemetry/outcomes.ts';
import type { Comparison, Uncompared } from './difference.ts';
import type { FieldRecord } from './field-record.ts';
import { LatencyRecord } from './latency-record.ts';
import type { Counts, TemplateTally, Trials } from './report-tally.ts';

export type Copy = 'primary' | 'candidate' | 'secondary';

/** How the comparisons of one request went: undefined where there was nothing to compare. */
export interface Compared {
  readonly candidate: Comparison | undefined;
  readonly secondary: Comparison | undefined;
}

export class TemplateRecord {
  readonly route: string;
  readonly template: string;
  readonly latency = new LatencyRecord();
  readonly fields = new Map<string, FieldRecord>();
  readonly trials = { candidate: 0, secondary: 0, both: 0 };
  readonly #firstMs: number;
  #lastMs: number;
  #exchanges = 0;
  #attempts = 0;
  #cutShort = 0;
  readonly #uncompared = new Map<Uncompared, number>();
  readonly #outcomes: Readonly<Record<Copy, Map<OutcomeCode, number>>> = { primary: new Map(), candidate: new Map(), secondary: new Map() };

  constructor(route: string, template: string, atMs: number) {
    this.route = route;
    this.template = template;
    this.#firstMs = atMs;
    this.#lastMs = atMs;
  }

  /** Counts an exchange; must come once for each, before its comparisons. */
  begin(atMs: number): void {
    this.#exchanges++;
    this.#lastMs = Math.max(this.#lastMs, atMs);
  }

  countOutcome(copy: Copy, code: OutcomeCode): void {
    count(this.#outcomes[copy], code);
  }

  /** Counts an exchange in which both primary and candidate were tried; the trials of field `outcome`. */
  countAttempt(): Trials {
    this.#attempts++;
    return { candidate: this.#attempts, secondary: this.#attempts, both: this.#attempts };
  }

  /** Counts the trials of a request, and why a comparison could not be made or finished. */
  countTrials(compared: Compared): void {
    const [candidate, secondary] = [compared.candidate !== undefined, compared.secondary !== undefined];
    if (candidate) this.trials.candidate++;
    if (secondary) this.trials.secondary++;
    if (candidate && secondary) this.trials.both++;
    for (const comparison of [compared.candidate, compared.secondary]) {
      if (comparison?.uncompared !== undefined) count(this.#uncompared, comparison.uncompared);
      if (comparison?.isCutShort === true) this.#cutShort++;
    }
  }

  tally(): TemplateTally {
    return {
      route: this.route,
      template: this.template,
      exchanges: this.#exchanges,
      responses: { ...this.trials },
      attempts: this.#attempts,
      outcomes: {
        primary: plain(this.#outcomes.primary),
        candidate: plain(this.#outcomes.candidate),
        secondary: plain(this.#outcomes.secondary),
      },
      uncompared: plain(this.#uncompared),
      cutShort: this.#cutShort,
      latency: this.latency.tally(),
      fields: [...this.fields.values()].map((field) => field.tally()),
      firstMs: this.#firstMs,
      lastMs: this.#lastMs,
    };
  }
}

function count<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function plain<K extends string>(counts: ReadonlyMap<K, number>): Counts<K> {
  return Object.fromEntries(counts) as Counts<K>;
}
