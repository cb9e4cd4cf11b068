// The endpoints of one version, as a version or a mirror has them in one worker: which there are, which are ready, and the connections
// to them. It outlives Tables; those that stay keep their state. Who waits for a connection is no business of its own.
//
// An endpoint gets traffic while no reason speaks against it (`notReadyReasons`), and its weight is above 0:
//
//                     drained, or left the config          none of the config's any more
//            +-------------- DRAINING ---------------> leaves: used connections close one by one
//            |                   | back in use
//   new -> ready <---------------+
//            |  ^--- UNHEALTHY --+  a probe fails ... a probe succeeds         } in a panic both are ignored:
//            |  ^--- EJECTED ----+  fails too often ... its time is over       } all endpoints are used
//
// Reasons add up; each one that comes closes the unused connections, and what is under way goes on.

import type { Drained, EndpointConfig } from '../config/model.ts';
import type { Deadlines } from '../lib/deadlines.ts';
import { randomFraction } from '../lib/random.ts';
import type { EndpointCounters } from '../telemetry/counters.ts';
import { UpstreamConnection } from './connection.ts';
import type { ConnectionOwner, ConnectionSettings, ResponseSink } from './connection.ts';
import type { ConnectionLimit } from './connection-limit.ts';
import { Endpoint, NOT_READY_DRAINING } from './endpoint.ts';
import { Selection } from './selection.ts';

/** A version or a mirror whose endpoints these are. */
export interface EndpointSetOwner {
  countersOf(endpoint: string): EndpointCounters;
  /** Readiness may have changed; `readyBefore` endpoints were ready before. */
  onReadiness(readyBefore: number): void;
  /** The endpoint gets nothing new from now on, or is back. */
  onDraining(endpoint: Endpoint, begins: boolean): void;
  /** The time that a drain may take has changed while the endpoint is drained. */
  onDrainRetimed(endpoint: Endpoint): void;
  /** A connection is open; called before the one that it was made for hears of it. */
  onOpened(): void;
  /** A connection is gone; the limit has room for another. */
  onClosed(endpoint: Endpoint): void;
  /** An error that is ours, not the upstream's. */
  onFault(error: unknown): void;
}

export class EndpointSet implements ConnectionOwner {
  readonly deadlines: Deadlines;
  readonly selection = new Selection(randomFraction);
  readonly limit: ConnectionLimit;
  settings: ConnectionSettings;
  endpoints: readonly Endpoint[] = [];
  readonly #owner: EndpointSetOwner;

  /** @param limit of all sets that share it */
  constructor(owner: EndpointSetOwner, limit: ConnectionLimit, settings: ConnectionSettings, deadlines: Deadlines) {
    this.#owner = owner;
    this.limit = limit;
    this.settings = settings;
    this.deadlines = deadlines;
  }

  /** Endpoints that stay keep their state; those that left finish what they have. @param drains of all that do not say it themselves */
  replace(configs: readonly EndpointConfig[], drains: Drained): void {
    const { readyCount: readyBefore, slowStart } = this.selection;
    const before = new Map(this.endpoints.map((endpoint) => [endpoint.key, endpoint]));
    // Where nothing stays, nothing can be spared for a while.
    const stays = readyBefore > 0 && configs.some(({ key }) => before.has(key));
    this.endpoints = configs.map((config) => {
      const known = before.get(config.key);
      before.delete(config.key);
      const endpoint = known ?? new Endpoint(config, this.#owner.countersOf(config.key));
      const changed = this.#configure(endpoint, config, config.drain === false ? drains : config.drain);
      if (stays && endpoint.notReadyReasons === 0 && (known === undefined || changed)) slowStart.begin(endpoint);
      return endpoint;
    });
    for (const gone of before.values()) {
      slowStart.end(gone);
      this.#setReason(gone, NOT_READY_DRAINING, true);
    }
    this.selection.update(this.endpoints);
    this.#owner.onReadiness(readyBefore);
  }

  /** Adds or removes a reason (`NOT_READY_…`) why an endpoint may not be picked. What is under way on it goes on. */
  mark(endpoint: Endpoint, reason: number, applies: boolean): void {
    const readyBefore = this.selection.readyCount;
    if (!this.#setReason(endpoint, reason, applies)) return;
    if (endpoint.notReadyReasons === 0 && readyBefore > 0) this.selection.slowStart.begin(endpoint);
    this.selection.refresh();
    this.#owner.onReadiness(readyBefore);
  }

  /** Closes all unused connections. */
  closeIdle(): void {
    for (const endpoint of this.endpoints) closeIdle(endpoint);
  }

  /** Makes a connection; the limit must have room for it. */
  connect(endpoint: Endpoint, sink: ResponseSink): void {
    this.limit.connections++;
    endpoint.counters.opened();
    const connection = new UpstreamConnection(endpoint, this, sink);
    endpoint.connections.add(connection);
    sink.onConnecting(connection);
  }

  /** Takes back a connection whose response has ended. True: it may be used again; false: it is closed or will be. */
  takeBack(connection: UpstreamConnection): boolean {
    if (!connection.release()) return false;
    if (connection.endpoint.ready && !this.limit.isExceeded) return true;
    connection.destroy();
    return false;
  }

  onFault(error: unknown): void {
    this.#owner.onFault(error);
  }

  onOpened(): void {
    this.#owner.onOpened();
  }

  onClosed(connection: UpstreamConnection): void {
    const { endpoint } = connection;
    this.limit.connections--;
    endpoint.connections.delete(connection);
    endpoint.counters.closed();
    const at = endpoint.idle.lastIndexOf(connection);
    if (at !== -1) endpoint.idle.splice(at, 1);
    this.#owner.onClosed(endpoint);
  }

  /** Whether its drain begins or ends. */
  #configure(endpoint: Endpoint, { weight, zone }: EndpointConfig, drain: Drained): boolean {
    const drainMs = typeof drain === 'number' ? drain : 0;
    const isRetimed = endpoint.drainMs !== drainMs;
    endpoint.weight = weight;
    endpoint.zone = zone;
    endpoint.drainMs = drainMs;
    const changed = this.#setReason(endpoint, NOT_READY_DRAINING, drain !== false);
    if (isRetimed && !changed) this.#owner.onDrainRetimed(endpoint);
    if (weight === 0) closeIdle(endpoint);
    return changed;
  }

  /** Whether anything changed. */
  #setReason(endpoint: Endpoint, reason: number, applies: boolean): boolean {
    const reasons = applies ? endpoint.notReadyReasons | reason : endpoint.notReadyReasons & ~reason;
    if (reasons === endpoint.notReadyReasons) return false;
    endpoint.notReadyReasons = reasons;
    if (reasons === 0) endpoint.counters.ready();
    else endpoint.counters.notReady();
    if (reason === NOT_READY_DRAINING) this.#drain(endpoint, applies);
    if (applies) closeIdle(endpoint);
    return true;
  }

  #drain(endpoint: Endpoint, begins: boolean): void {
    if (begins) endpoint.counters.draining();
    else endpoint.counters.drainingEnded();
    if (begins) closeIdle(endpoint);
    this.#owner.onDraining(endpoint, begins);
  }
}

function closeIdle(endpoint: Endpoint): void {
  for (const connection of endpoint.idle.splice(0)) connection.destroy();
}
