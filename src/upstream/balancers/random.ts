// Picks by chance, in proportion to weight. Knows nothing of load or latency.

import type { Balancer } from '../balancer.ts';
import type { Endpoint } from '../endpoint.ts';
import { avoidedIfReady, isPickable } from './pickable.ts';
import { WeightedDraw } from './weighted-draw.ts';

export class RandomChoice implements Balancer {
  readonly followsLatency = false;
  readonly #random: () => number;
  readonly #draw: WeightedDraw;

  constructor(random: () => number) {
    this.#random = random;
    this.#draw = new WeightedDraw(random);
  }

  update(endpoints: readonly Endpoint[]): void {
    this.#draw.update(endpoints);
  }

  pick(_key: string, avoid: Endpoint | undefined): Endpoint | undefined {
    return this.#draw.drawReady(avoid) ?? this.#drawAmongReady(avoid);
  }

  observed(): void {
    // Chance has no memory.
  }

  #drawAmongReady(avoid: Endpoint | undefined): Endpoint | undefined {
    const endpoints = this.#draw.endpoints;
    let total = 0;
    for (const endpoint of endpoints) if (isPickable(endpoint, avoid)) total += endpoint.weight;
    let left = this.#random() * total;
    let last: Endpoint | undefined;
    for (const endpoint of endpoints) {
      if (!isPickable(endpoint, avoid)) continue;
      last = endpoint;
      left -= endpoint.weight;
      if (left < 0) break;
    }
    return last ?? avoidedIfReady(endpoints, avoid);
  }
}
