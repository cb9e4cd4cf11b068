// Checks that others judge: a Prometheus, a webhook, an alarm, a comparison. What has no result holds, and never passes.

import type { RolloutCheck } from '../config/rollout-model.ts';
import type { CheckVerdict } from './model.ts';
import type { Seen } from './seen.ts';

type OutsideCheck = Extract<RolloutCheck, { kind: 'prometheus' | 'webhook' | 'alarm' | 'comparison' }>;

/** A result that is gone for as long fails a check that says so (`whenGone: rollback`). */
const GONE_AFTER_MS = 60_000;

export function isOutside(check: RolloutCheck): check is OutsideCheck {
  return check.kind === 'prometheus' || check.kind === 'webhook' || check.kind === 'alarm' || check.kind === 'comparison';
}

export function judgeOutside(check: OutsideCheck, { outside }: Pick<Seen, 'outside'>): CheckVerdict {
  const result = Object.hasOwn(outside, check.name) ? outside[check.name] : undefined;
  if (result === undefined) return word('no-data', 'nobody has said anything yet');
  if (result.result !== 'no-data') return word(result.result, result.sentence);
  const isGone = 'whenGone' in check && check.whenGone === 'rollback' && result.forMs >= GONE_AFTER_MS;
  return word(isGone ? 'fail' : 'no-data', result.sentence);
}

function word(verdict: CheckVerdict['verdict'], sentence: string): CheckVerdict {
  return {
    verdict,
    towards: { fail: verdict === 'fail' ? 1 : 0, harmless: verdict === 'pass' ? 1 : 0 },
    counts: { baseline: [0, 0], canary: [0, 0] },
    interval: undefined,
    needs: undefined,
    topUserShare: undefined,
    sentence,
  };
}
