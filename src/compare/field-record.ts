// Counts of one field of one template. One record, one thread.

import type { Difference, Kind } from './difference.ts';
import type { Example, FieldTally, Trials } from './report-tally.ts';
import type { ShowValues } from './show-value.ts';
import { showValue } from './show-value.ts';

/** What a request said of a field: undefined where there was no such copy. */
export interface FieldSighting {
  readonly candidate: Difference | undefined;
  readonly secondary: Difference | undefined;
  readonly hasBoth: boolean;
}

export interface ExampleSettings {
  readonly show: ShowValues;
  readonly most: number;
}

/** Says nothing about any person, and is needed to understand the rest. */
const ALWAYS_SHOWN = new Set(['status', 'header:content-type', 'outcome']);

export class FieldRecord {
  readonly path: string;
  readonly #order: number;
  readonly #firstMs: number;
  #lastMs: number;
  #candidate = 0;
  #secondary = 0;
  #before: Trials | undefined = undefined;
  #firstCandidate = 0;
  #firstSecondary = 0;
  #onlyCandidate = 0;
  #onlySecondary = 0;
  #inBoth = 0;
  readonly #kinds = new Map<Kind, number>();
  readonly #examples: Example[] = [];

  constructor(path: string, order: number, atMs: number) {
    this.path = path;
    this.#order = order;
    this.#firstMs = atMs;
    this.#lastMs = atMs;
  }

  /** Whether two copies of the primary have differed in it. */
  get isNoisy(): boolean {
    return this.#secondary > 0;
  }

  /** Counts a request in which it differed. `trials` are those of its template, this request included. */
  see(sighting: FieldSighting, trials: Trials, atMs: number): void {
    const { candidate, secondary } = sighting;
    this.#lastMs = Math.max(this.#lastMs, atMs);
    if (candidate !== undefined) {
      this.#candidate++;
      this.#kinds.set(candidate.kind, (this.#kinds.get(candidate.kind) ?? 0) + 1);
    }
    if (secondary !== undefined) this.#secondary++;
    if (this.#before === undefined) {
      this.#before = { ...trials };
      this.#firstCandidate = candidate === undefined ? 0 : 1;
      this.#firstSecondary = secondary === undefined ? 0 : 1;
      return;
    }
    if (!sighting.hasBoth) return;
    if (candidate !== undefined && secondary !== undefined) this.#inBoth++;
    else if (candidate !== undefined) this.#onlyCandidate++;
    else this.#onlySecondary++;
  }

  /** Keeps an example if there is room, a first one of each kind before others. */
  show(difference: Difference, settings: ExampleSettings, atMs: number): void {
    if (this.#examples.length >= settings.most) return;
    const show = ALWAYS_SHOWN.has(this.path) ? 'values' : settings.show;
    const shown = (value: unknown): string => showValue(value, this.path, difference.isRedacted, show);
    const example = { kind: difference.kind, primary: shown(difference.primary), candidate: shown(difference.other), atMs };
    const isKnown = this.#examples.some(
      ({ kind, primary, candidate }) => kind === example.kind && primary === example.primary && candidate === example.candidate,
    );
    if (!isKnown) this.#examples.push(example);
  }

  tally(): FieldTally {
    return {
      path: this.path,
      order: this.#order,
      kinds: Object.fromEntries(this.#kinds),
      candidate: this.#candidate,
      secondary: this.#secondary,
      before: this.#before ?? { candidate: 0, secondary: 0, both: 0 },
      firstCandidate: this.#firstCandidate,
      firstSecondary: this.#firstSecondary,
      onlyCandidate: this.#onlyCandidate,
      onlySecondary: this.#onlySecondary,
      inBoth: this.#inBoth,
      firstMs: this.#firstMs,
      lastMs: this.#lastMs,
      examples: [...this.#examples],
    };
  }
}
