// A version as it lives in one worker: its endpoints, its connections, and those who wait for one.
// It outlives Tables; a reload changes its settings in place and never a connection that is in use.

import type { EndpointConfig, PoolConfig, VersionConfig } from '../config/model.ts';
import type { HeadLimits } from '../http1/limits.ts';
import type { Deadlines } from '../lib/deadlines.ts';
import type { VersionCounters } from '../telemetry/counters.ts';
import { OUTCOME } from '../telemetry/outcomes.ts';
import type { Outcome } from '../telemetry/outcomes.ts';
import type { Balancer } from './balancer.ts';
import { UpstreamConnection } from './connection.ts';
import type { ConnectionHome, Receiver } from './connection.ts';
import { Ejector } from './ejector.ts';
import type { EjectorSurroundings } from './ejector.ts';
import { Endpoint, UNREADY_DRAINING, UNREADY_UNHEALTHY } from './endpoint.ts';
import { RetryBudget } from './retry-budget.ts';

/** How `acquire` ended: `onConnected` was or will be called, or it never will. */
export const ACQUIRED = 0;
export const NO_ENDPOINT = 1;
export const OVERLOAD = 2;
export type Acquired = typeof ACQUIRED | typeof NO_ENDPOINT | typeof OVERLOAD;

export interface VersionSurroundings extends EjectorSurroundings {
  /** From 0. */
  readonly worker: number;
  /** Number of workers of the instance: bounds are divided by it. */
  readonly workers: number;
  /** Told of errors that are ours. */
  readonly onFault: (error: unknown) => void;
}

/** Who asks for a connection. */
export interface Applicant extends Receiver {
  /** All connections are in use: `onConnecting`, `onConnected` or `onTurnedAway` follows. */
  onWaiting(): void;
  /** Waiting has ended without a connection. */
  onTurnedAway(outcome: Outcome): void;
  readonly requestMethod: string;
  readonly affinityKey: string;
  /** The endpoint that just failed it, or undefined. */
  readonly failedEndpoint: Endpoint | undefined;
  /** Whether an unused connection will not do. */
  readonly wantsFresh: boolean;
}

export class LiveVersion implements ConnectionHome {
  readonly name: string;
  readonly counters: VersionCounters;
  readonly deadlines: Deadlines;
  balancer: Balancer;
  endpoints: readonly Endpoint[] = [];
  readyCount = 0;
  answerLimits: HeadLimits = { headerBytes: 0, headerCount: 0, requestLineBytes: 0 };
  connectMs = 0;
  idleMs = 0;
  /** Until the head of an answer arrives, per attempt; 0 = no limit. */
  responseMs = 0;
  retryAttempts = 0;
  retryOn: ReadonlySet<string> = new Set();
  readonly budget = new RetryBudget();
  connections = 0;
  /** Attempts that hold or wait for a connection. */
  requests = 0;

  readonly ejector: Ejector;
  readonly #pool: string;
  readonly #surroundings: VersionSurroundings;
  readonly #waiting: Applicant[] = [];
  #retired = false;
  #connectionLimit = 0;
  #pendingLimit = 0;
  #requestLimit = 0;

  constructor(pool: string, name: string, balancer: Balancer, surroundings: VersionSurroundings) {
    this.#pool = pool;
    this.name = name;
    this.balancer = balancer;
    this.#surroundings = surroundings;
    this.deadlines = surroundings.deadlines;
    this.counters = surroundings.counters.version(pool, name);
    this.ejector = new Ejector(pool, this, surroundings);
  }

  /** Takes over new settings; endpoints that stay keep their state, those that left finish what they have. */
  configure(pool: PoolConfig, version: VersionConfig): void {
    this.#connectionLimit = this.#share(pool.limits.connections);
    this.#pendingLimit = this.#share(pool.limits.pending);
    this.#requestLimit = this.#share(pool.limits.requests);
    this.answerLimits = { headerBytes: pool.limits.headerBytes, headerCount: pool.limits.headerCount, requestLineBytes: 1024 };
    this.connectMs = pool.timeouts.connectMs;
    this.idleMs = pool.timeouts.idleMs;
    const { perTryMs } = pool.retries;
    const { responseMs } = pool.timeouts;
    this.responseMs = perTryMs > 0 && (responseMs === 0 || perTryMs < responseMs) ? perTryMs : responseMs;
    this.retryAttempts = pool.retries.attempts;
    this.retryOn = new Set(pool.retries.on);
    this.budget.ratio = pool.retries.budget;
    this.setEndpoints(version.endpoints);
    this.ejector.configure(pool.outlier);
    while (this.connections > this.#connectionLimit && this.#evictIdle());
    this.#serveWaiting();
  }

  /**
   * No new Table has it: unused connections close now, used ones when they are given back. Exchanges that began with an older
   * Table are still served, retries among them.
   */
  retire(): void {
    this.#retired = true;
    for (const endpoint of this.endpoints) closeIdle(endpoint);
  }

  /** Adds or removes a reason (`UNREADY_…`) why an endpoint may not be picked. What is under way on it goes on. */
  mark(endpoint: Endpoint, reason: number, applies: boolean): void {
    const unready = applies ? endpoint.unready | reason : endpoint.unready & ~reason;
    if (unready === endpoint.unready) return;
    endpoint.unready = unready;
    if (unready === 0) endpoint.counters.ready();
    else endpoint.counters.unready();
    this.#countReady();
    if (applies && reason === UNREADY_UNHEALTHY) closeIdle(endpoint);
  }

  /** An attempt on the endpoint ended well. */
  succeeded(endpoint: Endpoint): void {
    if (endpoint.outlier.failures !== 0) endpoint.outlier.failures = 0;
  }

  /** An attempt on the endpoint failed, or was answered with 500 or above (`ok`, `upstream_error`): enough of them eject it. */
  failed(endpoint: Endpoint, outcome: Outcome): void {
    this.ejector.failed(endpoint, outcome);
  }

  /** Finds a connection for the applicant, makes one, or lets it wait. */
  acquire(applicant: Applicant): Acquired {
    if (this.requests >= this.#requestLimit) return OVERLOAD;
    const endpoint = this.balancer.pick(applicant.affinityKey, applicant.failedEndpoint);
    if (endpoint === undefined) return NO_ENDPOINT;
    const idle = applicant.wantsFresh ? undefined : endpoint.idle.pop();
    if (idle !== undefined) {
      this.requests++;
      applicant.onConnected(idle);
      return ACQUIRED;
    }
    if (this.#makeRoom()) {
      this.requests++;
      this.#connect(endpoint, applicant);
      return ACQUIRED;
    }
    if (this.#waiting.length >= this.#pendingLimit) return OVERLOAD;
    this.requests++;
    this.#waiting.push(applicant);
    applicant.onWaiting();
    return ACQUIRED;
  }

  /** The applicant's attempt is over or given up; it holds no connection of this version any more. */
  leave(): void {
    this.requests--;
  }

  /** Withdraws an applicant that may still be waiting. */
  withdraw(applicant: Applicant): void {
    const at = this.#waiting.indexOf(applicant);
    if (at !== -1) this.#waiting.splice(at, 1);
  }

  /** Takes back a connection whose answer has ended; reuses it when that is safe. */
  giveBack(connection: UpstreamConnection): void {
    if (!connection.release()) return;
    const { endpoint } = connection;
    const next = this.#waiting[0];
    if (!endpoint.ready || this.connections > this.#connectionLimit) connection.destroy();
    else if (next === undefined && !this.#retired) endpoint.idle.push(connection);
    else if (next === undefined || next.wantsFresh || (next.failedEndpoint === endpoint && this.readyCount > 1)) connection.destroy();
    else {
      this.#waiting.shift();
      next.onConnected(connection);
    }
  }

  onFault(error: unknown): void {
    this.#surroundings.onFault(error);
  }

  onClosed(connection: UpstreamConnection): void {
    const endpoint = connection.endpoint;
    this.connections--;
    endpoint.connections--;
    endpoint.counters.closed();
    const at = endpoint.idle.lastIndexOf(connection);
    if (at !== -1) endpoint.idle.splice(at, 1);
    this.#serveWaiting();
  }

  /** This worker's part of a bound on the whole instance; at least 1. */
  #share(limit: number): number {
    const { worker, workers } = this.#surroundings;
    if (limit === 0) return Infinity;
    return Math.max(1, Math.floor(limit / workers) + (worker < limit % workers ? 1 : 0));
  }

  /** Makes connections for those who wait, as far as the limit allows. */
  #serveWaiting(): void {
    while (this.#waiting.length > 0 && this.connections < this.#connectionLimit) {
      const next = this.#waiting.shift()!;
      const endpoint = this.balancer.pick(next.affinityKey, next.failedEndpoint);
      if (endpoint === undefined) next.onTurnedAway(OUTCOME.no_endpoint);
      else this.#connect(endpoint, next);
    }
  }

  #connect(endpoint: Endpoint, applicant: Applicant): void {
    this.connections++;
    endpoint.connections++;
    endpoint.counters.opened();
    applicant.onConnecting(new UpstreamConnection(endpoint, this, applicant));
  }

  /** Whether one more connection may be made, if need be in place of unused ones. */
  #makeRoom(): boolean {
    while (this.connections >= this.#connectionLimit) if (!this.#evictIdle()) return false;
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

  /** Those that stay keep their state; those that left finish what they have. */
  setEndpoints(endpoints: readonly EndpointConfig[]): void {
    const before = new Map(this.endpoints.map((endpoint) => [endpoint.key, endpoint]));
    this.endpoints = endpoints.map((config) => {
      const known = before.get(config.key);
      before.delete(config.key);
      if (known !== undefined) {
        known.weight = config.weight;
        if (!known.ready) closeIdle(known);
        return known;
      }
      const counters = this.#surroundings.counters.endpoint(this.#pool, this.name, config.key);
      return new Endpoint(config.address, config.key, config.weight, counters);
    });
    for (const gone of before.values()) {
      gone.unready |= UNREADY_DRAINING;
      closeIdle(gone);
    }
    this.#countReady();
    this.balancer.update(this.endpoints);
  }

  #countReady(): void {
    this.readyCount = this.endpoints.filter((endpoint) => endpoint.ready).length;
  }
}

function closeIdle(endpoint: Endpoint): void {
  for (const connection of endpoint.idle.splice(0)) connection.destroy();
}
