// What remains of endpoints that get nothing new any more: unused connections close at once, those in use when they are given back, and
// all at the deadline. A drain ends when the last connection has closed.

import { Deadline } from '../lib/deadlines.ts';
import type { DeadlineOwner, Deadlines } from '../lib/deadlines.ts';
import type { Log } from '../lib/log.ts';
import type { Endpoint } from './endpoint.ts';

/** Whose endpoints they are. */
export interface DrainedVersion {
  readonly pool: string;
  readonly version: string;
}

/** Drains of all endpoints of one version that leave or are drained. */
export class EndpointDrains {
  readonly #drains = new Map<Endpoint, EndpointDrain>();
  readonly #of: DrainedVersion;
  readonly deadlines: Deadlines;
  readonly #log: Log | undefined;

  /** @param log undefined where nobody wants to read of it */
  constructor(of: DrainedVersion, deadlines: Deadlines, log: Log | undefined) {
    this.#of = of;
    this.deadlines = deadlines;
    this.#log = log;
  }

  /** Endpoints whose drain is not over: they have connections. */
  get endpoints(): Iterable<Endpoint> {
    return this.#drains.keys();
  }

  get size(): number {
    return this.#drains.size;
  }

  has(endpoint: Endpoint): boolean {
    return this.#drains.has(endpoint);
  }

  /** Anew where there is one already. @param timeoutMs 0 = no deadline; @param isLogged whether a clean end is, too */
  begin(endpoint: Endpoint, timeoutMs: number, isLogged: boolean): void {
    this.cancel(endpoint);
    const fields = { ...this.#of, endpoint: endpoint.key };
    const drain = new EndpointDrain(endpoint, this.deadlines, timeoutMs, (cut) => {
      this.#drains.delete(endpoint);
      if (cut > 0) this.#log?.warn({ ...fields, cut }, 'connections were cut at the deadline of a drain');
      else if (isLogged) this.#log?.info(fields, 'endpoint is drained');
    });
    this.#drains.set(endpoint, drain);
    for (const connection of endpoint.connections) connection.leave(timeoutMs);
    drain.check();
  }

  /** The endpoint is back in use. */
  cancel(endpoint: Endpoint): void {
    const drain = this.#drains.get(endpoint);
    if (drain === undefined) return;
    drain.cancel();
    this.#drains.delete(endpoint);
    for (const connection of endpoint.connections) connection.stay();
  }

  /** To be called when a connection of the endpoint has closed. */
  check(endpoint: Endpoint): void {
    if (this.#drains.size > 0) this.#drains.get(endpoint)?.check();
  }
}

class EndpointDrain implements DeadlineOwner {
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
