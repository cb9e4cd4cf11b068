// The way of an endpoint that gets nothing new any more: unused connections close at once, those in use when they are given back, and
// all at its deadline. It ends when the last one has closed.

import { Deadline } from '../lib/deadlines.ts';
import type { DeadlineOwner, Deadlines } from '../lib/deadlines.ts';
import type { Endpoint } from './endpoint.ts';

export class EndpointDrain implements DeadlineOwner {
  readonly endpoint: Endpoint;
  readonly #deadline: Deadline;
  readonly #onOver: (cut: number) => void;
  #over = false;

  /** @param timeoutMs 0 = no deadline; @param onOver told once, never before the constructor has returned, with the connections cut */
  constructor(endpoint: Endpoint, deadlines: Deadlines, timeoutMs: number, onOver: (cut: number) => void) {
    this.endpoint = endpoint;
    this.#onOver = onOver;
    this.#deadline = new Deadline(this);
    deadlines.arm(this.#deadline, timeoutMs);
  }

  /** To be called when connections have closed. */
  check(): void {
    if (this.endpoint.connections.size === 0) this.#end(0);
  }

  /** It is back in use. */
  cancel(): void {
    this.#over = true;
    this.#deadline.disarm();
  }

  onDeadline(): void {
    const left = [...this.endpoint.connections];
    this.#end(left.length);
    for (const connection of left) connection.cut();
  }

  #end(cut: number): void {
    if (this.#over) return;
    this.cancel();
    this.#onOver(cut);
  }
}
