// One rollout that has not ended: looks at the evidence, lets the machine decide, keeps what it decided, and makes the world as it wants it.
// Level-triggered: each turn asserts all that is wanted, so that a crash or a fault at any moment heals with the next turn.

import type { Config, PoolConfig } from '../../config/model.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import { command } from '../../rollout/command.ts';
import { ENDED } from '../../rollout/model.ts';
import type { Effect, HistoryLine, Instant, RolloutCommand, RolloutState, Wants } from '../../rollout/model.ts';
import { step } from '../../rollout/step.ts';
import { sameWeights } from '../../rollout/weights.ts';
import type { Controller } from '../controller.ts';
import type { Current } from '../in-force/current.ts';
import type { EffectRunner, Counting } from './ports.ts';
import { shiftFor } from './shift-for.ts';
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

export class RolloutRun {
  readonly #deps: RolloutRunDeps;
  #state: RolloutState;
  #turn: Promise<void> | undefined = undefined;
  #again = false;
  #closed = false;
  #keptMs = -Infinity;
  #notBeforeMs = -Infinity;
  /** What the last change asked for: the same is not asked again while it is so. */
  #asserted = '';
  #underWay = new Set<string>();
  /** Why the world is not as it is wanted; undefined while it is. */
  fault: string | undefined = undefined;

  constructor(state: RolloutState, deps: RolloutRunDeps) {
    this.#state = state;
    this.#deps = deps;
  }

  get state(): RolloutState {
    return this.#state;
  }

  /** Takes a turn soon; many calls are one. */
  wake(): void {
    if (this.#closed) return;
    if (this.#turn !== undefined) {
      this.#again = true;
      return;
    }
    this.#turn = this.#turns().finally(() => (this.#turn = undefined));
  }

  /** Resolves when it is kept; a string says why it is refused. */
  async command(asked: RolloutCommand): Promise<RolloutState | string> {
    await this.#turn;
    const done = command(this.#state, asked, this.#instant());
    if ('refusal' in done) return done.refusal;
    await this.#deps.keep(done.state, toldSince(this.#state, done.state));
    this.#take(done.state);
    this.#notBeforeMs = -Infinity;
    this.wake();
    return done.state;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#turn;
    if (!ENDED.has(this.#state.status)) await this.#deps.keep(this.#state, []).catch(() => undefined);
  }

  async #turns(): Promise<void> {
    do {
      this.#again = false;
      try {
        await this.#takeTurn();
      } catch (error) {
        this.#stumble(error as Error);
      }
    } while (this.#again && !this.#closed);
  }

  async #takeTurn(): Promise<void> {
    const { current, counts, look } = this.#deps;
    const instant = this.#instant();
    const { config } = current;
    if (config === undefined) return;
    const pool = config.pools.find(({ name }) => name === this.#state.pool);
    const lost = lostFault(this.#state, pool);
    if (lost !== undefined) return this.#end(lost, instant);
    const { state, wants, told } = step(this.#state, look.seenOf(this.#state, pool!), instant);
    // First of all: nobody else meets the canary, whatever takes its time from here on.
    if (isTakenBack(state, wants)) counts.halt(state.id);
    await this.#keep(state, told, instant);
    this.#take(state);
    counts.segment(state.id, state.segment);
    this.#begin(wants.effects, config);
    if (instant.nowMs >= this.#notBeforeMs) await this.#assert(wants, pool!);
    if (wants.settled && !this.#again) this.#deps.onEnded(this.#state);
  }

  async #keep(state: RolloutState, told: readonly HistoryLine[], { nowMs }: Instant): Promise<void> {
    if (told.length === 0 && nowMs - this.#keptMs < KEEP_MS) return;
    await this.#deps.keep(state, told);
    this.#keptMs = nowMs;
  }

  #take(state: RolloutState): void {
    this.#state = state;
  }

  /** Makes the pool as it is wanted, unless somebody else has moved it since. */
  async #assert(wants: Wants, pool: PoolConfig): Promise<void> {
    const { controller, current } = this.#deps;
    const state = this.#state;
    const asked = JSON.stringify([wants.weights, wants.salt, wants.overrides, wants.mirrors, wants.drained]);
    const isThere = wants.weights === undefined || sameWeights(pool.split, wants.weights);
    if (isThere && asked === this.#asserted) return this.#applied(wants);
    if (!isThere && !sameWeights(pool.split, state.applied)) return this.#supersede();
    const outcome = await controller.submit({
      kind: 'amend',
      cause: 'rollout',
      change: shiftFor(state, wants, pool),
      author: state.author,
      role: 'operator',
      reason: `rollout ${state.id}: ${state.why}`.slice(0, 500),
      // Somebody else's change that came first is looked at before anything is written over it.
      expected: current.revision,
      dryRun: false,
    });
    if (outcome.result === 'stale') {
      this.#again = true;
      return;
    }
    if (outcome.result !== 'applied') throw new Error(`the split of ${state.pool} could not be set: ${wordsOf(outcome)}`);
    this.#asserted = asked;
    return this.#applied(wants);
  }

  async #applied({ weights }: Wants): Promise<void> {
    this.fault = undefined;
    if (weights === undefined || sameWeights(this.#state.applied, weights)) return;
    const done = command(this.#state, { kind: 'applied', weights }, this.#instant());
    if ('refusal' in done) return;
    await this.#deps.keep(done.state, []);
    this.#take(done.state);
    this.#again = true;
  }

  #supersede(): Promise<void> {
    return this.#end('somebody else changed the split of the pool', this.#instant());
  }

  async #end(reason: string, instant: Instant): Promise<void> {
    const ended = command(this.#state, { kind: 'supersede', author: '', reason }, instant);
    if ('refusal' in ended) return;
    await this.#deps.keep(ended.state, toldSince(this.#state, ended.state));
    this.#take(ended.state);
    this.#deps.onEnded(ended.state);
  }

  #begin(effects: readonly Effect[], config: Config): void {
    for (const effect of effects) {
      if (this.#underWay.has(effect.name)) continue;
      this.#underWay.add(effect.name);
      void this.#deps.effects.run(this.#state, effect, config).then(async (result) => {
        this.#underWay.delete(effect.name);
        if (!this.#closed)
          await this.command({ kind: 'effect', name: effect.name, result }).catch((error: unknown) => this.#stumble(error as Error));
      });
    }
  }

  #stumble(error: Error): void {
    const { clock, log } = this.#deps;
    this.#notBeforeMs = clock.nowMs() + PAUSE_MS;
    if (this.fault === error.message) return;
    this.fault = error.message;
    log.warn({ rollout: this.#state.id, pool: this.#state.pool, err: error }, 'a rollout cannot do what it wants to');
  }

  #instant(): Instant {
    const { clock } = this.#deps;
    return { nowMs: clock.nowMs(), wallMs: clock.wallMs() };
  }
}

function lostFault({ pool: name, baseline, canary }: RolloutState, pool: PoolConfig | undefined): string | undefined {
  if (pool === undefined) return `the pool ${name} is gone from the config`;
  const gone = [baseline, canary].find((version) => !pool.versions.some((each) => each.name === version));
  return gone === undefined ? undefined : `the version ${gone} is gone from the config`;
}

/** Whether users are to leave the canary that it still has. */
function isTakenBack({ canary, applied }: RolloutState, { weights }: Wants): boolean {
  return weights !== undefined && (weights[canary] ?? 0) === 0 && (applied[canary] ?? 0) > 0;
}

/** Lines that came to the history, of which the oldest may have gone. */
function toldSince({ history: before }: RolloutState, { history }: RolloutState): readonly HistoryLine[] {
  const last = before.at(-1);
  return last === undefined ? history : history.slice(history.lastIndexOf(last) + 1);
}

function wordsOf(outcome: {
  readonly result: string;
  readonly message?: string;
  readonly problems?: readonly { readonly message: string }[];
}): string {
  return outcome.message ?? outcome.problems?.[0]?.message ?? outcome.result;
}
