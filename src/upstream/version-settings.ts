// What a version is told by its pool, as one worker needs it: bounds that hold for the whole instance are divided by the workers.

import { RETRIED_CALLS, countedAs } from '../http/grpc.ts';
import type { PoolConfig, RetryConfig } from '../config/model.ts';
import type { ConnectionSettings } from './protocol/connection-owner.ts';

/** Of a response's status line. */
const MAX_STATUS_LINE_BYTES = 1024;

export interface VersionSettings extends ConnectionSettings {
  /** Infinity where there is no bound; the same for the next two. */
  readonly connectionLimit: number;
  readonly pendingLimit: number;
  readonly requestLimit: number;
  /** Until the head of a response arrives, per attempt; 0 = no limit. */
  readonly responseMs: number;
  /** Without a byte of a body that one side owes, in either direction; 0 = no limit. */
  readonly stallMs: number;
  /** Of a tunnel without a byte in either direction; 0 = no limit. */
  readonly tunnelMs: number;
  readonly retryAttempts: number;
  readonly retryOn: ReadonlySet<string>;
  /** Statuses that are tried again, and the least of all that may be; Infinity where none is. */
  readonly retryStatuses: ReadonlySet<number>;
  readonly leastRetryStatus: number;
  /** Statuses of gRPC that are tried again. */
  readonly retryCalls: ReadonlySet<number>;
  readonly acrossVersions: boolean;
  readonly holdMs: number;
  readonly drainTimeoutMs: number;
}

/** @param worker from 0; @param workers of the instance */
export function settingsOf(pool: PoolConfig, worker: number, workers: number): VersionSettings {
  const { limits, timeouts, retries } = pool;
  return {
    connectionLimit: partOf(limits.connections, worker, workers),
    pendingLimit: partOf(limits.pending, worker, workers),
    requestLimit: partOf(limits.requests, worker, workers),
    ...connectionSettingsOf(pool),
    responseMs: shorterOf(retries.perTryMs, timeouts.responseMs),
    stallMs: timeouts.stallMs,
    tunnelMs: timeouts.tunnelMs,
    retryAttempts: retries.attempts,
    ...retriedOn(retries),
    acrossVersions: retries.acrossVersions,
    holdMs: pool.holdMs,
    drainTimeoutMs: pool.drainTimeoutMs,
  };
}

/** `status` stands for all statuses that are named, `grpc-status` for those of gRPC. */
function retriedOn({ on }: RetryConfig): Pick<VersionSettings, 'retryOn' | 'retryStatuses' | 'leastRetryStatus' | 'retryCalls'> {
  const statuses = on.filter((each) => typeof each === 'number');
  const words = on.filter((each) => typeof each === 'string');
  const calls = words.filter((each) => Object.hasOwn(RETRIED_CALLS, each)).map((each) => RETRIED_CALLS[each]!);
  const least = words.includes('gateway-error') || words.includes('5xx') ? 500 : Infinity;
  return {
    retryOn: new Set([...words, ...(statuses.length > 0 ? ['status'] : []), ...(calls.length > 0 ? ['grpc-status'] : [])]),
    retryStatuses: new Set(statuses),
    retryCalls: new Set(calls),
    leastRetryStatus: Math.min(least, ...statuses, ...calls.map(countedAs)),
  };
}

/** What holds for connections to the endpoints of a pool, whatever they serve. */
export function connectionSettingsOf({ limits, timeouts }: PoolConfig): ConnectionSettings {
  return {
    responseLimits: { headerBytes: limits.headerBytes, headerCount: limits.headerCount, requestLineBytes: MAX_STATUS_LINE_BYTES },
    connectMs: timeouts.connectMs,
    idleMs: timeouts.idleMs,
    streams: limits.streams,
  };
}

/** One worker's part of a bound; at least 1. */
export function partOf(limit: number, worker: number, workers: number): number {
  if (limit === 0) return Infinity;
  return Math.max(1, Math.floor(limit / workers) + (worker < limit % workers ? 1 : 0));
}

/** Of two durations of which 0 means none. */
function shorterOf(a: number, b: number): number {
  if (a === 0 || b === 0) return a + b;
  return Math.min(a, b);
}
