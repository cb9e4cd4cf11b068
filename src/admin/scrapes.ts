// Metrics for any number of scrapers at once: those that ask together share one text, and one that costs the control thread too much is sent
// again for a while. Nobody needs a token for them, so nobody may make them expensive.

import { soon } from '../lib/clock.ts';
import { CpuBudget } from './cpu-budget.ts';
import type { CpuShare } from './cpu-budget.ts';

export interface ScrapesDeps {
  /** Prometheus text of now. */
  readonly metrics: () => Promise<Buffer>;
  readonly nowMs: () => number;
  /** CPU that this thread has used. */
  readonly cpuMs: () => number;
}

const SHARE: CpuShare = { share: 0.25, burstMs: 2000, debtMs: 2000 };

export class Scrapes {
  readonly #deps: ScrapesDeps;
  readonly #budget: CpuBudget;
  #underWay: Promise<Buffer> | undefined = undefined;
  /** For those that asked after the one under way began: what happened in between must be in their text. */
  #next: Promise<Buffer> | undefined = undefined;
  #latest: Buffer | undefined = undefined;
  #sent: Promise<void> = Promise.resolve();

  constructor(deps: ScrapesDeps) {
    this.#deps = deps;
    this.#budget = new CpuBudget(deps.nowMs);
  }

  /** One buffer for all who get this text, and one of them after the other: to send megabytes takes its time. Rejects as `metrics` does. */
  async text(): Promise<Buffer> {
    const text = await this.#text();
    await (this.#sent = this.#sent.then(() => new Promise(soon)));
    return text;
  }

  #text(): Promise<Buffer> {
    if (this.#latest !== undefined && this.#budget.waitSeconds('', SHARE) > 0) return Promise.resolve(this.#latest);
    if (this.#underWay === undefined) return this.#begin();
    return (this.#next ??= this.#underWay
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        return this.#begin();
      }));
  }

  #begin(): Promise<Buffer> {
    const made = this.#make().finally(() => {
      if (this.#underWay === made) this.#underWay = undefined;
    });
    return (this.#underWay = made);
  }

  async #make(): Promise<Buffer> {
    const before = this.#deps.cpuMs();
    const text = await this.#deps.metrics();
    this.#budget.charge('', SHARE, this.#deps.cpuMs() - before);
    return (this.#latest = text);
  }
}
