// Absolute guards: the last moments of one version against a bound. They compare nothing, and count from the first moment on.

import { divergence } from '../analysis/planning.ts';
import { judgeQuantile, judgeRate } from '../analysis/rate-guard.ts';
import type { RolloutCheck } from '../config/rollout-model.ts';
import type { CheckVerdict, Seen, WindowCounts } from './model.ts';
import { formatMs, formatPart, formatPercent } from './sentences.ts';

export type GuardCheck = Extract<RolloutCheck, { kind: 'error-rate' | 'slow' }>;

/**
 * They are looked at often, so that a sample that is bad by chance is to be rare: beyond Wilson's bound, and less likely than 1 in 22,000 by
 * Chernoff's bound, which is sharp for few requests as well. Four of four failures are past 5 %.
 */
const SURE = { z: 3.5, fewest: 1 } as const;
const UNLIKELY = 10;

export interface Guarded {
  readonly verdict: CheckVerdict;
  /** Says that the baseline is as bad: then the canary is not to blame. */
  readonly both: string | undefined;
}

interface Names {
  readonly baseline: string;
  readonly canary: string;
}

export function isGuard(check: RolloutCheck): check is GuardCheck {
  return check.kind === 'error-rate' || check.kind === 'slow';
}

export function judgeGuard(check: GuardCheck, seen: Seen, names: Names): Guarded {
  const windows = seen.windows[check.name];
  const [canary, baseline] = [judgeWindow(check, windows?.canary), judgeWindow(check, windows?.baseline)];
  const [told, other] = [wordWindow(check, names.canary, windows?.canary), wordWindow(check, names.baseline, windows?.baseline)];
  const isBoth = canary === 'above' && baseline === 'above' && names.baseline !== names.canary;
  return {
    verdict: {
      verdict: canary === 'no-data' ? 'no-data' : isBoth ? 'inconclusive' : canary === 'above' ? 'fail' : 'pass',
      towards: { fail: towardsBound(check, windows?.canary), harmless: canary === 'no-data' || canary === 'above' ? 0 : 1 },
      counts: { baseline: countsOf(check, windows?.baseline), canary: countsOf(check, windows?.canary) },
      interval: undefined,
      needs: canary === 'no-data' ? 1 : 0,
      sentence: isBoth ? `${told}; ${other}: both are past ${boundOf(check)}` : `${told}: ${conclude(check, canary)}`,
    },
    both: isBoth ? `both got worse since the start: ${told}; ${other}` : undefined,
  };
}

function judgeWindow(check: GuardCheck, window: WindowCounts | undefined): ReturnType<typeof judgeRate> {
  const [differing, total] = countsOf(check, window);
  if (total === 0) return 'no-data';
  const hits = { differing, total };
  const verdict = check.kind === 'error-rate' ? judgeRate(hits, { limit: check.max, ...SURE }) : judgeQuantile(hits, check.quantile, SURE);
  return verdict === 'above' && total * divergence(differing / total, limitOf(check)) < UNLIKELY ? 'open' : verdict;
}

function countsOf(check: GuardCheck, window: WindowCounts | undefined): readonly [number, number] {
  if (window === undefined) return [0, 0];
  const events = check.kind === 'error-rate' ? window.failures : window.slow;
  return [Math.min(events, window.requests), window.requests];
}

/** How sure it is that the share is past the bound. */
function towardsBound(check: GuardCheck, window: WindowCounts | undefined): number {
  const [differing, total] = countsOf(check, window);
  if (total === 0) return 0;
  const [rate, limit] = [differing / total, limitOf(check)];
  return rate <= limit ? 0 : Math.min(1, (total * divergence(rate, limit)) / UNLIKELY);
}

/** The share of requests that may fail, or be slow. */
function limitOf(check: GuardCheck): number {
  return check.kind === 'error-rate' ? check.max : 1 - check.quantile;
}

function wordWindow(check: GuardCheck, name: string, window: WindowCounts | undefined): string {
  const verb = check.kind === 'error-rate' ? 'failed' : `took more than ${formatMs(check.maxMs)} for`;
  return `${name} ${verb} ${formatPart(...countsOf(check, window))} in the last ${formatMs(check.overMs)}`;
}

function conclude(check: GuardCheck, verdict: ReturnType<typeof judgeRate>): string {
  if (verdict === 'no-data') return 'too few to judge';
  return `${verdict === 'above' ? 'past' : 'within'} ${boundOf(check)}`;
}

function boundOf(check: GuardCheck): string {
  if (check.kind === 'error-rate') return `${formatPercent(check.max)}`;
  return `${formatMs(check.maxMs)} at the ${Math.round(check.quantile * 100)}th percentile`;
}
