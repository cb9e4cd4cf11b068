// Picks the endpoint of a version: zones in their order, as far as they are ready; all endpoints in a panic; less than their share for
// those that start slowly. Within a zone the balancer decides. It reads readiness and never changes it.

import type { BalancerName, PoolConfig } from '../config/model.ts';
import { hashString, toFraction } from '../lib/hash.ts';
import type { Balancer } from './balancer.ts';
import { createBalancer } from './balancers/create.ts';
import { NOT_READY_EJECTED, NOT_READY_UNHEALTHY } from './endpoint.ts';
import type { Endpoint } from './endpoint.ts';
import { SlowStart } from './resilience/slow-start.ts';
import { sharesOf } from './zones.ts';

interface Zone {
  /** Position in the order of preference. */
  readonly rank: number;
  readonly balancer: Balancer;
  readonly endpoints: readonly Endpoint[];
}

const ZONE_SEED = 0x7a6f6e65;
/** In a panic an endpoint may be picked in spite of these. */
const IN_PANIC = NOT_READY_UNHEALTHY | NOT_READY_EJECTED;

export class Selection {
  /** Endpoints that may be picked. */
  readyCount = 0;
  /** Whether all endpoints are used, ready or not. */
  panicking = false;
  followsLatency = false;
  readonly slowStart: SlowStart;
  readonly #random: () => number;
  #balancerName: BalancerName = 'least-request';
  #zoneNames: readonly string[] = [];
  #panicBelow = 0;
  #endpoints: readonly Endpoint[] = [];
  /** In the order of preference; none is empty. */
  #zones: readonly Zone[] = [];
  /** Running sums of what each zone gets; the last is 1. */
  #shares: readonly number[] = [];

  /** @param random fractions, 0 <= x < 1 */
  constructor(random: () => number) {
    this.#random = random;
    this.slowStart = new SlowStart(random);
  }

  /** Takes over settings; `update` must follow. Balancers keep what they know as long as they stay what they are. */
  configure(pool: PoolConfig): void {
    const anew = pool.balancer !== this.#balancerName || pool.zones.join() !== this.#zoneNames.join();
    if (anew) this.#zones = [];
    this.#balancerName = pool.balancer;
    this.#zoneNames = pool.zones;
    this.#panicBelow = pool.panic;
    this.slowStart.windowMs = pool.slowStartMs;
  }

  /** The endpoints, their weights or zones changed. */
  update(endpoints: readonly Endpoint[]): void {
    this.#endpoints = endpoints;
    for (const endpoint of endpoints) endpoint.zoneRank = this.#rankOf(endpoint);
    const known = new Map(this.#zones.map(({ rank, balancer }) => [rank, balancer]));
    const byRank = Map.groupBy(endpoints, ({ zoneRank }) => zoneRank);
    this.#zones = [...byRank.keys()]
      .sort((a, b) => a - b)
      .map((rank) => ({
        rank,
        balancer: known.get(rank) ?? createBalancer(this.#balancerName, this.#random),
        endpoints: byRank.get(rank)!,
      }));
    for (const { balancer, endpoints: members } of this.#zones) balancer.update(members);
    this.followsLatency = this.#zones[0]?.balancer.followsLatency ?? false;
    this.refresh();
  }

  /** Readiness of an endpoint changed. */
  refresh(): void {
    this.#ignore(0);
    const zones = this.#zones.map(({ endpoints }) => endpoints);
    const { shares, whole } = sharesOf(zones);
    this.#shares = shares;
    this.readyCount = this.#countReady();
    const usable = this.#endpoints.filter(({ weight, notReadyReasons }) => weight > 0 && (notReadyReasons & ~IN_PANIC) === 0);
    this.panicking = !whole && this.readyCount < usable.length * this.#panicBelow;
    if (!this.panicking) return;
    this.#ignore(IN_PANIC);
    this.#shares = sharesOf(zones).shares;
    this.readyCount = usable.length;
  }

  /** @param key affinity key, empty when unkeyed; @param avoid an endpoint that just failed: the last resort */
  pick(key: string, avoid: Endpoint | undefined): Endpoint | undefined {
    const zones = this.#zones;
    const endpoint = zones.length === 1 ? zones[0]!.balancer.pick(key, avoid) : this.#pickByZone(key, avoid);
    if (endpoint === undefined || !this.slowStart.active) return endpoint;
    if (!this.slowStart.passesOver(endpoint, key)) return endpoint;
    const other = this.#pickByZone(key, endpoint);
    return other === undefined || other === avoid ? endpoint : other;
  }

  /** The head of a response came `latencyMs` after its attempt began, at monotonic time `atMs`. */
  observed(endpoint: Endpoint, latencyMs: number, atMs: number): void {
    const zones = this.#zones;
    for (let at = 0; at < zones.length; at++) {
      const { rank, balancer } = zones[at]!;
      if (rank === endpoint.zoneRank) balancer.observed(endpoint, latencyMs, atMs);
    }
  }

  #pickByZone(key: string, avoid: Endpoint | undefined): Endpoint | undefined {
    const zones = this.#zones;
    if (zones.length === 0) return undefined;
    const first = this.#zoneFor(key);
    let last: Endpoint | undefined;
    for (let tried = 0; tried < zones.length; tried++) {
      const endpoint = zones[(first + tried) % zones.length]!.balancer.pick(key, avoid);
      if (endpoint !== undefined && endpoint !== avoid) return endpoint;
      last ??= endpoint;
    }
    return last;
  }

  /** The same key goes to the same zone as long as readiness does not change. */
  #zoneFor(key: string): number {
    const shares = this.#shares;
    if (shares[0]! >= 1) return 0;
    const fraction = key === '' ? this.#random() : toFraction(hashString(key, ZONE_SEED));
    return Math.max(
      0,
      shares.findIndex((sum) => fraction < sum),
    );
  }

  #rankOf({ zone }: Endpoint): number {
    if (this.#zoneNames.length === 0) return 0;
    const rank = this.#zoneNames.indexOf(zone ?? '');
    return rank === -1 ? this.#zoneNames.length : rank;
  }

  #ignore(reasons: number): void {
    for (const endpoint of this.#endpoints) endpoint.ignored = reasons;
  }

  #countReady(): number {
    let count = 0;
    for (const endpoint of this.#endpoints) if (endpoint.ready) count++;
    return count;
  }
}
