// What the control thread and a data-plane thread say to each other. Plain data, structured-cloneable.

import type { MessagePort } from 'node:worker_threads';
import type { PoolConfig, RouteConfig, VersionEndpoints } from '../config/model.ts';
import type { CountedRollout, TlsUpdate, Update } from '../control/ports.ts';
import type { PressureLevel } from '../control/pressure.ts';
import type { LogLine } from '../lib/log.ts';
import type { CounterPlan } from '../telemetry/counter-plan.ts';
import type { Observation } from '../telemetry/observation.ts';
import type { MissedWrite, UnlistedWrites } from '../compare/mirrored-exchange.ts';
import type { Changeover } from './changeover.ts';
import type { ListChange } from './list-change.ts';
import type { EndpointName } from '../upstream/endpoint.ts';
import type { EjectionChange } from '../upstream/resilience/outlier-ejector.ts';
import type { VersionDeploy } from '../telemetry/version-deploy.ts';

export interface WorkerStart {
  /** From 0. */
  readonly index: number;
  readonly workers: number;
  readonly reusePort: boolean;
  /** Paths of Unix sockets that another process has, which this one takes over. */
  readonly beside: readonly string[];
  /** What the instance calls itself on the way of a request. */
  readonly pseudonym: string;
  /** Where workers go over to another Table together. */
  readonly changeovers: SharedArrayBuffer;
}

/** A worker's way to the thread that compares. */
export interface CompareLink {
  readonly port: MessagePort;
  /** Two 32-bit integers that all workers and that thread share: exchanges, and KiB of them, that wait to be compared. */
  readonly load: SharedArrayBuffer;
}

export type ToWorker =
  /**
   * `ports`: what the kernel chose for listeners with port 0, by name; empty for the first worker to bind. `routes`: those of the Config,
   * which comes without, as they may be many: what differs from those of the last `apply`. `pools`: the same; a number stands for the pool at
   * that position in the last `apply`. What stays is the same object. `changeover`: where others go over at the same time.
   */
  | {
      readonly kind: 'apply';
      readonly id: number;
      readonly update: Update;
      readonly routes: ListChange<RouteConfig>;
      readonly pools: readonly (PoolConfig | number)[];
      readonly ports: Readonly<Record<string, number>>;
      readonly changeover: Changeover | undefined;
    }
  /** Endpoints of some versions of the Config that is served. */
  | { readonly kind: 'endpoints'; readonly id: number; readonly versions: readonly VersionEndpoints[]; readonly counters: CounterPlan }
  /** What counts from here on, with the Table that is served. */
  | { readonly kind: 'rollouts'; readonly id: number; readonly rollouts: readonly CountedRollout[] }
  /** Certificates of the listeners that are served. */
  | { readonly kind: 'tls'; readonly id: number; readonly tls: TlsUpdate }
  /** All endpoints that are unhealthy; each message stands for itself, so that none can be missed for long. */
  | { readonly kind: 'health'; readonly unhealthy: readonly EndpointName[] }
  /** Which deploy each version is that has a marker; each message stands for itself. */
  | { readonly kind: 'deploys'; readonly id: number; readonly deploys: readonly VersionDeploy[] }
  /** Another worker ejected an endpoint, or lets one return: look. */
  | { readonly kind: 'ejections' }
  /** How hard the memory limit presses on the process; each message stands for itself. */
  | { readonly kind: 'pressure'; readonly level: PressureLevel }
  /** Collect garbage now. */
  | { readonly kind: 'collect' }
  /** Say which exchanges you remember. */
  | { readonly kind: 'recall'; readonly id: number }
  /** Where to send exchanges that are to be compared; nowhere without a port. Each message stands for itself. */
  | { readonly kind: 'compare'; readonly link: CompareLink | undefined }
  | { readonly kind: 'drain'; readonly timeoutMs: number; readonly graceMs: number };

export type FromWorker =
  | { readonly kind: 'applied'; readonly id: number; readonly ports: Readonly<Record<string, number>> }
  /** The response to `endpoints`, `rollouts` and `deploys`. */
  | { readonly kind: 'followed'; readonly id: number }
  /** The response to `recall`. */
  | { readonly kind: 'recalled'; readonly id: number; readonly exchanges: readonly Observation[] }
  | { readonly kind: 'refused'; readonly id: number; readonly reason: string }
  | { readonly kind: 'log'; readonly line: LogLine }
  | { readonly kind: 'access'; readonly chunk: string; readonly lines: number }
  /** Writes that shadows are missing; `unlisted`: more of them that are only counted, by pool, mirror. */
  | { readonly kind: 'missed'; readonly writes: readonly MissedWrite[]; readonly unlisted: readonly UnlistedWrites[] }
  /** An endpoint is ejected or returns: the other workers are to look. */
  | { readonly kind: 'ejections'; readonly change: EjectionChange }
  /** The canary of a rollout of this pool has done something bad: look. */
  | { readonly kind: 'evidence'; readonly pool: string }
  /** Connections that had to be cut at the deadline. */
  | { readonly kind: 'drained'; readonly cut: number };
