// Follows versions and endpoints that are drained: since when, what is left, how long that may take. It asks no worker and no request: it
// looks at the shared counters, once a second while anything is left, and never while nothing is.

import type { EndpointConfig, PoolConfig, VersionConfig } from '../config/model.ts';
import type { Clock, Timer } from '../lib/clock.ts';
import type { CounterBlock } from '../telemetry/counter-block.ts';
import { endpointId, versionId } from '../telemetry/counter-key.ts';
import { ENDPOINT_CONNECTIONS, ENDPOINT_IN_FLIGHT } from '../telemetry/counter-layout.ts';
import type { CounterRegistry } from '../telemetry/counter-registry.ts';
import { DrainCourse } from './drain-course.ts';
import type { DrainStatus } from '../api/drains.ts';

export interface DrainWatchDeps {
  readonly clock: Clock;
  readonly counters: Pick<CounterRegistry, 'blocks'>;
}

/** One version or endpoint that is drained. */
interface Drain {
  /** Of the blocks of its endpoints; those of a version may become others. */
  endpoints: readonly string[];
  readonly sinceMs: number;
  readonly inFlightAtStart: number;
  readonly course: DrainCourse;
  /** What it says of its own time; 0 = as the pool says. */
  ownMs: number;
  /** Milliseconds since the epoch. */
  deadlineMs: number | undefined;
}

interface Wanted {
  readonly id: string;
  readonly endpoints: readonly string[];
  readonly ownMs: number;
  readonly poolMs: number;
}

const LOOK_MS = 1000;

export class DrainWatch {
  readonly #deps: DrainWatchDeps;
  #drains = new Map<string, Drain>();
  #looking: Timer | undefined = undefined;
  #indexed: readonly CounterBlock[] = [];
  #blocks: ReadonlyMap<string, CounterBlock> = new Map();

  constructor(deps: DrainWatchDeps) {
    this.#deps = deps;
  }

  /** What is served from now on. Drains that go on keep their course; a new time of their own begins anew, as it does in the workers. */
  follow(pools: readonly PoolConfig[]): void {
    const before = this.#drains;
    const wallMs = this.#deps.clock.wallMs();
    this.#drains = new Map(drainsOf(pools).map((wanted) => [wanted.id, this.#take(wanted, before.get(wanted.id), wallMs)]));
    this.#looking ??= this.#anyLeft() ? this.#deps.clock.every(LOOK_MS, () => this.#look(), { unref: true }) : undefined;
  }

  /** Undefined when it is not drained; without an endpoint that of the version. */
  of(pool: string, version: string, endpoint?: string): DrainStatus | undefined {
    const drain = this.#drains.get(endpoint === undefined ? versionId(pool, version) : endpointId(pool, version, endpoint));
    if (drain === undefined) return undefined;
    const { inFlight, connections } = this.#see(drain);
    const { sinceMs, deadlineMs, inFlightAtStart, course } = drain;
    const expectedMs = course.estimateMs;
    const leftMs = deadlineMs === undefined ? Infinity : Math.max(deadlineMs - this.#deps.clock.wallMs(), 0);
    const estimateMs = expectedMs === undefined ? undefined : Math.min(expectedMs, leftMs);
    return { since: sinceMs, deadline: deadlineMs, inFlight, connections, inFlightAtStart, estimateMs };
  }

  close(): void {
    this.#looking?.stop();
    this.#looking = undefined;
  }

  #take({ endpoints, ownMs, poolMs }: Wanted, known: Drain | undefined, sinceMs: number): Drain {
    const limitMs = ownMs === 0 ? poolMs : ownMs;
    const deadlineMs = limitMs === 0 ? undefined : sinceMs + limitMs;
    if (known === undefined) {
      const { inFlight, connections } = this.#count(endpoints);
      const course = new DrainCourse(this.#deps.clock.nowMs(), Math.max(inFlight, connections));
      return { endpoints, sinceMs, inFlightAtStart: inFlight, course, ownMs, deadlineMs };
    }
    if (known.ownMs !== ownMs) known.deadlineMs = deadlineMs;
    known.ownMs = ownMs;
    known.endpoints = endpoints;
    return known;
  }

  #look(): void {
    for (const drain of this.#drains.values()) this.#see(drain);
    if (!this.#anyLeft()) this.close();
  }

  /** A connection may outlive its request by a little, and a request may wait for its connection: the more counts. */
  #see({ endpoints, course }: Drain): { readonly inFlight: number; readonly connections: number } {
    const counted = this.#count(endpoints);
    course.see(this.#deps.clock.nowMs(), Math.max(counted.inFlight, counted.connections));
    return counted;
  }

  #anyLeft(): boolean {
    return [...this.#drains.values()].some(({ course }) => course.left > 0);
  }

  #count(endpoints: readonly string[]): { readonly inFlight: number; readonly connections: number } {
    const current = this.#deps.counters.blocks('endpoint');
    if (current !== this.#indexed) {
      this.#indexed = current;
      this.#blocks = new Map(current.map((block) => [block.id, block]));
    }
    const sum = (cell: number): number => endpoints.reduce((total, id) => total + (this.#blocks.get(id)?.total(cell) ?? 0), 0);
    return { inFlight: sum(ENDPOINT_IN_FLIGHT), connections: sum(ENDPOINT_CONNECTIONS) };
  }
}

function drainsOf(pools: readonly PoolConfig[]): readonly Wanted[] {
  return pools.flatMap((pool) =>
    pool.versions.flatMap((version) => {
      const { name, endpoints } = version;
      const idOf = ({ key }: EndpointConfig): string => endpointId(pool.name, name, key);
      const common = { poolMs: pool.drainTimeoutMs };
      const own = endpoints
        .filter((endpoint) => drainOf(endpoint, version) !== false)
        .map((endpoint) => ({ ...common, id: idOf(endpoint), endpoints: [idOf(endpoint)], ownMs: ownTime(drainOf(endpoint, version)) }));
      if (version.drain === false) return own;
      return [{ ...common, id: versionId(pool.name, name), endpoints: endpoints.map(idOf), ownMs: ownTime(version.drain) }, ...own];
    }),
  );
}

function drainOf(endpoint: EndpointConfig, version: VersionConfig): VersionConfig['drain'] {
  return endpoint.drain === false ? version.drain : endpoint.drain;
}

function ownTime(drain: VersionConfig['drain']): number {
  return typeof drain === 'number' ? drain : 0;
}
