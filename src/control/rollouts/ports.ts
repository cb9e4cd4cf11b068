// What rollouts need of those who count, serve and ask others.

import type { TrafficMark } from '../../telemetry/traffic-history.ts';
import type { Arming, Trip } from '../../rollout/tripwire.ts';
import type { GuardedUnits } from '../../rollout/user-windows.ts';
import type { Config } from '../../config/model.ts';
import type { Exposure } from '../ports.ts';
import type { Effect, EffectResult, RolloutState, SegmentEvidence } from '../../rollout/model.ts';
import type { OutsideResult, Seen, WindowCounts } from '../../rollout/seen.ts';

/** What is to be known of a rollout, or of a drill, to count for it. */
export type CountedState = Pick<RolloutState, 'id' | 'pool' | 'baseline' | 'canary' | 'segment'> & {
  readonly template: Pick<RolloutState['template'], 'checks'>;
};

/** The counters of all rollouts that run. */
export interface Counting {
  /** The workers count for it from the next config on that is put in force. */
  open(state: CountedState): void;
  /** What was counted since it was opened; empty when it was not. */
  read(id: string): Counted;
  /** Whether more users have come than are remembered; unlike `read` it judges nothing. */
  saturated(id: string): boolean;
  /** Who met the canary since it was opened; nobody when it was not. */
  exposed(id: string): Exposure;
  /** What counts from now on is evidence of this segment. */
  segment(id: string, segment: number): void;
  /** No worker chooses the canary from its next request on, whatever the Table says. */
  halt(id: string): void;
  /** Whether that is so; a worker may have done it. */
  halted(id: string): boolean;
  lift(id: string): void;
  /** The workers halt the canary by what was judged at the last `read`. False: one has since then: read and judge again. */
  arm(id: string, arming: Arming | undefined): boolean;
  /** An event of the user with this affinity key, seen elsewhere, and what it is worth. Returns the pools in whose rollouts it counts. */
  tell(event: string, key: string, value: number | undefined): readonly string[];
  close(id: string): void;
  /** Sluice is stopping: bounds are published no more. */
  stop(): void;
  /** Called as soon as the canary of this pool has had a bad event. */
  onEvidence: (pool: string) => void;
}

export interface Counted {
  readonly segments: readonly SegmentEvidence[];
  readonly saturated: boolean;
  readonly topUserShares: Seen['topUserShares'];
  readonly lostValues: number;
  /** What the guards look at; undefined where it was not opened. */
  readonly guarded: GuardedUnits | undefined;
  /** Why a worker has halted the canary. */
  readonly tripped: Trip | undefined;
}

interface WindowBounds {
  /** Over the last so many milliseconds. */
  readonly overMs: number;
  /** Requests beyond it are slow. */
  readonly slowMs: number;
  /** Not what was counted before. */
  readonly mark: TrafficMark | undefined;
}

/** What the pool does, as the counters of all requests say. */
export interface PoolTraffic {
  window(pool: string, version: string, bounds: WindowBounds): WindowCounts;
  /** What the version has counted by now; undefined when it is not counted at all. */
  mark(pool: string, version: string): TrafficMark | undefined;
  /** Requests of the pool per second over the last minute. */
  perSecond(pool: string): number;
}

/** Webhooks and requests to the canary. A result comes once for each call. */
export interface EffectRunner {
  run(state: RolloutState, effect: Effect, config: Config): Promise<EffectResult>;
  close(): void;
}

/** Asks who judges a check beside us, as often as the check says. */
export interface OutsideChecks {
  /** Begins asking for these, and forgets what is asked for no more. */
  follow(running: readonly Pick<RolloutState, 'id' | 'pool' | 'baseline' | 'canary' | 'template'>[]): void;
  /** The latest of each check by its name, and of the step that runs (`mirrorResultName`); what is stale is `no-data`. */
  results(rollout: RolloutState): Readonly<Record<string, OutsideResult | undefined>>;
  close(): void;
}

export type ReadyEndpoints = Seen['readyEndpoints'];
