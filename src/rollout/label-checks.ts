// Checks that ask of which version an event was.

import { LABEL_KINDS } from '../config/rollout-model.ts';
import type { RolloutCheck } from '../config/rollout-model.ts';

export type LabelCheck = Extract<RolloutCheck, { kind: (typeof LABEL_KINDS)[number] }>;

export function isLabelCheck(check: RolloutCheck): check is LabelCheck {
  return LABELS.has(check.kind);
}

const LABELS: ReadonlySet<RolloutCheck['kind']> = new Set(LABEL_KINDS);
