// Same key, same endpoint, as long as it is ready: endpoints own points on a ring in proportion to their weight, and a
// key belongs to the next point (Karger et al. 1997). All workers and instances with the same endpoints agree.

import { hashString, toFraction } from '../../lib/hash.ts';
import type { Balancer } from '../balancer.ts';
import type { Endpoint } from '../endpoint.ts';
import { avoidedIfReady, dropWeightless, isPickable } from './pickable.ts';
import { findPoint, makeRing } from './ring.ts';
import type { Ring } from './ring.ts';

/** Differs from the seeds of the split, so that the keys of one version spread over its whole ring. */
const KEY_SEED = 0x72696e67;
/** Points looked at before the ready endpoints are ranked instead: bounds a pick when nearly all are unready. */
const MAX_WALK = 128;

export class RingHash implements Balancer {
  readonly followsLatency = false;
  readonly #random: () => number;
  #endpoints: readonly Endpoint[] = [];
  #weights: readonly number[] = [];
  #ring: Ring = makeRing([]);

  constructor(random: () => number) {
    this.#random = random;
  }

  update(endpoints: readonly Endpoint[]): void {
    const before = this.#endpoints;
    const weights = this.#weights;
    this.#endpoints = dropWeightless(endpoints);
    this.#weights = this.#endpoints.map((endpoint) => endpoint.weight);
    const same =
      before.length === this.#endpoints.length &&
      this.#endpoints.every((endpoint, index) => endpoint.key === before[index]?.key && endpoint.weight === weights[index]);
    if (!same) this.#ring = makeRing(this.#endpoints);
  }

  pick(key: string, avoid: Endpoint | undefined): Endpoint | undefined {
    const { positions, owners } = this.#ring;
    const count = positions.length;
    if (count === 0) return undefined;
    const hash = key === '' ? Math.floor(this.#random() * 0x1_0000_0000) : hashString(key, KEY_SEED) >>> 0;
    let point = findPoint(positions, hash);
    for (let steps = Math.min(count, MAX_WALK); steps > 0; steps--) {
      const endpoint = this.#endpoints[owners[point]!]!;
      if (isPickable(endpoint, avoid)) return endpoint;
      point = point + 1 < count ? point + 1 : 0;
    }
    return this.#highestRanked(hash, avoid);
  }

  observed(): void {
    // The key decides, whatever it costs.
  }

  /** Weighted rendezvous hashing over those that are ready: as consistent as the ring, at a cost that grows with their number. */
  #highestRanked(hash: number, avoid: Endpoint | undefined): Endpoint | undefined {
    let best: Endpoint | undefined;
    let bestRank = Infinity;
    for (const endpoint of this.#endpoints) {
      if (!isPickable(endpoint, avoid)) continue;
      const rank = -Math.log(toFraction(hashString(endpoint.key, hash))) / endpoint.weight;
      if (rank >= bestRank) continue;
      best = endpoint;
      bestRank = rank;
    }
    return best ?? avoidedIfReady(this.#endpoints, avoid);
  }
}
