// What is wrong with an instance, as one list: for the overview, `sluice status` and its exit code. Pure: it judges what it is given.

import type { EndpointStatus, PoolStatus, VersionStatus } from '../api/pools.ts';
import type { Finding } from '../api/overview.ts';
import { firstProblem } from './file-state.ts';
import type { ShownFile } from './file-state.ts';
import type { DiscoveryFault } from './ports.ts';
import type { PressureLevel } from './pressure.ts';
import type { SecretFault } from './secret-values.ts';

export interface LatelyFailed {
  readonly measuredMs: number;
  readonly requests: number;
  readonly errors: number;
  /** Requests that another version took over. */
  readonly fallbacks: number;
}

export interface Observed {
  readonly file: ShownFile;
  readonly workers: { readonly serving: number; readonly total: number };
  readonly pressure: PressureLevel;
  /** The start lost what the API had changed, and nobody has changed anything since. */
  readonly isAdrift: boolean;
  /** Fields whose value takes effect at a restart. */
  readonly restart: readonly string[];
  /** Why lines of the access log are lost; undefined while they are not. */
  readonly accessLogFault: string | undefined;
  /** What is wrong with each pool, in the order of the config. */
  readonly ofPools: readonly Finding[];
  readonly isReady: (pool: string, version: string) => boolean;
  readonly faults: Iterable<DiscoveryFault>;
  readonly secrets: readonly SecretFault[];
  readonly rollouts: readonly Finding[];
}

export interface ObservedPool {
  /** Whether a route names the version outright. */
  readonly isNamed: (pool: string, version: string) => boolean;
  readonly lately: (version: string) => LatelyFailed | undefined;
}

/** Errors from which on a version fails: fewer say little. */
const MIN_ERRORS = 5;
/** Share of failed requests above which a version fails, and that from which on it is an error. */
const FAILING = 0.05;
const FAILING_BADLY = 0.5;
const ENDPOINTS_SHOWN = 3;

/** Errors first; within them what concerns the whole instance, then pools in the order of the config. */
export function whatIsWrong(observed: Observed): readonly Finding[] {
  const found = [
    ...ofFile(observed.file),
    ...ofWorkers(observed),
    ...ofMemory(observed.pressure),
    ...(observed.isAdrift ? [ADRIFT] : []),
    ...observed.restart.map(ofRestart),
    ...ofAccessLog(observed.accessLogFault),
    ...observed.secrets.map(ofSecret),
    ...observed.rollouts,
    ...observed.ofPools,
    ...[...observed.faults].map((fault) => ofDiscovery(fault, observed.isReady(fault.pool, fault.version))),
  ];
  return [...found.filter(({ severity }) => severity === 'error'), ...found.filter(({ severity }) => severity === 'warning')];
}

function ofFile(file: ShownFile): readonly Finding[] {
  const { state, sinceMs } = file;
  if (state === 'taken') return [];
  if (state === 'missing')
    return [
      {
        severity: 'warning',
        code: 'file-missing',
        place: 'file',
        message: 'The config on disk is gone; what was served is served on.',
        sinceMs,
      },
    ];
  const message = `The config on disk is refused, what was served before is served on: ${firstProblem(file)}`;
  return [{ severity: 'error', code: 'file-refused', place: 'file', message, sinceMs }];
}

function ofWorkers({ workers: { serving, total } }: Observed): readonly Finding[] {
  if (serving >= total) return [];
  const message =
    serving === 0 ? 'No worker serves.' : `Only ${serving} of ${total} workers serve; others take the place of those that died.`;
  return [{ severity: serving === 0 ? 'error' : 'warning', code: 'workers', place: 'workers', message }];
}

const PRESSURE: readonly string[] = ['', 'connections are not kept', 'requests are refused', 'connections and requests are refused'];

function ofMemory(level: PressureLevel): readonly Finding[] {
  if (level === 0) return [];
  const message = `Memory runs short: ${PRESSURE[level]}.`;
  return [{ severity: level === 1 ? 'warning' : 'error', code: 'memory', place: 'overload', message }];
}

const ADRIFT: Finding = {
  severity: 'error',
  code: 'state-lost',
  place: 'state',
  message:
    'The state was lost, with what the API had changed: traffic goes where the file sends it. A change, by the file or the API, says what is right.',
};

function ofRestart(place: string): Finding {
  const message = `Needs a restart: ${place} changed, and what runs is still as it was when the process started.`;
  return { severity: 'warning', code: 'needs-restart', place, message };
}

function ofAccessLog(fault: string | undefined): readonly Finding[] {
  if (fault === undefined) return [];
  return [{ severity: 'warning', code: 'access-log', place: 'accessLog', message: `Lines of the access log are lost: ${fault}.` }];
}

function ofSecret({ place, reason, sinceMs }: SecretFault): Finding {
  return { severity: 'warning', code: 'secret', place, message: `A secret cannot be read, its last value is used on: ${reason}.`, sinceMs };
}

/** The part of it that concerns one pool. */
export function whatIsWrongWith(pool: PoolStatus, observed: ObservedPool): readonly Finding[] {
  const ofVersions = pool.versions.flatMap((version) => {
    if (version.draining || !isUsed(pool, version, observed)) return [];
    return [...ofReadiness(pool.name, version), ...ofFailures(pool.name, version, observed.lately(version.name))];
  });
  return [...ofVersions, ...pool.mirrors.filter(({ paused }) => paused === true).map(({ name }) => ofMirror(pool.name, name))];
}

function ofMirror(pool: string, mirror: string): Finding {
  const message = `Mirror ${mirror} of ${pool} pauses, because its copies fail.`;
  return { severity: 'warning', code: 'mirror-paused', place: `pools.${pool}.mirrors.${mirror}`, pool, message };
}

/** Nobody misses a version that gets no requests: one that is not deployed yet, or was left. */
function isUsed({ name, overrides, mirrors }: PoolStatus, version: VersionStatus, { isNamed }: ObservedPool): boolean {
  if (version.share > 0 || isNamed(name, version.name)) return true;
  if (overrides.some((each) => each.version === version.name)) return true;
  return mirrors.some(({ to }) => to.pool === name && to.version === version.name);
}

function ofReadiness(pool: string, version: VersionStatus): readonly Finding[] {
  const wrong = version.endpoints.filter(({ reason }) => reason === 'unhealthy' || reason === 'ejected');
  if (version.ready && wrong.length === 0) return [];
  const { name, share, endpoints } = version;
  const about = { place: placeOf(pool, name), pool, version: name, ...sinceOf(wrong, version.ready) };
  if (version.ready) {
    const message = `${wrong.length} of ${endpoints.length} endpoints of version ${name} of ${pool} are not ready: ${listed(wrong)}.`;
    return [{ severity: 'warning', code: 'endpoints-not-ready', ...about, message }];
  }
  const why = endpoints.length === 0 ? 'it has none' : wrong.length > 0 ? listed(wrong) : 'their weight is 0, or they are drained';
  const message = `Version ${name} of ${pool} has no ready endpoint: ${why}.`;
  return [{ severity: share > 0 ? 'error' : 'warning', code: 'version-not-ready', ...about, message }];
}

/** Since the last of them failed where none is left, else since the first. Ejections are not dated. */
function sinceOf(wrong: readonly EndpointStatus[], isReady: boolean): Pick<Finding, 'sinceMs'> {
  const times = wrong.flatMap(({ reason, health }) => (reason === 'unhealthy' && health !== undefined ? [health.sinceMs] : []));
  if (times.length === 0 || times.length < wrong.length) return {};
  return { sinceMs: isReady ? Math.min(...times) : Math.max(...times) };
}

function listed(endpoints: readonly EndpointStatus[]): string {
  const shown = endpoints.slice(0, ENDPOINTS_SHOWN).map(sayWhy);
  const more = endpoints.length - shown.length;
  return `${shown.join('; ')}${more > 0 ? `; and ${more} more` : ''}`;
}

function sayWhy({ address, reason, health }: EndpointStatus): string {
  if (reason === 'ejected') return `${address} is ejected after failures`;
  const probe = health?.probe;
  if (probe === undefined) return `${address} is not known to be healthy yet`;
  return `${address} fails its health check (${probe.detail === '' ? probe.result : `${probe.result}: ${probe.detail}`})`;
}

function ofFailures(pool: string, { name }: VersionStatus, lately: LatelyFailed | undefined): readonly Finding[] {
  if (lately === undefined) return [];
  const { measuredMs, requests, errors, fallbacks } = lately;
  const [failed, all] = [errors + fallbacks, requests + fallbacks];
  if (failed < MIN_ERRORS || failed <= all * FAILING) return [];
  const taken = fallbacks === 0 ? '' : `; other versions took over ${fallbacks} of them`;
  const message = `Version ${name} of ${pool} failed ${failed} of ${all} requests in the last ${Math.round(measuredMs / 1000)} s${taken}.`;
  const severity = failed >= all * FAILING_BADLY ? 'error' : 'warning';
  return [{ severity, code: 'version-failing', place: placeOf(pool, name), pool, version: name, message }];
}

function ofDiscovery({ kind, pool, version, source, sinceMs, reason, kept }: DiscoveryFault, isReady: boolean): Finding {
  const what =
    kind === 'name'
      ? `The name ${source} of version ${version} of ${pool} does not resolve`
      : `The endpoint file ${source} of version ${version} of ${pool} is not used`;
  const rest = kept === 0 ? 'nothing is known of it' : `what was known of it stays (${kept})`;
  const about = { place: placeOf(pool, version), pool, version, message: `${what}: ${reason}; ${rest}.`, sinceMs };
  return { severity: isReady ? 'warning' : 'error', code: kind === 'name' ? 'name' : 'endpoint-file', ...about };
}

function placeOf(pool: string, version: string): string {
  return `pools.${pool}.versions.${version}`;
}
