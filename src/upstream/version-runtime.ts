// A version as it lives in one worker: which requests get a stream to its endpoints, which wait, and what it learns of failures.
// It outlives Tables; a reload changes its settings in place and never a connection that is in use. Long because who gets a stream, who waits
// and who is turned away is one decision over all that a version has.

import type { Drained, EndpointConfig, PoolConfig, VersionConfig } from '../config/model.ts';
import type { SecureConnector } from '../net/connect.ts';
import type { Deadlines } from '../lib/deadlines.ts';
import type { EndpointCounters, VersionCounters } from '../telemetry/counters.ts';
import { OUTCOME } from '../telemetry/outcomes.ts';
import type { Outcome } from '../telemetry/outcomes.ts';
import { Concurrency } from './resilience/concurrency.ts';
import { ConnectionLimit } from './connection-limit.ts';
import { EndpointDrains } from './endpoint-drain.ts';
import { EndpointSet } from './endpoint-set.ts';
import type { EndpointSetOwner } from './endpoint-set.ts';
import { OutlierEjector } from './resilience/outlier-ejector.ts';
import type { OutlierEjectorDeps } from './resilience/outlier-ejector.ts';
import type { Endpoint, PooledConnection } from './endpoint.ts';
import { HeldRequests } from './held-requests.ts';
import { RetryBudget } from './resilience/retry-budget.ts';
import type { Selection } from './selection.ts';
import { Siblings } from './siblings.ts';
import { ACQUIRED, NO_ENDPOINT, OVERLOAD } from './stream-request.ts';
import type { Acquired, PendingRequest } from './stream-request.ts';
import { VersionRamp } from './resilience/version-ramp.ts';
import { settingsOf } from './version-settings.ts';
import type { VersionSettings } from './version-settings.ts';

export interface VersionDeps extends OutlierEjectorDeps {
  /** From 0. */
  readonly worker: number;
  /** Number of workers of the instance: bounds are divided by it. */
  readonly workers: number;
  /** What makes connections to the endpoints of a version; undefined: they are plaintext. */
  readonly secureFor: (pool: string, version: string) => SecureConnector | undefined;
  /** Told of errors that are ours. */
  readonly onFault: (error: unknown) => void;
}

export class VersionRuntime implements EndpointSetOwner {
  readonly name: string;
  readonly counters: VersionCounters;
  readonly deadlines: Deadlines;
  readonly selection: Selection;
  readonly ejector: OutlierEjector;
  readonly budget = new RetryBudget();
  /** Of retries on another version; that of the whole pool. */
  readonly fallbackBudget: RetryBudget;
  settings: VersionSettings;
  /** Which deploy it is, for the access log; empty when nobody has said so. */
  deploy = '';
  /** Attempts that hold a stream, or wait for one. */
  requests = 0;

  readonly #pool: string;
  readonly #deps: VersionDeps;
  readonly #waiting: PendingRequest[] = [];
  readonly #hold: HeldRequests<PendingRequest>;
  readonly #concurrency: Concurrency;
  readonly #ramp = new VersionRamp();
  readonly #limit = new ConnectionLimit();
  readonly #set: EndpointSet;
  #drains: Drained = false;
  #config: VersionConfig | undefined = undefined;
  #retired = false;
  readonly #siblings: Siblings;

  constructor(pool: PoolConfig, name: string, deps: VersionDeps, siblings = new Siblings()) {
    this.#pool = pool.name;
    this.name = name;
    this.#deps = deps;
    this.#siblings = siblings;
    this.fallbackBudget = siblings.fallbackBudget;
    this.settings = settingsOf(pool, deps.worker, deps.workers);
    this.deadlines = deps.deadlines;
    this.counters = deps.counters.version(pool.name, name);
    const drains = new EndpointDrains({ pool: pool.name, version: name }, deps.deadlines, deps.log);
    this.#set = new EndpointSet(this, this.#limit, this.settings, drains);
    this.#limit.groups = [this.#set];
    this.selection = this.#set.selection;
    this.ejector = new OutlierEjector(pool.name, this, deps);
    this.#concurrency = new Concurrency(deps.workers, this.counters);
    this.#hold = new HeldRequests(
      deps.deadlines,
      (request) => this.#proceed(request),
      () => this.#concurrency.room(this.#admitted),
      (held) => this.counters.held(held),
    );
  }

  get endpoints(): readonly Endpoint[] {
    return this.#set.endpoints;
  }

  /** Whether its endpoints speak HTTP/2 alone. */
  get isHttp2(): boolean {
    return this.#set.protocol === 'http2';
  }

  /** Open connections, those being made included. */
  get connections(): number {
    return this.#limit.connections;
  }

  /** Whether another version of its pool would take over its share if it had no ready endpoint. */
  get yields(): boolean {
    return this.#siblings.mayYield(this);
  }

  /** Endpoints that may be picked. */
  get readyCount(): number {
    return this.selection.readyCount;
  }

  /** Whether it asks for latencies; where not, nobody reads the clock for it. */
  get followsLatency(): boolean {
    return this.selection.followsLatency || this.#concurrency.isFollowed;
  }

  /** Whether requests wait for it, or one more would: nothing may be added to what it has to do. */
  get isBusy(): boolean {
    return this.#waiting.length + this.#hold.size > 0 || !this.#concurrency.admits(this.#admitted);
  }

  /** Share of its part of the split that it is to get at present: below 1 in its slow start. */
  get rampShare(): number {
    return this.#ramp.share;
  }

  /** Takes over new settings; endpoints that stay keep their state, those that left finish what they have. */
  configure(pool: PoolConfig, version: VersionConfig): void {
    this.settings = settingsOf(pool, this.#deps.worker, this.#deps.workers);
    this.#set.settings = this.settings;
    this.budget.ratio = pool.retries.budget;
    this.#drains = version.drain;
    this.#ramp.windowMs = version.slowStartMs;
    this.#concurrency.configure(pool.limits.adaptive);
    this.selection.configure(pool);
    this.#config = version;
    this.secure();
    this.setEndpoints(version.endpoints);
    this.ejector.configure(pool.outlier);
    this.#limit.configure(this.settings.connectionLimit);
    this.#serveWaiting();
  }

  /** How its connections are made from now on. */
  secure(): void {
    const { tls, proxyProtocol, protocol } = this.#config!;
    this.#set.connectAs({ secure: this.#deps.secureFor(this.#pool, this.name), serverName: tls?.serverName, proxyProtocol, protocol });
  }

  /** It joins others that serve already: its slow start begins with its first ready endpoint. */
  markAsNew(): void {
    this.#set.isNew = true;
  }

  /**
   * No new Table has it: unused connections close now, used ones when they are given back. Exchanges that began with an older
   * Table are still served, retries among them.
   */
  retire(): void {
    this.#retired = true;
    this.#set.retire();
  }

  /** Those that stay keep their state; those that left finish what they have. */
  setEndpoints(endpoints: readonly EndpointConfig[]): void {
    this.#set.replace(endpoints, this.#drains);
  }

  /** Adds or removes a reason (`NOT_READY_…`) why an endpoint may not be picked. What is under way on it goes on. */
  mark(endpoint: Endpoint, reason: number, applies: boolean): void {
    this.#set.mark(endpoint, reason, applies);
  }

  /** An attempt on the endpoint ended well. */
  succeeded(endpoint: Endpoint): void {
    if (endpoint.outlier.failures !== 0) endpoint.outlier.failures = 0;
  }

  /**
   * An attempt on the endpoint failed, or its response has a status of 500 or above (`ok`, `upstream_error`; `status` is that of the response, else 0):
   * enough of them eject it.
   */
  failed(endpoint: Endpoint, outcome: Outcome, status = 0): void {
    // What we cut ourselves, or had no means for, says nothing about it.
    if (outcome.source === 'upstream') this.ejector.failed(endpoint, outcome, status);
  }

  /** The head of a response with this status came `latencyMs` after its attempt began, at monotonic time `atMs`. */
  observed(endpoint: Endpoint, status: number, latencyMs: number, atMs: number): void {
    this.selection.observed(endpoint, latencyMs, atMs);
    if (status < 500) this.#concurrency.observed(latencyMs, this.#admitted, atMs);
  }

  /** An attempt that began at `sinceMs` is given up: its time is over, or the client has gone. */
  gaveUp(sinceMs: number, why: 'late' | 'unwanted'): void {
    this.#concurrency.gaveUp(sinceMs, why, this.#admitted);
  }

  /** Finds a stream for the request, makes a connection, or lets the request wait. */
  acquire(request: PendingRequest): Acquired {
    if (this.requests >= this.settings.requestLimit) return OVERLOAD;
    if (!this.#concurrency.admits(this.#admitted)) return OVERLOAD;
    const endpoint = this.selection.pick(request.affinityKey, request.failedEndpoint);
    if (endpoint === undefined) return this.#mayHold(request) ? this.hold(request) : NO_ENDPOINT;
    if (!request.wantsFresh) {
      const stream = this.#set.take(endpoint, request);
      if (stream !== undefined) {
        this.requests++;
        request.onConnected(stream, endpoint);
        return ACQUIRED;
      }
    }
    if (this.#set.mayJoin(endpoint, request) || this.#limit.makeRoom()) {
      this.requests++;
      this.#connect(endpoint, request);
      return ACQUIRED;
    }
    if (this.#isFull) return OVERLOAD;
    this.requests++;
    this.#wait(request);
    return ACQUIRED;
  }

  /** Lets the request wait until an endpoint takes connections. */
  hold(request: PendingRequest): Acquired {
    if (this.#isFull) return OVERLOAD;
    this.requests++;
    this.#hold.add(request);
    request.onHeld();
    return ACQUIRED;
  }

  /** The attempt of a request is over or given up; it holds no stream of this version any more. */
  releaseSlot(): void {
    this.requests--;
  }

  /** Withdraws a request that may still be waiting. */
  withdraw(request: PendingRequest): void {
    const at = this.#waiting.indexOf(request);
    if (at !== -1) this.#waiting.splice(at, 1);
    else this.#hold.withdraw(request);
  }

  countersOf(endpoint: string): EndpointCounters {
    return this.#deps.counters.endpoint(this.#pool, this.name, endpoint);
  }

  onReadiness(readyBefore: number): void {
    const { panicking, readyCount } = this.selection;
    this.counters.notReady(readyCount === 0);
    if (panicking) this.counters.panicked();
    else this.counters.calmed();
    if (readyBefore > 0 || readyCount === 0) return;
    if (this.#set.isNew) this.#ramp.begin();
    this.#hold.scout();
  }

  onOpened(): void {
    this.#hold.flow();
  }

  /** For the first that waits, if it may have it. */
  onFree(connection: PooledConnection): void {
    const { endpoint } = connection;
    const next = this.#waiting[0];
    if (next === undefined && !this.#retired) this.#set.keep(connection);
    else if (next === undefined || next.isRaw || !mayServe(connection, next) || (next.failedEndpoint === endpoint && this.readyCount > 1))
      connection.retire();
    else {
      this.#waiting.shift();
      next.onConnected(connection.takeStream(), endpoint);
      // Those of HTTP/2 may serve more of them.
      if (connection.hasRoom) this.onFree(connection);
    }
  }

  onClosed(): void {
    this.#serveWaiting();
  }

  onFault(error: unknown): void {
    this.#deps.onFault(error);
  }

  /** Attempts that the version works on, or that wait for a connection to it. */
  get #admitted(): number {
    return this.requests - this.#hold.size;
  }

  get #isFull(): boolean {
    return this.#waiting.length + this.#hold.size >= this.settings.pendingLimit;
  }

  /** One that was held goes on: to a connection, into the line, or back. */
  #proceed(request: PendingRequest): void {
    const endpoint = request.leavesVersion ? undefined : this.selection.pick(request.affinityKey, request.failedEndpoint);
    if (endpoint === undefined) this.#proceedHeld(request);
    else if (this.#set.mayJoin(endpoint, request) || this.#limit.makeRoom()) this.#connect(endpoint, request);
    else this.#wait(request);
  }

  /** By a connection that is being made and has room for it, or by one of its own. */
  #connect(endpoint: Endpoint, request: PendingRequest): void {
    if (!this.#set.join(endpoint, request)) this.#set.connect(endpoint, request);
  }

  #mayHold(request: PendingRequest): boolean {
    return this.settings.holdMs > 0 && !request.holdOver;
  }

  #proceedHeld(request: PendingRequest): void {
    if (request.onStillHeld()) this.#hold.hasten();
    else this.#hold.add(request);
  }

  #wait(request: PendingRequest): void {
    this.#waiting.push(request);
    request.onWaiting();
  }

  /** Makes connections for those who wait, as far as the limit allows. */
  #serveWaiting(): void {
    while (this.#waiting.length > 0 && this.#limit.connections < this.#limit.limit) {
      const next = this.#waiting.shift()!;
      const endpoint = this.selection.pick(next.affinityKey, next.failedEndpoint);
      if (endpoint !== undefined) this.#connect(endpoint, next);
      else if (this.#mayHold(next)) {
        this.#hold.add(next);
        next.onHeld();
      } else next.onTurnedAway(OUTCOME.no_endpoint);
    }
  }
}

/** Who waits is another client than the one that a connection was introduced for: that one has its next request only after this one. */
function mayServe({ introduction }: PooledConnection, { wantsFresh }: PendingRequest): boolean {
  return introduction === undefined && !wantsFresh;
}
