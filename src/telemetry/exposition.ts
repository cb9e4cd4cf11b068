// Everything Sluice measures as Prometheus text. Counters are read from shared memory at the moment of a scrape;
// what only the main thread knows (revision, reloads, workers) is told to it and kept here. Long because each metric has its line.

import type { Registry } from 'prom-client';
import * as at from './counter-layout.ts';
import type { CounterRegistry } from './counter-registry.ts';
import {
  ATTEMPT_CODES,
  codesOf,
  HANDSHAKE_RESULTS,
  MIRROR_CODES,
  HTTP2_FAULTS,
  PASSTHROUGH_RESULTS,
  PROXY_HEADER_RESULTS,
  REFUSAL_CODES,
  TUNNEL_CODES,
  TUNNEL_DIRECTIONS,
} from './expected-codes.ts';
import { writeMetrics } from './metric-slices.ts';
import type { SampledMetric } from './metric-slices.ts';
import { METRICS } from './names.ts';
import type { Metric } from './names.ts';
import {
  cellSamples,
  codeSamples,
  discoverySamples,
  durationSamples,
  ejectedSamples,
  plainSamples,
  readySamples,
  statusSamples,
  tunnelAgeSamples,
  workerSamples,
} from './samples.ts';
import type { DiscoverySample, Lines, Samples } from './samples.ts';
import type { MirrorLines, RolloutLines } from './lines.ts';

export interface ExpositionOptions {
  /** Names of the positions given to `VersionCounters.retried`; at most RETRY_REASONS_MAX. */
  readonly retryReasons: readonly string[];
  /** Names of the positions given to `VersionCounters.chosen`; at most CHOICE_REASONS_MAX. */
  readonly choiceReasons: readonly string[];
  /** The version of Sluice. */
  readonly build: string;
}

export type ReloadResult = 'applied' | 'rejected' | 'unchanged';

export interface SplitWeight {
  readonly pool: string;
  readonly version: string;
  readonly weight: number;
}

export interface OverloadSample {
  /** 0 to 3. */
  readonly level: number;
  readonly usedBytes: number;
  /** 0 = no limit. */
  readonly limitBytes: number;
}

const TEXT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';
/** How often the delay of the main thread's event loop is sampled, from the first scrape on; it is the floor of what is measured. */
const LOOP_DELAY_SAMPLE_MS = 10;

export class Exposition {
  readonly #metrics = new Map<string, SampledMetric>();
  /** Made at the first scrape: an instance that is never scraped need not load prom-client, nor watch its own event loop. */
  #registry: Promise<Registry> | undefined = undefined;
  readonly #counters: CounterRegistry;
  readonly #reloads: Record<ReloadResult, number> = { applied: 0, rejected: 0, unchanged: 0 };
  #revision = 0;
  #split: readonly SplitWeight[] = [];
  #workers: Readonly<Record<string, number>> = {};
  #workerRestarts = 0;
  #accessLogDropped = 0;
  #overload: () => OverloadSample = () => ({ level: 0, usedBytes: 0, limitBytes: 0 });
  #healthChecks: () => Lines = () => [];
  #servesFile = true;
  #lost = { history: false, changes: false };
  #adminRefused: () => Lines = () => [];
  #certificates: () => Lines = () => [];
  #badSecrets: () => number = () => 0;
  #users: () => Lines = () => [];
  #deploys: () => Lines = () => [];
  #rollouts: RolloutLines = {
    states: () => [],
    steps: () => [],
    verdicts: () => [],
    evidence: () => [],
    aborts: () => [],
    drills: () => [],
    drillSeconds: () => [],
  };
  #shadows: MirrorLines = { comparisons: () => [], differences: () => [], missedWrites: () => [] };
  #discovery: () => Iterable<DiscoverySample> = () => [];

  constructor(counters: CounterRegistry, options: ExpositionOptions) {
    if (options.retryReasons.length > at.MAX_RETRY_REASONS) throw new Error(`more than ${at.MAX_RETRY_REASONS} retry reasons`);
    if (options.choiceReasons.length > at.MAX_CHOICE_REASONS) throw new Error(`more than ${at.MAX_CHOICE_REASONS} choice reasons`);
    this.#counters = counters;
    this.#exposeExchanges(options);
    this.#exposeEnds();
    this.#exposeMirrors();
    this.#exposeInstance(options.build);
  }

  get contentType(): string {
    return TEXT_TYPE;
  }

  /** The text of one scrape, in UTF-8. */
  async text(): Promise<Buffer> {
    // What fails to load is tried again by the next scrape.
    this.#registry ??= createRegistry().catch((error: unknown) => {
      this.#registry = undefined;
      throw error;
    });
    return writeMetrics(this.#metrics.values(), await this.#registry);
  }

  reloaded(result: ReloadResult): void {
    this.#reloads[result] += 1;
  }

  /** Whether the config on disk was taken when it was last read; what was served before is served on where it was not. */
  fileIs(state: 'taken' | 'refused'): void {
    this.#servesFile = state === 'taken';
  }

  /** What the start could not find any more, of what was kept. */
  stateLost(lost: { readonly history: boolean; readonly changes: boolean }): void {
    this.#lost = lost;
  }

  /** The revision and the weights that are served from now on. */
  serves(revision: number, split: readonly SplitWeight[]): void {
    this.#revision = revision;
    this.#split = split;
  }

  /** @param states number of workers by state, such as `{ running: 2, starting: 0 }` */
  workersAre(states: Readonly<Record<string, number>>): void {
    this.#workers = states;
  }

  workerRestarted(): void {
    this.#workerRestarts += 1;
  }

  /** Lines of the access log that were dropped, on the control thread, where all are written. */
  accessLogDropped(lines: number): void {
    this.#accessLogDropped += lines;
  }

  /** @param counts probes that ended, read at each scrape */
  registerHealthChecks(counts: () => Lines): void {
    this.#healthChecks = counts;
  }

  /** @param counts requests that the admin API refused, read at each scrape */
  registerAdminRefusals(counts: () => Lines): void {
    this.#adminRefused = counts;
  }

  /** @param ends seconds until the end of each certificate, worked out at each scrape */
  registerCertificates(ends: () => Lines): void {
    this.#certificates = ends;
  }

  /** @param count secrets whose file cannot be read, read at each scrape */
  registerSecrets(count: () => number): void {
    this.#badSecrets = count;
  }

  /** @param counts users by pool and version, asked at each scrape */
  registerUsers(counts: () => Lines): void {
    this.#users = counts;
  }

  registerRollouts(lines: RolloutLines): void {
    this.#rollouts = lines;
  }

  /** @param lines deploys of the versions that have one, read at each scrape */
  registerDeploys(lines: () => Lines): void {
    this.#deploys = lines;
  }

  registerMirrors(lines: MirrorLines): void {
    this.#shadows = lines;
  }

  /** @param sources that endpoints come from, read at each scrape */
  registerDiscovery(sources: () => Iterable<DiscoverySample>): void {
    this.#discovery = sources;
  }

  /** @param read the memory and its pressure of now, called at each scrape */
  registerOverload(read: () => OverloadSample): void {
    this.#overload = read;
  }

  #exposeExchanges(options: ExpositionOptions): void {
    const versions = () => this.#counters.blocks('version');
    const retries = codesOf('reason', options.retryReasons);
    const choices = codesOf('reason', options.choiceReasons);
    this.#expose(METRICS.requests, () => statusSamples(this.#counters.blocks('route')));
    this.#expose(METRICS.duration, () => durationSamples(versions()));
    this.#expose(METRICS.failed, () => cellSamples(versions(), at.VERSION_ERRORS));
    this.#expose(METRICS.inFlight, () => cellSamples(versions(), at.VERSION_IN_FLIGHT));
    this.#expose(METRICS.attempts, () => codeSamples(versions(), at.VERSION_ATTEMPTS, ATTEMPT_CODES));
    this.#expose(METRICS.retries, () => codeSamples(versions(), at.VERSION_RETRIES, retries));
    this.#expose(METRICS.choices, () => codeSamples(versions(), at.VERSION_CHOICES, choices));
    this.#expose(METRICS.held, () => cellSamples(versions(), at.VERSION_HELD));
    this.#expose(METRICS.versionFallbacks, () => cellSamples(versions(), at.VERSION_FALLBACKS));
    this.#expose(METRICS.concurrencyLimit, () => cellSamples(versions(), at.VERSION_CONCURRENCY_LIMIT));
    this.#expose(METRICS.versionNotReady, () => cellSamples(versions(), at.VERSION_NOT_READY));
    this.#expose(METRICS.panic, () => cellSamples(versions(), at.VERSION_PANIC));
    this.#expose(METRICS.bytesIn, () => cellSamples(versions(), at.VERSION_BYTES_IN));
    this.#expose(METRICS.bytesOut, () => cellSamples(versions(), at.VERSION_BYTES_OUT));
    this.#expose(METRICS.tunnels, () => cellSamples(versions(), at.VERSION_TUNNELS));
    this.#expose(METRICS.tunnelsEnded, () => codeSamples(versions(), at.VERSION_TUNNEL_ENDS, TUNNEL_CODES));
    this.#expose(METRICS.tunnelBytes, () => codeSamples(versions(), at.VERSION_TUNNEL_BYTES, TUNNEL_DIRECTIONS));
    this.#expose(METRICS.eventStreams, () => cellSamples(versions(), at.VERSION_EVENT_STREAMS));
    this.#expose(METRICS.eventStreamsDrained, () => cellSamples(versions(), at.VERSION_EVENT_STREAMS_DRAINED));
    this.#expose(METRICS.tunnelAge, () => tunnelAgeSamples(versions()));
    this.#expose(METRICS.affinityUsers, () => plainSamples(this.#users()));
    this.#expose(METRICS.versionInfo, () => plainSamples(this.#deploys()));
    this.#expose(METRICS.rolloutState, () => plainSamples(this.#rollouts.states()));
    this.#expose(METRICS.rolloutStep, () => plainSamples(this.#rollouts.steps()));
    this.#expose(METRICS.rolloutVerdict, () => plainSamples(this.#rollouts.verdicts()));
    this.#expose(METRICS.rolloutEvidence, () => plainSamples(this.#rollouts.evidence()));
    this.#expose(METRICS.rolloutAborts, () => plainSamples(this.#rollouts.aborts()));
    this.#expose(METRICS.drillTimestamp, () => plainSamples(this.#rollouts.drills()));
    this.#expose(METRICS.drillSeconds, () => plainSamples(this.#rollouts.drillSeconds()));
    this.#expose(METRICS.splitWeight, () => plainSamples(this.#split.map(({ weight, ...labels }) => [labels, weight])));
  }

  #exposeMirrors(): void {
    const mirrors = () => this.#counters.blocks('mirror');
    this.#expose(METRICS.mirrored, () => codeSamples(mirrors(), at.MIRROR_OUTCOME, MIRROR_CODES));
    this.#expose(METRICS.mirrorInFlight, () => cellSamples(mirrors(), at.MIRROR_IN_FLIGHT));
    this.#expose(METRICS.mirrorConnections, () => cellSamples(mirrors(), at.MIRROR_CONNECTIONS));
    this.#expose(METRICS.comparisonsDropped, () => cellSamples(mirrors(), at.MIRROR_UNCOMPARED));
    this.#expose(METRICS.mirrorPaused, () => cellSamples(mirrors(), at.MIRROR_PAUSED));
    this.#expose(METRICS.mirrorWaiting, () => cellSamples(mirrors(), at.MIRROR_WAITING));
    this.#expose(METRICS.shadowComparisons, () => plainSamples(this.#shadows.comparisons()));
    this.#expose(METRICS.shadowDifferences, () => plainSamples(this.#shadows.differences()));
    this.#expose(METRICS.shadowMissedWrites, () => plainSamples(this.#shadows.missedWrites()));
  }

  #exposeEnds(): void {
    const endpoints = () => this.#counters.blocks('endpoint');
    const listeners = () => this.#counters.blocks('listener');
    this.#expose(METRICS.endpointReady, () => readySamples(endpoints()));
    this.#expose(METRICS.endpointInFlight, () => cellSamples(endpoints(), at.ENDPOINT_IN_FLIGHT));
    this.#expose(METRICS.endpointConnections, () => cellSamples(endpoints(), at.ENDPOINT_CONNECTIONS));
    this.#expose(METRICS.endpointDraining, () => cellSamples(endpoints(), at.ENDPOINT_DRAINING));
    this.#expose(METRICS.endpointFailures, () => cellSamples(endpoints(), at.ENDPOINT_FAILURES));
    this.#expose(METRICS.endpointEjections, () => cellSamples(endpoints(), at.ENDPOINT_EJECTIONS));
    this.#expose(METRICS.endpointEjected, () => ejectedSamples(endpoints()));
    this.#expose(METRICS.versionEjections, () => cellSamples(this.#counters.blocks('version'), at.VERSION_EJECTIONS));
    this.#expose(METRICS.healthChecks, () => plainSamples(this.#healthChecks()));
    this.#expose(METRICS.discoveryFailures, () => discoverySamples(this.#discovery(), ({ failures }) => failures));
    this.#expose(METRICS.discoveryAddresses, () => discoverySamples(this.#discovery(), ({ addresses }) => addresses));
    this.#expose(METRICS.discoveryAge, () => discoverySamples(this.#discovery(), ({ ageMs }) => ageMs / 1000));
    this.#expose(METRICS.connections, () => cellSamples(listeners(), at.LISTENER_OPEN));
    this.#expose(METRICS.listenerTunnels, () => cellSamples(listeners(), at.LISTENER_TUNNELS));
    this.#expose(METRICS.listenerStreams, () => cellSamples(listeners(), at.LISTENER_STREAMS));
    this.#expose(METRICS.http2Faults, () => codeSamples(listeners(), at.LISTENER_HTTP2_FAULTS, HTTP2_FAULTS));
    this.#expose(METRICS.accepted, () => cellSamples(listeners(), at.LISTENER_ACCEPTED));
    this.#expose(METRICS.listenerRequests, () => cellSamples(listeners(), at.LISTENER_REQUESTS));
    this.#expose(METRICS.refused, () => codeSamples(listeners(), at.LISTENER_REFUSED, REFUSAL_CODES));
    this.#expose(METRICS.handshakes, () => codeSamples(listeners(), at.LISTENER_HANDSHAKES, HANDSHAKE_RESULTS));
    this.#expose(METRICS.proxyHeaders, () => codeSamples(listeners(), at.LISTENER_PROXY_HEADERS, PROXY_HEADER_RESULTS));
    this.#expose(METRICS.passthroughs, () => codeSamples(listeners(), at.LISTENER_PASSTHROUGHS, PASSTHROUGH_RESULTS));
  }

  #exposeInstance(build: string): void {
    const workers = () => this.#counters.blocks('worker');
    this.#expose(METRICS.revision, () => plainSamples([[{}, this.#revision]]));
    this.#expose(METRICS.reloads, () => plainSamples(Object.entries(this.#reloads).map(([result, count]) => [{ result }, count])));
    this.#expose(METRICS.fileTaken, () => plainSamples([[{}, this.#servesFile ? 1 : 0]]));
    this.#expose(METRICS.stateLost, () => plainSamples(Object.entries(this.#lost).map(([part, isLost]) => [{ part }, isLost ? 1 : 0])));
    this.#expose(METRICS.certificates, () => plainSamples(this.#certificates()));
    this.#expose(METRICS.badSecrets, () => plainSamples([[{}, this.#badSecrets()]]));
    this.#expose(METRICS.adminRefused, () => plainSamples(this.#adminRefused()));
    this.#expose(METRICS.workers, () => plainSamples(Object.entries(this.#workers).map(([state, count]) => [{ state }, count])));
    this.#expose(METRICS.workerRestarts, () => plainSamples([[{}, this.#workerRestarts]]));
    this.#expose(METRICS.loopUtilization, () => workerSamples(workers(), at.WORKER_LOOP_UTILIZATION, 1));
    this.#expose(METRICS.loopDelay, () => workerSamples(workers(), at.WORKER_LOOP_DELAY_MS, 0.001));
    this.#expose(METRICS.workerMemory, () => workerSamples(workers(), at.WORKER_MEMORY_BYTES, 1));
    this.#expose(METRICS.overloadLevel, () => plainSamples([[{}, this.#overload().level]]));
    this.#expose(METRICS.memoryUsed, () => plainSamples([[{}, this.#overload().usedBytes]]));
    this.#expose(METRICS.memoryLimit, () => plainSamples([[{}, this.#overload().limitBytes]]));
    this.#expose(METRICS.internalErrors, () => cellSamples(workers(), at.WORKER_INTERNAL_ERRORS));
    this.#expose(METRICS.accessLogDropped, () => plainSamples([[{}, this.#accessLogDropped]]));
    this.#expose(METRICS.buildInfo, () => plainSamples([[{ version: build }, 1]]));
  }

  #expose({ name, help, type }: Metric, samples: () => Samples): void {
    this.#metrics.set(name, { name, help, type, samples });
  }
}

async function createRegistry(): Promise<Registry> {
  const { collectDefaultMetrics, Registry } = await import('prom-client');
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LOOP_DELAY_SAMPLE_MS });
  return registry;
}
