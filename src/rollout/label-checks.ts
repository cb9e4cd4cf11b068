// Checks that ask of which version an event was.

import type { RolloutCheck } from '../config/rollout-model.ts';

export type LabelCheck = Extract<
  RolloutCheck,
  { kind: 'errors' | 'latency' | 'gave-up' | 'client-errors' | 'redirects' | 'empty-bodies' | 'small-bodies' | 'event' }
>;

export function isLabelCheck(check: RolloutCheck): check is LabelCheck {
  return LABELS.has(check.kind);
}

const LABELS: ReadonlySet<RolloutCheck['kind']> = new Set([
  'errors',
  'latency',
  'gave-up',
  'client-errors',
  'redirects',
  'empty-bodies',
  'small-bodies',
  'event',
]);
