// Puts a config in force, and follows endpoints for the one that is. One call at a time: the controller sees to it.

import type { Log } from '../../lib/log.ts';
import { followEndpoints, followRollouts } from './follow-endpoints.ts';
import { followSecrets } from './follow-secrets.ts';
import type { Participant } from './participant.ts';
import { participantsOf } from './participants.ts';
import type { InForceDeps } from './participants.ts';
import { allOrNothing } from './all-or-nothing.ts';
import { Transition } from './transition.ts';
import type { Next } from './transition.ts';

export class PutInForce {
  readonly #deps: InForceDeps;
  readonly #log: Log;
  readonly #participants: readonly Participant[];
  #closed = false;

  constructor(deps: InForceDeps, log: Log) {
    this.#deps = deps;
    this.#log = log;
    this.#participants = participantsOf(deps, () => this.#closed);
  }

  /** All or nothing; returns why it is not in force. Never rejects. */
  async put(next: Next): Promise<Error | undefined> {
    return allOrNothing(this.#participants, new Transition(next, this.#deps.current.inForce), this.#log);
  }

  /** Secrets that were read again, endpoints that were discovered since, and what counts by now. */
  async follow(): Promise<void> {
    if (!this.#closed) await followSecrets(this.#deps, this.#log);
    if (!this.#closed) await followEndpoints(this.#deps, this.#log);
    if (!this.#closed) await followRollouts(this.#deps);
  }

  /** With the endpoints that are known by now. */
  expand(config: Next['config']): Next['config'] {
    return { ...config, pools: this.#deps.discovery.expand(config.pools) };
  }

  /** Users of these pools follow the weights, though nothing else changes. */
  moveUsers(pools: readonly string[]): void {
    this.#deps.moveUsers(pools);
  }

  /** What has not reached the workers is given up. */
  close(): void {
    this.#closed = true;
  }
}
