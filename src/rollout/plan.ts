// Before a rollout starts: whom each step exposes, how long it takes to see a fault of a given size, and how likely that is missed.

import { chanceToMiss, ratioToldWithin, unitsToClear, unitsToClearMargin, unitsToTell } from '../analysis/planning.ts';
import { formatDuration } from '../config/duration.ts';
import type { RolloutStep, RolloutTemplate } from '../config/rollout-model.ts';
import { comparedTimes } from '../config/rollout-warmup.ts';
import { shareOfAlpha } from './alpha.ts';
import { percentOf } from './percent.ts';
import { formatCount, formatPercent } from './sentences.ts';

/** What is known of the pool from its last minutes. */
export interface PoolTraffic {
  readonly perSecond: number;
  /** Share of requests that fail, 0 to 1. */
  readonly errorRate: number;
  /** Users per second that were not seen before; undefined where users are not told apart. */
  readonly usersPerSecond: number | undefined;
}

export interface PlanQuestion {
  readonly template: RolloutTemplate;
  readonly traffic: PoolTraffic;
  /** How many times as many errors are asked about: 2 = twice. */
  readonly degradation: number;
  /** Pools that the rollout moves together; default 1. They share alpha. */
  readonly pools?: number;
}

export interface PlannedStep {
  readonly step: number;
  readonly kind: RolloutStep['kind'];
  /** Of the canary, 0 to 1. */
  readonly share: number;
  /** How long it typically takes; undefined where that is for a person, or nobody knows. */
  readonly typicallyMs: number | undefined;
  /** Requests and users that have the canary meanwhile. */
  readonly requests: number;
  readonly users: number | undefined;
  /** Until the degradation is typically told at this weight; nine in ten within 2.5 times of it. Undefined where it cannot be. */
  readonly toldAfterMs: number | undefined;
  /** Chance that it is not told within the step's time; undefined where it is not looked for. */
  readonly missed: number | undefined;
}

export interface Planned {
  readonly steps: readonly PlannedStep[];
  readonly typicallyMs: number | undefined;
  readonly warnings: readonly string[];
}

/** A rate of nothing cannot be planned with: one failure in ten thousand. */
const LEAST_RATE = 0.0001;
const LIKELY_MISSED = 0.5;

export function plan(question: PlanQuestion): Planned {
  const steps: PlannedStep[] = [];
  const warnings: string[] = [];
  let share = 0;
  const compared = comparedTimes(question.template);
  for (const [index, step] of question.template.steps.entries()) {
    if (step.kind === 'weight') share = step.share;
    if (step.kind === 'watch') share = 1 - step.holdback;
    const planned = planStep(question, step, { index, share, comparedMs: compared.get(index) });
    steps.push(planned);
    const warning = compared.get(index) === 0 ? tooShort(question.template, planned) : warningOf(question, step, planned);
    if (warning !== undefined) warnings.push(warning);
  }
  const times = steps.map(({ typicallyMs }) => typicallyMs);
  const known = times.every((each) => each !== undefined);
  return { steps, typicallyMs: known ? times.reduce((sum, each) => sum + each, 0) : undefined, warnings };
}

interface Spot {
  readonly index: number;
  readonly share: number;
  /** What its longest time has beyond the warmup. */
  readonly comparedMs: number | undefined;
}

function planStep(question: PlanQuestion, step: RolloutStep, { index, share, comparedMs = Infinity }: Spot): PlannedStep {
  const { perSecond, usersPerSecond } = question.traffic;
  const typicallyMs = typicalTime(question, step, share);
  const seconds = (typicallyMs ?? longestTime(step)) / 1000;
  const isCompared = share > 0 && share < 1 && perSecond > 0;
  const toldUnits = isCompared ? unitsToTell(questionAt(question, share), question.degradation) : Infinity;
  const units = perSecond * seconds;
  const told = Math.min(units, (perSecond * comparedMs) / 1000);
  return {
    step: index,
    kind: step.kind,
    share,
    typicallyMs,
    requests: Math.round(units * share),
    users: usersPerSecond === undefined ? undefined : Math.round(usersPerSecond * seconds * share),
    toldAfterMs: Number.isFinite(toldUnits) ? Math.round((toldUnits / perSecond) * 1000) : undefined,
    missed: isCompared && units > 0 ? (told > 0 ? chanceToMiss(questionAt(question, share), question.degradation, told) : 1) : undefined,
  };
}

function questionAt({ template, traffic, pools = 1 }: PlanQuestion, share: number): Parameters<typeof unitsToTell>[0] {
  const errors = template.checks.find(({ kind }) => kind === 'errors');
  const alpha = errors === undefined ? template.alpha : template.alpha * shareOfAlpha({ template }, errors, pools);
  return {
    chance: share,
    rate: Math.min(0.5, Math.max(LEAST_RATE, traffic.errorRate)),
    allowed: errors?.kind === 'errors' ? errors.ratio : 1.5,
    alpha,
  };
}

function typicalTime(question: PlanQuestion, step: RolloutStep, share: number): number | undefined {
  switch (step.kind) {
    case 'weight':
      return step.until === 'evidence'
        ? evidenceTime(question, share, step.forMs)
        : step.until === 'winner'
          ? undefined
          : Math.max(step.forMs, step.rampMs);
    case 'watch':
    case 'cohort':
      return step.forMs;
    case 'mirror':
      return step.until === 'verdict' ? undefined : step.forMs;
    case 'smoke':
      return 0;
    default:
      return undefined;
  }
}

/** Until a canary that is as good is shown to be; undefined where that does not come. */
function evidenceTime(question: PlanQuestion, share: number, forMs: number): number | undefined {
  const { perSecond } = question.traffic;
  if (perSecond <= 0 || share <= 0 || share >= 1) return undefined;
  const errors = question.template.checks.find(({ kind, critical }) => kind === 'errors' && critical);
  if (errors?.kind !== 'errors') return forMs;
  const asked = { ...questionAt(question, share), alpha: question.template.alpha };
  const byRatio = unitsToClear(asked, 1);
  const byMargin = errors.absolute === undefined ? Infinity : unitsToClearMargin(asked, errors.absolute) / share;
  return Math.max(forMs, Math.round((Math.min(byRatio, byMargin) / perSecond) * 1000));
}

function tooShort({ warmupMs }: RolloutTemplate, { step, share }: PlannedStep): string {
  return `step ${step + 1} (${percentOf(share)}): it is over before the warmup of ${formatDuration(warmupMs)} is, so nothing is compared in it: give it more time, or write warmup: 0s`;
}

function longestTime(step: RolloutStep): number {
  return 'atMostMs' in step ? step.atMostMs : step.forMs;
}

/** Of a step that cannot decide in its time, and what would. */
function warningOf(question: PlanQuestion, step: RolloutStep, planned: PlannedStep): string | undefined {
  const { perSecond } = question.traffic;
  const name = `step ${planned.step + 1} (${percentOf(planned.share)})`;
  if (step.kind !== 'weight' || planned.share >= 1) return undefined;
  if (perSecond <= 0)
    return `${name}: the pool has no traffic, so nothing can be shown: mirror requests to the canary, or send some yourself`;
  if (step.until === 'evidence') {
    const needs = planned.typicallyMs;
    if (needs !== undefined && needs <= step.atMostMs) return undefined;
    const within = needs === undefined ? 'nobody knows how long' : `about ${roughly(needs)}`;
    return `${name}: a canary that is as good needs ${within} until it is shown, and atMost is ${formatDuration(step.atMostMs)}: ${wider(question, step)}`;
  }
  const { missed } = planned;
  if (missed === undefined || missed < LIKELY_MISSED) return undefined;
  const told = ratioToldWithin(questionAt(question, planned.share), Math.max(1, (perSecond * step.forMs) / 1000));
  const what = told === undefined ? 'no fault is' : `only a fault of ${Number(told.toPrecision(2))} times as many errors is`;
  return `${name}: within ${formatDuration(step.forMs)} ${what} typically told, and ${question.degradation} times as many are missed in ${formatPercent(missed)} of rollouts: ${wider(question, step)}`;
}

/** The smallest usual weight that decides in time. */
function wider(question: PlanQuestion, step: Extract<RolloutStep, { kind: 'weight' }>): string {
  const timeMs = step.until === 'evidence' ? step.atMostMs : step.forMs;
  const found = [0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5].find((share) => {
    if (share <= step.share) return false;
    if (step.until === 'evidence') return (evidenceTime(question, share, step.forMs) ?? Infinity) <= timeMs;
    const units = (question.traffic.perSecond * timeMs) / 1000;
    return units > 0 && chanceToMiss(questionAt(question, share), question.degradation, units) < LIKELY_MISSED;
  });
  if (found !== undefined) return `a weight of ${percentOf(found)} would do`;
  return 'mirror requests to the canary first, or give it more time';
}

function roughly(ms: number): string {
  if (ms < 60_000) return `${Math.max(1, Math.round(ms / 1000))} s`;
  if (ms < 7_200_000) return `${Math.round(ms / 60_000)} min`;
  return ms < 172_800_000 ? `${Math.round(ms / 3_600_000)} h` : `${formatCount(ms / 86_400_000)} days`;
}
