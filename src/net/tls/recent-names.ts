// What is kept for the names that clients asked for last: so many at once, and so many new ones in a second, for what is kept of a name takes
// memory and time to make. Clients choose the names.

export interface RecentNamesOptions {
  readonly max: number;
  readonly perSecond: number;
  readonly nowMs: () => number;
}

export class RecentNames<T> {
  readonly #options: RecentNamesOptions;
  /** The one that was asked for longest ago first. */
  readonly #kept = new Map<string, T>();
  #secondMs = -Infinity;
  #made = 0;

  constructor(options: RecentNamesOptions) {
    this.#options = options;
  }

  get(name: string): T | undefined {
    const found = this.#kept.get(name);
    // The order counts only where one may have to go soon.
    if (found !== undefined && this.#kept.size > this.#options.max / 2) {
      this.#kept.delete(name);
      this.#kept.set(name, found);
    }
    return found;
  }

  /** Keeps what `make` gives for a new name, in place of the oldest; undefined: too many were made in this second. */
  add(name: string, make: (name: string) => T): T | undefined {
    const { max, perSecond, nowMs } = this.#options;
    const atMs = nowMs();
    if (atMs - this.#secondMs >= 1000) {
      this.#secondMs = atMs;
      this.#made = 0;
    }
    if (++this.#made > perSecond) return undefined;
    const made = make(name);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size < max) break;
      this.#kept.delete(oldest);
    }
    this.#kept.set(name, made);
    return made;
  }
}
