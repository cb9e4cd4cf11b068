// A mirror as it lives in one worker: endpoints, connections and bounds of its own, so that nothing it does or suffers touches the versions
// that answer requests. It never queues, never retries, never ejects; what fails again and again is paused (`breaker`).

import type { EndpointConfig, MirrorConfig, PoolConfig } from '../config/model.ts';
import { nowMs } from '../lib/clock.ts';
import type { Deadlines } from '../lib/deadlines.ts';
import { randomFraction } from '../lib/random.ts';
import type { CounterSet } from '../telemetry/counter-set.ts';
import type { MirrorCounters } from '../telemetry/counters.ts';
import { MIRRORED } from '../telemetry/mirror-outcomes.ts';
import type { MirrorOutcome } from '../telemetry/mirror-outcomes.ts';
import { Breaker } from './breaker.ts';
import { UpstreamConnection } from './connection.ts';
import type { ConnectionOwner, ConnectionSettings, ResponseSink } from './connection.ts';
import { Endpoint, identifyEndpoint, NOT_READY_DRAINING, NOT_READY_UNHEALTHY } from './endpoint.ts';
import { Selection } from './selection.ts';
import { partOf } from './version-settings.ts';

export interface MirrorDeps {
  readonly deadlines: Deadlines;
  readonly counters: CounterSet;
  /** From 0. */
  readonly worker: number;
  readonly workers: number;
  readonly onFault: (error: unknown) => void;
}

export interface MirrorSettings extends ConnectionSettings {
  /** Infinity where there is no bound; the same for the next one. */
  readonly connectionLimit: number;
  readonly requestLimit: number;
  readonly lagBytes: number;
  readonly responseBytes: number;
}

/** A timeout that fires while this thread is later than this is our own. */
const STALLED_MS = 250;

/** A version as one mirror reaches it. */
export class MirrorTarget {
  readonly name: string;
  readonly counters: MirrorCounters;
  readonly selection = new Selection(randomFraction);
  endpoints: readonly Endpoint[] = [];

  constructor(name: string, counters: MirrorCounters) {
    this.name = name;
    this.counters = counters;
  }
}

export class MirrorRuntime implements ConnectionOwner {
  readonly name: string;
  readonly deadlines: Deadlines;
  settings: MirrorSettings;
  /** Name of the pool of the shadows. */
  target = '';
  /** In the order of that pool's versions; where the mirror names one, the others are undefined. */
  shadows: readonly (MirrorTarget | undefined)[] = [];
  /** Sends second copies to the version that answers, where answers are compared. */
  secondaries: MirrorRuntime | undefined = undefined;
  connections = 0;
  /** Copies in flight. */
  requests = 0;

  readonly #owner: string;
  readonly #deps: MirrorDeps;
  #breaker = new Breaker();
  /** Whose connections they are; those of versions that left as well. */
  readonly #targetOf = new Map<Endpoint, MirrorTarget>();
  #retired = false;

  /** @param owner name of the pool whose requests are copied */
  constructor(owner: string, config: MirrorConfig, target: PoolConfig, deps: MirrorDeps) {
    this.#owner = owner;
    this.name = config.name;
    this.#deps = deps;
    this.deadlines = deps.deadlines;
    this.settings = settingsOf(config, target, deps);
  }

  /** Takes over new settings; endpoints that stay keep their connections. */
  configure(config: MirrorConfig, target: PoolConfig): void {
    const moved = this.target !== target.name;
    const before = new Map(moved ? [] : this.shadows.filter((shadow) => shadow !== undefined).map((shadow) => [shadow.name, shadow]));
    const gone = new Set(this.shadows);
    if (moved) this.#breaker = new Breaker();
    this.target = target.name;
    this.settings = settingsOf(config, target, this.#deps);
    this.shadows = target.versions.map((version) => {
      if (config.version !== undefined && config.version !== version.name) return undefined;
      const shadow = before.get(version.name) ?? new MirrorTarget(version.name, this.#countersOf(version.name));
      gone.delete(shadow);
      shadow.selection.configure(target);
      this.#setEndpoints(shadow, version.endpoints, version.drain !== false);
      return shadow;
    });
    for (const shadow of gone) if (shadow !== undefined) this.#setEndpoints(shadow, [], true);
    while (this.connections > this.settings.connectionLimit && this.#evictIdle());
  }

  /** It is gone: copies in flight end now. */
  retire(): void {
    this.#retired = true;
    this.secondaries?.retire();
    for (const endpoint of [...this.#targetOf.keys()]) for (const connection of [...endpoint.connections]) connection.cut();
  }

  /** Other endpoints for a version of its pool. */
  setEndpoints(version: string, endpoints: readonly EndpointConfig[], drains: boolean): void {
    const shadow = this.shadows.find((each) => each?.name === version);
    if (shadow !== undefined) this.#setEndpoints(shadow, endpoints, drains);
  }

  /** @param unhealthy names of endpoints (`identifyEndpoint`) that probes find unhealthy */
  markHealth(unhealthy: ReadonlySet<string>): void {
    for (const shadow of this.shadows) {
      if (shadow === undefined) continue;
      for (const endpoint of shadow.endpoints) {
        const name = { pool: this.target, version: shadow.name, endpoint: endpoint.key };
        mark(endpoint, NOT_READY_UNHEALTHY, unhealthy.has(identifyEndpoint(name)));
      }
      shadow.selection.refresh();
    }
  }

  /**
   * Takes a connection for one copy: an unused one, which its receiver hears of at once, or one that is made. Undefined when it was given;
   * else why the copy is dropped. Who got one must `leave`. `avoid`: key of an endpoint that is the last resort.
   */
  acquire(shadow: MirrorTarget, key: string, sink: ResponseSink, avoid: string | undefined): MirrorOutcome | undefined {
    if (this.#retired) return MIRRORED.removed;
    if (this.requests >= this.settings.requestLimit) return MIRRORED.limit;
    const endpoint = shadow.selection.pick(key, avoid === undefined ? undefined : shadow.endpoints.find((each) => each.key === avoid));
    if (endpoint === undefined) return MIRRORED.no_endpoint;
    const hasRoom = endpoint.idle.length > 0 || this.connections < this.settings.connectionLimit || this.#evictIdle();
    if (!hasRoom) return MIRRORED.limit;
    if (!this.#breaker.admits(nowMs())) return MIRRORED.breaker;
    this.requests++;
    const idle = endpoint.idle.pop();
    endpoint.inFlight++;
    if (idle !== undefined) sink.onConnected(idle);
    else this.#connect(endpoint, shadow, sink);
    return undefined;
  }

  /** The copy has ended. Answers whether that comes of this thread's own slowness. */
  leave(endpoint: Endpoint, outcome: MirrorOutcome): boolean {
    this.requests--;
    endpoint.inFlight--;
    const isOurs = outcome.kind === 'failed' && this.deadlines.lateMs > STALLED_MS;
    if (outcome.kind === 'responded') this.#breaker.succeeded();
    else if (outcome.kind === 'dropped' || isOurs) this.#breaker.learned();
    else this.#breaker.failed(nowMs(), randomFraction());
    return isOurs;
  }

  /** Takes back a connection whose answer has ended; reuses it when that is safe. */
  giveBack(connection: UpstreamConnection): void {
    if (!connection.release()) return;
    const { endpoint } = connection;
    if (this.#retired || !endpoint.ready || this.connections > this.settings.connectionLimit) connection.destroy();
    else endpoint.idle.push(connection);
  }

  onFault(error: unknown): void {
    this.#deps.onFault(error);
  }

  onOpened(): void {}

  onClosed(connection: UpstreamConnection): void {
    const { endpoint } = connection;
    const shadow = this.#targetOf.get(endpoint);
    this.connections--;
    shadow?.counters.closed();
    endpoint.connections.delete(connection);
    const at = endpoint.idle.lastIndexOf(connection);
    if (at !== -1) endpoint.idle.splice(at, 1);
    this.#forget(endpoint);
  }

  #connect(endpoint: Endpoint, shadow: MirrorTarget, sink: ResponseSink): void {
    this.connections++;
    shadow.counters.opened();
    const connection = new UpstreamConnection(endpoint, this, sink);
    endpoint.connections.add(connection);
    sink.onConnecting(connection);
  }

  #setEndpoints(shadow: MirrorTarget, configs: readonly EndpointConfig[], drains: boolean): void {
    const before = new Map(shadow.endpoints.map((endpoint) => [endpoint.key, endpoint]));
    shadow.endpoints = configs.map((config) => {
      const endpoint = before.get(config.key) ?? new Endpoint(config, this.#deps.counters.uncounted());
      before.delete(config.key);
      this.#targetOf.set(endpoint, shadow);
      endpoint.weight = config.weight;
      endpoint.zone = config.zone;
      mark(endpoint, NOT_READY_DRAINING, drains || config.drain !== false);
      return endpoint;
    });
    for (const gone of before.values()) {
      mark(gone, NOT_READY_DRAINING, true);
      this.#forget(gone);
    }
    shadow.selection.update(shadow.endpoints);
  }

  /** An endpoint that left is remembered as long as it has connections. */
  #forget(endpoint: Endpoint): void {
    if (endpoint.connections.size > 0) return;
    if (this.#targetOf.get(endpoint)?.endpoints.includes(endpoint) === false) this.#targetOf.delete(endpoint);
  }

  #countersOf(version: string): MirrorCounters {
    return this.#deps.counters.mirror(this.#owner, this.name, this.target === this.#owner ? version : `${this.target}/${version}`);
  }

  /** Closes an unused connection; false when all are in use. */
  #evictIdle(): boolean {
    for (const shadow of this.shadows) {
      for (const endpoint of shadow?.endpoints ?? []) {
        const oldest = endpoint.idle.shift();
        if (oldest === undefined) continue;
        oldest.destroy();
        return true;
      }
    }
    return false;
  }
}

function settingsOf({ limits }: MirrorConfig, target: PoolConfig, { worker, workers }: MirrorDeps): MirrorSettings {
  return {
    connectionLimit: partOf(limits.connections, worker, workers),
    requestLimit: partOf(limits.requests, worker, workers),
    lagBytes: limits.lagBytes,
    responseBytes: limits.responseBytes,
    responseLimits: { headerBytes: target.limits.headerBytes, headerCount: target.limits.headerCount, requestLineBytes: 1024 },
    connectMs: target.timeouts.connectMs,
    idleMs: target.timeouts.idleMs,
  };
}

/** Adds or removes a reason why it may not be picked; its selection must be refreshed. What is under way on it goes on. */
function mark(endpoint: Endpoint, reason: number, applies: boolean): void {
  endpoint.notReadyReasons = applies ? endpoint.notReadyReasons | reason : endpoint.notReadyReasons & ~reason;
  if (applies) for (const connection of endpoint.idle.splice(0)) connection.destroy();
}
