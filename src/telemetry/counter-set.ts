// The worker's side of the counters: finds the live object of a key. Kept in step with the registry by adopting its plans in order.

import { endpointId, listenerId, mirrorId, routeId, versionId, WORKER_ID } from './counter-key.ts';
import { BLOCK_CELLS, LISTENER_OPEN, LISTENER_TUNNELS } from './counter-layout.ts';
import type { CounterPlan } from './counter-plan.ts';
import { EndpointCounters, RouteCounters, VersionCounters, WorkerCounters } from './counters.ts';
import { ListenerCounters } from './listener-counters.ts';
import { MirrorCounters } from './mirror-counters.ts';

type Counters = EndpointCounters | ListenerCounters | MirrorCounters | RouteCounters | VersionCounters | WorkerCounters;

interface Bank {
  readonly cells: Float64Array;
  /** Of all workers, `cellsPerWorker` apart. */
  readonly everyone: Float64Array;
  readonly cellsPerWorker: number;
  /** Blocks in it; an empty bank is let go. */
  blocks: number;
}

interface Place {
  readonly bank: number;
  readonly first: number;
  counters: Counters | undefined;
}

export class CounterSet {
  readonly #worker: number;
  #number = 0;
  #stale: ReadonlySet<string> = new Set();
  readonly #banks = new Map<number, Bank>();
  readonly #places = new Map<string, Place>();
  // Exchanges may outlive their key; what they still count lands here and is never read.
  readonly #nowhere = new Float64Array(Math.max(...Object.values(BLOCK_CELLS)));

  /** @param worker from 0; no two live sets of one registry share it */
  constructor(worker: number) {
    this.#worker = worker;
  }

  /**
   * Adds what is new in a plan. Keys that stay keep their object and numbers. Keys that are gone still count until `settle`, because the config
   * that the plan belongs to may yet be refused. Throws when a plan in between was missed: ask for a complete one.
   */
  place(plan: CounterPlan): void {
    if (plan.follows > this.#number)
      throw new Error(`counter plan ${plan.number} follows ${plan.follows}, this worker is at ${this.#number}`);
    for (const bank of plan.banks) this.#map(bank);
    const complete = plan.follows === 0;
    const stale = complete ? new Set(this.#places.keys()) : new Set(plan.dropped);
    for (let index = 0; index < plan.ids.length; index++) {
      const id = plan.ids[index]!;
      stale.delete(id);
      this.#place(id, plan.places[index * 2]!, plan.places[index * 2 + 1]!);
    }
    this.#stale = stale;
    // A complete plan may come after a newer one that it already holds.
    this.#number = Math.max(this.#number, plan.number);
  }

  /** Drops the keys that the last plan no longer has; their objects count into the void from here on. */
  settle(): void {
    for (const id of this.#stale) this.#drop(id);
    this.#stale = new Set();
    for (const [number, bank] of this.#banks) if (bank.blocks === 0) this.#banks.delete(number);
  }

  listener(listener: string): ListenerCounters {
    return this.#find(listenerId(listener), ListenerCounters);
  }

  /** Connections that are open on a listener in all workers together; those of others may be a moment old. */
  openConnections(listener: string): number {
    return this.#sumOf(listener, LISTENER_OPEN);
  }

  /** The same of tunnels. */
  openTunnels(listener: string): number {
    return this.#sumOf(listener, LISTENER_TUNNELS);
  }

  #sumOf(listener: string, counted: number): number {
    const place = this.#places.get(listenerId(listener));
    if (place === undefined) return 0;
    const { everyone, cellsPerWorker } = this.#banks.get(place.bank)!;
    let open = 0;
    for (let cell = place.first + counted; cell < everyone.length; cell += cellsPerWorker) open += everyone[cell]!;
    return open;
  }

  /** `pool` and `version` are empty where none was chosen; all empty: requests without a route. */
  route(route: string, pool: string, version: string): RouteCounters {
    return this.#find(routeId(route, pool, version), RouteCounters);
  }

  version(pool: string, version: string): VersionCounters {
    return this.#find(versionId(pool, version), VersionCounters);
  }

  /** @param endpoint the key of the endpoint as it is served: a resolved address where the config has a name */
  endpoint(pool: string, version: string, endpoint: string): EndpointCounters {
    return this.#find(endpointId(pool, version, endpoint), EndpointCounters);
  }

  /** @param version `POOL/VERSION` where it is one of another pool */
  mirror(pool: string, mirror: string, version: string): MirrorCounters {
    return this.#find(mirrorId(pool, mirror, version), MirrorCounters);
  }

  /** For an endpoint that is not counted. */
  uncounted(): EndpointCounters {
    return new EndpointCounters(this.#nowhere, 0);
  }

  worker(): WorkerCounters {
    return this.#find(WORKER_ID, WorkerCounters);
  }

  #find<T extends Counters>(id: string, kind: new (cells: Float64Array, first: number) => T): T {
    const place = this.#places.get(id);
    if (place === undefined) throw new Error(`no counters for ${id}: the config they belong to has not been adopted`);
    place.counters ??= new kind(this.#banks.get(place.bank)!.cells, place.first);
    return place.counters as T;
  }

  #map(bank: CounterPlan['banks'][number]): void {
    if (this.#banks.has(bank.number)) return;
    const offset = this.#worker * bank.cellsPerWorker * Float64Array.BYTES_PER_ELEMENT;
    const { buffer, cellsPerWorker } = bank;
    const cells = new Float64Array(buffer, offset, cellsPerWorker);
    this.#banks.set(bank.number, { cells, everyone: new Float64Array(buffer), cellsPerWorker, blocks: 0 });
  }

  #place(id: string, bank: number, first: number): void {
    const known = this.#places.get(id);
    if (known !== undefined && known.bank === bank && known.first === first) return;
    const target = this.#banks.get(bank)!;
    target.blocks += 1;
    known?.counters?.move(target.cells, first);
    if (known !== undefined) this.#banks.get(known.bank)!.blocks -= 1;
    this.#places.set(id, { bank, first, counters: known?.counters });
  }

  #drop(id: string): void {
    const place = this.#places.get(id);
    if (place === undefined) return;
    place.counters?.move(this.#nowhere, 0);
    this.#banks.get(place.bank)!.blocks -= 1;
    this.#places.delete(id);
  }
}
