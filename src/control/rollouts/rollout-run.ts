// One rollout that has not ended, of one pool or of several: looks at the evidence, lets the machine decide, keeps what it decided, and makes the
// world as it wants it.
// Level-triggered: each turn asserts all that is wanted, so that a crash or a fault at any moment heals with the next turn.

import type { Config, PoolConfig } from '../../config/model.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import { ENDED } from '../../rollout/model.ts';
import type { Effect, Instant, RolloutCommand, RolloutState } from '../../rollout/model.ts';
import type { Stepped } from '../../rollout/step.ts';
import { idOf } from '../../rollout/id-of.ts';
import { commandOne, commandTogether } from '../../rollout/together.ts';
import { sameWeights } from '../../rollout/weights.ts';
import type { Controller } from '../controller.ts';
import type { Current } from '../in-force/current.ts';
import { decide, halted } from './decide.ts';
import type { Moment } from './decide.ts';
import type { EffectRunner, Counting } from './ports.ts';
import { Assertion } from './assertion.ts';
import { lostFault, toldSince } from './run-faults.ts';
import type { Told } from './run-faults.ts';
import { goesBack } from './shift-for.ts';
import type { Wanted } from './shift-for.ts';
import type { Look } from './look.ts';

export interface RolloutRunDeps {
  readonly clock: Pick<Clock, 'nowMs' | 'wallMs'>;
  readonly current: Pick<Current, 'config' | 'revision'>;
  readonly controller: Pick<Controller, 'submit'>;
  readonly counts: Counting;
  readonly effects: EffectRunner;
  readonly look: Look;
  /** Durable when it resolves, with these lines in the journal; without a line it may be lost with the power. Rejects when the store fails. */
  readonly keep: (states: readonly RolloutState[], told: readonly Told[]) => Promise<void>;
  readonly onEnded: (states: readonly RolloutState[]) => void;
  readonly log: Log;
}

/** Without anything to tell, the state is kept so often: what a crash loses of the evidence is not counted twice, only missing. */
const KEEP_MS = 2000;
/** After a fault of the store or of a change, before the next try. */
const PAUSE_MS = 1000;
/** Of what a command brings about: a gate that waits is not waited for. */
const MAX_TURNS = 4;

export class RolloutRun {
  readonly #deps: RolloutRunDeps;
  /** Of each of its pools. */
  #states: readonly RolloutState[];
  /** One turn or command after the other: each begins with the state that the one before has left. */
  #last: Promise<unknown> = Promise.resolve();
  /** A turn has been asked for and has not begun. */
  #isDue = false;
  readonly #assertion: Assertion;
  #closed = false;
  #keptMs = -Infinity;
  #notBeforeMs = -Infinity;
  #underWay = new Set<string>();
  /** Lines that came to the history and are not kept yet. */
  #untold: readonly Told[] = [];
  /** Why the world is not as it is wanted; undefined while it is. */
  fault: string | undefined = undefined;

  constructor(states: readonly RolloutState[], deps: RolloutRunDeps) {
    this.#states = states;
    this.#assertion = new Assertion(states, deps);
    this.#deps = deps;
  }

  get id(): string {
    return idOf(this.#states[0]!);
  }

  get states(): readonly RolloutState[] {
    return this.#states;
  }

  get hasEnded(): boolean {
    return this.#states.every(({ status }) => ENDED.has(status));
  }

  /** Takes a turn soon; many calls are one. */
  wake(): void {
    if (this.#assertion.isUnderWay) this.#glance();
    if (this.#closed || this.#isDue) return;
    this.#isDue = true;
    void this.#inTurn(async () => {
      this.#isDue = false;
      if (!this.#closed) await this.#takeTurn().catch((error: unknown) => this.#stumble(error as Error));
    });
  }

  /**
   * Resolves when it is kept, and what it changes is in force as far as that can be had at once; a string says why it is refused.
   * @param faultOf looked at when its turn comes, with the states that it would change
   */
  async command(
    asked: RolloutCommand,
    faultOf: (states: readonly RolloutState[]) => string | undefined = () => undefined,
  ): Promise<readonly RolloutState[] | string> {
    const done = await this.#inTurn(async () => faultOf(this.#states) ?? this.#obey(asked));
    if (typeof done === 'string') return done;
    await this.settled();
    return this.#states;
  }

  /** Resolves when there is nothing that it can do at once. */
  async settled(): Promise<void> {
    for (let turns = 0, last: unknown; turns < MAX_TURNS && last !== this.#last; turns++) {
      last = this.#last;
      await this.#last;
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#last;
    if (!this.hasEnded) await this.#deps.keep(this.#states, []).catch(() => undefined);
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    return done;
  }

  /** @param of the pool whose result it is; undefined: it is for all of them */
  async #obey(asked: RolloutCommand, of?: string): Promise<readonly RolloutState[] | string> {
    const instant = this.#instant();
    const done = of === undefined ? commandTogether(this.#states, asked, instant) : commandOne(this.#states, of, asked, instant);
    if (typeof done === 'string') return done;
    const told = toldSince(this.#states, done);
    this.#notBeforeMs = -Infinity;
    if (asked.kind === 'abort') {
      // Back to safety whether or not it can be kept: the turns that follow halt the canary, and keep it as soon as the store does.
      this.#states = done;
      this.#untold = [...this.#untold, ...told];
      await this.#keep(instant).catch((error: unknown) => this.#stumble(error as Error));
    } else {
      await this.#deps.keep(done, told);
      this.#states = done;
    }
    this.wake();
    return this.#states;
  }

  async #takeTurn(): Promise<void> {
    const { current, counts } = this.#deps;
    const instant = this.#instant();
    const { config } = current;
    if (config === undefined) return;
    const [lost] = this.#states.flatMap((state) => lostFault(state, poolOf(config, state)) ?? []);
    if (lost !== undefined) return this.#end(lost);
    const wanted = this.#follow(decide(this.#deps, this.#moments(config), instant), config);
    const unkept = await this.#keepUnlessBack(instant);
    for (const { id, segment } of this.#states) counts.segment(id, segment);
    // Whose result could not be kept would be called again and again.
    if (unkept === undefined && instant.nowMs >= this.#notBeforeMs)
      for (const { state, wants } of wanted) this.#begin(state, wants.effects, config);
    if (instant.nowMs >= this.#notBeforeMs) await this.#assert(wanted);
    if (unkept !== undefined) this.#say(unkept);
    else if (wanted.every(({ wants }) => wants.settled) && !this.#isDue) this.#over();
  }

  #moments(config: Config): readonly Moment[] {
    return this.#states.map((state, index) => ({ state, pool: poolOf(config, state)!, has: this.#assertion.hasOf(state, index) }));
  }

  #follow(decided: readonly Stepped[], config: Config): readonly Wanted[] {
    this.#states = decided.map(({ state }) => state);
    this.#untold = [...this.#untold, ...decided.flatMap(({ state, told }) => told.map((line) => ({ of: state.id, line })))];
    return decided.map(({ state, wants }) => ({ state, wants, pool: poolOf(config, state)! }));
  }

  /** A canary that is found bad while its weights are still on their way is halted at once; the next turn does the rest. */
  #glance(): void {
    const { config } = this.#deps.current;
    if (config === undefined || this.hasEnded || this.#states.some((state) => poolOf(config, state) === undefined)) return;
    const decided = halted(this.#deps, this.#moments(config), this.#instant());
    if (decided !== undefined) this.#follow(decided, config);
  }

  /** What goes back does so whether or not it can be kept; returns why it could not. */
  async #keepUnlessBack(instant: Instant): Promise<Error | undefined> {
    try {
      await this.#keep(instant);
    } catch (error) {
      if (!this.#states.some(goesBack)) throw error;
      return error as Error;
    }
    return undefined;
  }

  async #keep({ nowMs }: Instant): Promise<void> {
    const told = this.#untold;
    if (told.length === 0 && nowMs - this.#keptMs < KEEP_MS) return;
    await this.#deps.keep(this.#states, told);
    this.#untold = this.#untold.slice(told.length);
    this.#keptMs = nowMs;
  }

  async #assert(wanted: readonly Wanted[]): Promise<void> {
    const outcome = await this.#assertion.assert(wanted);
    if (outcome === 'moved') return this.#supersede();
    if (outcome === 'stale') return this.wake();
    return this.#applied(wanted);
  }

  async #applied(wanted: readonly Wanted[]): Promise<void> {
    if (this.#untold.length === 0) this.fault = undefined;
    let states = this.#states;
    for (const [index, { wants }] of wanted.entries()) {
      const { id, applied } = states[index]!;
      if (wants.weights === undefined || sameWeights(applied, wants.weights)) continue;
      const done = commandOne(states, id, { kind: 'applied', weights: wants.weights }, this.#instant());
      if (typeof done !== 'string') states = done;
    }
    if (states === this.#states) return;
    await this.#deps.keep(states, []);
    this.#states = states;
    this.wake();
  }

  /** The split stays as it is; the next turn takes away what else the rollout has put there. */
  async #supersede(): Promise<void> {
    const isEnded = this.hasEnded;
    const reason = `somebody else changed the split of ${this.#states.length === 1 ? 'the pool' : 'one of the pools'}`;
    await this.#obey({ kind: 'supersede', author: '', reason });
    if (isEnded) this.#over();
  }

  async #end(reason: string): Promise<void> {
    await this.#obey({ kind: 'supersede', author: '', reason });
    this.#over();
  }

  #over(): void {
    this.#closed = true;
    this.#deps.onEnded(this.#states);
  }

  #begin(state: RolloutState, effects: readonly Effect[], config: Config): void {
    for (const effect of effects) {
      const key = `${state.id} ${effect.name}`;
      if (this.#underWay.has(key)) continue;
      this.#underWay.add(key);
      void this.#tell(state, effect, config).finally(() => this.#underWay.delete(key));
    }
  }

  /** Never rejects: a bug in one effect ends neither the process nor the rollout. */
  async #tell(state: RolloutState, effect: Effect, config: Config): Promise<void> {
    const { name } = effect;
    const result = await this.#deps.effects.run(state, effect, config).catch((error: unknown) => ({
      ok: false,
      sentence: `${name} could not be done: ${(error as Error).message}`,
    }));
    if (this.#closed) return;
    const told = this.#inTurn(() => this.#obey({ kind: 'effect', name, result }, state.id));
    await told.then(() => this.settled()).catch((error: unknown) => this.#stumble(error as Error));
  }

  #stumble(error: Error): void {
    this.#notBeforeMs = this.#deps.clock.nowMs() + PAUSE_MS;
    this.#say(error);
  }

  /** Once for each fault. */
  #say(error: Error): void {
    const { log } = this.#deps;
    if (this.fault === error.message) return;
    this.fault = error.message;
    log.warn({ rollout: this.id, pools: this.#states.map(({ pool }) => pool), err: error }, 'a rollout cannot do what it wants to');
  }

  #instant(): Instant {
    const { clock } = this.#deps;
    return { nowMs: clock.nowMs(), wallMs: clock.wallMs() };
  }
}

function poolOf(config: Config, { pool }: Pick<RolloutState, 'pool'>): PoolConfig | undefined {
  return config.pools.find(({ name }) => name === pool);
}
