// A version as one mirror reaches it: its endpoints and connections, counted for the mirror.

import type { PoolConfig, VersionConfig } from '../config/model.ts';
import type { Deadlines } from '../lib/deadlines.ts';
import type { EndpointCounters, MirrorCounters } from '../telemetry/counters.ts';
import type { ConnectionLimit } from './connection-limit.ts';
import type { ConnectionSettings, ResponseSink } from './connection.ts';
import { identifyEndpoint, NOT_READY_UNHEALTHY } from './endpoint.ts';
import type { Endpoint } from './endpoint.ts';
import { EndpointSet } from './endpoint-set.ts';
import type { EndpointSetOwner } from './endpoint-set.ts';

export interface MirrorTargetDeps {
  readonly counters: MirrorCounters;
  /** Of endpoints, which a mirror does not count one by one. */
  readonly uncounted: EndpointCounters;
  /** Of all targets of the mirror. */
  readonly limit: ConnectionLimit;
  readonly settings: ConnectionSettings;
  readonly deadlines: Deadlines;
  readonly onFault: (error: unknown) => void;
}

export class MirrorTarget implements EndpointSetOwner {
  readonly name: string;
  readonly counters: MirrorCounters;
  readonly set: EndpointSet;
  readonly #uncounted: EndpointCounters;
  readonly #onFault: (error: unknown) => void;
  /** Endpoints that left, as long as they have connections. */
  readonly #leaving = new Set<Endpoint>();

  constructor(name: string, deps: MirrorTargetDeps) {
    this.name = name;
    this.counters = deps.counters;
    this.#uncounted = deps.uncounted;
    this.#onFault = deps.onFault;
    this.set = new EndpointSet(this, deps.limit, deps.settings, deps.deadlines);
  }

  get hasConnections(): boolean {
    return this.#leaving.size > 0;
  }

  /** Endpoints that stay keep their connections. */
  configure(pool: PoolConfig, settings: ConnectionSettings, { endpoints, drain }: VersionConfig): void {
    this.set.settings = settings;
    this.set.selection.configure(pool);
    // A copy has no user who waits for it: an endpoint that starts gets its full share at once.
    this.set.selection.slowStart.windowMs = 0;
    this.set.replace(endpoints, drain);
  }

  /** The mirror has it no more: copies in flight go on. */
  leave(): void {
    this.set.replace([], true);
  }

  /** Ends all that is in flight. */
  cut(): void {
    for (const endpoint of [...this.set.endpoints, ...this.#leaving]) for (const connection of [...endpoint.connections]) connection.cut();
  }

  /** @param pool of the version; @param unhealthy names of endpoints (`identifyEndpoint`) that probes find unhealthy */
  markHealth(pool: string, unhealthy: ReadonlySet<string>): void {
    for (const endpoint of this.set.endpoints) {
      const name = identifyEndpoint({ pool, version: this.name, endpoint: endpoint.key });
      this.set.mark(endpoint, NOT_READY_UNHEALTHY, unhealthy.has(name));
    }
  }

  connect(endpoint: Endpoint, sink: ResponseSink): void {
    this.counters.opened();
    this.set.connect(endpoint, sink);
  }

  countersOf(): EndpointCounters {
    return this.#uncounted;
  }

  onReadiness(): void {}

  /** A mirror's drain has no deadline: copies are short, and nothing is lost with them. */
  onDraining(endpoint: Endpoint, begins: boolean): void {
    if (begins && endpoint.connections.size > 0) this.#leaving.add(endpoint);
    else this.#leaving.delete(endpoint);
  }

  onDrainRetimed(): void {}

  onOpened(): void {}

  onClosed(endpoint: Endpoint): void {
    this.counters.closed();
    if (endpoint.connections.size === 0) this.#leaving.delete(endpoint);
  }

  onFault(error: unknown): void {
    this.#onFault(error);
  }
}
