// Lets endpoints that come new or return take their full share step by step, whatever the balancer: a pick of one that is still
// starting is passed over with a chance that falls as its time goes by (Envoy's slow start, linear, from 10 %).

import { nowMs } from '../../lib/clock.ts';
import { growingShare } from '../../lib/growing-share.ts';
import { hashString, toFraction } from '../../lib/hash.ts';
import type { Endpoint } from '../endpoint.ts';

const STARTING_SEED = 0x736c6f77;

export class SlowStart {
  /** Whether any endpoint is starting. */
  active = false;
  /** 0 = off. */
  windowMs = 0;
  readonly #random: () => number;
  readonly #sinceMs = new Map<Endpoint, number>();

  /** @param random fractions, 0 <= x < 1 */
  constructor(random: () => number) {
    this.#random = random;
  }

  begin(endpoint: Endpoint): void {
    if (this.windowMs === 0) return;
    this.#sinceMs.set(endpoint, nowMs());
    this.active = true;
  }

  end(endpoint: Endpoint): void {
    this.#sinceMs.delete(endpoint);
    this.active = this.#sinceMs.size > 0;
  }

  /** Whether this pick of the endpoint is one too many for its time. A key comes to it once, and stays. */
  passesOver(endpoint: Endpoint, key: string): boolean {
    const sinceMs = this.#sinceMs.get(endpoint);
    if (sinceMs === undefined) return false;
    const share = growingShare(nowMs() - sinceMs, this.windowMs);
    if (share < 1) return (key === '' ? this.#random() : toFraction(hashString(key, STARTING_SEED))) >= share;
    this.end(endpoint);
    return false;
  }
}
