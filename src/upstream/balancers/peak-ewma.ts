// Follows latency: of two endpoints drawn by weight, the one with the lower expected wait. The estimate jumps up to a
// peak at once and falls slowly, so that a stall is felt with the first response (the idea is Finagle's Peak EWMA).

import type { Balancer } from '../balancer.ts';
import type { Endpoint } from '../endpoint.ts';
import { pickLighter } from './two-choices.ts';
import type { Load } from './two-choices.ts';
import { WeightedDraw } from './weighted-draw.ts';

/** After this time without a response an estimate has fallen to 37 %. */
const TAU_MS = 10_000;
/** A cost of 0 stands for an endpoint that has not responded yet. */
const MIN_COST_MS = 0.001;
/** Bounds how long one hung attempt can keep traffic away: from here to 1 ms takes 11 times TAU_MS. */
const MAX_COST_MS = 60_000;
/** Stands above every real cost: an endpoint gets one attempt, and more only when its first response is there. */
const UNSEEN_COST_MS = 1e12;

export class PeakEwma implements Balancer {
  readonly followsLatency = true;
  readonly #draw: WeightedDraw;
  readonly #load: Load;
  /** The time of the latest response of any endpoint stands for the present: reading a clock would cost more than the pick. */
  #latestMs = 0;

  constructor(random: () => number) {
    this.#draw = new WeightedDraw(random);
    this.#load = (endpoint) => expectedWaitMs(endpoint, this.#latestMs);
  }

  update(endpoints: readonly Endpoint[]): void {
    this.#draw.update(endpoints);
    for (const endpoint of endpoints) this.#latestMs = Math.max(this.#latestMs, endpoint.costAtMs);
  }

  pick(_key: string, avoid: Endpoint | undefined): Endpoint | undefined {
    return pickLighter(this.#draw, this.#draw.drawReady(avoid), avoid, this.#load);
  }

  observed(endpoint: Endpoint, latencyMs: number, atMs: number): void {
    // One NaN would stay in the estimate for ever.
    if (!(latencyMs >= 0)) return;
    const latency = Math.min(Math.max(latencyMs, MIN_COST_MS), MAX_COST_MS);
    const kept = fadingShare(endpoint.costAtMs, atMs);
    endpoint.costMs = latency > endpoint.costMs ? latency : endpoint.costMs * kept + latency * (1 - kept);
    endpoint.costAtMs = Math.max(endpoint.costAtMs, atMs);
    this.#latestMs = Math.max(this.#latestMs, atMs);
  }
}

function expectedWaitMs(endpoint: Endpoint, atMs: number): number {
  if (endpoint.costMs > 0) return (endpoint.costMs * fadingShare(endpoint.costAtMs, atMs) * (endpoint.inFlight + 1)) / endpoint.weight;
  return endpoint.inFlight === 0 ? 0 : (UNSEEN_COST_MS * (endpoint.inFlight + 1)) / endpoint.weight;
}

/** What is left at `atMs` of an estimate made at `madeAtMs`; responses may be reported out of order. */
function fadingShare(madeAtMs: number, atMs: number): number {
  return atMs > madeAtMs ? Math.exp((madeAtMs - atMs) / TAU_MS) : 1;
}
