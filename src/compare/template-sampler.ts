// Decides which requests are compared, template by template, so that rare ones are seen although busy ones are thinned.
// Deterministic: time and chance come in as arguments.

interface Seen {
  window: number;
  /** In this window, and in the whole one before it. */
  count: number;
  before: number;
  taken: number;
}

export interface SamplerSettings {
  /** How many requests of one template are wanted per window. */
  readonly perTemplate: number;
  readonly windowMs: number;
  /** Templates beyond this number share one quota until the window ends. */
  readonly mostTemplates: number;
}

export class TemplateSampler {
  readonly #settings: SamplerSettings;
  readonly #seen = new Map<string, Seen>();
  readonly #shared: Seen = { window: 0, count: 0, before: 0, taken: 0 };
  #clearedIn = -1;

  constructor(settings: SamplerSettings) {
    this.#settings = settings;
  }

  /**
   * Whether to compare a request of this template (name it with its route). `nowMs` never goes back; `chance` is a fraction, 0 <= x < 1. What
   * came in the window before sets the rate, so that a busy template is sampled evenly over the window; a new or rare one is taken until its
   * quota is used, then thinned.
   */
  take(template: string, nowMs: number, chance: number): boolean {
    const { perTemplate, windowMs } = this.#settings;
    const window = Math.floor(nowMs / windowMs);
    const seen = this.#of(template, window);
    turn(seen, window);
    seen.count++;
    const rate = perTemplate / Math.max(seen.before, seen.taken < perTemplate ? 0 : seen.count, perTemplate);
    if (chance >= rate) return false;
    seen.taken++;
    return true;
  }

  #of(template: string, window: number): Seen {
    const known = this.#seen.get(template);
    if (known !== undefined) return known;
    const isFull = this.#seen.size >= this.#settings.mostTemplates;
    // Names that are not asked for again must not keep their places: once per window all begin anew.
    if (isFull && this.#clearedIn !== window) {
      this.#seen.clear();
      this.#clearedIn = window;
    } else if (isFull) return this.#shared;
    const seen = { window, count: 0, before: 0, taken: 0 };
    this.#seen.set(template, seen);
    return seen;
  }
}

function turn(seen: Seen, window: number): void {
  if (window === seen.window) return;
  seen.before = window === seen.window + 1 ? seen.count : 0;
  seen.window = window;
  seen.count = 0;
  seen.taken = 0;
}
