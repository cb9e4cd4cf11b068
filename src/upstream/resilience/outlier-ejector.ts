// Takes the failing endpoints of one version out of use, within the bound of its pool, and lets them return.
// All workers obey the worker that ejects: it writes the end of the ejection into its own cell of the endpoint's counters and clears
// it when it is over; the others read it (`SharedEjections`). It never ejects the last endpoint that is ready, but for one case: nothing of
// the version can be reached, and another version of the pool takes over its share.

import type { OutlierConfig } from '../../config/model.ts';
import { nowMs, wallMs } from '../../lib/clock.ts';
import type { Deadlines } from '../../lib/deadlines.ts';
import type { Log } from '../../lib/log.ts';
import { randomFraction } from '../../lib/random.ts';
import type { CounterSet } from '../../telemetry/counter-set.ts';
import type { VersionCounters } from '../../telemetry/counters.ts';
import { OUTCOME } from '../../telemetry/outcomes.ts';
import type { Outcome } from '../../telemetry/outcomes.ts';
import { NOT_READY_EJECTED } from '../endpoint.ts';
import type { Endpoint } from '../endpoint.ts';
import { STALLED_MS } from './stalled.ts';
import { ejects, isOfWhole, stampOf, timesOf, untilOf } from './outlier.ts';
import type { EjectionRule, FailureKind } from './outlier.ts';

export interface OutlierEjectorDeps {
  readonly deadlines: Deadlines;
  readonly counters: CounterSet;
  readonly log: Log;
  /** This worker ejected an endpoint, or let one return. */
  readonly onEjections?: (change: EjectionChange) => void;
}

/** What a worker decided on, for the journal. */
export interface EjectionChange {
  readonly kind: 'ejected' | 'unejected';
  readonly pool: string;
  readonly version: string;
  readonly endpoint: string;
  readonly [fact: string]: unknown;
}

/** The version whose endpoints these are. */
export interface OutlierEjectorOwner {
  readonly name: string;
  readonly endpoints: readonly Endpoint[];
  readonly readyCount: number;
  /** Whether another version would take over its share if it had no ready endpoint. */
  readonly yields: boolean;
  mark(endpoint: Endpoint, reason: number, applies: boolean): void;
}

/** Makes up for shares that a binary fraction cannot hold: 29 % of 100 is 29. */
const ROUNDING = 1e-9;

const OFF: OutlierConfig = {
  consecutive: 0,
  consecutiveGateway: 0,
  failureShare: 0,
  minRequests: 1,
  intervalMs: 1,
  ejectionMs: 1,
  maxEjected: 0,
};

export class OutlierEjector {
  /** Endpoints that are ejected here. */
  ejected = 0;
  readonly #pool: string;
  readonly #owner: OutlierEjectorOwner;
  readonly #deps: OutlierEjectorDeps;
  readonly #counters: VersionCounters;
  #settings: OutlierConfig = OFF;

  constructor(pool: string, owner: OutlierEjectorOwner, deps: OutlierEjectorDeps) {
    this.#pool = pool;
    this.#owner = owner;
    this.#deps = deps;
    this.#counters = deps.counters.version(pool, owner.name);
  }

  /** Takes over new settings and the home's new endpoints; what is ejected stays so, unless ejection is off now (`review`). */
  configure(settings: OutlierConfig): void {
    this.#settings = settings;
    this.#count();
  }

  /** An attempt failed, or its response says that the endpoint did: then `status` is that of the response. */
  failed(endpoint: Endpoint, outcome: Outcome, status = 0): void {
    if (!ejects(this.#settings) || isEjected(endpoint) || this.#isOurs(outcome)) return;
    endpoint.counters.faulted();
    const atMs = nowMs();
    const rule = this.#judge(endpoint, kindOf(outcome, status), atMs);
    endpoint.outlier.noteUnreachable(rule !== undefined && isConnectFailure(outcome));
    if (rule === undefined || !(this.#mayEject(endpoint) || this.#isGone)) return;
    // Another worker may have been quicker, with this endpoint or with others: it counts once.
    this.review();
    if (this.#mayEject(endpoint)) this.#eject(endpoint, rule, atMs);
    else if (this.#isGone) this.#ejectAll(rule, atMs);
  }

  /** Ends what is over, and follows what other workers decided. */
  review(): void {
    const atMs = nowMs();
    const atWallMs = wallMs();
    // Endpoints may have come and gone since.
    this.#count();
    for (const endpoint of this.#owner.endpoints) {
      if (endpoint.outlier.endsMs !== 0 && this.#isOver(endpoint, atMs)) this.#end(endpoint);
      const stamp = endpoint.counters.ejection();
      const applies = ejects(this.#settings) && (endpoint.outlier.endsMs !== 0 || untilOf(stamp) > atWallMs);
      if (applies === isEjected(endpoint)) continue;
      if (!applies) this.#return(endpoint, atMs);
      else if (this.#mayEject(endpoint) || isOfWhole(stamp)) {
        endpoint.outlier.follow(timesOf(stamp));
        this.#takeOut(endpoint);
      }
    }
  }

  /**
   * Probes had found the endpoint unhealthy and now find it well: an ejection that this worker decided on ends early, half-open as
   * ever; the other workers follow. A probe that never saw the fault ends nothing.
   */
  uneject(endpoint: Endpoint): void {
    if (endpoint.outlier.endsMs === 0) return;
    this.#end(endpoint);
    this.review();
  }

  #count(): void {
    this.ejected = this.#owner.endpoints.filter(isEjected).length;
  }

  /** Only what may be picked, within the bound, and never the last one. */
  #mayEject(endpoint: Endpoint): boolean {
    const { endpoints, readyCount } = this.#owner;
    if (!endpoint.ready || readyCount <= 1) return false;
    return this.ejected + 1 <= endpoints.length * this.#settings.maxEjected + ROUNDING;
  }

  /** Whether no endpoint that is left can be reached, and others take over: what a bound would save are certain failures. */
  get #isGone(): boolean {
    const { endpoints, yields } = this.#owner;
    return yields && this.#settings.maxEjected > 0 && endpoints.every(({ ready, outlier }) => !ready || outlier.isUnreachable);
  }

  #isOver({ outlier }: Endpoint, atMs: number): boolean {
    return atMs >= outlier.endsMs || !ejects(this.#settings) || (outlier.isOfWhole && !this.#owner.yields);
  }

  #ejectAll(rule: EjectionRule, atMs: number): void {
    for (const endpoint of this.#owner.endpoints) {
      if (!endpoint.ready || isEjected(endpoint)) continue;
      endpoint.outlier.isOfWhole = true;
      this.#eject(endpoint, rule, atMs);
    }
  }

  #judge({ outlier, counters }: Endpoint, kind: FailureKind, atMs: number): EjectionRule | undefined {
    const rule = outlier.failed(this.#settings, kind, atMs);
    if (this.#settings.failureShare === 0) return rule;
    // Also where another rule has the say already: the window begins with the first failure.
    return outlier.window.isExceeded(this.#settings, counters.record(), atMs) ? (rule ?? 'failure-share') : rule;
  }

  #isOurs(outcome: Outcome): boolean {
    if (outcome !== OUTCOME.response_timeout && outcome !== OUTCOME.upstream_stalled && outcome !== OUTCOME.connect_timeout) return false;
    return this.#deps.deadlines.lateMs > STALLED_MS;
  }

  #eject(endpoint: Endpoint, rule: EjectionRule, atMs: number): void {
    const { outlier, counters } = endpoint;
    const seen = rule === 'failure-share' ? outlier.window.seen : undefined;
    const why = { rule, failures: outlier.inARow, ...(seen && { faults: seen.faults, attempts: seen.attempts }) };
    const lengthMs = outlier.eject(this.#settings, atMs, randomFraction());
    counters.ejected(stampOf(wallMs() + lengthMs, outlier.times, outlier.isOfWhole));
    this.#counters.ejected();
    const facts = { ...this.#fields(endpoint), ...why, times: outlier.times, lengthMs };
    this.#changed({ kind: 'ejected', ...facts });
    this.#deps.log.warn(facts, 'endpoint ejected');
    this.#takeOut(endpoint);
  }

  #takeOut(endpoint: Endpoint): void {
    this.ejected++;
    this.#owner.mark(endpoint, NOT_READY_EJECTED, true);
  }

  /** The ejection that this worker decided on is over. */
  #end(endpoint: Endpoint): void {
    endpoint.outlier.endsMs = 0;
    endpoint.counters.ejectionEnded();
    this.#changed({ kind: 'unejected', ...this.#fields(endpoint) });
    this.#deps.log.info(this.#fields(endpoint), 'endpoint is tried again');
  }

  #return(endpoint: Endpoint, atMs: number): void {
    this.ejected--;
    endpoint.outlier.returned(atMs);
    this.#owner.mark(endpoint, NOT_READY_EJECTED, false);
  }

  /** Of what this worker decides. The others see the cell while they have something to do, and hear it while they rest. */
  #changed(change: EjectionChange): void {
    this.#deps.counters.worker().ejectionsChanged();
    this.#deps.onEjections?.(change);
  }

  #fields(endpoint: Endpoint): { pool: string; version: string; endpoint: string } {
    return { pool: this.#pool, version: this.#owner.name, endpoint: endpoint.key };
  }
}

/** Failures without a response say that it was not reached, or did not do as HTTP asks. */
function kindOf(outcome: Outcome, status: number): FailureKind {
  if (outcome !== OUTCOME.ok && outcome !== OUTCOME.upstream_error) return 'gateway';
  return status === 502 || status === 503 || status === 504 ? 'gateway' : 'own';
}

function isConnectFailure(outcome: Outcome): boolean {
  return outcome === OUTCOME.connect_refused || outcome === OUTCOME.connect_timeout || outcome === OUTCOME.connect_tls;
}

function isEjected(endpoint: Endpoint): boolean {
  return (endpoint.notReadyReasons & NOT_READY_EJECTED) !== 0;
}
