// The latest exchanges that one worker remembers: a sample of those that went well and one of those that did not, so that neither
// pushes out the other. How many each kept one stands for makes one fair sample of both.

import { ExchangeRing } from './exchange-ring.ts';
import type { Observation } from './observation.ts';

export class RecentExchanges {
  readonly fine = new ExchangeRing({ size: 512, everyMs: 10, burst: 256 });
  readonly failed = new ExchangeRing({ size: 128, everyMs: 50, burst: 64 });

  /** In no order. Those older than what either ring can speak for stand for none. */
  list(): readonly Observation[] {
    const sinceMs = Math.max(this.fine.sinceMs, this.failed.sinceMs);
    return [...this.fine.list(sinceMs), ...this.failed.list(sinceMs)];
  }
}
