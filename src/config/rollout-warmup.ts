// Which steps of a rollout are over before its warmup is: in them nothing is compared. Pure.

import { LABEL_KINDS } from './rollout-model.ts';
import type { CheckKind, RolloutStep, RolloutTemplate } from './rollout-model.ts';

const COMPARED: ReadonlySet<CheckKind['kind']> = new Set<CheckKind['kind']>([...LABEL_KINDS, 'value']);

/** By position; the time that the step has beyond the warmup, in milliseconds. Without those that nothing is compared in anyway, or that have no end of their own. */
export function comparedTimes(template: Pick<RolloutTemplate, 'steps' | 'checks' | 'warmupMs'>): ReadonlyMap<number, number> {
  const found = new Map<number, number>();
  // The warmup begins with the first request, which comes with the first weight.
  let leftMs = Infinity;
  for (const [index, step] of template.steps.entries()) {
    if (step.kind === 'weight' && step.share > 0) leftMs = Math.min(leftMs, template.warmupMs);
    const mostMs = longest(step);
    if (template.checks.some(({ kind }) => COMPARED.has(kind)) && isCompared(step) && mostMs > 0)
      found.set(index, Math.max(0, mostMs - leftMs));
    if (leftMs < Infinity) leftMs = isOpen(step) ? 0 : Math.max(0, leftMs - mostMs);
  }
  return found;
}

function isCompared(step: RolloutStep): boolean {
  return (step.kind === 'weight' && step.share > 0 && step.share < 1) || (step.kind === 'watch' && step.holdback > 0);
}

/** Nobody knows when it ends, and by then it is warm. */
function isOpen(step: RolloutStep): boolean {
  return step.kind === 'approve' || (step.kind === 'weight' && step.until !== 'time') || (step.kind === 'mirror' && step.until !== 'time');
}

function longest(step: RolloutStep): number {
  switch (step.kind) {
    case 'weight':
      return step.until === 'time' ? Math.max(step.forMs, step.rampMs) : step.atMostMs;
    case 'mirror':
    case 'cohort':
    case 'watch':
      return step.forMs;
    default:
      return 0;
  }
}
