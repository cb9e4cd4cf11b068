// A version as it lives in one worker: its endpoints, its connections, and those who wait for one.
// It outlives Tables; a reload changes its settings in place and never a connection that is in use. Long because every way to a connection,
// and back, counts the same few numbers.

import type { Drained, EndpointConfig, PoolConfig, VersionConfig } from '../config/model.ts';
import { nowMs, wallMs } from '../lib/clock.ts';
import type { Deadlines } from '../lib/deadlines.ts';
import { randomFraction } from '../lib/random.ts';
import type { VersionCounters } from '../telemetry/counters.ts';
import { OUTCOME } from '../telemetry/outcomes.ts';
import type { Outcome } from '../telemetry/outcomes.ts';
import { AdaptiveLimit } from './adaptive-limit.ts';
import { UpstreamConnection } from './connection.ts';
import type { ConnectionOwner, ResponseSink } from './connection.ts';
import { EndpointDrain } from './endpoint-drain.ts';
import { OutlierEjector } from './outlier-ejector.ts';
import type { OutlierEjectorDeps } from './outlier-ejector.ts';
import { Endpoint, NOT_READY_DRAINING, NOT_READY_UNHEALTHY } from './endpoint.ts';
import { HeldRequests } from './held-requests.ts';
import { RetryBudget } from './retry-budget.ts';
import { Selection } from './selection.ts';
import { shareAt } from './slow-start.ts';
import { settingsOf } from './version-settings.ts';
import type { VersionSettings } from './version-settings.ts';

/** How `acquire` ended: `onConnected` was or will be called, or it never will. */
export const ACQUIRED = 0;
export const NO_ENDPOINT = 1;
const OVERLOAD = 2;
export type Acquired = typeof ACQUIRED | typeof NO_ENDPOINT | typeof OVERLOAD;

export interface VersionDeps extends OutlierEjectorDeps {
  /** From 0. */
  readonly worker: number;
  /** Number of workers of the instance: bounds are divided by it. */
  readonly workers: number;
  /** Told of errors that are ours. */
  readonly onFault: (error: unknown) => void;
}

/** Who asks for a connection. */
export interface ConnectionRequest extends ResponseSink {
  /** All connections are in use: `onConnecting`, `onConnected` or `onTurnedAway` follows. */
  onWaiting(): void;
  /** No endpoint is ready: the same follows, or the applicant withdraws when it has waited long enough. */
  onHeld(): void;
  /** It was held, and still no endpoint is ready. True: it has turned to another version. */
  onStillHeld(): boolean;
  /** Waiting has ended without a connection. */
  onTurnedAway(outcome: Outcome): void;
  readonly requestMethod: string;
  readonly affinityKey: string;
  /** The endpoint that just failed it, or undefined. */
  readonly failedEndpoint: Endpoint | undefined;
  /** Whether an unused connection will not do. */
  readonly wantsFresh: boolean;
  /** Whether it has been held for as long as it may be. */
  readonly holdOver: boolean;
}

export class VersionRuntime implements ConnectionOwner {
  readonly name: string;
  readonly counters: VersionCounters;
  readonly deadlines: Deadlines;
  readonly selection: Selection;
  readonly ejector: OutlierEjector;
  readonly budget = new RetryBudget();
  settings: VersionSettings;
  endpoints: readonly Endpoint[] = [];
  connections = 0;
  /** Which deploy it is, for the access log; empty when nobody has said so. */
  deploy = '';
  /** Attempts that hold or wait for a connection. */
  requests = 0;

  readonly #pool: string;
  readonly #deps: VersionDeps;
  readonly #waiting: ConnectionRequest[] = [];
  readonly #hold: HeldRequests<ConnectionRequest>;
  #adaptive: AdaptiveLimit | undefined = undefined;
  #shownLimit = 0;
  /** Of endpoints that leave or are drained, by endpoint. */
  readonly #endpointDrains = new Map<Endpoint, EndpointDrain>();
  #drains: Drained = false;
  #slowStartMs = 0;
  /** When it came into use; 0 = it always was, or its slow start is over. */
  #sinceMs = 0;
  #configured = false;
  #retired = false;

  constructor(pool: PoolConfig, name: string, deps: VersionDeps) {
    this.#pool = pool.name;
    this.name = name;
    this.#deps = deps;
    this.settings = settingsOf(pool, deps.worker, deps.workers);
    this.deadlines = deps.deadlines;
    this.counters = deps.counters.version(pool.name, name);
    this.selection = new Selection(randomFraction);
    this.ejector = new OutlierEjector(pool.name, this, deps);
    const room = (): number => (this.#adaptive === undefined ? Infinity : this.#adaptive.limit - this.#admitted);
    this.#hold = new HeldRequests(
      deps.deadlines,
      (request) => this.#proceed(request),
      room,
      (held) => this.counters.held(held),
    );
  }

  /** Endpoints that may be picked. */
  get readyCount(): number {
    return this.selection.readyCount;
  }

  /** Whether it wants to hear of latencies; where not, nobody looks at the clock for it. */
  get followsLatency(): boolean {
    return this.selection.followsLatency || this.#adaptive !== undefined;
  }

  /** Whether requests wait for it, or one more would: nothing may be added to what it has to do. */
  get isBusy(): boolean {
    return this.#waiting.length + this.#hold.size > 0 || this.#adaptive?.admits(this.#admitted) === false;
  }

  /** Share of its part of the split that it is to get at present: below 1 in its slow start. */
  get rampShare(): number {
    if (this.#sinceMs === 0) return 1;
    const share = shareAt(nowMs() - this.#sinceMs, this.#slowStartMs);
    if (share === 1) this.#sinceMs = 0;
    return share;
  }

  /** Takes over new settings; endpoints that stay keep their state, those that left finish what they have. */
  configure(pool: PoolConfig, version: VersionConfig): void {
    this.settings = settingsOf(pool, this.#deps.worker, this.#deps.workers);
    this.budget.ratio = pool.retries.budget;
    this.#drains = version.drain;
    this.#slowStartMs = version.slowStartMs;
    this.#adapt(pool.limits.adaptive);
    this.selection.configure(pool);
    this.setEndpoints(version.endpoints);
    this.ejector.configure(pool.outlier);
    while (this.connections > this.settings.connectionLimit && this.#evictIdle());
    this.#serveWaiting();
  }

  /** It joins others that serve already: its slow start begins with its first ready endpoint. */
  markAsNew(): void {
    this.#configured = true;
  }

  /**
   * No new Table has it: unused connections close now, used ones when they are given back. Exchanges that began with an older
   * Table are still served, retries among them.
   */
  retire(): void {
    this.#retired = true;
    for (const endpoint of this.endpoints) {
      closeIdle(endpoint);
      // One that is drained already has its deadline.
      if (!this.#endpointDrains.has(endpoint)) this.#watchEndpointDrain(endpoint, () => undefined);
    }
  }

  /** Those that stay keep their state; those that left finish what they have. */
  setEndpoints(endpoints: readonly EndpointConfig[]): void {
    const readyBefore = this.readyCount;
    const before = new Map(this.endpoints.map((endpoint) => [endpoint.key, endpoint]));
    // Where nothing stays, nothing can be spared for a while.
    const stays = readyBefore > 0 && endpoints.some(({ key }) => before.has(key));
    this.endpoints = endpoints.map((config) => {
      const known = before.get(config.key);
      before.delete(config.key);
      const endpoint = known ?? new Endpoint(config, this.#deps.counters.endpoint(this.#pool, this.name, config.key));
      endpoint.weight = config.weight;
      endpoint.zone = config.zone;
      const drain = config.drain === false ? this.#drains : config.drain;
      const changed = this.#setReason(endpoint, NOT_READY_DRAINING, drain !== false);
      this.#setDrainTime(endpoint, typeof drain === 'number' ? drain : 0);
      if (stays && endpoint.notReadyReasons === 0 && (known === undefined || changed)) this.selection.slowStart.begin(endpoint);
      if (endpoint.weight === 0) closeIdle(endpoint);
      return endpoint;
    });
    for (const gone of before.values()) {
      this.selection.slowStart.end(gone);
      this.#setReason(gone, NOT_READY_DRAINING, true);
    }
    this.selection.update(this.endpoints);
    this.#readinessChanged(readyBefore);
    this.#configured = true;
  }

  /** Adds or removes a reason (`UNREADY_…`) why an endpoint may not be picked. What is under way on it goes on. */
  mark(endpoint: Endpoint, reason: number, applies: boolean): void {
    const readyBefore = this.readyCount;
    if (!this.#setReason(endpoint, reason, applies)) return;
    if (endpoint.notReadyReasons === 0 && readyBefore > 0) this.selection.slowStart.begin(endpoint);
    this.selection.refresh();
    this.#readinessChanged(readyBefore);
  }

  /** An attempt on the endpoint ended well. */
  succeeded(endpoint: Endpoint): void {
    if (endpoint.outlier.failures !== 0) endpoint.outlier.failures = 0;
  }

  /**
   * An attempt on the endpoint failed, or was answered with 500 or above (`ok`, `upstream_error`; `status` is that of the answer, else 0):
   * enough of them eject it.
   */
  failed(endpoint: Endpoint, outcome: Outcome, status = 0): void {
    // What we cut ourselves, or had no means for, says nothing about it.
    if (outcome.source === 'upstream') this.ejector.failed(endpoint, outcome, status);
  }

  /** The head of an answer with this status came `latencyMs` after its attempt began, at monotonic time `atMs`. */
  observed(endpoint: Endpoint, status: number, latencyMs: number, atMs: number): void {
    this.selection.observed(endpoint, latencyMs, atMs);
    if (this.#adaptive === undefined || status >= 500) return;
    this.#adaptive.sampled(latencyMs, this.#admitted, atMs);
    this.#showLimit(this.#adaptive.limit);
  }

  /** An attempt that began at `sinceMs` is given up: its time is over, or whoever wanted it has gone. */
  gaveUp(sinceMs: number, why: 'late' | 'unwanted'): void {
    if (this.#adaptive === undefined) return;
    const atMs = nowMs();
    if (why === 'late') this.#adaptive.timedOut(atMs - sinceMs, this.#admitted, atMs);
    else this.#adaptive.abandoned(atMs - sinceMs, this.#admitted, atMs);
    this.#showLimit(this.#adaptive.limit);
  }

  /** Finds a connection for the applicant, makes one, or lets it wait. */
  acquire(request: ConnectionRequest): Acquired {
    if (this.requests >= this.settings.requestLimit) return OVERLOAD;
    if (this.#adaptive !== undefined && !this.#adaptive.admits(this.#admitted)) return OVERLOAD;
    const endpoint = this.selection.pick(request.affinityKey, request.failedEndpoint);
    if (endpoint === undefined) return this.#mayHold(request) ? this.hold(request) : NO_ENDPOINT;
    const idle = request.wantsFresh ? undefined : endpoint.idle.pop();
    if (idle !== undefined) {
      this.requests++;
      request.onConnected(idle);
      return ACQUIRED;
    }
    if (this.#makeRoom()) {
      this.requests++;
      this.#connect(endpoint, request);
      return ACQUIRED;
    }
    if (this.#isFull) return OVERLOAD;
    this.requests++;
    this.#wait(request);
    return ACQUIRED;
  }

  /** Lets the applicant wait until an endpoint takes connections. */
  hold(request: ConnectionRequest): Acquired {
    if (this.#isFull) return OVERLOAD;
    this.requests++;
    this.#hold.add(request);
    request.onHeld();
    return ACQUIRED;
  }

  /** The applicant's attempt is over or given up; it holds no connection of this version any more. */
  releaseSlot(): void {
    this.requests--;
  }

  /** Withdraws an applicant that may still be waiting. */
  withdraw(request: ConnectionRequest): void {
    const at = this.#waiting.indexOf(request);
    if (at !== -1) this.#waiting.splice(at, 1);
    else this.#hold.withdraw(request);
  }

  /** Takes back a connection whose answer has ended; reuses it when that is safe. */
  releaseConnection(connection: UpstreamConnection): void {
    if (!connection.release()) return;
    const { endpoint } = connection;
    const next = this.#waiting[0];
    if (!endpoint.ready || this.connections > this.settings.connectionLimit) connection.destroy();
    else if (next === undefined && !this.#retired) endpoint.idle.push(connection);
    else if (next === undefined || next.wantsFresh || (next.failedEndpoint === endpoint && this.readyCount > 1)) connection.destroy();
    else {
      this.#waiting.shift();
      next.onConnected(connection);
    }
  }

  onFault(error: unknown): void {
    this.#deps.onFault(error);
  }

  onOpened(): void {
    this.#hold.flow();
  }

  onClosed(connection: UpstreamConnection): void {
    const endpoint = connection.endpoint;
    this.connections--;
    endpoint.connections.delete(connection);
    endpoint.counters.closed();
    const at = endpoint.idle.lastIndexOf(connection);
    if (at !== -1) endpoint.idle.splice(at, 1);
    if (this.#endpointDrains.size > 0) this.#endpointDrains.get(endpoint)?.check();
    this.#serveWaiting();
  }

  /** Attempts that the version works on, or that wait for a connection to it. */
  get #admitted(): number {
    return this.requests - this.#hold.size;
  }

  #adapt(wanted: boolean): void {
    // Threads count their time from different moments; the wall clock is the one that they share.
    if (wanted) this.#adaptive ??= new AdaptiveLimit(this.#deps.workers, wallMs() - nowMs());
    else this.#adaptive = undefined;
    this.#showLimit(this.#adaptive?.limit ?? 0);
  }

  #showLimit(limit: number): void {
    if (limit === this.#shownLimit) return;
    this.#shownLimit = limit;
    this.counters.concurrencyLimited(limit);
  }

  get #isFull(): boolean {
    return this.#waiting.length + this.#hold.size >= this.settings.pendingLimit;
  }

  #readinessChanged(readyBefore: number): void {
    const { panicking, readyCount } = this.selection;
    if (panicking) this.counters.panicked();
    else this.counters.calmed();
    if (readyBefore > 0 || readyCount === 0) return;
    if (this.#configured && this.#slowStartMs > 0) this.#sinceMs = nowMs();
    this.#hold.scout();
  }

  /** @param ms 0 = as the pool says */
  #setDrainTime(endpoint: Endpoint, ms: number): void {
    if (endpoint.drainMs === ms) return;
    endpoint.drainMs = ms;
    if (this.#endpointDrains.has(endpoint)) this.#drain(endpoint, true);
  }

  /** Whether anything changed. */
  #setReason(endpoint: Endpoint, reason: number, applies: boolean): boolean {
    const unready = applies ? endpoint.notReadyReasons | reason : endpoint.notReadyReasons & ~reason;
    if (unready === endpoint.notReadyReasons) return false;
    endpoint.notReadyReasons = unready;
    if (unready === 0) endpoint.counters.ready();
    else endpoint.counters.unready();
    if (reason === NOT_READY_DRAINING) this.#drain(endpoint, applies);
    else if (applies && reason === NOT_READY_UNHEALTHY) closeIdle(endpoint);
    return true;
  }

  #drain(endpoint: Endpoint, begins: boolean): void {
    this.#endpointDrains.get(endpoint)?.cancel();
    this.#endpointDrains.delete(endpoint);
    if (!begins) return endpoint.counters.drainingEnded();
    endpoint.counters.draining();
    closeIdle(endpoint);
    this.#watchEndpointDrain(endpoint, (fields) => this.#deps.log.info(fields, 'endpoint is drained'));
  }

  #watchEndpointDrain(endpoint: Endpoint, onDrained: (fields: Readonly<Record<string, string>>) => void): void {
    const fields = { pool: this.#pool, version: this.name, endpoint: endpoint.key };
    const endpointDrain = new EndpointDrain(endpoint, this.deadlines, endpoint.drainMs || this.settings.drainTimeoutMs, (cut) => {
      this.#endpointDrains.delete(endpoint);
      if (cut > 0) this.#deps.log.warn({ ...fields, cut }, 'connections were cut at the deadline of a drain');
      else onDrained(fields);
    });
    this.#endpointDrains.set(endpoint, endpointDrain);
    endpointDrain.check();
  }

  /** One that was held goes on: to a connection, into the line, or back. */
  #proceed(request: ConnectionRequest): void {
    const endpoint = this.selection.pick(request.affinityKey, request.failedEndpoint);
    if (endpoint === undefined) this.#proceedHeld(request);
    else if (this.#makeRoom()) this.#connect(endpoint, request);
    else this.#wait(request);
  }

  #mayHold(request: ConnectionRequest): boolean {
    return this.settings.holdMs > 0 && !request.holdOver;
  }

  #proceedHeld(request: ConnectionRequest): void {
    if (request.onStillHeld()) this.#hold.hasten();
    else this.#hold.add(request);
  }

  #wait(request: ConnectionRequest): void {
    this.#waiting.push(request);
    request.onWaiting();
  }

  /** Makes connections for those who wait, as far as the limit allows. */
  #serveWaiting(): void {
    while (this.#waiting.length > 0 && this.connections < this.settings.connectionLimit) {
      const next = this.#waiting.shift()!;
      const endpoint = this.selection.pick(next.affinityKey, next.failedEndpoint);
      if (endpoint !== undefined) this.#connect(endpoint, next);
      else if (this.#mayHold(next)) {
        this.#hold.add(next);
        next.onHeld();
      } else next.onTurnedAway(OUTCOME.no_endpoint);
    }
  }

  #connect(endpoint: Endpoint, request: ConnectionRequest): void {
    this.connections++;
    endpoint.counters.opened();
    const connection = new UpstreamConnection(endpoint, this, request);
    endpoint.connections.add(connection);
    request.onConnecting(connection);
  }

  /** Whether one more connection may be made, if need be in place of unused ones. */
  #makeRoom(): boolean {
    while (this.connections >= this.settings.connectionLimit) if (!this.#evictIdle()) return false;
    return true;
  }

  /** Closes an unused connection of any endpoint; false when all are in use. */
  #evictIdle(): boolean {
    for (const endpoint of this.endpoints) {
      const oldest = endpoint.idle.shift();
      if (oldest === undefined) continue;
      oldest.destroy();
      return true;
    }
    return false;
  }
}

function closeIdle(endpoint: Endpoint): void {
  for (const connection of endpoint.idle.splice(0)) connection.destroy();
}
