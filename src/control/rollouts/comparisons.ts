// Verdicts of comparing shadows, for checks that name a mirror and steps that have one: asked now and then, because a report takes its time.

import type { MirrorReportOutcome } from '../control-api.ts';
import type { Clock } from '../../lib/clock.ts';
import type { OutsideResult } from '../../rollout/seen.ts';

const ASK_MS = 2000;
/** What nobody has asked for as long is forgotten. */
const FORGET_MS = 60_000;

interface Known {
  result: OutsideResult | undefined;
  askedMs: number;
}

export class Comparisons {
  readonly #report: (pool: string, mirror: string) => Promise<MirrorReportOutcome>;
  readonly #clock: Pick<Clock, 'nowMs'>;
  /** By who asks. */
  readonly #known = new Map<string, Known>();

  constructor(report: (pool: string, mirror: string) => Promise<MirrorReportOutcome>, clock: Pick<Clock, 'nowMs'>) {
    this.#report = report;
    this.#clock = clock;
  }

  /** The latest that is known; asks anew where it is old. @param by who asks: it hears nothing from before it asked first */
  verdict(pool: string, mirror: string, by: string): OutsideResult | undefined {
    const key = `${by}\n${pool}\n${mirror}`;
    const nowMs = this.#clock.nowMs();
    const known = this.#known.get(key) ?? { result: undefined, askedMs: -Infinity };
    if (nowMs - known.askedMs < ASK_MS) return known.result;
    known.askedMs = nowMs;
    this.#known.set(key, known);
    for (const [other, { askedMs }] of this.#known) if (nowMs - askedMs > FORGET_MS) this.#known.delete(other);
    void this.#report(pool, mirror)
      .then((outcome) => resultOf(outcome, mirror))
      .catch((error: unknown) => noData(`the comparison of mirror ${mirror} cannot be read: ${(error as Error).message}`))
      .then((result) => (known.result = result));
    return known.result;
  }
}

function resultOf(outcome: MirrorReportOutcome, mirror: string): OutsideResult {
  if (outcome.result !== 'report') return noData(outcome.message);
  const { verdict, reason } = outcome.report.verdict;
  const sentence = `the comparison of mirror ${mirror}: ${reason}`;
  if (verdict === 'no-data') return noData(sentence);
  return verdict === 'inconclusive' ? { result: verdict, sentence } : { result: verdict, value: undefined, sentence };
}

function noData(sentence: string): OutsideResult {
  return { result: 'no-data', sentence, forMs: 0 };
}
