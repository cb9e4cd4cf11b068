// Before a run: how many events and units it takes to tell a ratio, which ratio can be told within so many, and how likely a fault is missed.
//
// The logarithm of the evidence grows by KL per event on average (A. Wald, Sequential Analysis, 1947); 1.2 is for the mixture over alternatives.

import { chanceAt } from './label-test.ts';
import { checkAbove, checkInside } from './numbers.ts';

export interface Plan {
  /** The chance that a unit is ours, between 0 and 1. */
  readonly chance: number;
  /** Events of theirs per unit of theirs. */
  readonly rate: number;
  readonly allowed: number;
  readonly alpha: number;
}

/** Nine in ten runs need at most so many times what they typically need. */
export const NINE_IN_TEN = 2.5;

const FOR_MIXTURE = 1.2;
const MAX_RATIO = 1e6;
const HALVINGS = 60;

/** The divergence per event of a label that is ours with chance `q` from one with `q0`: q ln(q / q0) + (1 - q) ln((1 - q) / (1 - q0)). */
export function divergence(q: number, q0: number): number {
  const ours = q === 0 ? 0 : q * Math.log(q / q0);
  return ours + (q === 1 ? 0 : (1 - q) * (Math.log1p(-q) - Math.log1p(-q0)));
}

/** Events of both arms after which a ratio of `ratio` is typically told from the allowed one; Infinity for the allowed one itself. */
export function eventsToTell(plan: Plan, ratio: number): number {
  const { perEvent } = growth(plan, ratio);
  return perEvent > 0 ? target(plan) / perEvent : Infinity;
}

/** Units of both arms after which a ratio above the allowed one is typically told; Infinity where it is not above. */
export function unitsToTell(plan: Plan, ratio: number): number {
  return ratio <= plan.allowed ? Infinity : eventsToTell(plan, ratio) / eventsPerUnit(plan, ratio);
}

/** Units of both arms after which arms with a ratio of `ratio`, below the allowed one, are typically known to be below it. */
export function unitsToClear(plan: Plan, ratio: number): number {
  return ratio >= plan.allowed ? Infinity : eventsToTell(plan, ratio) / eventsPerUnit(plan, ratio);
}

/** Units of ours, all alike, after which its rate is typically known to be less than `rate + margin`. */
export function unitsToClearMargin({ rate, alpha }: Plan, margin: number): number {
  checkAbove(margin, 0, 'A margin');
  const bound = rate + margin;
  return bound >= 1 ? 0 : (-Math.log(alpha) + FOR_MIXTURE) / divergence(rate, bound);
}

/** The smallest ratio that is typically told within `units` of both arms; undefined where none is. */
export function ratioToldWithin(plan: Plan, units: number): number | undefined {
  checkAbove(units, 0, 'The number of units');
  let high = Math.min(MAX_RATIO, 1 / plan.rate);
  if (high <= plan.allowed || unitsToTell(plan, high) > units) return undefined;
  let low = plan.allowed;
  for (let i = 0; i < HALVINGS; i++) {
    const middle = (low + high) / 2;
    if (unitsToTell(plan, middle) > units) low = middle;
    else high = middle;
  }
  return high;
}

/**
 * The chance, 0 to 1, that a ratio of `ratio` is not told within `units` of both arms: the time at which a Brownian motion with the drift and the spread
 * of the evidence first reaches its target (inverse Gaussian; D. Siegmund, Sequential Analysis, 1985).
 */
export function chanceToMiss(plan: Plan, ratio: number, units: number): number {
  checkAbove(units, 0, 'The number of units');
  const { perEvent, variance } = growth(plan, ratio);
  if (ratio <= plan.allowed || perEvent <= 0) return 1;
  const events = units * eventsPerUnit(plan, ratio);
  const goal = target(plan);
  const spread = Math.sqrt(events * variance);
  const drift = events * perEvent;
  if (spread === 0) return drift >= goal ? 0 : 1;
  const again = Math.exp((2 * goal * perEvent) / variance + logTail((drift + goal) / spread));
  return Math.min(1, Math.max(0, 1 - normal((drift - goal) / spread) - again));
}

function target({ alpha }: Plan): number {
  return -Math.log(alpha) + FOR_MIXTURE;
}

function eventsPerUnit({ chance, rate }: Plan, ratio: number): number {
  return rate * (1 - chance) + chance * Math.min(1, rate * ratio);
}

// A unit has at most one event: no ratio is more than 1 / rate.
function growth(plan: Plan, ratio: number): { readonly perEvent: number; readonly variance: number } {
  checkInside(plan.chance, 'The chance of an arm');
  checkInside(plan.rate, 'A rate');
  checkInside(plan.alpha, 'Alpha');
  checkAbove(plan.allowed, 0, 'An allowed ratio');
  if (!(ratio >= 0)) throw new RangeError(`A ratio is a number from 0, not ${ratio}.`);
  const q = chanceAt(plan.chance, Math.min(ratio, 1 / plan.rate));
  const q0 = chanceAt(plan.chance, plan.allowed);
  const step = q === 0 ? 0 : Math.log(q / q0) - (Math.log1p(-q) - Math.log1p(-q0));
  return { perEvent: divergence(q, q0), variance: q * (1 - q) * step * step };
}

/** The standard normal distribution function. */
function normal(z: number): number {
  return z > 0 ? 1 - Math.exp(logTail(z)) : Math.exp(logTail(-z));
}

/** ln of the chance that a standard normal is above z >= 0 (Abramowitz and Stegun, 7.1.26: absolute error of the chance below 1e-7). */
function logTail(z: number): number {
  const x = z / Math.SQRT2;
  const t = 1 / (1 + 0.3275911 * x);
  const series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  return Math.log(series / 2) - x * x;
}
