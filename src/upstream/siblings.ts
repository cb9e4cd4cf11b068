// The versions of one pool, as one of them knows them: who else may respond, and what retries on another version may take of it.

import type { PoolConfig } from '../config/model.ts';
import { RetryBudget } from './resilience/retry-budget.ts';

export interface Sibling {
  readonly name: string;
  /** Endpoints that may be picked. */
  readonly readyCount: number;
}

export class Siblings {
  /** Of retries on another version: filled by the requests of all of them. */
  readonly fallbackBudget = new RetryBudget();
  /** In the order of the Config. */
  versions: readonly Sibling[] = [];
  #config: PoolConfig | undefined = undefined;

  configure(config: PoolConfig): void {
    this.#config = config;
    this.fallbackBudget.ratio = config.retries.budget;
  }

  /** Whether the version has a share of the requests, and another one that has a share and is ready would take it over. */
  mayYield(version: Sibling): boolean {
    if (this.#config?.fallback.whenNoneReady !== 'split' || this.#weightOf(version) === 0) return false;
    return this.versions.some((other) => other !== version && other.readyCount > 0 && this.#weightOf(other) > 0);
  }

  #weightOf({ name }: Sibling): number {
    const split = this.#config?.split ?? {};
    return Object.hasOwn(split, name) ? (split[name] ?? 0) : 0;
  }
}
