// What operators and controllers may ask of rollouts, without HTTP.

import type { BreakerView, FreezeView, RolloutPlan, RolloutView } from '../../api/rollouts.ts';
import type { RolloutReport } from '../../api/rollout-report.ts';
import type { ChangeProblem } from '../../api/problem.ts';
import type { DrillsApi } from './drills-api.ts';
import type { Role } from '../touched-fields.ts';

/** Who asks, and why. */
export interface By {
  readonly author: string;
  readonly role: Role;
  /** Empty when none was given. */
  readonly reason: string;
}

/** A pool that is moved. */
interface Target {
  readonly pool: string;
  readonly to: string;
  /** Undefined: the version of the greatest weight. */
  readonly from: string | undefined;
}

export interface StartRequest extends By {
  /** At least one; several are moved together. */
  readonly pools: readonly Target[];
  /** Undefined: `default`. */
  readonly template: string | undefined;
  /** Also while no window of the template is open; it takes a reason. */
  readonly force: boolean;
}

/** Who asks something of a rollout. `force`: see StartRequest. */
export interface ActBy extends By {
  readonly force: boolean;
}

export type PlanRequest = Pick<StartRequest, 'pools' | 'template'>;

export type RolloutAction = 'pause' | 'resume' | 'approve' | 'promote' | 'abort' | 'retry';

/** `unknown`: no such pool, version, template or rollout. `conflict`: not in this state, or one runs already. */
export type RolloutRefusal =
  | { readonly result: 'unknown' | 'conflict' | 'forbidden'; readonly message: string }
  | { readonly result: 'rejected'; readonly problems: readonly ChangeProblem[] }
  /** It could not be kept; nothing has changed. */
  | { readonly result: 'failed'; readonly message: string };

export type RolloutOutcome = { readonly result: 'done'; readonly rollout: RolloutView } | RolloutRefusal;

export interface Alarm {
  readonly status: 'firing' | 'resolved';
  readonly labels: Readonly<Record<string, string>>;
}

/** An event of a user, by affinity key. */
export interface Conversion {
  readonly event: string;
  readonly key: string;
  readonly value?: number | undefined;
}

/** Below it in the admin API stand links; what follows is a secret. */
export const LINKS_PATH = '/links/';

/** As it stands in the path of a link. */
export interface AskedLink {
  readonly rollout: string;
  readonly action: string;
  readonly code: string;
}

/** What somebody is told who opens a link, or has used it. */
export interface LinkView {
  /** `open`: nothing has happened; `over`: nothing happens any more. */
  readonly is: 'open' | 'over' | 'done';
  readonly action: 'approve' | 'resume' | 'abort';
  /** What it would do, why it does nothing any more, or what it did: sentences. */
  readonly text: string;
  /** Milliseconds since the epoch. */
  readonly untilMs: number;
  /** Undefined when it is on record no more. */
  readonly rollout: RolloutView | undefined;
}

export interface RolloutsApi extends DrillsApi {
  /** Returns when the rollout is kept; its first step begins at once. */
  start(request: StartRequest): Promise<RolloutOutcome>;
  /** The rollout that waits for the verdict of a mirror of the pool. */
  awaiting(pool: string, mirror: string): string | undefined;
  /** Those that run, then those that ended, newest first. */
  list(): readonly RolloutView[];
  find(id: string): RolloutView | undefined;
  /** Everything about one. */
  report(id: string): Promise<RolloutReport | undefined>;
  act(id: string, action: RolloutAction, by: ActBy): Promise<RolloutOutcome>;
  /** Of a link in a notification; changes nothing. Undefined for what was not made by this instance. */
  link(asked: AskedLink): LinkView | undefined;
  /** Does what the link says, once, as an operator: `done`, or `over`. Undefined as above. */
  follow(asked: AskedLink, reason: string): Promise<LinkView | RolloutRefusal | undefined>;
  /** What a start would do, from the traffic of the last minutes. */
  plan(request: PlanRequest): Promise<RolloutPlan | RolloutRefusal>;
  breaker(pool: string): Promise<BreakerView | undefined>;
  resetBreaker(pool: string, by: By): Promise<BreakerView | undefined>;
  readonly freeze: FreezeView;
  /** Stops starts and promotions, never rollbacks. */
  setFreeze(frozen: boolean, by: By): Promise<FreezeView>;
  /** Conversions of users, by affinity key. Returns how many a running rollout counts. */
  conversions(events: readonly Conversion[]): Promise<number>;
  /** Remembers what fires until it is resolved, or told no more for a day. Returns how many it knows of. */
  alarms(alarms: readonly Alarm[]): Promise<number>;
}
