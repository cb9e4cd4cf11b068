// The judge of Sluice on the code of `analysis`: the label test, an absolute guard, and harmless by ratio or margin.

import { failsAt } from '../../src/analysis/alpha.ts';
import { judgeHarmless } from '../../src/analysis/harmless.ts';
import { LabelEvidence } from '../../src/analysis/label-evidence.ts';
import type { Segment } from '../../src/analysis/label-test.ts';
import { labelTest } from '../../src/analysis/label-test.ts';
import { judgeRate } from '../../src/analysis/rate-guard.ts';
import { SlidingCounts } from '../../src/analysis/sliding-counts.ts';
import type { Decision, Judge, Running, Window } from './judge.ts';

const ALPHA = 0.05;
const GUARD = { limit: 0.05, z: 5, fewest: 100 };
const GUARD_WINDOW_MS = 30_000;
const QUESTION = { alpha: ALPHA, ratio: 1.5, margin: 0.005 };
const ASKED_EVERY_SECONDS = 5;

/** @param everySeconds 0 looks at each failure at once and stakes again; else it looks that often, and stakes once */
export function ours(name: string, allowed: number, hasGuard: boolean, everySeconds = 0): Judge {
  return { name, begin: () => new OurJudge(allowed, hasGuard, everySeconds) };
}

class OurJudge implements Running {
  readonly #evidence: LabelEvidence;
  readonly #needed = failsAt(ALPHA, 1);
  readonly #guards = [new SlidingCounts(GUARD_WINDOW_MS, 30), new SlidingCounts(GUARD_WINDOW_MS, 30)] as const;
  readonly #segments = new Map<number, { chance: number; ours: number; theirs: number }>();
  readonly #totals = [0, 0, 0, 0];
  readonly #hasGuard: boolean;
  readonly #everySeconds: number;

  constructor(allowed: number, hasGuard: boolean, everySeconds: number) {
    this.#evidence = new LabelEvidence(labelTest({ allowed, towards: 'above' }), everySeconds === 0 ? 'again' : 'once');
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

  tick(second: number, { canary, canaryFailed, baseline, baselineFailed }: Window): Decision {
    if (this.#everySeconds > 0) {
      return second % this.#everySeconds === 0 && this.#evidence.log >= this.#needed ? 'roll back' : 'go on';
    }
    if (!this.#hasGuard) return 'go on';
    [canary, canaryFailed, baseline, baselineFailed].forEach((count, i) => (this.#totals[i]! += count));
    this.#guards[0].add(second * 1000, canaryFailed, canary);
    this.#guards[1].add(second * 1000, baselineFailed, baseline);
    const [isCanaryAbove, isBaselineAbove] = this.#guards.map((guard) => judgeRate(guard.sum(second * 1000), GUARD) === 'above');
    if (isBaselineAbove === true) return 'hold';
    if (isCanaryAbove === true) return 'roll back';
    return second % ASKED_EVERY_SECONDS === 0 && this.#isHarmless() ? 'promote' : 'go on';
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
