// A mirror as it lives in one worker: endpoints, connections and bounds of its own, so that nothing it does or suffers touches the versions
// that serve requests. It never queues, never retries, never ejects; what fails again and again is paused (`breaker`).

import type { EndpointConfig, MirrorConfig, PoolConfig } from '../config/model.ts';
import { nowMs } from '../lib/clock.ts';
import type { SecureConnector } from '../net/connect.ts';
import type { Deadlines } from '../lib/deadlines.ts';
import { randomFraction } from '../lib/random.ts';
import type { CounterSet } from '../telemetry/counter-set.ts';
import { MIRRORED } from '../telemetry/mirror-outcomes.ts';
import type { MirrorOutcome } from '../telemetry/mirror-outcomes.ts';
import { Breaker } from './resilience/breaker.ts';
import { ConnectionLimit } from './connection-limit.ts';
import type { Endpoint } from './endpoint.ts';
import type { EndpointSetSettings } from './endpoint-set.ts';
import { MirrorTarget } from './mirror-target.ts';
import { STALLED_MS } from './resilience/stalled.ts';
import type { StreamRequest } from './stream-request.ts';
import { connectionSettingsOf, partOf } from './version-settings.ts';

export interface MirrorDeps {
  readonly deadlines: Deadlines;
  readonly counters: CounterSet;
  /** From 0. */
  readonly worker: number;
  readonly workers: number;
  readonly secureFor: (pool: string, version: string) => SecureConnector | undefined;
  readonly onFault: (error: unknown) => void;
}

export interface MirrorSettings extends EndpointSetSettings {
  /** Infinity where there is no bound; the same for the next one. */
  readonly connectionLimit: number;
  readonly requestLimit: number;
  readonly lagBytes: number;
  readonly responseBytes: number;
}

export class MirrorRuntime {
  readonly name: string;
  readonly deadlines: Deadlines;
  settings: MirrorSettings;
  /** Name of the pool of the shadows. */
  target = '';
  /** In the order of that pool's versions; where the mirror names one, the others are undefined. */
  shadows: readonly (MirrorTarget | undefined)[] = [];
  /** Sends second copies to the version that serves the request, where responses are compared. */
  secondaries: MirrorRuntime | undefined = undefined;
  /** Copies in flight. */
  requests = 0;

  readonly #owner: string;
  readonly #deps: MirrorDeps;
  #breaker = new Breaker();
  readonly #limit = new ConnectionLimit();
  /** Versions that left, as long as they have connections. */
  #gone: readonly MirrorTarget[] = [];
  /** Where it is counted that it pauses. */
  #paused: readonly MirrorTarget[] = [];
  #retired = false;

  /** @param owner name of the pool whose requests are copied */
  constructor(owner: string, config: MirrorConfig, target: PoolConfig, deps: MirrorDeps) {
    this.#owner = owner;
    this.name = config.name;
    this.#deps = deps;
    this.deadlines = deps.deadlines;
    this.settings = settingsOf(config, target, deps);
  }

  /** Open connections, those being made included. */
  get connections(): number {
    return this.#limit.connections;
  }

  /** Takes over new settings; endpoints that stay keep their connections. */
  configure(config: MirrorConfig, target: PoolConfig): void {
    const moved = this.target !== target.name;
    if (moved) this.#breaker = new Breaker();
    this.target = target.name;
    this.settings = settingsOf(config, target, this.#deps);
    const before = new Map(this.#present().map((shadow) => [shadow.name, shadow]));
    const known = moved ? new Map<string, MirrorTarget>() : before;
    this.shadows = target.versions.map((version) => {
      if (config.version !== undefined && config.version !== version.name) return undefined;
      const shadow = known.get(version.name) ?? this.#makeTarget(version.name);
      known.delete(version.name);
      shadow.configure(target, this.settings, version);
      return shadow;
    });
    for (const shadow of before.values()) shadow.leave();
    this.#gone = [...this.#gone, ...before.values()].filter((shadow) => shadow.hasConnections);
    this.#limit.groups = this.#present().map(({ set }) => set);
    this.#limit.configure(this.settings.connectionLimit);
    this.#countPause();
  }

  /** It is gone: copies in flight end now. */
  retire(): void {
    this.#retired = true;
    this.#countPause();
    this.secondaries?.retire();
    for (const shadow of [...this.#gone, ...this.#present()]) shadow.cut();
  }

  /** Other endpoints for a version of its pool. */
  setEndpoints(version: string, endpoints: readonly EndpointConfig[], drains: boolean): void {
    for (const shadow of this.#present()) if (shadow.name === version) shadow.set.replace(endpoints, drains);
  }

  secure(): void {
    for (const shadow of this.#present()) shadow.secure();
  }

  /** @param unhealthy names of endpoints (`identifyEndpoint`) that probes find unhealthy */
  markHealth(unhealthy: ReadonlySet<string>): void {
    for (const shadow of this.#present()) shadow.markHealth(this.target, unhealthy);
  }

  /**
   * Takes a stream for one copy: on a free connection, which the copy hears of at once, or on one that is made. Undefined when it was given;
   * else why the copy is dropped. A copy that got one must `leave`. `avoid`: key of an endpoint that is the last resort.
   */
  acquire(shadow: MirrorTarget, key: string, request: StreamRequest, avoid: string | undefined): MirrorOutcome | undefined {
    if (this.#retired) return MIRRORED.removed;
    if (this.requests >= this.settings.requestLimit) return MIRRORED.limit;
    const { selection, endpoints } = shadow.set;
    const endpoint = selection.pick(key, avoid === undefined ? undefined : endpoints.find((each) => each.key === avoid));
    if (endpoint === undefined) return MIRRORED.no_endpoint;
    if (!shadow.set.hasFree(endpoint, request) && !shadow.set.mayJoin(endpoint, request) && !this.#limit.makeRoom()) return MIRRORED.limit;
    if (!this.#breaker.admits(nowMs())) return MIRRORED.breaker;
    this.requests++;
    const stream = shadow.set.take(endpoint, request);
    endpoint.inFlight++;
    if (stream !== undefined) request.onConnected(stream, endpoint);
    else shadow.connect(endpoint, request);
    return undefined;
  }

  /** The copy has ended. Returns whether that comes of this thread's own slowness. */
  leave(endpoint: Endpoint, outcome: MirrorOutcome): boolean {
    this.requests--;
    endpoint.inFlight--;
    const isOurs = outcome.kind === 'failed' && this.deadlines.lateMs > STALLED_MS;
    if (outcome.kind === 'responded') this.#breaker.succeeded();
    else if (outcome.kind === 'dropped' || isOurs) this.#breaker.learned();
    else this.#breaker.failed(nowMs(), randomFraction());
    if (this.#breaker.isOpen !== this.#paused.length > 0) this.#countPause();
    return isOurs;
  }

  /** It is counted for all versions that it copies to: one breaker stands before all of them. */
  #countPause(): void {
    for (const { counters } of this.#paused) counters.pauses(-1);
    this.#paused = this.#breaker.isOpen && !this.#retired ? this.#present() : [];
    for (const { counters } of this.#paused) counters.pauses(1);
  }

  #present(): MirrorTarget[] {
    return this.shadows.filter((shadow) => shadow !== undefined);
  }

  #makeTarget(version: string): MirrorTarget {
    const { counters, deadlines, secureFor, onFault } = this.#deps;
    const name = this.target === this.#owner ? version : `${this.target}/${version}`;
    return new MirrorTarget(version, {
      counters: counters.mirror(this.#owner, this.name, name),
      uncounted: counters.uncounted(),
      limit: this.#limit,
      settings: this.settings,
      pool: this.target,
      deadlines,
      secureFor,
      onFault,
    });
  }
}

function settingsOf({ limits }: MirrorConfig, target: PoolConfig, { worker, workers }: MirrorDeps): MirrorSettings {
  return {
    connectionLimit: partOf(limits.connections, worker, workers),
    requestLimit: partOf(limits.requests, worker, workers),
    lagBytes: limits.lagBytes,
    responseBytes: limits.responseBytes,
    ...connectionSettingsOf(target),
    drainTimeoutMs: undefined,
  };
}
