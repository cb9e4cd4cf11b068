// Rollouts that are loaded when the first one is asked for, or was left by the process before: an instance without any starts without them.

import type { Finding } from '../../api/overview.ts';
import type { BreakerView, FreezeView, RolloutPlan, RolloutView } from '../../api/rollouts.ts';
import type { RolloutReport } from '../../api/rollout-report.ts';
import type { Note } from '../../store/store.ts';
import type { RolloutLines } from '../../telemetry/exposition.ts';
import { rolloutFindings } from './rollout-findings.ts';
import { rolloutLines } from './rollout-lines.ts';
import type { Rollouts } from './rollouts.ts';
import type {
  ActBy,
  Alarm,
  By,
  Conversion,
  PlanRequest,
  RolloutAction,
  RolloutOutcome,
  RolloutRefusal,
  RolloutsApi,
  StartRequest,
} from './rollouts-api.ts';

export interface RolloutsWhenNeededDeps {
  readonly load: () => Promise<Rollouts>;
  /** What the process before has left. */
  readonly notes: readonly Note[];
  readonly wallMs: () => number;
}

/** Names of the notes of rollouts, of breakers and of the freeze begin so. */
const NOTES = 'rollout';
const NOT_FROZEN: FreezeView = { frozen: false, reason: '', author: '' };
const NONE: ReadonlyMap<string, number> = new Map();

export class RolloutsWhenNeeded implements RolloutsApi {
  readonly #deps: RolloutsWhenNeededDeps;
  #rollouts: Rollouts | undefined = undefined;
  #loading: Promise<Rollouts> | undefined = undefined;
  readonly lines: RolloutLines;

  constructor(deps: RolloutsWhenNeededDeps) {
    this.#deps = deps;
    const states = () => (this.#rollouts?.latest() ?? []).map(({ state }) => state);
    this.lines = rolloutLines(states, () => this.#rollouts?.endedBy ?? NONE);
  }

  /** Resolves when those that were left can count: to be awaited before the workers get their first config. */
  async ready(): Promise<void> {
    if (this.#deps.notes.some(({ name }) => name.startsWith(NOTES))) await this.#load();
  }

  findings(): readonly Finding[] {
    return rolloutFindings(this.#rollouts?.latest() ?? [], this.#deps.wallMs());
  }

  async start(request: StartRequest): Promise<RolloutOutcome> {
    return (await this.#load()).start(request);
  }

  list(): readonly RolloutView[] {
    return this.#rollouts?.list() ?? [];
  }

  find(id: string): RolloutView | undefined {
    return this.#rollouts?.find(id);
  }

  async report(id: string): Promise<RolloutReport | undefined> {
    return this.#rollouts?.report(id);
  }

  async act(id: string, action: RolloutAction, by: ActBy): Promise<RolloutOutcome> {
    return (await this.#load()).act(id, action, by);
  }

  async plan(request: PlanRequest): Promise<RolloutPlan | RolloutRefusal> {
    return (await this.#load()).plan(request);
  }

  async breaker(pool: string): Promise<BreakerView | undefined> {
    return (await this.#load()).guards.breaker(pool);
  }

  async resetBreaker(pool: string, by: By): Promise<BreakerView | undefined> {
    return (await this.#load()).guards.resetBreaker(pool, by);
  }

  get freeze(): FreezeView {
    return this.#rollouts?.guards.freeze ?? NOT_FROZEN;
  }

  async setFreeze(frozen: boolean, by: By): Promise<FreezeView> {
    return (await this.#load()).setFreeze(frozen, by);
  }

  async conversions(events: readonly Conversion[]): Promise<number> {
    return (await this.#load()).conversions(events);
  }

  async alarms(alarms: readonly Alarm[]): Promise<number> {
    return (await this.#load()).alarms(alarms);
  }

  /** Another config is in force. */
  wake(): void {
    this.#rollouts?.wake();
  }

  async close(): Promise<void> {
    await this.#loading?.then((rollouts) => rollouts.close());
  }

  /** What fails to load is tried again by the next call. */
  #load(): Promise<Rollouts> {
    this.#loading ??= this.#deps.load().then(
      (rollouts) => (this.#rollouts = rollouts),
      (error: unknown) => {
        this.#loading = undefined;
        throw error;
      },
    );
    return this.#loading;
  }
}
