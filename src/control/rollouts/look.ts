// Everything that the machine of a rollout may look at, as it is now.

import type { PoolConfig } from '../../config/model.ts';
import type { RolloutCheck } from '../../config/rollout-model.ts';
import type { EndpointSeen, GuardWindows, RolloutState, Seen, WindowCounts } from '../../rollout/model.ts';
import type { TrafficMark } from '../../telemetry/traffic-history.ts';
import type { OutsideChecks, PoolTraffic, ReadyEndpoints, Counting } from './ports.ts';

export interface LookDeps {
  readonly counts: Pick<Counting, 'read'>;
  readonly traffic: PoolTraffic;
  readonly outside: Pick<OutsideChecks, 'results'>;
  /** Endpoints of a version, as the workers see them. */
  readonly endpoints: (pool: string, version: string) => readonly EndpointSeen[];
  /** Values that users were told to have, by check. */
  readonly values: (id: string) => Seen['values'];
  readonly isFrozen: () => boolean;
  /** Monotonic. */
  readonly nowMs: () => number;
}

/** Windows over counters begin so far apart at least. */
const START_MS = 1000;

interface Marks {
  readonly of: string;
  readonly atMs: number;
  readonly baseline: TrafficMark | undefined;
  readonly canary: TrafficMark | undefined;
}

export class Look {
  readonly #deps: LookDeps;
  /** By pool, of its latest rollout: where its epoch began. What a version did before is not its evidence. */
  readonly #marks = new Map<string, Marks>();

  constructor(deps: LookDeps) {
    this.#deps = deps;
  }

  seenOf(state: RolloutState, pool: PoolConfig): Seen {
    const { counts, traffic, outside, isFrozen } = this.#deps;
    const { segments, saturated, topUserShare, tripped } = counts.read(state.id);
    const canary = this.#deps.endpoints(pool.name, state.canary);
    return {
      segments,
      saturated,
      topUserShare,
      tripped,
      windows: Object.fromEntries(state.template.checks.flatMap((check) => this.#windowOf(check, state))),
      outside: outside.results(state.id),
      readyEndpoints: readyEndpoints(this.#deps.endpoints(pool.name, state.baseline), canary),
      perSecond: traffic.perSecond(pool.name),
      endpoints: canary,
      values: this.#deps.values(state.id),
      frozen: isFrozen(),
    };
  }

  #windowOf(check: RolloutCheck, state: RolloutState): readonly (readonly [string, GuardWindows])[] {
    if (check.kind !== 'error-rate' && check.kind !== 'slow') return [];
    const { pool, baseline, canary } = state;
    const { overMs } = check;
    const slowMs = check.kind === 'slow' ? check.maxMs : Infinity;
    const marks = this.#marksOf(state);
    const of = (version: string, mark: TrafficMark | undefined): WindowCounts =>
      this.#deps.traffic.window(pool, version, { overMs, slowMs, mark });
    const start = Math.floor((this.#deps.nowMs() - marks.atMs) / START_MS);
    return [[check.name, { baseline: of(baseline, marks.baseline), canary: of(canary, marks.canary), start }]];
  }

  #marksOf({ id, pool, epoch, baseline, canary }: RolloutState): Marks {
    const of = `${id} ${epoch}`;
    const known = this.#marks.get(pool);
    if (known?.of === of) return known;
    const { traffic } = this.#deps;
    const marks = { of, atMs: this.#deps.nowMs(), baseline: traffic.mark(pool, baseline), canary: traffic.mark(pool, canary) };
    this.#marks.set(pool, marks);
    return marks;
  }
}

function readyEndpoints(baseline: readonly EndpointSeen[], canary: readonly EndpointSeen[]): ReadyEndpoints {
  const ready = (all: readonly EndpointSeen[]): number => all.filter((each) => each.ready).length;
  return { baseline: ready(baseline), baselineTotal: baseline.length, canary: ready(canary), canaryTotal: canary.length };
}
