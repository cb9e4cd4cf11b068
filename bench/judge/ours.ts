// The judge of Sluice on the code of `analysis` and `rollout`: the label test, the absolute guard, and harmless by ratio or margin.

import { alphaShares, failsAt } from '../../src/analysis/alpha.ts';
import { judgeHarmless } from '../../src/analysis/harmless.ts';
import { LabelEvidence } from '../../src/analysis/label-evidence.ts';
import type { Segment } from '../../src/analysis/label-test.ts';
import { labelTest } from '../../src/analysis/label-test.ts';
import type { Hits } from '../../src/analysis/rate-interval.ts';
import { SlidingCounts } from '../../src/analysis/sliding-counts.ts';
import { GUARD_PART } from '../../src/rollout/alpha.ts';
import { judgeGuard } from '../../src/rollout/judge-guards.ts';
import type { GuardCheck } from '../../src/rollout/judge-guards.ts';
import type { Decision, Judge, Running, Window } from './judge.ts';

const ALPHA = 0.05;
const LIMIT = 0.05;
const GUARD: GuardCheck = { name: 'error-rate', critical: true, onFail: 'rollback', kind: 'error-rate', max: LIMIT, overMs: 30_000 };
const GUARD_SLOTS = 30;
const NAMES = { baseline: 'v1', canary: 'v2' };
const [TEST_SHARE, GUARD_SHARE] = alphaShares([1, GUARD_PART]) as [number, number];
const QUESTION = { alpha: ALPHA, ratio: 1.5, margin: 0.005 };
const ASKED_EVERY_SECONDS = 5;

/** @param everySeconds 0 looks at each failure at once and stakes again; else it looks that often, and stakes once */
export function ours(name: string, allowed: number, hasGuard: boolean, everySeconds = 0): Judge {
  return { name, begin: () => new OurJudge(allowed, hasGuard, everySeconds) };
}

class OurJudge implements Running {
  readonly #evidence: LabelEvidence;
  readonly #needed: number;
  readonly #guards = [new SlidingCounts(GUARD.overMs, GUARD_SLOTS), new SlidingCounts(GUARD.overMs, GUARD_SLOTS)] as const;
  readonly #segments = new Map<number, { chance: number; ours: number; theirs: number }>();
  readonly #totals = [0, 0, 0, 0];
  readonly #hasGuard: boolean;
  #isPromoted = false;
  readonly #everySeconds: number;

  constructor(allowed: number, hasGuard: boolean, everySeconds: number) {
    this.#evidence = new LabelEvidence(labelTest({ allowed, towards: 'above' }), everySeconds === 0 ? 'again' : 'once');
    this.#needed = failsAt(ALPHA, hasGuard ? TEST_SHARE : 1);
    this.#hasGuard = hasGuard;
    this.#everySeconds = everySeconds;
  }

  failed(weight: number, isCanary: boolean, isFirst: boolean): Decision {
    if (!isFirst) return 'go on';
    this.#evidence.add(weight, isCanary ? 1 : 0, isCanary ? 0 : 1);
    const segment = this.#segments.get(weight) ?? { chance: weight, ours: 0, theirs: 0 };
    this.#segments.set(weight, segment);
    if (isCanary) segment.ours++;
    else segment.theirs++;
    return this.#everySeconds === 0 && isCanary && this.#evidence.log >= this.#needed ? 'roll back' : 'go on';
  }

  tick(second: number, window: Window): Decision {
    if (this.#everySeconds > 0) {
      return second % this.#everySeconds === 0 && this.#evidence.log >= this.#needed ? 'roll back' : 'go on';
    }
    if (!this.#hasGuard) return 'go on';
    const { canary, canaryFailed, baseline, baselineFailed } = window;
    [canary, canaryFailed, baseline, baselineFailed].forEach((count, i) => (this.#totals[i]! += count));
    const guarded = this.#guard(second, window);
    if (guarded !== 'go on') return guarded;
    if (this.#isPromoted || second % ASKED_EVERY_SECONDS !== 0 || !this.#isHarmless()) return 'go on';
    this.#isPromoted = true;
    return 'promote';
  }

  #guard(second: number, { canaryUnits, canaryUnitsFailed, baselineUnits, baselineUnitsFailed }: Window): Decision {
    const nowMs = second * 1000;
    this.#guards[0].add(nowMs, canaryUnitsFailed, canaryUnits);
    this.#guards[1].add(nowMs, baselineUnitsFailed, baselineUnits);
    const [ours, theirs] = this.#guards.map((guard) => guard.sum(nowMs)) as [Hits, Hits];
    // Within its bound nothing is past it.
    if (ours.differing <= LIMIT * ours.total) return 'go on';
    const counts = ({ differing, total }: Hits) => ({ requests: total, failures: differing, slow: 0 });
    const windows = { [GUARD.name]: { canary: counts(ours), baseline: counts(theirs), start: second } };
    const { verdict, both } = judgeGuard(GUARD, { windows }, { alpha: ALPHA * GUARD_SHARE, names: NAMES });
    if (both !== undefined) return 'hold';
    return verdict.verdict === 'fail' ? 'roll back' : 'go on';
  }

  #isHarmless(): boolean {
    const [canary, canaryFailed, baseline, baselineFailed] = this.#totals as [number, number, number, number];
    const segments: readonly Segment[] = [...this.#segments.values()];
    const counts = {
      segments,
      ours: { differing: canaryFailed, total: canary },
      theirs: { differing: baselineFailed, total: baseline },
    };
    return judgeHarmless(counts, QUESTION).isHarmless;
  }
}
