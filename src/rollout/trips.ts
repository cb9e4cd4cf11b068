// What is enough to take the canary back, told to those who count, so that they halt it without waiting for the judge. Pure.

import { failsAt } from '../analysis/alpha.ts';
import { LabelEvidence } from '../analysis/label-evidence.ts';
import type { Chances } from '../analysis/label-evidence.ts';
import { tripTable } from '../analysis/label-trip.ts';
import { logMean } from '../analysis/mean-of-evidence.ts';
import type { RolloutCheck } from '../config/rollout-model.ts';
import { alphaOf, shareOfAlpha } from './alpha.ts';
import { isInPlace } from './course.ts';
import { testsOf, trippedTest } from './judge-labels.ts';
import { isLabelCheck } from './label-checks.ts';
import type { LabelCheck } from './label-checks.ts';
import { takes } from './leave.ts';
import { ENDED } from './model.ts';
import type { RolloutState } from './model.ts';
import type { Seen } from './seen.ts';
import type { Arming, TripCount, Tripwire } from './tripwire.ts';
import { isWarm } from './warmup.ts';

const COUNTS: Readonly<Partial<Record<RolloutCheck['kind'], TripCount>>> = {
  errors: 'errors',
  latency: 'slow',
  'gave-up': 'gave-up',
  'client-errors': 'client-errors',
};

/**
 * Of a state that was judged just now; undefined where nothing is left to those who count: in the warmup, and where the baseline could not take it all.
 *
 * @param pools that the rollout moves
 */
export function armingOf(state: RolloutState, seen: Pick<Seen, 'readyEndpoints' | 'rampShares'>, pools: number): Arming | undefined {
  const { judgedSegment, started, status, leaving, held } = state;
  if (!started || ENDED.has(status) || leaving !== undefined || held === 'uneven' || isInPlace(state)) return undefined;
  if (!isWarm(state) || takes(state, seen) < 1) return undefined;
  const checks = state.template.checks.filter(isLabelCheck).filter((check) => isLeft(check, state));
  if (checks.length === 0) return undefined;
  const shares = state.evidence.filter(({ segment }) => segment >= judgedSegment).map(({ share }) => share);
  const wires = (chance: number): readonly Tripwire[] => {
    // A request that was drawn with another share may still fail.
    const chances = { chance, theirChance: Math.max(chance, ...shares) };
    return checks.map((check) => ({
      check: check.name,
      counts: COUNTS[check.kind]!,
      chances,
      table: tableOf(state, check, { chances, pools }),
    }));
  };
  return { from: judgedSegment, wires };
}

function isLeft(check: LabelCheck, { judged }: RolloutState): boolean {
  const takesBack = check.onFail === 'rollback' || check.onFail === 'previous';
  return takesBack && COUNTS[check.kind] !== undefined && judged[check.name]?.failed !== true;
}

/** As if the other tests of the check had shown nothing: their mean counts. */
function tableOf(
  state: RolloutState,
  check: LabelCheck,
  { chances, pools }: { readonly chances: Chances; readonly pools: number },
): readonly number[] {
  const tests = testsOf(check);
  const at = trippedTest(check);
  const evidence = new LabelEvidence(tests[at]!, 'again', state.judged[check.name]?.tests[at]);
  const alone = logMean(tests.map((_, index) => (index === at ? 0 : -Infinity)));
  return tripTable(evidence, chances, failsAt(alphaOf(state), shareOfAlpha(state, check, pools)) - alone);
}
