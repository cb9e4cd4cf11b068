// What people and dashboards see of a running instance: figures of the last while, one page of state, and what is wrong.

import type { ConfigDiff, FileOverview, Finding, Overview, PoolOverview, VersionOverview } from '../api/overview.ts';
import type { PoolStatus, VersionStatus } from '../api/pools.ts';
import type { PoolStats } from '../api/stats.ts';
import { diffInTurns } from '../config/diff.ts';
import type { Difference } from '../config/diff.ts';
import type { Config } from '../config/model.ts';
import type { Pace } from '../lib/pace.ts';
import type { TrafficHistory, VersionWindow } from '../telemetry/traffic-history.ts';
import type { FileState } from './file-state.ts';
import { figuresOf, poolRatesOf, shareOf, statsOfVersion } from './figures.ts';
import type { Current } from './in-force/current.ts';
import type { DiscoveryFault } from './ports.ts';
import type { PressureLevel } from './pressure.ts';
import { waitingForRestart } from './restart-notices.ts';
import { routedVersions, versionKey } from './routed-versions.ts';
import type { SecretValues } from './secret-values.ts';
import { whatIsWrong, whatIsWrongWith } from './what-is-wrong.ts';

export interface ViewsDeps {
  readonly current: Pick<Current, 'config' | 'started' | 'written' | 'revision' | 'isAdrift'>;
  readonly secrets: Pick<SecretValues, 'faults'>;
  readonly traffic: Pick<TrafficHistory, 'window'>;
  readonly file: Pick<FileState, 'shown'>;
  readonly workers: { readonly serving: number; readonly total: number };
  readonly pressure: () => PressureLevel;
  readonly faults: () => Iterable<DiscoveryFault>;
  readonly accessLogFault: () => string | undefined;
  readonly rollouts: () => readonly Finding[];
  readonly wallMs: () => number;
}

interface SeenPool {
  readonly pool: PoolStatus;
  readonly windows: ReadonlyMap<string, VersionWindow>;
  readonly findings: readonly Finding[];
  readonly measuredMs: number;
}

/** Of the overview, and of what is said to fail. */
const OVERVIEW_WINDOW_MS = 60_000;
const MAX_FINDINGS = 100;

export class Views {
  readonly #deps: ViewsDeps;
  readonly #startedMs: number;
  /** Of the two configs that were compared last. */
  #compared: { readonly written: Config | undefined; readonly config: Config | undefined; readonly differences: readonly Difference[] };

  constructor(deps: ViewsDeps) {
    this.#deps = deps;
    this.#startedMs = deps.wallMs();
    this.#compared = { written: undefined, config: undefined, differences: [] };
  }

  stats(pool: PoolStatus, windowMs: number): PoolStats {
    const windows = this.#windowsOf(pool, windowMs);
    const requests = requestsOf(windows);
    const versions = pool.versions.map((version) => statsOfVersion(version, windows.get(version.name), requests));
    const measuredMs = Math.max(0, ...versions.map((version) => version.measuredMs));
    return { pool: pool.name, revision: pool.revision, windowMs, measuredMs, ...poolRatesOf(versions, measuredMs), versions };
  }

  /** @param pools looked at one after the other, in turns */
  async overview(pools: Iterable<PoolStatus>, pace: Pace): Promise<Overview> {
    const { current, workers, wallMs } = this.#deps;
    const { revision } = current;
    const file = await this.#file(pace);
    const seen = await this.#see(pools, pace);
    const measuredMs = Math.max(0, ...seen.map((each) => each.measuredMs));
    const shown: PoolOverview[] = [];
    for (const { pool, windows } of seen) {
      shown.push(poolOverview(pool, windows, measuredMs));
      await pace.rest();
    }
    const findings = this.#findings(seen);
    pace.end();
    return {
      revision,
      atMs: wallMs(),
      startedMs: this.#startedMs,
      workers: { applied: workers.serving, total: workers.total },
      windowMs: OVERVIEW_WINDOW_MS,
      measuredMs,
      file,
      pools: shown,
      findings: findings.slice(0, MAX_FINDINGS),
      findingCount: findings.length,
    };
  }

  async #see(pools: Iterable<PoolStatus>, pace: Pace): Promise<readonly SeenPool[]> {
    const named = routedVersions(this.#deps.current.config?.routes ?? []);
    const isNamed = (pool: string, version: string): boolean => named.has(versionKey(pool, version));
    const seen: SeenPool[] = [];
    for (const pool of pools) {
      const windows = this.#windowsOf(pool, OVERVIEW_WINDOW_MS);
      const findings = whatIsWrongWith(pool, { isNamed, lately: (version) => latelyOf(windows.get(version)) });
      seen.push({ pool, windows, findings, measuredMs: Math.max(0, ...[...windows.values()].map((window) => window.measuredMs)) });
      await pace.rest();
    }
    return seen;
  }

  #findings(seen: readonly SeenPool[]): readonly Finding[] {
    const { current, secrets, workers, file, pressure, faults, accessLogFault, rollouts } = this.#deps;
    const versionsOf = (name: string): readonly VersionStatus[] => seen.find(({ pool }) => pool.name === name)?.pool.versions ?? [];
    return whatIsWrong({
      file: file.shown,
      workers,
      pressure: pressure(),
      isAdrift: current.isAdrift,
      restart: this.#restart(),
      accessLogFault: accessLogFault(),
      ofPools: seen.flatMap(({ findings }) => findings),
      isReady: (pool, version) => versionsOf(pool).some(({ name, ready }) => name === version && ready),
      faults: faults(),
      secrets: secrets.faults(),
      rollouts: rollouts(),
    });
  }

  /** What is served, against the file as it was last taken. */
  async configDiff(pace: Pace): Promise<ConfigDiff> {
    const { revision } = this.#deps.current;
    const differences = await this.#differences(pace);
    const file = { ...this.#deps.file.shown, differences: differences.length };
    pace.end();
    return { revision, file, differences, restart: [...this.#restart()] };
  }

  #restart(): readonly string[] {
    const { started, config } = this.#deps.current;
    return waitingForRestart(started, config);
  }

  async #file(pace: Pace): Promise<FileOverview> {
    const differences = await this.#differences(pace);
    return { ...this.#deps.file.shown, differences: differences.length };
  }

  async #differences(pace: Pace): Promise<readonly Difference[]> {
    const { written, config } = this.#deps.current;
    if (this.#compared.written === written && this.#compared.config === config) return this.#compared.differences;
    await pace.rest();
    const differences = written === undefined || config === undefined || written === config ? [] : await diffInTurns(written, config, pace);
    this.#compared = { written, config, differences };
    return differences;
  }

  #windowsOf({ name, versions }: PoolStatus, windowMs: number): ReadonlyMap<string, VersionWindow> {
    const found = versions.map((version) => [version.name, this.#deps.traffic.window(name, version.name, windowMs)] as const);
    return new Map(found.flatMap(([version, window]) => (window === undefined ? [] : [[version, window] as const])));
  }
}

function requestsOf(windows: ReadonlyMap<string, VersionWindow>): number {
  return [...windows.values()].reduce((sum, { counted }) => sum + counted.requests, 0);
}

function poolOverview(pool: PoolStatus, windows: ReadonlyMap<string, VersionWindow>, measuredMs: number): PoolOverview {
  const requests = requestsOf(windows);
  const versions = pool.versions.map((version) => versionOverview(version, windows.get(version.name), requests));
  return { name: pool.name, ...poolRatesOf(versions, measuredMs), versions };
}

function versionOverview(version: VersionStatus, window: VersionWindow | undefined, requests: number): VersionOverview {
  const { name, ready, draining, endpoints, inFlight, users, deploy } = version;
  return {
    name,
    ...figuresOf(window),
    ...shareOf(version, window, requests),
    inFlight,
    ready,
    draining,
    endpoints: { ready: endpoints.filter((each) => each.ready).length, total: endpoints.length },
    ...(users !== undefined && { users }),
    ...(deploy !== undefined && { deploy }),
  };
}

function latelyOf(
  window: VersionWindow | undefined,
): { measuredMs: number; requests: number; errors: number; fallbacks: number } | undefined {
  return window && { measuredMs: window.measuredMs, ...window.counted };
}
