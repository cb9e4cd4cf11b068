// Alarms that others told of, by name: they fire until they are resolved, or told no more for a day. Bounded, and kept beyond a restart: who told of
// one may not tell again for hours. Where one may have been lost nobody knows which fire, and a check on one that is not known to fire holds.

import { createHash } from 'node:crypto';
import type { Note } from '../../store/store.ts';
import type { Alarm } from './rollouts-api.ts';

const NOTE = 'rollouts-alarms';
const MAX_ALARMS = 1000;
/** Of an alarm's name; a check names no longer one. */
const MAX_NAME = 1000;
const KEPT_MS = 24 * 3_600_000;

export interface AlarmsDeps {
  /** Monotonic. */
  readonly nowMs: () => number;
  readonly wallMs: () => number;
  /** Rejects when the store fails. */
  readonly keepNote: (note: Note) => Promise<void>;
  /** What was told is known to this process alone. */
  readonly onUnkept: (error: Error) => void;
  /** What the process before had kept is lost. */
  readonly isLost: boolean;
}

interface Firing {
  readonly name: string;
  /** When it was told last; of the process, also below 0. */
  readonly atMs: number;
}

interface Kept {
  readonly wallMs: number;
  /** Until when some may fire that are not known, in milliseconds from `wallMs` on; 0 = none are. */
  readonly lostForMs: number;
  /** By digest of labels. */
  readonly firing: readonly (readonly [key: string, name: string, ageMs: number])[];
}

export class Alarms {
  readonly #deps: AlarmsDeps;
  /** By digest of labels, the oldest first. */
  readonly #firing = new Map<string, Firing>();
  #lostUntilMs = -Infinity;
  #keeping: Promise<void> | undefined = undefined;
  #isChanged = false;

  /** @param notes what the process before has left */
  constructor(deps: AlarmsDeps, notes: readonly Note[] = []) {
    this.#deps = deps;
    const kept = notes.find(({ name }) => name === NOTE);
    if (kept !== undefined) this.#restore(kept.text);
    if (!deps.isLost) return;
    this.#lostUntilMs = deps.nowMs() + KEPT_MS;
    this.#isChanged = true;
    void this.kept();
  }

  /** Returns how many fire. */
  take(alarms: readonly Alarm[]): number {
    const nowMs = this.#deps.nowMs();
    for (const { status, labels } of alarms) {
      const key = digestOf(labels);
      const known = this.#firing.delete(key);
      if (status === 'firing') this.#firing.set(key, { name: (labels['alertname'] ?? '').slice(0, MAX_NAME), atMs: nowMs });
      this.#isChanged ||= known || status === 'firing';
    }
    this.#forget();
    return this.#firing.size;
  }

  /** Resolves when a process that comes after this one knows of them, or the store has failed. */
  async kept(): Promise<void> {
    while (this.#isChanged || this.#keeping !== undefined) await (this.#keeping ??= this.#keep());
  }

  /** Whether one of this name fires; undefined where one may that is not known any more. */
  fires(name: string): boolean | undefined {
    this.#forget();
    if ([...this.#firing.values()].some((each) => each.name === name)) return true;
    return this.#deps.nowMs() < this.#lostUntilMs ? undefined : false;
  }

  /** The oldest go first. */
  #forget(): void {
    const oldestMs = this.#deps.nowMs() - KEPT_MS;
    for (const [key, { atMs }] of this.#firing) {
      if (atMs >= oldestMs && this.#firing.size <= MAX_ALARMS) return;
      this.#firing.delete(key);
      this.#lostUntilMs = Math.max(this.#lostUntilMs, atMs + KEPT_MS);
    }
  }

  async #keep(): Promise<void> {
    this.#isChanged = false;
    const { nowMs, wallMs, keepNote, onUnkept } = this.#deps;
    const now = nowMs();
    const firing = [...this.#firing].map(([key, { name, atMs }]) => [key, name, now - atMs] as const);
    const text: Kept = { wallMs: wallMs(), lostForMs: Math.max(0, this.#lostUntilMs - now), firing };
    await keepNote({ name: NOTE, text: JSON.stringify(text) }).catch((error: unknown) => onUnkept(error as Error));
    this.#keeping = undefined;
  }

  #restore(text: string): void {
    const now = this.#deps.nowMs();
    try {
      const { wallMs, lostForMs, firing } = JSON.parse(text) as Kept;
      const goneMs = Math.max(0, this.#deps.wallMs() - wallMs);
      for (const [key, name, ageMs] of firing) {
        const isOver = ageMs + goneMs > KEPT_MS;
        if (!isOver) this.#firing.set(key, { name: String(name), atMs: now - ageMs - goneMs });
        // Nobody could tell of it again meanwhile, or the clock has jumped.
        else this.#lostUntilMs = now + KEPT_MS;
      }
      this.#lostUntilMs = Math.max(this.#lostUntilMs, now + lostForMs - goneMs);
    } catch {
      this.#lostUntilMs = now + KEPT_MS;
    }
  }
}

/** Labels may be long, and there may be many alarms: they are told apart by a digest. */
function digestOf(labels: Alarm['labels']): string {
  const sorted = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(sorted)).digest('base64');
}
