// What serves and what finds out for those who serve: worker threads, health checks, discovery, mirrors, the access log. Wiring alone.

import { availableParallelism } from 'node:os';
import type { Config } from '../config/model.ts';
import { Certificates } from '../control/certificates/certificates.ts';
import type { EndpointEvents } from '../control/endpoint-events.ts';
import { RolloutEvidence } from '../control/rollout-evidence.ts';
import { nowMs, systemClock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { freshFraction, newSeed } from '../lib/random.ts';
import { cpuLimit, workersFor } from '../control/cpu-limit.ts';
import { RETRY_REASONS } from '../proxy/retry-reasons.ts';
import { CHOICE_REASONS } from '../routing/choice.ts';
import { CounterRegistry } from '../telemetry/counter-registry.ts';
import { Exposition } from '../telemetry/exposition.ts';
import { MirrorAnalysis } from '../threads/mirror-analysis.ts';
import type { Reader } from '../threads/reader.ts';
import type { EarlyWorker } from '../threads/spawn-worker.ts';
import { Workers } from '../threads/workers.ts';
import type { Discovery } from '../upstream/discovery/discovery.ts';
import type { Probes } from '../upstream/probes/probes.ts';
import { AccessOutput } from './access-output.ts';
import { createDiscovery } from './create-discovery.ts';
import { createProbes } from './create-probes.ts';
import type { Beside } from './takeover/take-over.ts';
import { version } from './version.ts';

export interface ServingOptions {
  /** Overrides the config's number of workers. */
  readonly workers: number | undefined;
  /** A data-plane thread that was started already. */
  readonly early: EarlyWorker | undefined;
  /** Where state is kept; undefined: nowhere. */
  readonly stateDir: string | undefined;
  /** The process that is taken over. */
  readonly beside: Beside | undefined;
  readonly log: Log;
  /** Reads endpoint files. */
  readonly reader: Pick<Reader, 'endpoints'>;
  /** There may be other endpoints. */
  readonly onDiscovered: () => void;
  /** An endpoint changed. */
  readonly onEndpoint: EndpointEvents['tell'];
}

export interface ServingOfInstance {
  readonly counters: CounterRegistry;
  readonly exposition: Exposition;
  readonly accessLog: AccessOutput;
  readonly workers: Workers;
  readonly mirrorAnalysis: MirrorAnalysis;
  readonly probes: Probes;
  readonly discovery: Discovery;
  readonly evidence: RolloutEvidence;
  readonly certificates: Certificates;
}

export function createServing(
  config: Config,
  { workers: wanted, early, stateDir, beside, log, reader, onDiscovered, onEndpoint }: ServingOptions,
): ServingOfInstance {
  // Without reusePort (macOS, Windows) only one thread can listen on a port.
  const reusePort = process.platform === 'linux';
  const count = countWorkers(wanted ?? config.workers, reusePort, log);
  const counters = new CounterRegistry(count);
  const exposition = new Exposition(counters, { retryReasons: RETRY_REASONS, choiceReasons: CHOICE_REASONS, build: version });
  const accessLog = new AccessOutput({ log, onDropped: (lines) => exposition.accessLogDropped(lines) });
  const evidence = new RolloutEvidence({ counters, chance: freshFraction });
  const workers = new Workers({
    count,
    reusePort,
    ports: beside?.given.listeners,
    beside: beside?.paths,
    early,
    counters,
    log,
    nowMs,
    onAccess: (chunk, lines) => accessLog.write(chunk, lines),
    onMissed: (writes, unlisted) => mirrorAnalysis.missed.add(writes, unlisted),
    onRestarted: () => exposition.workerRestarted(),
    onEjection: ({ kind, ...event }) => onEndpoint(kind, event),
    onEvidence: (pool) => evidence.tell(pool),
  });
  const certificates = new Certificates({
    tell: (update) => workers.setTls(update),
    firstSeed: beside?.given.ticketSeed,
    newSeed,
    clock: systemClock,
    log,
  });
  const mirrorAnalysis = new MirrorAnalysis({ log, counters, dir: stateDir, setLinks: (makeLink) => workers.setLinks(makeLink) });
  const left = beside?.unhealthy;
  const probes = createProbes({ left, log, counters, workers, onEndpoint, tlsOf: (pool, version) => certificates.tlsOf(pool, version) });
  const discovery = createDiscovery(log, (path) => reader.endpoints(path), onDiscovered);
  return { counters, exposition, accessLog, workers, mirrorAnalysis, probes, discovery, evidence, certificates };
}

/** @param wanted 0 = as many as there are processors that this process may use */
function countWorkers(wanted: number, reusePort: boolean, log: Log): number {
  const count = wanted === 0 ? workersFor(availableParallelism(), cpuLimit()) : wanted;
  if (reusePort || count === 1) return count;
  log.warn({ platform: process.platform }, 'this system cannot share a port between threads: one worker serves');
  return 1;
}
