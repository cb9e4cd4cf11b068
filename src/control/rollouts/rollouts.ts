// All rollouts of an instance: starts them, wakes those that run, and carries out what people ask of them. One of a pool at a time;
// it may move several pools.

import type { RolloutReport } from '../../api/rollout-report.ts';
import type { FreezeView, RolloutPlan, RolloutView } from '../../api/rollouts.ts';
import type { Timer } from '../../lib/clock.ts';
import { isOver } from '../../rollout/leave.ts';
import type { RolloutTemplate } from '../../config/rollout-model.ts';
import { ENDED } from '../../rollout/model.ts';
import type { RolloutState } from '../../rollout/model.ts';
import { idOf } from '../../rollout/id-of.ts';
import { awaitedBy } from './awaited-by.ts';
import type { Note } from '../../store/store.ts';
import type { KeptRollouts } from './kept-rollouts.ts';
import { commandOf, conflict, findTargets, forceFault, takenUp } from './asked.ts';
import { begin } from './begin.ts';
import { RolloutRun } from './rollout-run.ts';
import { StartGuards } from './start-guards.ts';
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
  StartRequest,
} from './rollouts-api.ts';
import type { ShownRollout } from './rollout-findings.ts';
import type { RolloutsDeps } from './rollouts-deps.ts';
import { toldSince } from './run-faults.ts';
import { Shelf } from './shelf.ts';
import { showAll } from './show-group.ts';
import { followLink, viewLink } from './use-link.ts';
import type { UseLinkDeps } from './use-link.ts';

/** What depends on time alone is looked at so often; bad events of a canary wake their rollout at once. */
const LOOK_MS = 200;

export class Rollouts {
  readonly #deps: RolloutsDeps;
  readonly #shelf = new Shelf();
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
    const ended = () => this.#shelf.endedStates();
    this.guards = new StartGuards({ breakers, drills, frozen, config: () => current.config, ended, wallMs });
    deps.counts.onEvidence = (pool) => this.wakeFor(pool);
    for (const states of deps.kept.read(notes)) {
      // One that ended as the process did may still have to move the weights, or to tell a hook.
      if (states.every((state) => ENDED.has(state.status) && isOver(state))) this.#shelf.ends(states);
      else this.#run(takenUp(states, deps.clock));
    }
  }

  /** Why nothing else may move the pool; undefined when it may. */
  taken(pool: string): string | undefined {
    const running = this.#shelf.ofPool(pool);
    if (running !== undefined) return `A rollout of pool ${pool} runs already: ${running.id}.`;
    return this.#starting.has(pool) ? `A rollout of pool ${pool} is being started.` : undefined;
  }

  async start(request: StartRequest): Promise<RolloutOutcome> {
    const names = request.pools.map(({ pool }) => pool);
    // One that has ended may be about to set the weights.
    for (const name of names) {
      const run = this.#shelf.ofPool(name);
      if (run?.hasEnded === true) await run.settled();
    }
    const found = findTargets(this.#deps.current.config, request);
    if ('result' in found) return found;
    const { template } = found;
    const mayNot = forceFault(request, 'start');
    if (mayNot !== undefined) return mayNot;
    const blocked = this.#startFault(names, template, request.force);
    if (blocked !== undefined) return conflict(blocked);
    const { clock, current, counts, kept, newWord } = this.#deps;
    const earlier = this.#shelf.endedStates();
    const begun = begin({ current, newWord, wallMs: clock.wallMs(), earlier }, request, found);
    if ('result' in begun) return begun;
    for (const name of names) this.#starting.add(name);
    try {
      await kept.keep(begun, toldSince([], begun));
    } catch (error) {
      return { result: 'failed', message: (error as Error).message };
    } finally {
      for (const name of names) this.#starting.delete(name);
    }
    for (const state of begun) counts.open(state);
    const run = this.#run(begun);
    run.wake();
    return { result: 'done', rollout: this.#show(run) };
  }

  list(): readonly RolloutView[] {
    const ended = this.#shelf.allEnded().toReversed();
    return [...this.#shelf.runs.map((run) => this.#show(run)), ...ended.map((states) => this.#showEnded(states))];
  }

  find(id: string): RolloutView | undefined {
    const run = this.#shelf.run(id);
    if (run !== undefined) return this.#show(run);
    const states = this.#shelf.ended(id);
    return states && this.#showEnded(states);
  }

  async report(id: string): Promise<RolloutReport | undefined> {
    const states = this.#shelf.run(id)?.states ?? this.#shelf.ended(id);
    return states && this.#deps.reports.report(states, this.find(id)!);
  }

  async act(id: string, action: RolloutAction, by: ActBy): Promise<RolloutOutcome> {
    const mayNot = forceFault(by, action);
    if (mayNot !== undefined) return mayNot;
    const ended = this.#shelf.ended(id);
    const blocked = this.#blockedFor(action, by.force, ended);
    if (blocked !== undefined) return conflict(blocked);
    const run = this.#shelf.run(id) ?? (ended && action === 'retry' ? this.#revive(ended) : undefined);
    if (run === undefined) {
      if (ended === undefined) return { result: 'unknown', message: `There is no rollout ${id}.` };
      return conflict(`The rollout has ended: it is ${this.find(id)!.state}.`);
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

  link(asked: AskedLink): LinkView | undefined {
    return viewLink(this.#linkDeps, asked);
  }

  follow(asked: AskedLink, reason: string): Promise<LinkView | RolloutRefusal | undefined> {
    return followLink(this.#linkDeps, asked, reason);
  }

  get #linkDeps(): UseLinkDeps {
    const { links, clock } = this.#deps;
    return { links, shelf: this.#shelf, show: (id) => this.find(id), wallMs: () => clock.wallMs() };
  }

  /** A retry is a start. */
  #blockedFor(action: RolloutAction, force: boolean, ended: readonly RolloutState[] | undefined): string | undefined {
    if (action === 'promote') return this.guards.promoteFault();
    if (action !== 'retry' || ended === undefined) return undefined;
    return this.#startFault(
      ended.map(({ pool }) => pool),
      ended[0]!.template,
      force,
    );
  }

  #startFault(pools: readonly string[], template: RolloutTemplate, force: boolean): string | undefined {
    const faults = pools.map((pool) => this.taken(pool) ?? this.guards.startFault(pool, template, force));
    return faults.find((fault) => fault !== undefined);
  }

  plan(request: PlanRequest): RolloutPlan | RolloutRefusal {
    const found = findTargets(this.#deps.current.config, request);
    if ('result' in found) return found;
    return this.#deps.planner.plan(
      found.pools.map((pool, index) => ({ ...request.pools[index]!, pool })),
      found.template,
    );
  }

  async setFreeze(frozen: boolean, by: By): Promise<FreezeView> {
    const freeze = await this.guards.setFreeze(frozen, by);
    this.wake();
    return freeze;
  }

  conversions(events: readonly Conversion[]): number {
    const pools = events.map(({ event, key, value }) => this.#deps.counts.tell(event, key, value));
    for (const pool of new Set(pools.flat())) this.wakeFor(pool);
    return pools.filter(({ length }) => length > 0).length;
  }

  async alarms(alarms: readonly Alarm[]): Promise<number> {
    const { alarmsKnown } = this.#deps;
    const known = alarmsKnown.take(alarms);
    const names = new Set(alarms.map(({ labels }) => labels['alertname']));
    for (const run of this.#shelf.runs) if (run.states.some((state) => asksForAlarm(state, names))) run.wake();
    await alarmsKnown.kept();
    return known;
  }

  latest(): readonly ShownRollout[] {
    return this.#shelf.latest().map((shown) => ({ ...shown, saturated: this.#deps.counts.saturated(shown.state.id) }));
  }

  /** Which one waits for the verdict of a mirror. */
  awaiting(pool: string, mirror: string): string | undefined {
    const states = this.#shelf.latest().map(({ state }) => state);
    return awaitedBy(states, pool, mirror);
  }

  /** There is news of this pool alone. */
  wakeFor(pool: string): void {
    this.#shelf.ofPool(pool)?.wake();
  }

  /** Another config is in force, or something else has changed that all rollouts look at. */
  wake(): void {
    for (const run of this.#shelf.runs) run.wake();
  }

  async close(): Promise<void> {
    this.#ticking?.stop();
    this.#deps.effects.close();
    this.#deps.outside.close();
    this.#deps.counts.stop();
    await Promise.all(this.#shelf.runs.map((run) => run.close()));
  }

  /** Opens the counters of those that an earlier process has left: before the workers get their first config. */
  resume(): void {
    for (const state of this.#shelf.running) this.#deps.counts.open(state);
  }

  #run(states: readonly RolloutState[]): RolloutRun {
    const { clock, current, controller, counts, effects, look, kept, reports, log } = this.#deps;
    const onEnded = (ended: readonly RolloutState[]): void => void this.#ends(ended);
    const keep: KeptRollouts['keep'] = (now, told) => {
      for (const state of now) reports.saw(state);
      return kept.keep(now, told);
    };
    const run = new RolloutRun(states, { clock, current, controller, counts, effects, look, keep, onEnded, log });
    this.#shelf.begins(run);
    this.#follow();
    return run;
  }

  /** Others are asked and time is looked at while a rollout runs. */
  #follow(): void {
    const { running } = this.#shelf;
    this.#deps.outside.follow(running);
    if (running.length > 0) this.#ticking ??= this.#deps.clock.every(LOOK_MS, () => this.wake(), { unref: true });
    else {
      this.#ticking?.stop();
      this.#ticking = undefined;
    }
  }

  async #ends(states: readonly RolloutState[]): Promise<void> {
    const { kept, reports } = this.#deps;
    for (const state of states) {
      reports.saw(state);
      this.endedBy.set(state.status, (this.endedBy.get(state.status) ?? 0) + 1);
    }
    this.#putBack(states);
    const gone = await kept.prune(this.#shelf.allEnded());
    for (const [first] of gone) this.#shelf.forget(idOf(first!));
    reports.forget(gone.flat().map(({ id }) => id));
  }

  /** One that has ended runs anew, as a retry allows it. */
  #revive(ended: readonly RolloutState[]): RolloutRun {
    for (const state of ended) this.#deps.counts.open(state);
    return this.#run(ended);
  }

  /** It has ended, or its retry was refused: it has ended as before. */
  #putBack(ended: readonly RolloutState[]): void {
    this.#shelf.ends(ended);
    for (const { id } of ended) this.#deps.counts.close(id);
    this.#follow();
  }

  #show({ states, fault }: RolloutRun): RolloutView {
    const { perSecond, clock } = this.#deps;
    return showAll(states, fault, (pool) => ({ perSecond: perSecond(pool), wallMs: clock.wallMs() }));
  }

  #showEnded(states: readonly RolloutState[]): RolloutView {
    return showAll(states, undefined, () => ({ perSecond: 0, wallMs: this.#deps.clock.wallMs() }));
  }
}

function asksForAlarm({ template }: RolloutState, names: ReadonlySet<string | undefined>): boolean {
  return template.checks.some((check) => check.kind === 'alarm' && names.has(check.alertname));
}
