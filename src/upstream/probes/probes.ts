// Active health checks of all endpoints, on the control thread. It finds out and tells; it never decides where a request goes.

import { isDeepStrictEqual } from 'node:util';
import type { PoolConfig, ProxyProtocol, UpstreamProtocol } from '../../config/model.ts';
import type { Clock, Timer } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { VersionActivity } from '../../telemetry/version-activity.ts';
import { identifyEndpoint } from '../endpoint.ts';
import type { EndpointName } from '../endpoint.ts';
import { PROBE_RESULTS } from './probe.ts';
import type { DialTls } from './dial.ts';
import type { Probe, ProbeResult } from './probe.ts';
import { Prober } from './prober.ts';
import type { ProberOwner, ProberDeps } from './prober.ts';
import { Semaphore } from '../../lib/semaphore.ts';
import { HealthState } from './health-state.ts';

export interface ProbesOptions {
  readonly clock: Clock;
  /** 0 <= x < 1; for jitter. */
  readonly random: () => number;
  readonly probe: Probe;
  readonly log: Log;
  readonly activity: VersionActivity;
  /** Undefined: its endpoints speak plaintext. */
  readonly tlsOf: (pool: string, version: string) => DialTls | undefined;
  /** Told after every change: all endpoints that are unhealthy now. */
  readonly onHealth: (unhealthy: readonly EndpointName[]) => void;
  /** Told of each verdict that is another one, and of the first that is bad. */
  /** Ids of endpoints that the process before knew to be unhealthy: so they count until their first probe. */
  readonly left?: ReadonlySet<string> | undefined;
  readonly onVerdict?: (
    endpoint: EndpointName,
    verdict: { readonly healthy: boolean; readonly result: string; readonly detail: string },
  ) => void;
}

/** Probes under way at once; what hangs holds its place for its timeout. */
const AT_ONCE = 256;
/** Changes that come this close together are told as one. */
const GATHER_MS = 5;
/** Of what is kept of the latest probe. */
const MAX_DETAIL_LENGTH = 200;

type Target = Pick<Prober, 'endpoint' | 'health'>;

interface Probed {
  readonly name: EndpointName;
  readonly counts: Record<ProbeResult, number>;
  verdict: HealthState;
  prober: Prober;
  proxyProtocol: ProxyProtocol | undefined;
  protocol: UpstreamProtocol;
  /** Since when the verdict stands, by the wall. */
  sinceMs: number;
  /** How the latest probe ended, and when. */
  latest: { readonly result: ProbeResult; readonly detail: string; readonly atMs: number } | undefined;
}

/** What is known of one endpoint that is probed. Times are milliseconds since the epoch. */
export interface ProbedHealth extends Pick<Probed, 'sinceMs'> {
  readonly healthy: boolean;
  readonly probe: Probed['latest'];
}

export class Probes {
  readonly #options: ProbesOptions;
  readonly #deps: ProberDeps;
  #probed: ReadonlyMap<string, Probed> = new Map();
  /** All endpoints of the latest Config, probed or not. */
  #known: ReadonlySet<string> = new Set();
  /** Endpoints of what is being handed on, which count as unhealthy from the start. */
  readonly #expected = new Set<readonly EndpointName[]>();
  #telling: Timer | undefined = undefined;
  #closed = false;

  constructor(options: ProbesOptions) {
    this.#options = options;
    const { clock, random, probe } = options;
    this.#deps = { clock, random, probe, turns: new Semaphore(AT_ONCE) };
  }

  /**
   * Hands a Config on with `apply`, then probes what it names (`configure`). Endpoints that are new and start unhealthy are told before:
   * nobody who knows them takes them for healthy. What `apply` refuses leaves no trace.
   */
  async adopt<T>(pools: readonly PoolConfig[], apply: () => Promise<T>): Promise<T> {
    const expected = [...wanted(pools)].filter((each) => this.#startsUnhealthy(each)).map(nameOf);
    this.#expected.add(expected);
    if (expected.length > 0) this.#tell();
    try {
      const adopted = await apply();
      this.configure(pools);
      return adopted;
    } finally {
      this.#expected.delete(expected);
      if (expected.length > 0) this.#tellSoon();
    }
  }

  /**
   * Probes exactly the endpoints of pools with `health`. What stays as it is, is probed on undisturbed. An endpoint whose settings
   * changed keeps its verdict until its next probe, which begins at once and decides. A new one counts as what `start` says until then;
   * one that was in use before its pool had `health` is not new.
   */
  configure(pools: readonly PoolConfig[]): void {
    // A reload may end only after the instance has.
    if (this.#closed) return;
    const before = new Map(this.#probed);
    const probed = new Map<string, Probed>();
    for (const each of wanted(pools)) {
      const id = identifyEndpoint(nameOf(each));
      const known = before.get(id);
      before.delete(id);
      if (known !== undefined && !isProbedAs(known, each)) this.#restart(known, each);
      probed.set(id, known ?? this.#add(each, !this.#startsUnhealthy(each)));
    }
    for (const gone of before.values()) gone.prober.stop();
    this.#probed = probed;
    this.#known = new Set([...named(pools)].map(identifyEndpoint));
    if ([...before.values()].some(({ verdict }) => !verdict.healthy)) this.#tellSoon();
  }

  /** Probes ended, by endpoint and result. */
  *counts(): Iterable<readonly [labels: Readonly<Record<string, string>>, count: number]> {
    for (const { name, counts } of this.#probed.values()) {
      for (const result of PROBE_RESULTS) yield [{ ...name, result }, counts[result]];
    }
  }

  /** Undefined where it is not probed. */
  healthOf(pool: string, version: string, endpoint: string): ProbedHealth | undefined {
    const probed = this.#probed.get(identifyEndpoint({ pool, version, endpoint }));
    return probed && { healthy: probed.verdict.healthy, sinceMs: probed.sinceMs, probe: probed.latest };
  }

  /** Endpoints that count as unhealthy. */
  get unhealthy(): readonly EndpointName[] {
    return [...this.#probed.values()].filter(({ verdict }) => !verdict.healthy).map(({ name }) => name);
  }

  /** Stops all probes; nothing is told any more. */
  close(): void {
    this.#closed = true;
    for (const { prober } of this.#probed.values()) prober.stop();
    this.#probed = new Map();
    this.#telling?.stop();
    this.#telling = undefined;
  }

  #startsUnhealthy(wanted: Wanted): boolean {
    const id = identifyEndpoint(nameOf(wanted));
    return (wanted.health.start === 'unhealthy' || this.#options.left?.has(id) === true) && !this.#known.has(id);
  }

  #add(wanted: Wanted, healthy: boolean): Probed {
    const counts = { ok: 0, connect: 0, timeout: 0, status: 0, body: 0, broken: 0 };
    const verdict = new HealthState(wanted.health, healthy);
    const sinceMs = this.#options.clock.wallMs();
    const { proxyProtocol, protocol } = wanted;
    const prober = this.#start(wanted, () => probed);
    const probed: Probed = { name: nameOf(wanted), counts, verdict, prober, proxyProtocol, protocol, sinceMs, latest: undefined };
    return probed;
  }

  #restart(probed: Probed, wanted: Wanted): void {
    probed.prober.stop();
    probed.verdict = new HealthState(wanted.health, probed.verdict.healthy);
    probed.proxyProtocol = wanted.proxyProtocol;
    probed.protocol = wanted.protocol;
    probed.prober = this.#start(wanted, () => probed);
  }

  #start(wanted: Wanted, probed: () => Probed): Prober {
    const owner: ProberOwner = {
      taken: (result, detail) => this.#take(probed(), result, detail),
      certain: () => probed().verdict.certain,
      activity: () => (wanted.health.idleIntervalMs === 0 ? 0 : this.#options.activity(wanted.pool, wanted.version)),
      manner: () => ({
        tls: this.#options.tlsOf(wanted.pool, wanted.version),
        proxyProtocol: wanted.proxyProtocol,
        protocol: wanted.protocol,
      }),
    };
    return new Prober(wanted, this.#deps, owner);
  }

  #take(probed: Probed, result: ProbeResult, detail: string): void {
    const { name, counts, verdict } = probed;
    counts[result]++;
    const first = !verdict.proven;
    const changed = verdict.take(result === 'ok');
    probed.latest = { result, detail: detail.slice(0, MAX_DETAIL_LENGTH), atMs: this.#options.clock.wallMs() };
    if (changed || first) probed.sinceMs = probed.latest.atMs;
    const { healthy } = verdict;
    if (changed || (first && !healthy)) this.#options.onVerdict?.(name, { healthy, result, detail: probed.latest.detail });
    if (!healthy && (changed || first)) this.#options.log.warn({ ...name, result, detail }, 'an endpoint is unhealthy');
    if (!changed) return;
    if (verdict.healthy) this.#options.log.info({ ...name }, first ? 'a new endpoint is healthy' : 'an endpoint is healthy again');
    this.#tellSoon();
  }

  #tellSoon(): void {
    if (this.#closed) return;
    this.#telling ??= this.#options.clock.after(GATHER_MS, () => this.#tell());
  }

  #tell(): void {
    if (this.#closed) return;
    this.#telling?.stop();
    this.#telling = undefined;
    this.#options.onHealth([...[...this.#expected].flat(), ...this.unhealthy]);
  }
}

/** One endpoint that is to be probed. */
interface Wanted extends Target {
  readonly pool: string;
  readonly version: string;
  readonly proxyProtocol: ProxyProtocol | undefined;
  readonly protocol: UpstreamProtocol;
}

function isProbedAs({ prober, proxyProtocol, protocol }: Probed, wanted: Wanted): boolean {
  return proxyProtocol === wanted.proxyProtocol && protocol === wanted.protocol && isDeepStrictEqual(prober.health, wanted.health);
}

function nameOf({ pool, version, endpoint }: Wanted): EndpointName {
  return { pool, version, endpoint: endpoint.key };
}

function* wanted(pools: readonly PoolConfig[]): Iterable<Wanted> {
  for (const { name: pool, health, versions } of pools) {
    if (health === undefined) continue;
    for (const { name: version, endpoints, proxyProtocol, protocol } of versions) {
      for (const endpoint of endpoints)
        if (endpoint.address.kind !== 'srv') yield { pool, health, version, endpoint, proxyProtocol, protocol };
    }
  }
}

function* named(pools: readonly PoolConfig[]): Iterable<EndpointName> {
  for (const { name: pool, versions } of pools) {
    for (const { name: version, endpoints } of versions) for (const { key } of endpoints) yield { pool, version, endpoint: key };
  }
}
