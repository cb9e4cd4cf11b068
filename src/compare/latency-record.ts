// How long a candidate takes to respond beside the primary, for the same requests: until the head of the response, because its end is up to
// the client as well, and a slow one would count against the primary alone.

import { LogHistogram } from '../lib/log-histogram.ts';
import type { LatencyTally } from './report-tally.ts';

export class LatencyRecord {
  readonly #primary = new LogHistogram();
  readonly #candidate = new LogHistogram();
  readonly #secondary = new LogHistogram();
  #slower = 0;
  #faster = 0;

  /** `latencyMs` of the responses to one request; undefined where no copy was made, or no response came. */
  add(primaryMs: number, candidateMs: number | undefined, secondMs: number | undefined): void {
    this.#primary.add(primaryMs);
    if (secondMs !== undefined) this.#secondary.add(secondMs);
    if (candidateMs === undefined) return;
    this.#candidate.add(candidateMs);
    if (candidateMs > primaryMs) this.#slower++;
    else if (candidateMs < primaryMs) this.#faster++;
  }

  tally(): LatencyTally {
    return {
      primary: this.#primary.counts(),
      candidate: this.#candidate.counts(),
      secondary: this.#secondary.counts(),
      slower: this.#slower,
      faster: this.#faster,
    };
  }
}
