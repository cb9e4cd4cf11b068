// Active health checks of all endpoints, on the control thread. It finds out and tells; it never decides where a request goes.

import { isDeepStrictEqual } from 'node:util';
import type { PoolConfig } from '../../config/model.ts';
import type { Clock, Timer } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import { identifyEndpoint } from '../endpoint.ts';
import type { EndpointName } from '../endpoint.ts';
import { PROBE_RESULTS } from './probe.ts';
import type { Probe, ProbeResult } from './probe.ts';
import { Prober } from './prober.ts';
import type { ProberParts } from './prober.ts';
import { Turns } from './turns.ts';
import { Verdict } from './verdict.ts';

export interface ProbesOptions {
  readonly clock: Clock;
  /** 0 <= x < 1; for jitter. */
  readonly random: () => number;
  readonly probe: Probe;
  readonly log: Log;
  /** Told after every change: all endpoints that are unhealthy now. */
  readonly onHealth: (unhealthy: readonly EndpointName[]) => void;
}

/** Probes under way at once; what hangs holds its place for its timeout. */
const AT_ONCE = 256;
/** Changes that come this close together are told as one. */
const GATHER_MS = 5;

interface Probed {
  readonly name: EndpointName;
  readonly counts: Record<ProbeResult, number>;
  verdict: Verdict;
  prober: Prober;
}

export class Probes {
  readonly #options: ProbesOptions;
  readonly #parts: ProberParts;
  #probed: ReadonlyMap<string, Probed> = new Map();
  #telling: Timer | undefined = undefined;
  #closed = false;

  constructor(options: ProbesOptions) {
    this.#options = options;
    const { clock, random, probe } = options;
    this.#parts = { clock, random, probe, turns: new Turns(AT_ONCE) };
  }

  /**
   * Probes exactly the endpoints of pools with `health`. What stays as it is, is probed on undisturbed. An endpoint whose settings
   * changed keeps its verdict until its next probe, which begins at once and decides. A new one counts as healthy until then.
   */
  configure(pools: readonly PoolConfig[]): void {
    // A reload may end only after the instance has.
    if (this.#closed) return;
    const before = new Map(this.#probed);
    const probed = new Map<string, Probed>();
    for (const { pool, health, version, endpoint } of wanted(pools)) {
      const name = { pool, version, endpoint: endpoint.key };
      const id = identifyEndpoint(name);
      const known = before.get(id);
      before.delete(id);
      if (known === undefined) probed.set(id, this.#add(name, { endpoint, health }));
      else {
        if (!isDeepStrictEqual(known.prober.health, health)) this.#restart(known, { endpoint, health });
        probed.set(id, known);
      }
    }
    for (const gone of before.values()) gone.prober.stop();
    this.#probed = probed;
    if ([...before.values()].some(({ verdict }) => !verdict.healthy)) this.#tellSoon();
  }

  /** Probes ended, by endpoint and result. Results that never came have no line. */
  *counts(): Iterable<readonly [labels: Readonly<Record<string, string>>, count: number]> {
    for (const { name, counts } of this.#probed.values()) {
      for (const result of PROBE_RESULTS) if (counts[result] > 0) yield [{ ...name, result }, counts[result]];
    }
  }

  /** Stops all probes; nothing is told any more. */
  close(): void {
    this.#closed = true;
    for (const { prober } of this.#probed.values()) prober.stop();
    this.#probed = new Map();
    this.#telling?.stop();
    this.#telling = undefined;
  }

  #add(name: EndpointName, of: Pick<Prober, 'endpoint' | 'health'>): Probed {
    const counts = { ok: 0, connect: 0, timeout: 0, status: 0, body: 0, broken: 0 };
    const probed: Probed = { name, counts, verdict: new Verdict(of.health, true), prober: this.#start(of, () => probed) };
    return probed;
  }

  #restart(probed: Probed, of: Pick<Prober, 'endpoint' | 'health'>): void {
    probed.prober.stop();
    probed.verdict = new Verdict(of.health, probed.verdict.healthy);
    probed.prober = this.#start(of, () => probed);
  }

  #start(of: Pick<Prober, 'endpoint' | 'health'>, probed: () => Probed): Prober {
    return new Prober(of, this.#parts, (result, detail) => this.#take(probed(), result, detail));
  }

  #take({ name, counts, verdict }: Probed, result: ProbeResult, detail: string): void {
    counts[result]++;
    if (!verdict.take(result === 'ok')) return;
    if (verdict.healthy) this.#options.log.info({ ...name }, 'an endpoint is healthy again');
    else this.#options.log.warn({ ...name, result, detail }, 'an endpoint is unhealthy');
    this.#tellSoon();
  }

  #tellSoon(): void {
    this.#telling ??= this.#options.clock.after(GATHER_MS, () => {
      this.#telling = undefined;
      const unhealthy = [...this.#probed.values()].filter(({ verdict }) => !verdict.healthy);
      this.#options.onHealth(unhealthy.map(({ name }) => name));
    });
  }
}

function* wanted(pools: readonly PoolConfig[]) {
  for (const { name: pool, health, versions } of pools) {
    if (health === undefined) continue;
    for (const { name: version, endpoints } of versions) {
      for (const endpoint of endpoints) if (endpoint.address.kind !== 'srv') yield { pool, health, version, endpoint };
    }
  }
}
