// One drill: phase after phase, each in force on all workers before the next. Whatever happens, and after a crash, it ends with everything put
// back: what fails there is tried again, each second, until it is so.

import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import { isSplitOf, phasesOf, shiftOfDrill } from '../../rollout/drill.ts';
import type { DrillPhase, DrillResult, DrillState } from '../../rollout/drill.ts';
import type { Controller } from '../controller.ts';
import type { Current } from '../in-force/current.ts';
import type { AmendOutcome } from '../submission.ts';
import type { Counting } from './ports.ts';
import { wordsOf } from './run-faults.ts';

export interface DrillRunDeps {
  readonly clock: Pick<Clock, 'nowMs' | 'wallMs' | 'after'>;
  readonly current: Pick<Current, 'config' | 'revision'>;
  readonly controller: Pick<Controller, 'submit'>;
  readonly counts: Pick<Counting, 'open' | 'halt' | 'close'>;
  /** Durable when it resolves, where it is told in the journal. Rejects when the store fails. */
  readonly keep: (state: DrillState, isTold: boolean) => Promise<void>;
  readonly log: Log;
}

/** Before it is tried again to put things back. */
const PAUSE_MS = 1000;
/** Somebody else's changes that come in between. */
const MAX_TRIES = 20;

export class DrillRun {
  readonly #deps: DrillRunDeps;
  #state: DrillState;
  #isOurs = true;
  #closed = false;
  /** Ends a wait. */
  #stir: () => void = () => undefined;
  /** Why it cannot put things back; undefined while it can. */
  fault: string | undefined = undefined;

  constructor(state: DrillState, deps: DrillRunDeps) {
    this.#state = state;
    this.#deps = deps;
  }

  get state(): DrillState {
    return this.#state;
  }

  /** Another config is in force. */
  wake(): void {
    const pool = this.#pool();
    // While it only stands there, a change of the split by somebody else ends it.
    if (pool === undefined || !isSplitOf(this.#state, pool)) this.#stir();
  }

  close(): void {
    this.#closed = true;
    this.#stir();
  }

  /** Resolves when everything is put back and kept, or when Sluice stops. Never rejects. */
  async run(): Promise<DrillState> {
    const phases = phasesOf(this.#state);
    if (this.#state.share > 0 && this.#state.phase === 'begin') this.#open();
    for (const phase of phases.slice(0, -1)) {
      if (this.#state.phase === 'back' || this.#closed) break;
      await this.#pass(phase);
      if (phase === 'begin' && this.#state.result === undefined) await this.#wait(this.#state.forMs);
    }
    while (!this.#closed && this.#state.phase !== 'over') {
      await this.#putBack();
      if (this.fault !== undefined) await this.#wait(PAUSE_MS);
    }
    return this.#state;
  }

  async #pass(phase: DrillPhase): Promise<void> {
    const { clock } = this.#deps;
    this.#state = { ...this.#state, phase };
    try {
      await this.#deps.keep(this.#state, false);
      const fromMs = clock.nowMs();
      const fault = await this.#assert();
      if (fault === undefined) this.#note(phase, fromMs);
      else this.#leave(this.#isOurs ? 'failed' : 'superseded', fault);
    } catch (error) {
      this.#leave('failed', (error as Error).message);
    }
  }

  async #putBack(): Promise<void> {
    const { clock, counts, keep } = this.#deps;
    this.#state = { ...this.#state, phase: 'back' };
    const fromMs = clock.nowMs();
    // First of all, and without a disk: nobody else meets the canary.
    if (this.#state.share > 0) counts.halt(this.#state.id);
    const fault = await this.#assert().catch((error: unknown) => (error as Error).message);
    if (fault !== undefined) return this.#say(fault);
    this.#note('back', fromMs);
    const { result = 'passed', why } = this.#state;
    const ended: DrillState = {
      ...this.#state,
      phase: 'over',
      result,
      endedWallMs: clock.wallMs(),
      why: result === 'passed' ? 'every worker obeyed, and everything is as it was' : why,
    };
    try {
      await keep(ended, true);
    } catch (error) {
      return this.#say((error as Error).message);
    }
    counts.close(this.#state.id);
    this.fault = undefined;
    this.#state = ended;
  }

  /** Returns why the pool is not as the phase wants it. */
  async #assert(): Promise<string | undefined> {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const { current } = this.#deps;
      const pool = this.#pool();
      const isBack = this.#state.phase === 'back';
      // Without the pool, or the version, there is nothing left to put back.
      if (pool === undefined) return isBack ? undefined : `the pool or its version ${this.#state.canary} is gone from the config`;
      const revision = current.revision;
      if (!isSplitOf(this.#state, pool)) {
        this.#isOurs = false;
        if (!isBack) return 'somebody else changed the split of the pool';
      }
      const outcome = await this.#submit(shiftOfDrill(this.#state, pool, this.#isOurs), revision);
      if (outcome.result === 'stale') continue;
      if (outcome.result !== 'applied') return `it could not be put in force: ${wordsOf(outcome)}`;
      const { applied, total } = outcome.workers;
      return applied < total && !isBack ? `${applied} of ${total} workers obeyed` : undefined;
    }
    return 'the config changes all the time';
  }

  #submit(shift: ReturnType<typeof shiftOfDrill>, expected: number): Promise<AmendOutcome> {
    const { id, author, phase } = this.#state;
    const change = { kind: 'shift', ...shift } as const;
    const asked = { author, role: 'operator', reason: `drill ${id}: ${phase}`, expected, dryRun: false } as const;
    return this.#deps.controller.submit({ kind: 'amend', cause: 'drill', change, ...asked });
  }

  /** The canary can be halted when its requests are counted. */
  #open(): void {
    const { id, pool, baseline, canary } = this.#state;
    this.#deps.counts.open({ id, pool, baseline, canary, segment: 0, template: { checks: [] } });
  }

  #pool() {
    const { pool, canary } = this.#state;
    return this.#deps.current.config?.pools.find(({ name, versions }) => name === pool && versions.some((each) => each.name === canary));
  }

  #note(phase: DrillPhase, fromMs: number): void {
    const seconds = Math.round(this.#deps.clock.nowMs() * 1000 - fromMs * 1000) / 1e6;
    this.#state = { ...this.#state, seconds: { ...this.#state.seconds, [phase]: seconds } };
  }

  #leave(result: DrillResult, why: string): void {
    this.#state = { ...this.#state, phase: 'back', result, why };
  }

  #say(fault: string): void {
    const { log } = this.#deps;
    if (this.fault === fault) return;
    this.fault = fault;
    log.warn({ drill: this.#state.id, pool: this.#state.pool, fault }, 'a drill cannot put everything back; it is tried again each second');
  }

  async #wait(ms: number): Promise<void> {
    if (this.#closed || ms === 0) return;
    await new Promise<void>((resolve) => {
      const timer = this.#deps.clock.after(ms, resolve, { unref: true });
      this.#stir = () => {
        timer.stop();
        resolve();
      };
    });
    this.#stir = () => undefined;
  }
}
