// A drill: the way to a canary and back, rehearsed on the live config. What it does to the pool in each of its phases, and what it puts back. Pure.

import type { PoolConfig } from '../config/model.ts';
import type { Shift } from '../config/shift.ts';
import { sameWeights, weightsFor } from './weights.ts';

/** Of the form in which a state is kept. */
export const DRILL_FORM = 1;
/** Of its mirror: one name, so that no metric grows with drills. */
const DRILL_NAME = 'sluice-drill';
const DRILL_PERCENT = 1;

/** Phases that change the pool, in their order; `failover` and `resume` may be left out. */
export type DrillPhase = 'begin' | 'failover' | 'resume' | 'back';

export type DrillResult = 'passed' | 'failed' | 'superseded' | 'interrupted';

type Weights = Readonly<Record<string, number>>;

export interface DrillState {
  readonly form: typeof DRILL_FORM;
  readonly id: string;
  readonly pool: string;
  readonly baseline: string;
  readonly canary: string;
  /** Of the canary, of what both have together; 0 = it gets copies alone. */
  readonly share: number;
  /** How long the canary has them. */
  readonly forMs: number;
  readonly author: string;
  readonly reason: string;
  readonly startedWallMs: number;
  readonly endedWallMs: number | undefined;
  /** The one that runs; `over`: all is as before. */
  readonly phase: DrillPhase | 'over';
  /** What is put back. */
  readonly before: { readonly weights: Weights; readonly salt: string; readonly canary: string };
  readonly salt: string;
  /** Endpoints of the canary that it drains for the failover; empty: that is left out. */
  readonly endpoints: readonly string[];
  /** Why the failover is left out; undefined when it is not. */
  readonly leftOut: string | undefined;
  /** Until every worker obeyed, by phase. */
  readonly seconds: Readonly<Partial<Record<DrillPhase, number>>>;
  readonly result: DrillResult | undefined;
  /** One sentence for people. */
  readonly why: string;
}

export interface DrillRequest {
  readonly id: string;
  /** Undefined: the first version without weight that has endpoints. */
  readonly to: string | undefined;
  readonly share: number;
  readonly forMs: number;
  readonly author: string;
  readonly reason: string;
  /** Drawn by chance: not always the same users meet a canary. */
  readonly salt: string;
  readonly wallMs: number;
  /** Endpoints that may be picked, by version. */
  readonly ready: (version: string) => number;
  /** What beside the pool itself leads to this version, such as `a route`; undefined: nothing. */
  readonly namedBy: (version: string) => string | undefined;
}

export type Drilled = { readonly state: DrillState } | { readonly refusal: string };

export function startDrill(pool: PoolConfig, request: DrillRequest): Drilled {
  const { to, share, ready } = request;
  const weightOf = (name: string): number => pool.split[name] ?? 0;
  const [baseline, ...others] = [...pool.versions].sort((a, b) => weightOf(b.name) - weightOf(a.name));
  if (baseline === undefined || weightOf(baseline.name) === 0) return { refusal: `no version of pool ${pool.name} has any weight` };
  const canary = to === undefined ? chooseCanary(others, weightOf) : pool.versions.find(({ name }) => name === to);
  if (canary === undefined) {
    if (to !== undefined) return { refusal: `pool ${pool.name} has no version ${to}` };
    return { refusal: `a drill needs a second version with endpoints in pool ${pool.name}: name one with "to"` };
  }
  if (canary === baseline) return { refusal: `${canary.name} has the greatest weight: a drill leads to another version, and back` };
  if (canary.previewUntilMs !== undefined) return { refusal: `${canary.name} is a preview` };
  if (canary.drain !== false) return { refusal: `version ${canary.name} is drained: resume it first` };
  if (ready(canary.name) === 0) return { refusal: `version ${canary.name} has no endpoint that is ready` };
  if (share > 0 && weightOf(canary.name) > 0)
    return { refusal: `${canary.name} has weight ${weightOf(canary.name)} already: drill with a mirror, or with another version` };
  if (share > 0 && pool.affinity?.remember !== undefined)
    return { refusal: `users of pool ${pool.name} who met ${canary.name} would keep it (affinity.remember): drill with a mirror` };
  if (pool.mirrors.some(({ name }) => name === DRILL_NAME || name.startsWith(`${DRILL_NAME}-`)))
    return { refusal: `pool ${pool.name} has a mirror ${DRILL_NAME}, which is the name of the drill's own: remove it first` };
  return { state: begin(pool, { baseline: baseline.name, canary, request }) };
}

function chooseCanary(others: PoolConfig['versions'], weightOf: (name: string) => number): PoolConfig['versions'][number] | undefined {
  const lasting = others.filter(({ previewUntilMs }) => previewUntilMs === undefined);
  const idle = lasting.filter(({ name, drain }) => weightOf(name) === 0 && drain === false);
  return idle.find(({ endpoints }) => endpoints.length > 0) ?? lasting.find(({ endpoints }) => endpoints.length > 0);
}

interface Chosen {
  readonly baseline: string;
  readonly canary: PoolConfig['versions'][number];
  readonly request: DrillRequest;
}

function begin(pool: PoolConfig, { baseline, canary, request }: Chosen): DrillState {
  const { id, share, forMs, author, reason, salt, wallMs } = request;
  const leftOut = whyNoFailover(pool, canary, request);
  return {
    form: DRILL_FORM,
    ...{ id, pool: pool.name, baseline, canary: canary.name, share, forMs, author, reason, salt },
    startedWallMs: wallMs,
    endedWallMs: undefined,
    phase: 'begin',
    before: { weights: pool.split, salt: canary.salt, canary: pool.canary ?? '' },
    endpoints: leftOut === undefined ? canary.endpoints.map(({ key }) => key) : [],
    leftOut,
    seconds: {},
    result: undefined,
    why: 'it runs',
  };
}

/** Who is drained for a moment must not be who somebody else counts on. */
function whyNoFailover(pool: PoolConfig, canary: PoolConfig['versions'][number], { share, namedBy }: DrillRequest): string | undefined {
  const { name, endpoints } = canary;
  if ((pool.split[name] ?? 0) > 0) return `${name} has requests of users`;
  if (share > 0 && pool.fallback.whenNoneReady === 'fail') return 'no other version takes over (fallback.whenNoneReady: fail)';
  const override = pool.overrides.find(({ version }) => version === name);
  if (override !== undefined) return `the override ${override.name} leads to ${name}`;
  const other = pool.mirrors.some((mirror) => mirror.pool === undefined && mirror.version === name) ? 'another mirror' : namedBy(name);
  if (other !== undefined) return `${other} leads to ${name}`;
  if (endpoints.some(({ drain }) => drain !== false)) return `an endpoint of ${name} is drained already`;
  if (endpoints.some(({ address }) => address.kind === 'srv') || endpoints.length === 0) return `endpoints of ${name} are discovered`;
  return undefined;
}

/** What the pool is to be like in a phase. @param isOurs false: somebody else changed the split, which stays as it is */
export function shiftOfDrill(state: DrillState, pool: PoolConfig, isOurs: boolean): Shift {
  const { phase, canary, share, before, salt, endpoints } = state;
  const isBack = phase === 'back' || phase === 'over';
  const moves = share > 0 && isOurs;
  const drained = phase === 'failover';
  const there = pool.versions.find(({ name }) => name === canary)?.endpoints ?? [];
  const wrong = there.filter(({ key, drain }) => endpoints.includes(key) && (drain !== false) !== drained);
  return {
    pool: state.pool,
    rollout: DRILL_NAME,
    weights: moves ? named(pool, weightsOfDrill(state)) : undefined,
    salts: moves ? { [canary]: isBack ? before.salt : salt } : {},
    canary: isBack ? before.canary : canary,
    overrides: {},
    mirrors: isBack || share > 0 ? {} : { [DRILL_NAME]: { version: canary, percent: DRILL_PERCENT } },
    isBack,
    drains: wrong.map(({ key }) => ({ version: canary, endpoint: key, drained })),
  };
}

/** Whether the split is one that the drill has set, or found. */
export function isSplitOf(state: DrillState, { split }: PoolConfig): boolean {
  const { before, phase } = state;
  return (
    sameWeights(split, before.weights) ||
    (state.share > 0 && sameWeights(split, weightsOfDrill({ ...state, phase: phase === 'over' ? 'over' : 'begin' })))
  );
}

function weightsOfDrill({ phase, before, baseline, canary, share }: DrillState): Weights {
  return phase === 'back' || phase === 'over' ? before.weights : weightsFor({ before: before.weights, baseline, canary }, share);
}

function named({ versions }: PoolConfig, weights: Weights): Weights {
  return Object.fromEntries(versions.map(({ name }) => [name, weights[name] ?? 0]));
}

/** Phases from this one on. */
export function phasesOf({ leftOut }: DrillState): readonly DrillPhase[] {
  return leftOut === undefined ? ['begin', 'failover', 'resume', 'back'] : ['begin', 'back'];
}

/** What it does, in words, before it is done. */
export function planOfDrill({ baseline, canary, share, forMs, leftOut }: DrillState): readonly string[] {
  const part = `${Number((share * 100).toPrecision(4))} %`;
  const exposed =
    share > 0
      ? `${canary} gets ${part} of what ${baseline} has: users meet it`
      : `${canary} gets copies of 1 % of the requests: nobody is exposed`;
  const failover =
    leftOut === undefined
      ? [`all endpoints of ${canary} are drained, as if it were gone, and taken back into use`]
      : [`the failover is left out: ${leftOut}`];
  const halt = share > 0 ? `no worker sends ${canary} anything more, then the weights are put back` : 'the mirror goes';
  return [exposed, `that stands for ${forMs / 1000} s`, ...failover, `${halt}: everything is put back as it was`];
}
