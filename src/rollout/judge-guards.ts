// Absolute guards: the last moments of one version against a bound. They compare nothing, and count from the first moment on.

import { towards } from '../analysis/alpha.ts';
import { judgeQuantile, judgeRate } from '../analysis/rate-guard.ts';
import type { GuardVerdict } from '../analysis/rate-guard.ts';
import type { RolloutCheck } from '../config/rollout-model.ts';
import type { CheckVerdict } from './model.ts';
import type { Seen, WindowCounts } from './seen.ts';
import { formatMs, formatPart, formatPercent } from './sentences.ts';

export type GuardCheck = Extract<RolloutCheck, { kind: 'error-rate' | 'slow' }>;

/**
 * A baseline whose evidence has come so far, as a part of what is needed, is not known to be within the bound. Where both get worse at once it is
 * chance which of them is past it first.
 */
const SUSPECT = 0.5;

export interface GuardQuestion {
  /** Chance that a canary within the bound is past it in any look. */
  readonly alpha: number;
  readonly names: { readonly baseline: string; readonly canary: string };
}

export interface Guarded {
  readonly verdict: CheckVerdict;
  /** Says that the baseline is as bad: then the canary is not to blame. */
  readonly both: string | undefined;
}

export function isGuard(check: RolloutCheck): check is GuardCheck {
  return check.kind === 'error-rate' || check.kind === 'slow';
}

export function judgeGuard(check: GuardCheck, seen: Pick<Seen, 'windows'>, { alpha, names }: GuardQuestion): Guarded {
  const windows = seen.windows[check.name];
  const start = windows?.start ?? 0;
  const [canary, baseline] = [windows?.canary, windows?.baseline].map((window) => judgeWindow(check, window, { alpha, start }));
  const [told, other] = [wordWindow(check, names.canary, windows?.canary), wordWindow(check, names.baseline, windows?.baseline)];
  const { verdict } = canary!;
  const isBoth = names.baseline !== names.canary && (verdict === 'above' ? isSuspect(baseline!) : isBeside(baseline!, canary!));
  return {
    verdict: {
      verdict: verdict === 'no-data' ? 'no-data' : isBoth ? 'inconclusive' : verdict === 'above' ? 'fail' : 'pass',
      towards: { fail: towards(canary!.log, canary!.needed), harmless: verdict === 'open' ? 1 : 0 },
      counts: { baseline: countsOf(check, windows?.baseline), canary: countsOf(check, windows?.canary) },
      interval: undefined,
      needs: verdict === 'no-data' ? 1 : 0,
      topUserShare: undefined,
      sentence: isBoth ? `${told}; ${other}: both are past ${boundOf(check)}` : `${told}: ${conclude(check, verdict, windows?.canary)}`,
    },
    both: isBoth ? `both got worse since the start: ${told}; ${other}` : undefined,
  };
}

function isSuspect({ log, needed }: GuardVerdict): boolean {
  return log >= SUSPECT * needed;
}

/** The baseline is past the bound, and the canary with its fewer requests rather past it than not. */
function isBeside(baseline: GuardVerdict, canary: GuardVerdict): boolean {
  return baseline.verdict === 'above' && canary.log > 0;
}

function judgeWindow(check: GuardCheck, window: WindowCounts | undefined, look: { alpha: number; start: number }): GuardVerdict {
  const [differing, total] = countsOf(check, window);
  const hits = { differing, total };
  return check.kind === 'error-rate' ? judgeRate(hits, { limit: check.max, ...look }) : judgeQuantile(hits, check.quantile, look);
}

function countsOf(check: GuardCheck, window: WindowCounts | undefined): readonly [number, number] {
  if (window === undefined) return [0, 0];
  const events = check.kind === 'error-rate' ? window.failures : window.slow;
  return [Math.min(events, window.requests), window.requests];
}

function wordWindow(check: GuardCheck, name: string, window: WindowCounts | undefined): string {
  const verb = check.kind === 'error-rate' ? 'failed' : `took more than ${formatMs(check.maxMs)} for`;
  return `${name} ${verb} ${formatPart(...countsOf(check, window))} in the last ${formatMs(check.overMs)}`;
}

/** What is past the bound by so few that chance may have done it is neither past nor within. */
function conclude(check: GuardCheck, verdict: GuardVerdict['verdict'], window: WindowCounts | undefined): string {
  if (verdict === 'no-data') return 'nothing to judge yet';
  const [events, of] = countsOf(check, window);
  const most = check.kind === 'error-rate' ? check.max : 1 - check.quantile;
  const how = verdict === 'above' ? 'past' : events > most * of ? 'not yet shown to be past' : 'within';
  return `${how} ${boundOf(check)}`;
}

function boundOf(check: GuardCheck): string {
  if (check.kind === 'error-rate') return `${formatPercent(check.max)}`;
  return `${formatMs(check.maxMs)} at the ${Math.round(check.quantile * 100)}th percentile`;
}
