// Everything that the machine of a rollout may look at, as it is now.

import type { PoolConfig } from '../../config/model.ts';
import type { RolloutCheck } from '../../config/rollout-model.ts';
import type { RolloutState } from '../../rollout/model.ts';
import type { EndpointSeen, GuardWindows, RampShare, Seen, WindowCounts } from '../../rollout/seen.ts';
import { UserWindows } from '../../rollout/user-windows.ts';
import type { GuardedUnits } from '../../rollout/user-windows.ts';
import { shareOf } from '../../rollout/weights.ts';
import type { TrafficMark } from '../../telemetry/traffic-history.ts';
import type { OutsideChecks, PoolTraffic, ReadyEndpoints, Counting } from './ports.ts';

export interface LookDeps {
  readonly counts: Pick<Counting, 'read'>;
  readonly traffic: PoolTraffic;
  readonly outside: Pick<OutsideChecks, 'results'>;
  /** Endpoints of a version, as the workers see them. */
  readonly endpoints: (pool: string, version: string) => readonly EndpointSeen[];
  readonly rampShares: (pool: string, version: string) => RampShare;
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
  /** By check. */
  readonly users: Map<string, UserWindows>;
}

export class Look {
  readonly #deps: LookDeps;
  /** By pool, of its latest rollout: where its epoch began. What a version did before is not its evidence. */
  readonly #marks = new Map<string, Marks>();

  constructor(deps: LookDeps) {
    this.#deps = deps;
  }

  seenOf(state: RolloutState, pool: PoolConfig): Seen {
    const { counts, traffic, outside, rampShares, isFrozen } = this.#deps;
    const { guarded, ...counted } = counts.read(state.id);
    const canary = this.#deps.endpoints(pool.name, state.canary);
    return {
      ...counted,
      windows: Object.fromEntries(this.#windowsOf(state, pool.affinity !== undefined && isDrawn(state) ? guarded : undefined)),
      outside: outside.results(state),
      readyEndpoints: readyEndpoints(this.#deps.endpoints(pool.name, state.baseline), canary),
      rampShares: { baseline: rampShares(pool.name, state.baseline), canary: rampShares(pool.name, state.canary) },
      perSecond: traffic.perSecond(pool.name),
      endpoints: canary,
      frozen: isFrozen(),
    };
  }

  /** @param guarded where requests have a key, and chance draws the version */
  #windowsOf(state: RolloutState, guarded: GuardedUnits | undefined): readonly (readonly [string, GuardWindows])[] {
    const { users } = this.#marksOf(state);
    const nowMs = this.#deps.nowMs();
    return state.template.checks.flatMap((check) => {
      if (check.kind !== 'error-rate' || guarded === undefined) return this.#windowOf(check, state);
      let known = users.get(check.name);
      if (known === undefined) users.set(check.name, (known = new UserWindows(check.overMs, guarded, nowMs)));
      return [[check.name, known.look(guarded, nowMs)] as const];
    });
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
    const [ours, theirs] = [traffic.mark(pool, canary), traffic.mark(pool, baseline)];
    const marks: Marks = { of, atMs: this.#deps.nowMs(), baseline: theirs, canary: ours, users: new Map() };
    this.#marks.set(pool, marks);
    return marks;
  }
}

/** At 0 and 100 % nothing is left to chance, and no user is counted. */
function isDrawn(state: RolloutState): boolean {
  const share = shareOf(state.applied, state);
  return share > 0 && share < 1;
}

function readyEndpoints(baseline: readonly EndpointSeen[], canary: readonly EndpointSeen[]): ReadyEndpoints {
  const ready = (all: readonly EndpointSeen[]): number => all.filter((each) => each.ready).length;
  return { baseline: ready(baseline), baselineTotal: baseline.length, canary: ready(canary), canaryTotal: canary.length };
}
