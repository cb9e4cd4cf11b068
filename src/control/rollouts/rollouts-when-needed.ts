// Rollouts that are loaded when the first one is asked for, or was left by the process before: an instance without any starts without them.

import type { Finding } from '../../api/overview.ts';
import type { BreakerView, FreezeView, RolloutPlan, RolloutView } from '../../api/rollouts.ts';
import type { RolloutReport } from '../../api/rollout-report.ts';
import type { Config } from '../../config/model.ts';
import type { Drill } from '../../api/drills.ts';
import type { Note } from '../../store/store.ts';
import type { RolloutLines } from '../../telemetry/lines.ts';
import { drillFindings, drillLines, unreadableDrills } from './drill-lines.ts';
import type { Drills } from './drills.ts';
import type { DrillOutcome, DrillRequest } from './drills-api.ts';
import { linkFindings, rolloutFindings } from './rollout-findings.ts';
import { rolloutLines } from './rollout-lines.ts';
import type { Rollouts } from './rollouts.ts';
import type {
  ActBy,
  Alarm,
  AskedLink,
  By,
  Conversion,
  LinkView,
  PlanRequest,
  RolloutAction,
  RolloutOutcome,
  RolloutRefusal,
  RolloutsApi,
  StartRequest,
} from './rollouts-api.ts';

export interface LoadedRollouts {
  readonly rollouts: Rollouts;
  readonly drills: Drills;
  /** Why links do not outlast the process although the state does. */
  readonly linksFault: () => string | undefined;
}

export interface RolloutsWhenNeededDeps {
  readonly load: () => Promise<LoadedRollouts>;
  readonly config: () => Config | undefined;
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
  #drills: Drills | undefined = undefined;
  #linksFault: LoadedRollouts['linksFault'] = () => undefined;
  #loading: Promise<LoadedRollouts> | undefined = undefined;
  readonly lines: RolloutLines;

  constructor(deps: RolloutsWhenNeededDeps) {
    this.#deps = deps;
    const states = () => (this.#rollouts?.latest() ?? []).map(({ state }) => state);
    const drills = () => this.#drills?.all() ?? [];
    this.lines = { ...rolloutLines(states, () => this.#rollouts?.endedBy ?? NONE), ...drillLines(drills) };
  }

  /** Resolves when those that were left can count: to be awaited before the workers get their first config. */
  async ready(): Promise<void> {
    if (this.#deps.notes.some(({ name }) => name.startsWith(NOTES))) await this.#load();
  }

  findings(): readonly Finding[] {
    const wallMs = this.#deps.wallMs();
    return [
      ...rolloutFindings(this.#rollouts?.latest() ?? [], wallMs),
      ...drillFindings(this.#drills?.all() ?? [], wallMs),
      ...unreadableDrills(this.#drills?.unreadable ?? []),
      ...linkFindings(this.#linksFault()),
    ];
  }

  async start(request: StartRequest): Promise<RolloutOutcome> {
    return (await this.#load()).start(request);
  }

  awaiting(pool: string, mirror: string): string | undefined {
    return this.#rollouts?.awaiting(pool, mirror);
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

  /** Without a rollout there is no link. */
  link(asked: AskedLink): LinkView | undefined {
    return this.#rollouts?.link(asked);
  }

  async follow(asked: AskedLink, reason: string): Promise<LinkView | RolloutRefusal | undefined> {
    return this.#rollouts?.follow(asked, reason);
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

  async drill(request: DrillRequest): Promise<DrillOutcome> {
    await this.#load();
    return this.#drills!.start(this.#deps.config(), request);
  }

  lastDrill(pool: string): Drill | undefined {
    return this.#drills?.find(pool);
  }

  /** Another config is in force. */
  wake(): void {
    this.#rollouts?.wake();
    this.#drills?.wake();
  }

  async close(): Promise<void> {
    this.#drills?.close();
    await this.#loading?.then(({ rollouts }) => rollouts.close());
  }

  /** What fails to load is tried again by the next call. */
  async #load(): Promise<Rollouts> {
    this.#loading ??= this.#deps.load().then(
      (loaded) => {
        this.#rollouts = loaded.rollouts;
        this.#drills = loaded.drills;
        this.#linksFault = loaded.linksFault;
        return loaded;
      },
      (error: unknown) => {
        this.#loading = undefined;
        throw error;
      },
    );
    return (await this.#loading).rollouts;
  }
}
