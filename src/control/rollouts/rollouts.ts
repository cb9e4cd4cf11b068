// All rollouts of an instance: starts them, wakes those that run, and carries out what people ask of them. One of a pool at a time.

import type { RolloutReport } from '../../api/rollout-report.ts';
import type { FreezeView, RolloutPlan, RolloutView } from '../../api/rollouts.ts';
import type { Timer } from '../../lib/clock.ts';
import { isOver } from '../../rollout/leave.ts';
import { ENDED } from '../../rollout/model.ts';
import type { RolloutState } from '../../rollout/model.ts';
import type { Note } from '../../store/store.ts';
import type { KeptRollouts } from './kept-rollouts.ts';
import { commandOf, conflict, findTarget, forceFault, takenUp } from './asked.ts';
import { begin } from './begin.ts';
import { RolloutRun } from './rollout-run.ts';
import { StartGuards } from './start-guards.ts';
import type {
  ActBy,
  Alarm,
  By,
  Conversion,
  PlanRequest,
  RolloutAction,
  RolloutOutcome,
  RolloutRefusal,
  StartRequest,
} from './rollouts-api.ts';
import type { ShownRollout } from './rollout-findings.ts';
import { showRollout } from './show-rollout.ts';
import type { Around } from './show-rollout.ts';
import type { RolloutsDeps } from './rollouts-deps.ts';

/** What depends on time alone is looked at so often; bad events of a canary wake their rollout at once. */
const LOOK_MS = 200;

export class Rollouts {
  readonly #deps: RolloutsDeps;
  readonly #runs = new Map<string, RolloutRun>();
  readonly #ended = new Map<string, RolloutState>();
  /** Pools of rollouts that are being started. */
  readonly #starting = new Set<string>();
  /** Since the start of the process, by how they ended. */
  readonly endedBy = new Map<string, number>();
  readonly guards: StartGuards;
  #ticking: Timer | undefined = undefined;

  /** @param notes what the process before has left: its rollouts go on when the first config is in force */
  constructor(deps: RolloutsDeps, notes: readonly Note[]) {
    this.#deps = deps;
    const { breakers, drills, frozen, clock, current } = deps;
    const wallMs = () => clock.wallMs();
    this.guards = new StartGuards({ breakers, drills, frozen, config: () => current.config, ended: () => this.#allEnded(), wallMs });
    deps.counts.onEvidence = (pool) => this.#wakeOf(pool);
    for (const state of deps.kept.read(notes)) {
      // One that ended as the process did may still have to move the weights, or to tell a hook.
      if (ENDED.has(state.status) && isOver(state)) this.#ended.set(state.id, state);
      else this.#run(takenUp(state, deps.clock));
    }
  }

  /** Whether a rollout of the pool runs. */
  ofPool(pool: string): RolloutState | undefined {
    return [...this.#runs.values()].find(({ state }) => state.pool === pool)?.state;
  }

  /** Why nothing else may move the pool; undefined when it may. */
  taken(pool: string): string | undefined {
    const running = this.ofPool(pool);
    if (running !== undefined) return `A rollout of pool ${pool} runs already: ${running.id}.`;
    return this.#starting.has(pool) ? `A rollout of pool ${pool} is being started.` : undefined;
  }

  async start(request: StartRequest): Promise<RolloutOutcome> {
    // One that has ended may be about to set the weights.
    await [...this.#runs.values()].find(({ state }) => state.pool === request.pool && ENDED.has(state.status))?.settled();
    const found = findTarget(this.#deps.current.config, request);
    if ('result' in found) return found;
    const { pool, template } = found;
    const { counts, kept } = this.#deps;
    const mayNot = forceFault(request, 'start');
    if (mayNot !== undefined) return mayNot;
    const blocked = this.taken(pool.name) ?? this.guards.startFault(pool.name, template, request.force);
    if (blocked !== undefined) return conflict(blocked);
    const { clock, current, newWord } = this.#deps;
    const earlier = [...this.#ended.values()];
    const started = begin({ current, newWord, wallMs: clock.wallMs(), earlier }, request, found);
    if ('refusal' in started) return { result: 'rejected', problems: [{ path: started.key ?? '', message: started.refusal }] };
    const { state } = started;
    this.#starting.add(pool.name);
    try {
      await kept.keep(state, state.history);
    } catch (error) {
      return { result: 'failed', message: (error as Error).message };
    } finally {
      this.#starting.delete(pool.name);
    }
    counts.open(state);
    const run = this.#run(state);
    run.wake();
    return { result: 'done', rollout: this.#show(run) };
  }

  list(): readonly RolloutView[] {
    const ended = [...this.#ended.values()].sort((a, b) => (b.endedWallMs ?? 0) - (a.endedWallMs ?? 0));
    return [
      ...[...this.#runs.values()].map((run) => this.#show(run)),
      ...ended.map((state) => showRollout(state, undefined, this.#around(undefined))),
    ];
  }

  find(id: string): RolloutView | undefined {
    const run = this.#runs.get(id);
    if (run !== undefined) return this.#show(run);
    const state = this.#ended.get(id);
    return state && showRollout(state, undefined, this.#around(undefined));
  }

  async report(id: string): Promise<RolloutReport | undefined> {
    const state = this.#runs.get(id)?.state ?? this.#ended.get(id);
    return state && this.#deps.reports.report(state, this.find(id)!);
  }

  async act(id: string, action: RolloutAction, by: ActBy): Promise<RolloutOutcome> {
    const mayNot = forceFault(by, action);
    if (mayNot !== undefined) return mayNot;
    const ended = this.#ended.get(id);
    const blocked = this.#blockedFor(action, by.force, ended);
    if (blocked !== undefined) return conflict(blocked);
    const run = this.#runs.get(id) ?? (ended && action === 'retry' ? this.#revive(ended) : undefined);
    if (run === undefined) {
      if (ended === undefined) return { result: 'unknown', message: `There is no rollout ${id}.` };
      return conflict(`The rollout has ended: it is ${ended.status}.`);
    }
    try {
      const done = await run.command(commandOf(action, by, this.#deps.newWord()));
      if (typeof done !== 'string') return { result: 'done', rollout: this.find(id)! };
      if (ended !== undefined) this.#putBack(ended);
      return conflict(done);
    } catch (error) {
      if (ended !== undefined) this.#putBack(ended);
      return { result: 'failed', message: (error as Error).message };
    }
  }

  /** A retry is a start. */
  #blockedFor(action: RolloutAction, force: boolean, ended: RolloutState | undefined): string | undefined {
    if (action === 'promote') return this.guards.promoteFault();
    if (action !== 'retry' || ended === undefined) return undefined;
    return this.taken(ended.pool) ?? this.guards.startFault(ended.pool, ended.template, force);
  }

  plan(request: PlanRequest): RolloutPlan | RolloutRefusal {
    const found = findTarget(this.#deps.current.config, request);
    if ('result' in found) return found;
    return this.#deps.planner.plan(found.pool, found.template, request);
  }

  async setFreeze(frozen: boolean, by: By): Promise<FreezeView> {
    const freeze = await this.guards.setFreeze(frozen, by);
    this.wake();
    return freeze;
  }

  conversions(events: readonly Conversion[]): number {
    const counted = events.filter(({ event, key, value }) => this.#deps.counts.tell(event, key, value)).length;
    if (counted > 0) this.wake();
    return counted;
  }

  async alarms(alarms: readonly Alarm[]): Promise<number> {
    const { alarmsKnown } = this.#deps;
    const known = alarmsKnown.take(alarms);
    this.wake();
    await alarmsKnown.kept();
    return known;
  }

  /** Also those that still have to set the weights. */
  #allEnded(): readonly RolloutState[] {
    const ending = [...this.#runs.values()].map(({ state }) => state).filter(({ status }) => ENDED.has(status));
    return [...this.#ended.values(), ...ending];
  }

  /** Of each pool the one that runs, else the one that ended last. */
  latest(): readonly ShownRollout[] {
    const found = new Map<string, ShownRollout>();
    for (const state of [...this.#ended.values()].sort((a, b) => (a.endedWallMs ?? 0) - (b.endedWallMs ?? 0)))
      found.set(state.pool, { state, fault: undefined });
    for (const { state, fault } of this.#runs.values()) found.set(state.pool, { state, fault });
    return [...found.values()];
  }

  /** Another config is in force, or something else has changed that rollouts look at. */
  wake(): void {
    for (const run of this.#runs.values()) run.wake();
  }

  #wakeOf(pool: string): void {
    for (const run of this.#runs.values()) if (run.state.pool === pool) run.wake();
  }

  async close(): Promise<void> {
    this.#ticking?.stop();
    this.#deps.effects.close();
    this.#deps.outside.close();
    this.#deps.counts.stop();
    await Promise.all([...this.#runs.values()].map((run) => run.close()));
  }

  /** Opens the counters of those that an earlier process has left: before the workers get their first config. */
  resume(): void {
    for (const { state } of this.#runs.values()) {
      this.#deps.counts.open(state);
    }
  }

  #run(state: RolloutState): RolloutRun {
    const { clock, current, controller, counts, effects, look, kept, reports, log } = this.#deps;
    const onEnded = (ended: RolloutState): void => void this.#ends(ended);
    const keep: KeptRollouts['keep'] = (now, told) => (reports.saw(now), kept.keep(now, told));
    const run = new RolloutRun(state, { clock, current, controller, counts, effects, look, keep, onEnded, log });
    this.#runs.set(state.id, run);
    this.#follow();
    return run;
  }

  /** Others are asked and time is looked at while a rollout runs. */
  #follow(): void {
    const running = [...this.#runs.values()].map((each) => each.state);
    this.#deps.outside.follow(running);
    if (running.length > 0) this.#ticking ??= this.#deps.clock.every(LOOK_MS, () => this.wake(), { unref: true });
    else {
      this.#ticking?.stop();
      this.#ticking = undefined;
    }
  }

  async #ends(state: RolloutState): Promise<void> {
    const { counts, kept, reports } = this.#deps;
    reports.saw(state);
    this.#runs.delete(state.id);
    this.#ended.set(state.id, state);
    this.endedBy.set(state.status, (this.endedBy.get(state.status) ?? 0) + 1);
    counts.close(state.id);
    this.#follow();
    const gone = await kept.prune([...this.#ended.values()]);
    for (const { id } of gone) this.#ended.delete(id);
    reports.forget(gone.map(({ id }) => id));
  }

  /** One that has ended runs anew, as a retry allows it. */
  #revive(ended: RolloutState): RolloutRun {
    this.#ended.delete(ended.id);
    this.#deps.counts.open(ended);
    return this.#run(ended);
  }

  /** The retry was refused: it has ended as before. */
  #putBack(ended: RolloutState): void {
    this.#runs.delete(ended.id);
    this.#ended.set(ended.id, ended);
    this.#deps.counts.close(ended.id);
    this.#follow();
  }

  #around(pool: string | undefined): Around {
    const { perSecond, clock } = this.#deps;
    return { perSecond: pool === undefined ? 0 : perSecond(pool), wallMs: clock.wallMs() };
  }

  #show({ state, fault }: RolloutRun): RolloutView {
    return showRollout(state, fault, this.#around(state.pool));
  }
}
