// What of alpha a rollout and each of its checks have.

import { alphaShares } from '../analysis/alpha.ts';
import type { RolloutCheck } from '../config/rollout-model.ts';
import { isGuard } from './judge-guards.ts';
import { isOutside } from './judge-outside.ts';
import type { RolloutState } from './model.ts';

/** What a guard has of alpha beside a check that compares: it is for what is far past its bound. */
export const GUARD_PART = 0.25;

/** What retries left of it. */
export function alphaOf({ template, alphaShare }: Pick<RolloutState, 'template' | 'alphaShare'>): number {
  return template.alpha * alphaShare;
}

/** Critical checks share alpha, over all pools of the rollout; one that is not stops nothing for good, and has its own. */
export function shareOfAlpha({ template }: Pick<RolloutState, 'template'>, check: RolloutCheck, pools: number): number {
  if (!check.critical) return 1;
  const sharing = template.checks.filter((each) => each.critical && !isOutside(each));
  const [share = 1] = alphaShares(sharing.map((each) => (isGuard(each) ? GUARD_PART : 1))).slice(sharing.indexOf(check));
  return share / pools;
}
