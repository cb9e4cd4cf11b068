// A version as one mirror reaches it: its endpoints and connections, counted for the mirror.

import type { PoolConfig, VersionConfig } from '../config/model.ts';
import type { SecureConnector } from '../net/connect.ts';
import type { Deadlines } from '../lib/deadlines.ts';
import type { EndpointCounters } from '../telemetry/counters.ts';
import type { MirrorCounters } from '../telemetry/mirror-counters.ts';
import type { ConnectionLimit } from './connection-limit.ts';
import type { StreamRequest } from './stream-request.ts';
import { identifyEndpoint, NOT_READY_UNHEALTHY } from './endpoint.ts';
import type { Endpoint, PooledConnection } from './endpoint.ts';
import { EndpointDrains } from './endpoint-drain.ts';
import { EndpointSet } from './endpoint-set.ts';
import type { EndpointSetOwner, EndpointSetSettings } from './endpoint-set.ts';

export interface MirrorTargetDeps {
  readonly counters: MirrorCounters;
  /** Of endpoints, which a mirror does not count one by one. */
  readonly uncounted: EndpointCounters;
  /** Of all targets of the mirror. */
  readonly limit: ConnectionLimit;
  readonly settings: EndpointSetSettings;
  /** The version's pool. */
  readonly pool: string;
  readonly deadlines: Deadlines;
  readonly secureFor: (pool: string, version: string) => SecureConnector | undefined;
  readonly onFault: (error: unknown) => void;
}

export class MirrorTarget implements EndpointSetOwner {
  readonly name: string;
  readonly counters: MirrorCounters;
  readonly set: EndpointSet;
  readonly #uncounted: EndpointCounters;
  readonly #onFault: (error: unknown) => void;
  readonly #secureFor: MirrorTargetDeps['secureFor'];
  #pool = '';
  #version: VersionConfig | undefined = undefined;
  #isCut = false;

  constructor(name: string, deps: MirrorTargetDeps) {
    this.name = name;
    this.counters = deps.counters;
    this.#uncounted = deps.uncounted;
    this.#onFault = deps.onFault;
    this.#secureFor = deps.secureFor;
    // A drain of a shadow has no deadline, and nobody waits for its end: copies are short, and nothing is lost with them.
    const drains = new EndpointDrains({ pool: deps.pool, version: name }, deps.deadlines, undefined);
    this.set = new EndpointSet(this, deps.limit, deps.settings, drains);
  }

  get hasConnections(): boolean {
    return this.set.drains.size > 0;
  }

  /** Endpoints that stay keep their connections. */
  configure(pool: PoolConfig, settings: EndpointSetSettings, version: VersionConfig): void {
    this.set.settings = settings;
    this.set.selection.configure(pool);
    // A copy has no user who waits for it: an endpoint that starts gets its full share at once.
    this.set.selection.slowStart.windowMs = 0;
    this.#pool = pool.name;
    this.#version = version;
    this.secure();
    this.set.replace(version.endpoints, version.drain);
  }

  /** How its connections are made. */
  secure(): void {
    const { tls, proxyProtocol, protocol } = this.#version!;
    this.set.connectAs({ secure: this.#secureFor(this.#pool, this.name), serverName: tls?.serverName, proxyProtocol, protocol });
  }

  /** The mirror has it no more: copies in flight go on. */
  leave(): void {
    this.set.replace([], true);
  }

  /** Ends all that is in flight; no connection is used again. */
  cut(): void {
    this.#isCut = true;
    this.set.cut();
  }

  /** @param pool of the version; @param unhealthy names of endpoints (`identifyEndpoint`) that probes find unhealthy */
  markHealth(pool: string, unhealthy: ReadonlySet<string>): void {
    for (const endpoint of this.set.endpoints) {
      const name = identifyEndpoint({ pool, version: this.name, endpoint: endpoint.key });
      this.set.mark(endpoint, NOT_READY_UNHEALTHY, unhealthy.has(name));
    }
  }

  connect(endpoint: Endpoint, request: StreamRequest): void {
    if (this.set.join(endpoint, request)) return;
    this.counters.opened();
    this.set.connect(endpoint, request);
  }

  countersOf(): EndpointCounters {
    return this.#uncounted;
  }

  onReadiness(): void {}

  onOpened(): void {}

  onFree(connection: PooledConnection): void {
    if (this.#isCut) connection.retire();
    else this.set.keep(connection);
  }

  onClosed(): void {
    this.counters.closed();
  }

  onFault(error: unknown): void {
    this.#onFault(error);
  }
}
