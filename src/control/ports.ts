// What control needs of those who serve: the workers, what finds out where names lead, health checks, mirrors, the admin API.

import type { DatedReport } from '../compare/mirror-report.ts';
import type { LoadResult } from '../config/decode.ts';
import type { AdminConfig, Address, Config, PoolConfig, VersionEndpoints } from '../config/model.ts';
import type { InForce } from '../config/mask.ts';
import type { CountedEvent, ValueSource } from '../config/rollout-model.ts';
import type { SegmentEvidence } from '../rollout/model.ts';
import type { GuardedUnits } from '../rollout/user-windows.ts';
import type { CounterPlan } from '../telemetry/counter-plan.ts';
import type { Arming, Trip } from '../rollout/tripwire.ts';
import type { SlowBounds } from '../telemetry/evidence-signals.ts';
import type { Observation } from '../telemetry/observation.ts';
import type { Adoption } from '../api/scalars.ts';

/** A Config to serve, with the places of its counters. */
export interface Update {
  readonly revision: number;
  /** With the endpoints that were discovered. */
  readonly config: Config;
  readonly counters: CounterPlan;
  /** Memory of the sessions of each pool that has them, by name. */
  readonly sessions: Readonly<Record<string, SharedArrayBuffer>>;
  /** Those that count with these weights; at most one of a pool. */
  readonly rollouts: readonly CountedRollout[];
  readonly tls: TlsUpdate;
}

/** What the TLS of listeners is made of: texts of files, which may change while a config stays. */
export interface TlsUpdate {
  /** 32 bytes, base64url: what keys of session tickets come from, in all workers. */
  readonly ticketSeed: string;
  /** One for each listener with TLS. */
  readonly listeners: readonly (ListenerFiles & { readonly listener: string })[];
  /** One for each version with TLS. */
  readonly upstreams: readonly UpstreamFiles[];
}

/** Those who use one file have one object: a structured clone of an update holds its text once, and it may be a bundle of hundreds of KiB. */
export interface Authorities {
  readonly pem: string;
}

/** PEM of chain and key; shared like `Authorities`. */
export interface CertificateTexts {
  readonly cert: string;
  readonly key: string;
}

export interface UpstreamFiles {
  readonly pool: string;
  readonly version: string;
  /** Undefined: those that come with Node. */
  readonly authorities: Authorities | undefined;
  readonly certificate: CertificateTexts | undefined;
}

export interface ListenerFiles {
  /** In the order of the config. */
  readonly certificates: readonly CertificateTexts[];
  /** Undefined: clients are not asked for a certificate. */
  readonly clientAuthorities: Authorities | undefined;
}

/** Where a worker counts the evidence of one rollout, with the weights of one Table. */
export interface CountedRollout {
  readonly pool: string;
  readonly baseline: string;
  readonly canary: string;
  /** Position among all segments of the rollout; its place in `counts` is that modulo `SEGMENTS`. */
  readonly segment: number;
  /** The canary's part of the weights of both, above 0, below 1. */
  readonly share: number;
  /** The canary may take so many times as long. */
  readonly ratio: number;
  readonly counts: SharedArrayBuffer;
  readonly users: SharedArrayBuffer;
  readonly signals: SharedArrayBuffer;
  readonly events: readonly CountedEvent[];
  /** Which users have most of the canary's bad events. */
  readonly top: SharedArrayBuffer;
  /** How large bodies usually are; undefined where no check asks. */
  readonly sizes: SharedArrayBuffer | undefined;
  /** Of the checks of values; without memory where none looks at responses. */
  readonly values: { readonly memory: SharedArrayBuffer | undefined; readonly sources: readonly ValueSource[] };
}

/** Other endpoints for a Config that is served. */
export interface EndpointUpdate {
  /** As a whole, for workers that start later. */
  readonly config: Config;
  /** What is other than it was. */
  readonly versions: readonly VersionEndpoints[];
  readonly counters: CounterPlan;
}

/** The workers, as control sees them. */
export interface DataPlane {
  /**
   * Resolves when every worker has responded or was given up; one that did not apply must be replaced. Counters are adopted before
   * the Table is swapped. Rejects only when the update is refused as a whole, such as a listener that cannot be bound:
   * then all workers serve what they served before. Must settle within bounded time.
   */
  apply(update: Update): Promise<Adoption>;
  /** The same for endpoints alone, which cannot be refused. Never rejects. */
  setEndpoints(update: EndpointUpdate): Promise<Adoption>;
  /** The same for what counts, with the weights that are served. Never rejects. */
  setRollouts(rollouts: readonly CountedRollout[]): Promise<Adoption>;
  /** The same for certificates. Never rejects. */
  setTls(update: TlsUpdate): Promise<Adoption>;
}

/** Two versions of a pool between which a rollout moves requests. */
export interface CountedPair {
  readonly pool: string;
  readonly baseline: string;
  readonly canary: string;
  /** Number of the first segment. */
  readonly segment: number;
  /** The canary may take so many times as long until the head of a response: the ratio of the latency check; 1 = no longer. */
  readonly latencyRatio: number;
  /** While there are no bounds, a request without a head is taken for slow after this. */
  readonly ceilingMs: number;
  /** Of the checks of events, in the order of the template; at most `MAX_EVENTS`. */
  readonly events: readonly CountedEvent[];
  /** Of the checks of kind `value`, in the order of the template. */
  readonly values: readonly CountedValue[];
}

/** A value per user. */
export interface CountedValue {
  readonly source: ValueSource;
  /** The most that counts of one user. */
  readonly cap: number;
}

/** The user with most bad events of a kind has this part of the canary's, at least; undefined where no user is known. */
export type TopShares = Readonly<Record<'errors' | 'latency' | 'gave-up' | 'client-errors', number | undefined>>;

/** Who met a canary. */
export interface Exposure {
  /** Requests that chance sent there. */
  readonly requests: number;
  /** Users of them, where they can be told apart; a request without a key is one. */
  readonly users: number;
}

/** The evidence of one rollout, as the runner sees it. What is counted: `ArmSums` in `telemetry/evidence-sums.ts`. */
export interface RolloutCounts {
  /**
   * From the next Update on what counts is the evidence of this segment. What is counted in it with other weights, before those of the rollout are
   * in force or in place of them, is an entry of its own in `read`.
   */
  segment(number: number): void;
  /** All that has been counted, one entry for each segment and share, in the order in which they were served first. News comes after it again. */
  read(): readonly SegmentEvidence[];
  /** The table of users is full: requests of users who are not in it are left out. */
  readonly saturated: boolean;
  /** Values that do not count: texts that are no amount, and those that found no room. */
  readonly lostValues: { readonly unreadable: number; readonly lost: number };
  exposed(): Exposure;
  /** What the guards look at, of all segments. */
  guarded(): GuardedUnits;
  topShares(): TopShares;
  /** Users count anew for the guards. */
  nextWindow(): void;
  /** Call it every 10 s: what has ended since the call before decides what is slow until the next one. Undefined: too little; the bounds stay. */
  publishBounds(): SlowBounds | undefined;
  /** So much time has passed: what bodies usually are is learnt anew, window by window. */
  learnSizes(passedMs: number): void;
  /** No worker sends anything to the canary from its next request on. */
  halt(): void;
  /** Also by a worker: see `arm`. */
  readonly halted: boolean;
  /** The canary gets requests again, and nothing is left to the workers until `arm`. */
  lift(): void;
  /**
   * Leaves it to the workers to halt the canary as soon as what came since the last `read` is enough, also with the weights that are set next.
   * False: one of them has since then; see `tripped`, and read again.
   */
  arm(arming: Arming | undefined): boolean;
  /** Why a worker has halted the canary. */
  readonly tripped: Trip | undefined;
  /**
   * An event of the user with this affinity key, seen elsewhere, and what it is worth. False: it counts nowhere, as no check has it or the user was
   * not drawn.
   */
  tell(event: string, key: string, value: number | undefined): boolean;
  /** Nothing counts from the next Update on; what was counted can still be read. */
  close(): void;
}

/** What names, services and files stand for, as control sees it. */
export interface EndpointDiscovery {
  /** Begins with what is new in these pools; resolves when that is known, or after bounded time. */
  prepare(pools: readonly PoolConfig[]): Promise<void>;
  /** The same pools in the same order, with the endpoints that are known by now. */
  expand(pools: readonly PoolConfig[]): readonly PoolConfig[];
  /** These pools are in force; follows each `prepare`. */
  settle(pools: readonly PoolConfig[]): void;
}

/** Health checks, as control sees them. */
export interface HealthChecks {
  /** Hands pools on with `apply`, then checks what they name. New endpoints that start unhealthy are told before. */
  adopt<T>(pools: readonly PoolConfig[], apply: () => Promise<T>): Promise<T>;
}

/** What probes found out about one endpoint. */
export interface EndpointHealth {
  readonly healthy: boolean;
  /** Since when the verdict stands, in milliseconds since the epoch. */
  readonly sinceMs: number;
  /** The latest; undefined before the first has ended. */
  readonly probe: { readonly result: string; readonly detail: string; readonly atMs: number } | undefined;
}

/** A name that does not resolve, or an endpoint file that is missing or bad. */
export interface DiscoveryFault {
  readonly kind: 'name' | 'file';
  readonly pool: string;
  readonly version: string;
  readonly source: string;
  /** In milliseconds since the epoch. */
  readonly sinceMs: number;
  readonly reason: string;
  /** Endpoints that are known of it and stay in use. */
  readonly kept: number;
}

/** Rejects with a message for operators when somebody else listens there. */
export type ClaimAddress = (address: Address) => Promise<void>;

/** What is known of mirrors, as control sees it. */
export interface MirrorFollower {
  /** A config is on its way to the workers. */
  expect(config: Config): void;
  /** Every worker serves this config. */
  follow(config: Config): void;
}

/** The admin API, as control sees it. */
export interface AdminSettings {
  /** Tokens, limits, roles and certificates from now on. @param files what `tls` names; undefined where it names none */
  configure(config: AdminConfig, files: ListenerFiles | undefined): void;
}

/** The access log, as control sees it. */
export interface AccessLogPlace {
  /** @param path `stdout`, an absolute path, or empty for none */
  open(path: string): void;
  /** The file may have been moved away. */
  reopen(): void;
}

/** What the workers remember of their latest exchanges, in no order, with all that clients sent: it must be masked before it is shown. */
export interface Recollection {
  /** Workers that responded in time. */
  readonly responded: number;
  readonly total: number;
  readonly exchanges: readonly Observation[];
}

/** The comparison of mirrors, as control sees it. */
export interface Comparing {
  /** Of a mirror that compares. Settles within bounded time, never rejects. `busy`: no response in time, or it has just begun anew. */
  report(pool: string, mirror: string): Promise<DatedReport | 'busy'>;
  /** Exchanges of a mirror that were not compared because comparison could not keep up; since the start. */
  dropped(pool: string, mirror: string): number;
}

/** Reads, decodes and judges texts in bounded time and memory without holding up the thread that asks. Never rejects. */
export interface Reading {
  /**
   * A text that somebody sent. Paths in it are relative to the folder of `file`, which need not exist.
   * @param text as bytes it is UTF-8, and is taken: its buffer is detached
   * @param inForce whose secrets the masks in the text stand for; undefined: it is taken as it is
   */
  text(file: string, text: string | Uint8Array, inForce?: InForce): Promise<LoadResult>;
}
