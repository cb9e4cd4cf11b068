// Verdicts of comparing shadows, for checks that name a mirror: asked now and then, because a report takes its time.

import type { MirrorReportOutcome } from '../control-api.ts';
import type { Clock } from '../../lib/clock.ts';
import type { OutsideResult } from '../../rollout/model.ts';

const ASK_MS = 2000;

interface Known {
  result: OutsideResult | undefined;
  askedMs: number;
}

export class Comparisons {
  readonly #report: (pool: string, mirror: string) => Promise<MirrorReportOutcome>;
  readonly #clock: Pick<Clock, 'nowMs'>;
  readonly #known = new Map<string, Known>();

  constructor(report: (pool: string, mirror: string) => Promise<MirrorReportOutcome>, clock: Pick<Clock, 'nowMs'>) {
    this.#report = report;
    this.#clock = clock;
  }

  /** The latest that is known; asks anew where it is old. */
  verdict(pool: string, mirror: string): OutsideResult | undefined {
    const key = `${pool}\n${mirror}`;
    const nowMs = this.#clock.nowMs();
    const known = this.#known.get(key) ?? { result: undefined, askedMs: -Infinity };
    this.#known.set(key, known);
    if (nowMs - known.askedMs >= ASK_MS) {
      known.askedMs = nowMs;
      void this.#report(pool, mirror).then((outcome) => (known.result = resultOf(outcome, mirror)));
    }
    return known.result;
  }
}

function resultOf(outcome: MirrorReportOutcome, mirror: string): OutsideResult {
  if (outcome.result !== 'report') return { result: 'no-data', sentence: outcome.message, forMs: 0 };
  const { verdict, reason } = outcome.report.verdict;
  const sentence = `the comparison of mirror ${mirror}: ${reason}`;
  if (verdict === 'pass' || verdict === 'fail') return { result: verdict, value: undefined, sentence };
  return { result: 'no-data', sentence, forMs: 0 };
}
