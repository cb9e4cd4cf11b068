// Drills of all pools: starts them, puts back what a process before has left, and remembers the last one of each pool.

import type { Drill } from '../../api/drills.ts';
import type { Config } from '../../config/model.ts';
import { DRILL_FORM, planOfDrill, startDrill } from '../../rollout/drill.ts';
import type { DrillState } from '../../rollout/drill.ts';
import type { Note } from '../../store/store.ts';
import type { Journal } from '../journal.ts';
import { DrillRun } from './drill-run.ts';
import type { DrillRunDeps } from './drill-run.ts';
import type { DrillOutcome, DrillRequest } from './drills-api.ts';
import type { Freeze } from './freeze.ts';

const NOTE = 'rollouts-drill ';
/** A call is not kept waiting for longer. */
const WAIT_MS = 5000;

export interface DrillsDeps extends Omit<DrillRunDeps, 'keep'> {
  readonly journal: Pick<Journal, 'note' | 'keepNote'>;
  readonly frozen: Pick<Freeze, 'fault'>;
  /** Endpoints of a version that may be picked. */
  readonly ready: (pool: string, version: string) => number;
  readonly newWord: () => string;
}

export class Drills {
  readonly #deps: DrillsDeps;
  readonly #runs = new Map<string, DrillRun>();
  /** Left by a process that ended in them. */
  readonly #left: DrillState[] = [];
  readonly #last = new Map<string, DrillState>();
  /** Pools whose kept drill cannot be read, until the next drill of them is kept. */
  readonly #unreadable = new Set<string>();
  /** Why the pool is taken; set by who starts rollouts. */
  taken: (pool: string) => string | undefined = () => undefined;

  /** @param notes what the process before has left */
  constructor(deps: DrillsDeps, notes: readonly Note[]) {
    this.#deps = deps;
    for (const { name, text } of notes) if (name.startsWith(NOTE)) this.#read(name.slice(NOTE.length), text);
  }

  #read(pool: string, text: string): void {
    const state = readDrill(text);
    if (state === undefined) {
      this.#unreadable.add(pool);
      return this.#deps.log.error(
        { pool },
        'a drill that was kept cannot be read: what it changed is not put back; see sluice config diff',
      );
    }
    if (state.phase === 'over') return void this.#last.set(pool, state);
    const { result = 'interrupted' } = state;
    const why = result === 'interrupted' ? 'Sluice ended in it, and put everything back when it was started again' : state.why;
    this.#left.push({ ...state, phase: 'back', result, why });
  }

  /** Why no rollout and no other drill of the pool may start; undefined when they may. */
  fault(pool: string): string | undefined {
    const state = this.#runs.get(pool)?.state ?? this.#left.find((each) => each.pool === pool);
    return state && `A drill of pool ${pool} runs: ${state.id}.`;
  }

  /** Resolves when it is over and everything is put back, or after a while, while it goes on. */
  async start(config: Config | undefined, request: DrillRequest): Promise<DrillOutcome> {
    const { newWord, clock, frozen, ready } = this.#deps;
    const pool = config?.pools.find(({ name }) => name === request.pool);
    if (config === undefined || pool === undefined) return { result: 'unknown', message: `There is no pool ${request.pool}.` };
    const blocked = frozen.fault() ?? this.fault(pool.name) ?? this.taken(pool.name);
    if (blocked !== undefined) return { result: 'conflict', message: blocked };
    const id = `drill-${newWord()}`;
    const asked = {
      ...request,
      id,
      salt: newWord(),
      wallMs: clock.wallMs(),
      ready: (version: string) => ready(pool.name, version),
      namedBy: namedIn(config, pool.name),
    };
    const started = startDrill(pool, asked);
    if ('refusal' in started) return { result: 'conflict', message: `${started.refusal}.` };
    const { state } = started;
    if (request.dryRun) return { result: 'done', drill: { ...showDrill(state, undefined), state: 'planned', why: 'nothing was done' } };
    const run = this.#run(state);
    try {
      await this.#keep(state, true);
    } catch (error) {
      this.#runs.delete(pool.name);
      return { result: 'failed', message: (error as Error).message };
    }
    await this.#withinAWhile(this.#follow(run));
    return { result: 'done', drill: showDrill(run.state, run.fault) };
  }

  /** The one that runs, else the last one. */
  find(pool: string): Drill | undefined {
    const run = this.#runs.get(pool);
    const state = run?.state ?? this.#left.find((each) => each.pool === pool) ?? this.#last.get(pool);
    return state && showDrill(state, run?.fault);
  }

  get unreadable(): readonly string[] {
    return [...this.#unreadable];
  }

  all(): readonly Drill[] {
    const pools = new Set([...this.#runs.keys(), ...this.#left.map(({ pool }) => pool), ...this.#last.keys()]);
    return [...pools].map((pool) => this.find(pool)!);
  }

  /** Another config is in force. */
  wake(): void {
    for (const state of this.#left.splice(0)) void this.#follow(this.#run(state));
    for (const run of this.#runs.values()) run.wake();
  }

  close(): void {
    for (const run of this.#runs.values()) run.close();
  }

  #run(state: DrillState): DrillRun {
    const run = new DrillRun(state, { ...this.#deps, keep: (now, isTold) => this.#keep(now, isTold) });
    this.#runs.set(state.pool, run);
    return run;
  }

  async #follow(run: DrillRun): Promise<DrillState> {
    const ended = await run.run();
    if (ended.phase !== 'over') return ended;
    this.#runs.delete(ended.pool);
    this.#last.set(ended.pool, ended);
    return ended;
  }

  async #withinAWhile(work: Promise<unknown>): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.#deps.clock.after(WAIT_MS, resolve, { unref: true });
    await Promise.race([work, promise]);
    timer.stop();
  }

  async #keep(state: DrillState, isTold: boolean): Promise<void> {
    const { journal, current } = this.#deps;
    const note = { name: `${NOTE}${state.pool}`, text: JSON.stringify(state) };
    if (!isTold) return journal.keepNote(note);
    const { id, pool, canary, author, reason, seconds, why, result, share } = state;
    const by = share > 0 ? 'weight' : 'mirror';
    const detail = {
      drill: id,
      pool,
      canary,
      by,
      reason,
      ...(result !== undefined && { result, seconds }),
      what: result === undefined ? 'began' : why,
    };
    await journal.note(note, { kind: 'drill', author, revision: current.revision, detail });
    this.#unreadable.delete(pool);
  }
}

function namedIn({ routes, pools }: Config, pool: string): (version: string) => string | undefined {
  return (version) => {
    if (routes.some(({ action }) => action.kind === 'pool' && action.pool === pool && action.version === version)) return 'a route';
    const isMirrored = pools.some(({ mirrors }) =>
      mirrors.some((mirror) => mirror.pool === pool && (mirror.version ?? version) === version),
    );
    return isMirrored ? 'a mirror of another pool' : undefined;
  };
}

/** Undefined: it is not one of ours, and not obeyed. */
function readDrill(text: string): DrillState | undefined {
  try {
    const state = JSON.parse(text) as DrillState;
    const isOne = state.form === DRILL_FORM && typeof state.before.weights === 'object' && Array.isArray(state.endpoints);
    return isOne ? state : undefined;
  } catch {
    return undefined;
  }
}

function showDrill(state: DrillState, fault: string | undefined): Drill {
  const { id, pool, baseline, canary, share, phase, seconds, result, why, author, reason, startedWallMs, endedWallMs, leftOut } = state;
  return {
    id,
    pool,
    baseline,
    canary,
    by: share > 0 ? 'weight' : 'mirror',
    ...(share > 0 && { share }),
    state: phase === 'over' ? 'over' : 'running',
    ...(result !== undefined && { result }),
    why: fault === undefined ? why : `${why}; it cannot put everything back: ${fault}`,
    ...(fault !== undefined && { fault }),
    plan: planOfDrill(state),
    seconds,
    ...(leftOut !== undefined && { leftOut }),
    author,
    reason,
    startedMs: startedWallMs,
    ...(endedWallMs !== undefined && { endedMs: endedWallMs }),
  };
}
