// What the probes of one endpoint say together: healthy or not. Pure state, no I/O and no time.

export interface Thresholds {
  /** Good probes in a row that make an unhealthy endpoint healthy; at least 1. */
  readonly healthyAfter: number;
  /** Bad probes in a row that make a healthy endpoint unhealthy; at least 1. */
  readonly unhealthyAfter: number;
}

/** The first probe decides at once, in both directions: what was taken for granted until then was a guess. Then the thresholds count. */
export class HealthState {
  healthy: boolean;
  readonly #thresholds: Thresholds;
  /** Probes in a row that contradict the verdict. */
  #against = 0;
  /** Whether a probe has ended. */
  proven = false;

  /** @param healthy what is taken for granted until the first probe has ended */
  constructor(thresholds: Thresholds, healthy: boolean) {
    this.#thresholds = thresholds;
    this.healthy = healthy;
  }

  /** Healthy, and the latest probe says so. */
  get certain(): boolean {
    return this.proven && this.healthy && this.#against === 0;
  }

  /** Takes the result of one probe; returns whether the verdict has changed. */
  take(good: boolean): boolean {
    const first = !this.proven;
    this.proven = true;
    if (good === this.healthy) {
      this.#against = 0;
      return false;
    }
    this.#against++;
    const { healthyAfter, unhealthyAfter } = this.#thresholds;
    if (!first && this.#against < (good ? healthyAfter : unhealthyAfter)) return false;
    this.healthy = good;
    this.#against = 0;
    return true;
  }
}
