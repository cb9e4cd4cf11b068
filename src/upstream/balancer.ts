// Picks one ready endpoint of a version. Synchronous; one object per version and worker.

import type { Endpoint } from './endpoint.ts';

export interface Balancer {
  /** Called when the version's endpoints changed; keeps what state still makes sense. */
  update(endpoints: readonly Endpoint[]): void;
  /**
   * Picks a ready endpoint, or undefined when there is none. `key` is the affinity key (empty when unkeyed);
   * `avoid` is an endpoint that just failed this exchange and is picked again only when no other is ready.
   */
  pick(key: string, avoid: Endpoint | undefined): Endpoint | undefined;
  /** Whether it asks for latencies; where not, nobody reads the clock for it. */
  readonly followsLatency: boolean;
  /** The head of a response came `latencyMs` after its attempt began, at monotonic time `atMs`. */
  observed(endpoint: Endpoint, latencyMs: number, atMs: number): void;
}
