// Checks that ask of which version an event was: failures, slow responses, clients that left, statuses, good events. Each is a few label tests
// towards "worse", which stop the rollout, and a few towards "harmless", which let it go on.

import { failsAt, towards } from '../analysis/alpha.ts';
import { judgeHarmless } from '../analysis/harmless.ts';
import { LabelEvidence } from '../analysis/label-evidence.ts';
import type { LabelTest, Segment } from '../analysis/label-test.ts';
import { labelTest, logOfLabels } from '../analysis/label-test.ts';
import { logMean } from '../analysis/mean-of-evidence.ts';
import { slowTests } from '../analysis/slow-bounds.ts';
import type { LabelCheck } from './label-checks.ts';
import type { ArmCounts, CheckVerdict, Judged, SegmentEvidence } from './model.ts';
import { requestsNeeded } from './needs.ts';
import { ratioInterval } from './ratio-interval.ts';
import { formatEvidence, formatPart, formatPercent } from './sentences.ts';
import { sumOf } from './segments.ts';
import type { Trip } from './tripwire.ts';

/** Of tests that let a rollout go on: "below" and "above" by as much as they usually have to tell. */
const HARMLESS = { least: 1.1, most: 20 } as const;
const [SLOW_MIDDLE, SLOW_UPPER, SLOW_TAIL] = slowTests();
const SLOW_COUNT = 3;
const AS_SLOW = labelTest({ allowed: 1, towards: 'below', ...HARMLESS });

export interface LabelQuestion {
  readonly check: LabelCheck;
  /** Position of an event among the events of the template. */
  readonly event: number;
  /** Of the whole rollout, what retries left of it. */
  readonly alpha: number;
  /** The part of it for the failure of this check. */
  readonly alphaShare: number;
  readonly names: { readonly baseline: string; readonly canary: string };
}

export interface LabelCounts {
  /** What came since the last look, after the warmup. */
  readonly fresh: readonly SegmentEvidence[];
  /** Of the epoch and of the step, after the warmup. */
  readonly epoch: readonly SegmentEvidence[];
  readonly step: readonly SegmentEvidence[];
  readonly before: Judged | undefined;
  /** Of this check, since the last look. */
  readonly trip?: Trip | undefined;
}

export interface Judgement {
  readonly verdict: CheckVerdict;
  readonly judged: Judged;
}

export function judgeLabels(question: LabelQuestion, counts: LabelCounts): Judgement {
  const counters = countersOf(question);
  const tests = testsOf(question.check).map((test, index) => {
    const evidence = new LabelEvidence(test, 'again', counts.before?.tests[index]);
    for (const { chance, ours, theirs } of labelled(counts.fresh, counters[index % counters.length]!)) evidence.add(chance, ours, theirs);
    return evidence;
  });
  const needed = failsAt(question.alpha, question.alphaShare);
  // What was enough then stays so, whatever came between that moment and this look.
  const log = Math.max(logMean(tests.map((test) => test.log)), logAtTrip(question, counts, needed));
  const harmless = harmlessTowards(question, counts.step, counters);
  const judged: Judged = {
    tests: tests.map((test) => test.state()),
    failed: counts.before?.failed === true || log >= needed,
    harmless: counts.before?.harmless === true || harmless >= 1,
  };
  return { judged, verdict: wordVerdict(question, counts, judged, { log, needed, harmless, told: strongestOf(tests) }) };
}

/** The least that the evidence was when those who count halted the canary; -Infinity where they did not, or it was not enough. */
function logAtTrip({ check }: LabelQuestion, { before, trip }: LabelCounts, needed: number): number {
  if (trip === undefined) return -Infinity;
  const tests = testsOf(check);
  const at = trippedTest(check);
  const evidence = new LabelEvidence(tests[at]!, 'again', before?.tests[at]);
  const logs = tests.map((_, index) => (index === at ? evidence.logAtLeast(trip.chances, trip.ours, trip.theirs) : -Infinity));
  const log = logMean(logs);
  return log >= needed ? log : -Infinity;
}

/** Position of the test that alone can stop the rollout at once: towards more, of the rarest events. */
export function trippedTest(check: LabelCheck): number {
  return check.kind === 'latency' ? SLOW_COUNT - 1 : 0;
}

type Counter = (counts: ArmCounts) => number;

/** The test that has most evidence; the last where none has any. */
function strongestOf(tests: readonly LabelEvidence[]): number {
  const logs = tests.map((test) => test.log);
  const most = Math.max(...logs);
  return most > 0 ? logs.indexOf(most) : logs.length - 1;
}

/** What counts as an event: one for each test, or one for all of them. */
function countersOf({ check, event }: LabelQuestion): readonly [Counter, ...Counter[]] {
  switch (check.kind) {
    case 'errors':
      return [({ errors }) => errors];
    case 'latency':
      return [({ slow }) => slow[0], ({ slow }) => slow[1], ({ slow }) => slow[2]];
    case 'gave-up':
      return [({ gaveUp }) => gaveUp];
    case 'client-errors':
      return [({ clientErrors }) => clientErrors];
    case 'redirects':
    case 'empty-bodies':
    case 'small-bodies':
    case 'event':
      return [({ events }) => events[event] ?? 0];
  }
}

/** Towards "worse", the mean of whose evidence counts. */
export function testsOf(check: LabelCheck): readonly LabelTest[] {
  switch (check.kind) {
    case 'errors':
      return [labelTest({ allowed: check.ratio, towards: 'above' })];
    case 'latency':
      return [SLOW_MIDDLE, SLOW_UPPER, SLOW_TAIL];
    case 'gave-up':
    case 'client-errors':
    case 'redirects':
    case 'empty-bodies':
    case 'small-bodies':
      return [labelTest({ allowed: check.ratio, towards: 'above' }), labelTest({ allowed: 1 / check.ratio, towards: 'below' })];
    case 'event':
      return [labelTest({ allowed: 1 - check.worseThan, towards: 'below', ...HARMLESS })];
  }
}

/** 0 to 1, on the scale of logarithms; 1 = shown to be harmless. */
function harmlessTowards(question: LabelQuestion, step: readonly SegmentEvidence[], counters: readonly Counter[]): number {
  const { check, alpha } = question;
  const segments = counters.map((counter) => labelled(step, counter));
  const needed = failsAt(alpha, 1);
  switch (check.kind) {
    case 'errors': {
      const [ours, theirs] = [armOf(step, 'canary'), armOf(step, 'baseline')].map((arm) => ({
        differing: Math.min(arm.errors, arm.finished),
        total: arm.finished,
      }));
      if (ours!.total === 0 || theirs!.total === 0) return 0;
      const margin = check.absolute === undefined ? {} : { margin: check.absolute };
      return judgeHarmless({ segments: segments[0]!, ours: ours!, theirs: theirs! }, { alpha, ratio: check.ratio, ...margin }).towards;
    }
    case 'latency':
      return towards(logMean(segments.map((each) => logOfLabels(each, AS_SLOW))), needed);
    case 'gave-up':
    case 'client-errors':
    case 'redirects':
    case 'empty-bodies':
    case 'small-bodies': {
      const below = logOfLabels(segments[0]!, labelTest({ allowed: check.ratio, towards: 'below', ...HARMLESS }));
      const above = logOfLabels(segments[0]!, labelTest({ allowed: 1 / check.ratio, towards: 'above', ...HARMLESS }));
      return towards(Math.min(below, above), needed);
    }
    case 'event':
      return towards(
        logOfLabels(segments[0]!, labelTest({ allowed: 1 - check.worseThan, towards: 'above', least: 1.01, most: 5 })),
        needed,
      );
  }
}

interface Figures {
  readonly log: number;
  readonly needed: number;
  readonly harmless: number;
  /** Position of the test whose counts are told. */
  readonly told: number;
}

function wordVerdict(question: LabelQuestion, counts: LabelCounts, judged: Judged, figures: Figures): CheckVerdict {
  const { check, alpha } = question;
  const counters = countersOf(question);
  const counter = counters[figures.told % counters.length]!;
  const [baseline, canary] = [armOf(counts.epoch, 'baseline'), armOf(counts.epoch, 'canary')];
  const hasBoth = baseline.finished > 0 && canary.finished > 0;
  const verdict = judged.failed ? 'fail' : !hasBoth ? 'no-data' : judged.harmless ? 'pass' : 'inconclusive';
  const come = { fail: towards(figures.log, figures.needed), harmless: figures.harmless };
  const needs = verdict === 'fail' || verdict === 'pass' ? 0 : requestsNeeded(check, counts, { alpha, counter, come });
  return {
    verdict,
    towards: { fail: judged.failed ? 1 : come.fail, harmless: judged.harmless ? 1 : come.harmless },
    counts: { baseline: [counter(baseline), baseline.finished], canary: [counter(canary), canary.finished] },
    interval: hasBoth ? ratioInterval(labelled(counts.epoch, counter), alpha) : undefined,
    needs,
    topUserShare: undefined,
    sentence: `${describeCounts(question, figures.told, { baseline, canary })}: ${conclusion(question, verdict, figures, needs)}`,
  };
}

function describeCounts(
  question: LabelQuestion,
  told: number,
  { baseline, canary }: Readonly<Record<'baseline' | 'canary', ArmCounts>>,
): string {
  const { check, names } = question;
  const counters = countersOf(question);
  const counter = counters[told % counters.length]!;
  const verb = check.kind === 'latency' ? `was slower than the ${SLOW_BOUNDS[told]} of the moment in` : VERBS[check.kind];
  return `${names.canary} ${verb} ${formatPart(counter(canary), canary.finished)}, ${names.baseline} ${formatPart(counter(baseline), baseline.finished).replace(' requests', '')}`;
}

const SLOW_BOUNDS = ['median', '90th percentile', '99th percentile'] as const;

const VERBS: Readonly<Record<Exclude<LabelCheck['kind'], 'latency'>, string>> = {
  errors: 'failed',
  'gave-up': 'lost the client of',
  'client-errors': 'refused',
  redirects: 'redirected',
  'empty-bodies': 'had no body in the response of',
  'small-bodies': 'had a much smaller body than usual in the response of',
  event: 'had the event in',
};

function conclusion({ check }: LabelQuestion, verdict: CheckVerdict['verdict'], figures: Figures, needs: number | undefined): string {
  switch (verdict) {
    case 'fail':
      return `${boundOf(check)} is shown (${formatEvidence(figures.log)}, needed ${Math.round(Math.exp(figures.needed))})`;
    case 'pass':
      return `${boundOf(check)} is ruled out at this weight`;
    case 'no-data':
      return 'nothing to compare yet';
    case 'inconclusive':
      return needs === undefined ? 'not enough to tell' : `not enough to tell, about ${needs} more requests of the canary are needed`;
  }
}

function boundOf(check: LabelCheck): string {
  switch (check.kind) {
    case 'errors':
      return `worse than ${check.ratio} x`;
    case 'latency':
      return `slower than ${check.ratio} x`;
    case 'gave-up':
    case 'client-errors':
    case 'redirects':
    case 'empty-bodies':
    case 'small-bodies':
      return `a difference of more than ${check.ratio} x`;
    case 'event':
      return `a loss of more than ${formatPercent(check.worseThan)}`;
  }
}

function labelled(segments: readonly SegmentEvidence[], counter: Counter): readonly Segment[] {
  return segments.map(({ share, baseline, canary }) => ({ chance: share, ours: counter(canary), theirs: counter(baseline) }));
}

function armOf(segments: readonly SegmentEvidence[], arm: 'baseline' | 'canary'): ArmCounts {
  return sumOf(segments.map((segment) => segment[arm]));
}
