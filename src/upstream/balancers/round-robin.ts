// Everyone in turn, as often as its weight says. Equal weights, the usual case, need a cursor and no more.

import type { Balancer } from '../balancer.ts';
import type { Endpoint } from '../endpoint.ts';
import { avoidedIfReady, dropWeightless, isPickable } from './pickable.ts';
import { TurnQueue } from './turn-queue.ts';

export class RoundRobin implements Balancer {
  readonly followsLatency = false;
  readonly #queue: TurnQueue;
  #endpoints: readonly Endpoint[] = [];
  #equalWeights = true;
  /** Whose turn is next, as a fraction until the first update: workers must not all begin at the same endpoint. */
  #cursor: number;

  constructor(random: () => number) {
    this.#cursor = random();
    this.#queue = new TurnQueue(random());
  }

  update(endpoints: readonly Endpoint[]): void {
    const before = this.#endpoints;
    const next = before[this.#cursor];
    this.#endpoints = dropWeightless(endpoints);
    const count = this.#endpoints.length;
    this.#equalWeights = this.#endpoints.every((endpoint) => endpoint.weight === this.#endpoints[0]!.weight);
    if (!this.#equalWeights) this.#queue.update(this.#endpoints);
    if (count === 0) return;
    const at = next === undefined ? -1 : this.#endpoints.indexOf(next);
    if (at !== -1) this.#cursor = at;
    else if (before.length === 0) this.#cursor = Math.floor((this.#cursor % 1) * count);
    else this.#cursor %= count;
  }

  pick(_key: string, avoid: Endpoint | undefined): Endpoint | undefined {
    if (!this.#equalWeights) return this.#queue.pick(avoid);
    const count = this.#endpoints.length;
    for (let seen = 0; seen < count; seen++) {
      const endpoint = this.#endpoints[this.#cursor]!;
      this.#cursor = this.#cursor + 1 < count ? this.#cursor + 1 : 0;
      if (isPickable(endpoint, avoid)) return endpoint;
    }
    return avoidedIfReady(this.#endpoints, avoid);
  }

  observed(): void {
    // A turn is a turn, however long it takes.
  }
}
