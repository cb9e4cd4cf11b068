// Follows load: of two endpoints drawn by weight, the one with fewer attempts under way for its weight.

import type { Balancer } from '../balancer.ts';
import type { Endpoint } from '../endpoint.ts';
import { pickLighter } from './two-choices.ts';
import { WeightedDraw } from './weighted-draw.ts';

export class LeastRequest implements Balancer {
  readonly followsLatency = false;
  readonly #draw: WeightedDraw;

  constructor(random: () => number) {
    this.#draw = new WeightedDraw(random);
  }

  update(endpoints: readonly Endpoint[]): void {
    this.#draw.update(endpoints);
  }

  pick(_key: string, avoid: Endpoint | undefined): Endpoint | undefined {
    const first = this.#draw.drawReady(avoid);
    // Nothing is less busy than idle. Comparing would send all light traffic to the heaviest endpoint; so it follows the weights.
    if (first !== undefined && first.inFlight === 0) return first;
    return pickLighter(this.#draw, first, avoid, attemptsPerWeight);
  }

  observed(): void {
    // Load is what counts here; latency shows in it.
  }
}

/** The attempt to be placed is counted, so that among idle endpoints the one with more weight has less load. */
function attemptsPerWeight(endpoint: Endpoint): number {
  return (endpoint.inFlight + 1) / endpoint.weight;
}
