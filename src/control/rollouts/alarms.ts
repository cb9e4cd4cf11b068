// Alarms that others told of, by name: they fire until they are resolved, or told no more for a day. Bounded.

import { createHash } from 'node:crypto';
import type { Alarm } from './rollouts-api.ts';

const MAX_ALARMS = 1000;
/** Of an alarm's name; a check names no longer one. */
const MAX_NAME = 1000;
const KEPT_MS = 24 * 3_600_000;

export class Alarms {
  readonly #nowMs: () => number;
  /** When each was told last; by its labels. */
  readonly #firing = new Map<string, { readonly name: string; readonly atMs: number }>();

  /** @param nowMs monotonic */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Returns how many fire. */
  take(alarms: readonly Alarm[]): number {
    for (const { status, labels } of alarms) {
      const key = digestOf(labels);
      this.#firing.delete(key);
      if (status === 'firing') this.#firing.set(key, { name: (labels['alertname'] ?? '').slice(0, MAX_NAME), atMs: this.#nowMs() });
    }
    this.#forget();
    return this.#firing.size;
  }

  /** Whether one of this name fires. */
  fires(name: string): boolean {
    this.#forget();
    return [...this.#firing.values()].some((each) => each.name === name);
  }

  /** The oldest go first: they are first in the map. */
  #forget(): void {
    const oldestMs = this.#nowMs() - KEPT_MS;
    for (const [key, { atMs }] of this.#firing) {
      if (atMs >= oldestMs && this.#firing.size <= MAX_ALARMS) return;
      this.#firing.delete(key);
    }
  }
}

/** Labels may be long, and there may be many alarms: they are told apart by a digest. */
function digestOf(labels: Alarm['labels']): string {
  const sorted = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(sorted)).digest('base64');
}
