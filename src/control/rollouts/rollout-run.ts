// One rollout that has not ended: looks at the evidence, lets the machine decide, keeps what it decided, and makes the world as it wants it.
// Level-triggered: each turn asserts all that is wanted, so that a crash or a fault at any moment heals with the next turn.

import type { Config, PoolConfig } from '../../config/model.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import { command } from '../../rollout/command.ts';
import { ENDED } from '../../rollout/model.ts';
import type { Effect, HistoryLine, Instant, RolloutCommand, RolloutState, Wants } from '../../rollout/model.ts';
import type { Stepped } from '../../rollout/step.ts';
import { sameWeights } from '../../rollout/weights.ts';
import type { Controller } from '../controller.ts';
import type { Current } from '../in-force/current.ts';
import type { AmendOutcome } from '../submission.ts';
import { decide, halted } from './decide.ts';
import type { Moment } from './decide.ts';
import type { EffectRunner, Counting } from './ports.ts';
import { lostFault, toldSince, wordsOf } from './run-faults.ts';
import { goesBack, shiftFor } from './shift-for.ts';
import type { Look } from './look.ts';

export interface RolloutRunDeps {
  readonly clock: Pick<Clock, 'nowMs' | 'wallMs'>;
  readonly current: Pick<Current, 'config' | 'revision'>;
  readonly controller: Pick<Controller, 'submit'>;
  readonly counts: Counting;
  readonly effects: EffectRunner;
  readonly look: Look;
  /** Durable when it resolves, with these lines in the journal; without a line it may be lost with the power. Rejects when the store fails. */
  readonly keep: (state: RolloutState, told: readonly HistoryLine[]) => Promise<void>;
  readonly onEnded: (state: RolloutState) => void;
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
  #state: RolloutState;
  /** One turn or command after the other: each begins with the state that the one before has left. */
  #last: Promise<unknown> = Promise.resolve();
  /** A turn has been asked for and has not begun. */
  #isDue = false;
  /** A change of this rollout is on its way to the workers, some of which may obey it already. */
  #isAsserting = false;
  #closed = false;
  #keptMs = -Infinity;
  #notBeforeMs = -Infinity;
  /** What the last change asked for: the same is not asked again while it is so. */
  #asserted = '';
  /** The weights that were asked for last, by this process or the one before: they may be in force though nobody has heard of it. */
  #asked: RolloutState['wanted'];
  #underWay = new Set<string>();
  /** Lines that came to the history and are not kept yet. */
  #untold: readonly HistoryLine[] = [];
  /** Why the world is not as it is wanted; undefined while it is. */
  fault: string | undefined = undefined;

  constructor(state: RolloutState, deps: RolloutRunDeps) {
    this.#state = state;
    this.#asked = state.wanted;
    this.#deps = deps;
  }

  get state(): RolloutState {
    return this.#state;
  }

  /** Takes a turn soon; many calls are one. */
  wake(): void {
    if (this.#isAsserting) this.#glance();
    if (this.#closed || this.#isDue) return;
    this.#isDue = true;
    void this.#inTurn(async () => {
      this.#isDue = false;
      if (!this.#closed) await this.#takeTurn().catch((error: unknown) => this.#stumble(error as Error));
    });
  }

  /** Resolves when it is kept, and what it changes is in force as far as that can be had at once; a string says why it is refused. */
  async command(asked: RolloutCommand): Promise<RolloutState | string> {
    const done = await this.#inTurn(() => this.#obey(asked));
    if (typeof done === 'string') return done;
    await this.settled();
    return this.#state;
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
    if (!ENDED.has(this.#state.status)) await this.#deps.keep(this.#state, []).catch(() => undefined);
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    return done;
  }

  async #obey(asked: RolloutCommand): Promise<RolloutState | string> {
    const instant = this.#instant();
    const done = command(this.#state, asked, instant);
    if ('refusal' in done) return done.refusal;
    const told = toldSince(this.#state, done.state);
    this.#notBeforeMs = -Infinity;
    if (asked.kind === 'abort') {
      // Back to safety whether or not it can be kept: the turns that follow halt the canary, and keep it as soon as the store does.
      this.#take(done.state);
      this.#untold = [...this.#untold, ...told];
      await this.#keep(instant).catch((error: unknown) => this.#stumble(error as Error));
    } else {
      await this.#deps.keep(done.state, told);
      this.#take(done.state);
    }
    this.wake();
    return this.#state;
  }

  async #takeTurn(): Promise<void> {
    const { current, counts } = this.#deps;
    const instant = this.#instant();
    const { config } = current;
    if (config === undefined) return;
    const pool = config.pools.find(({ name }) => name === this.#state.pool);
    const lost = lostFault(this.#state, pool);
    if (lost !== undefined) return this.#end(lost);
    const decided = decide(this.#deps, this.#moment(pool!, instant));
    this.#follow(decided);
    const { state, wants } = decided;
    const unkept = await this.#keepUnlessBack(instant);
    counts.segment(state.id, state.segment);
    // Whose result could not be kept would be called again and again.
    if (unkept === undefined && instant.nowMs >= this.#notBeforeMs) this.#begin(wants.effects, config);
    if (instant.nowMs >= this.#notBeforeMs) await this.#assert(wants, pool!);
    if (unkept !== undefined) this.#say(unkept);
    else if (wants.settled && !this.#isDue) this.#over();
  }

  /** A canary that is found bad while its weights are still on their way is halted at once; the next turn does the rest. */
  #glance(): void {
    const pool = this.#deps.current.config?.pools.find(({ name }) => name === this.#state.pool);
    if (pool === undefined || ENDED.has(this.#state.status)) return;
    const decided = halted(this.#deps, this.#moment(pool, this.#instant()));
    if (decided !== undefined) this.#follow(decided);
  }

  #moment(pool: PoolConfig, instant: Instant): Moment {
    return { state: this.#state, pool, has: this.#has(), instant };
  }

  #follow({ state, told }: Stepped): void {
    this.#take(state);
    this.#untold = [...this.#untold, ...told];
  }

  /** What the canary has, or may have by now. */
  #has(): number {
    const { canary, applied } = this.#state;
    return Math.max(applied[canary] ?? 0, this.#asked[canary] ?? 0);
  }

  /** What goes back does so whether or not it can be kept; returns why it could not. */
  async #keepUnlessBack(instant: Instant): Promise<Error | undefined> {
    try {
      await this.#keep(instant);
    } catch (error) {
      if (!goesBack(this.#state)) throw error;
      return error as Error;
    }
    return undefined;
  }

  async #keep({ nowMs }: Instant): Promise<void> {
    const told = this.#untold;
    if (told.length === 0 && nowMs - this.#keptMs < KEEP_MS) return;
    await this.#deps.keep(this.#state, told);
    this.#untold = this.#untold.slice(told.length);
    this.#keptMs = nowMs;
  }

  #take(state: RolloutState): void {
    this.#state = state;
  }

  /** Makes the pool as it is wanted, unless somebody else has moved it since. */
  async #assert(wants: Wants, pool: PoolConfig): Promise<void> {
    const state = this.#state;
    const asked = JSON.stringify([wants.weights, wants.salt, wants.overrides, wants.mirrors, wants.drained]);
    const isThere = wants.weights === undefined || sameWeights(pool.split, wants.weights);
    if (isThere && asked === this.#asserted) return this.#applied(wants);
    if (!isThere && ![state.applied, this.#asked].some((weights) => sameWeights(pool.split, weights))) return this.#supersede();
    if (wants.weights !== undefined) this.#asked = wants.weights;
    const outcome = await this.#submit(shiftFor(state, wants, pool));
    if (outcome.result === 'stale') return this.wake();
    if (outcome.result !== 'applied') throw new Error(`the split of ${state.pool} could not be set: ${wordsOf(outcome)}`);
    this.#asserted = asked;
    return this.#applied(wants);
  }

  async #submit(change: ReturnType<typeof shiftFor>): Promise<AmendOutcome> {
    const { controller, current } = this.#deps;
    const { id, author, why } = this.#state;
    // Somebody else's change that came first is looked at before anything is written over it.
    const expected = current.revision;
    const reason = `rollout ${id}: ${why}`.slice(0, 500);
    this.#isAsserting = true;
    try {
      return await controller.submit({
        kind: 'amend',
        cause: 'rollout',
        change,
        author,
        role: 'operator',
        reason,
        expected,
        dryRun: false,
      });
    } finally {
      this.#isAsserting = false;
    }
  }

  async #applied({ weights }: Wants): Promise<void> {
    if (this.#untold.length === 0) this.fault = undefined;
    if (weights === undefined || sameWeights(this.#state.applied, weights)) return;
    const done = command(this.#state, { kind: 'applied', weights }, this.#instant());
    if ('refusal' in done) return;
    await this.#deps.keep(done.state, []);
    this.#take(done.state);
    this.wake();
  }

  /** The split stays as it is; the next turn takes away what else the rollout has put there. */
  async #supersede(): Promise<void> {
    const isEnded = ENDED.has(this.#state.status);
    await this.#obey({ kind: 'supersede', author: '', reason: 'somebody else changed the split of the pool' });
    if (isEnded) this.#over();
  }

  async #end(reason: string): Promise<void> {
    await this.#obey({ kind: 'supersede', author: '', reason });
    this.#over();
  }

  #over(): void {
    this.#closed = true;
    this.#deps.onEnded(this.#state);
  }

  #begin(effects: readonly Effect[], config: Config): void {
    for (const effect of effects) {
      if (this.#underWay.has(effect.name)) continue;
      this.#underWay.add(effect.name);
      void this.#tell(effect, config);
    }
  }

  /** Never rejects: a bug in one effect ends neither the process nor the rollout. */
  async #tell(effect: Effect, config: Config): Promise<void> {
    const { name } = effect;
    const result = await this.#deps.effects.run(this.#state, effect, config).catch((error: unknown) => ({
      ok: false,
      sentence: `${name} could not be done: ${(error as Error).message}`,
    }));
    this.#underWay.delete(name);
    if (!this.#closed) await this.command({ kind: 'effect', name, result }).catch((error: unknown) => this.#stumble(error as Error));
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
    log.warn({ rollout: this.#state.id, pool: this.#state.pool, err: error }, 'a rollout cannot do what it wants to');
  }

  #instant(): Instant {
    const { clock } = this.#deps;
    return { nowMs: clock.nowMs(), wallMs: clock.wallMs() };
  }
}
