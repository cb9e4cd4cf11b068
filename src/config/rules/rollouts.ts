// Steps and checks of a rollout must fit together: each step can end, and what it waits for can come.

import { isMap } from '../../lib/plain.ts';
import { formatDuration } from '../duration.ts';
import type { Config } from '../model.ts';
import type { Path } from '../path.ts';
import { sharesBefore } from '../print-rollout.ts';
import { LABEL_KINDS } from '../rollout-model.ts';
import type { CheckKind, RolloutStep, RolloutTemplate } from '../rollout-model.ts';
import { comparedTimes } from '../rollout-warmup.ts';
import { noSuch } from '../suggest.ts';
import { checkNames, checkSeen, uniqueSpelling } from './headers.ts';
import type { Review } from './review.ts';

const WEEK_MS = 7 * 86_400_000;
/** They compare two versions that serve at the same time. */
const COMPARING: ReadonlySet<CheckKind['kind']> = new Set<CheckKind['kind']>([...LABEL_KINDS, 'value', 'comparison']);

export function weightsOfRolloutsGrow(config: Config, review: Review): void {
  eachStep(config, ({ template, step, index, path }) => {
    if (step.kind !== 'weight') return;
    const before = sharesBefore(template.steps, index);
    if (step.share >= before || review.written([...path, 'lower']) === true) return;
    const [from, to] = [before, step.share].map((share) => `${Number((share * 100).toFixed(6))}%`);
    review.problem([...path, 'weight'], `the weight goes down from ${from} to ${to}: write lower: true beside it where that is meant`);
  });
}

export function stepsOfRolloutsEnd(config: Config, review: Review): void {
  eachStep(config, ({ template, step, index, path }) => {
    const at = step.kind === 'weight' || step.kind === 'smoke' ? path : [...path, step.kind];
    if ('forMs' in step && 'atMostMs' in step && step.atMostMs < step.forMs) {
      const [most, least] = [formatDuration(step.atMostMs), formatDuration(step.forMs)];
      review.problem([...at, 'atMost'], `atMost (${most}) is shorter than for (${least}): the step could never end in time`);
    }
    if (step.kind === 'weight' && step.atMostMs < step.rampMs) {
      const [most, ramp] = [formatDuration(step.atMostMs), formatDuration(step.rampMs)];
      review.problem([...at, 'atMost'], `atMost (${most}) is shorter than ramp (${ramp}): the step could never end in time`);
    }
    if (step.kind === 'watch' && index < template.steps.length - 1)
      review.problem(path, 'watch is the last step: the canary has got everything by then', 'key');
    if (step.kind === 'replace' && step.batch > step.maxUnavailable) {
      const message = `batch (${step.batch * 100}%) may not be above maxUnavailable (${step.maxUnavailable * 100}%)`;
      review.problem([...at, 'batch'], message);
    }
  });
}

export function stepsOfRolloutsCanDecide(config: Config, review: Review): void {
  eachStep(config, ({ template, step, path }) => {
    if (step.kind !== 'weight' || step.until === 'time') return;
    const at = [...path, 'until'];
    if (step.share === 1)
      review.problem(at, 'at 100% there is no baseline to compare with: add { watch: { for: 10m, holdback: 1% } } as the last step');
    if (step.until === 'evidence' && !template.checks.some(({ critical }) => critical))
      review.problem(at, 'until: evidence needs a critical check: write critical: true at one of the checks');
    if (step.until !== 'winner') return;
    if (!template.checks.some(({ kind }) => kind === 'event' || kind === 'value'))
      review.problem(at, 'until: winner needs a check of an event or a value: { name: buys, event: { response: { header: x-purchase } } }');
    if (step.forMs < WEEK_MS)
      review.notice([...path, 'for'], 'a winner of less than a week is one of these days: people do other things on other days');
  });
}

/** Until the warmup is over nothing is compared. */
export function stepsOfRolloutsOutlastWarmup(config: Config, review: Review): void {
  eachRollout(config, (template, path) => {
    for (const [index, comparedMs] of comparedTimes(template)) {
      const step = template.steps[index]!;
      if (comparedMs > 0) continue;
      const at = [...path, 'steps', index, ...(step.kind === 'watch' ? ['watch'] : [])];
      const key = step.kind === 'weight' && step.until !== 'time' ? 'atMost' : 'for';
      review.notice(
        [...at, key],
        `the step is over before the warmup of ${formatDuration(template.warmupMs)} is, so nothing is compared in it: give it more time, or write warmup: 0s`,
      );
    }
  });
}

/** What replaces endpoints in place has no second version, and a hook that does it. */
export function replacementsStandAlone(config: Config, review: Review): void {
  eachRollout(config, (template, path) => {
    const index = template.steps.findIndex(replaces);
    if (index < 0) return;
    const kind = template.steps[index]!.kind;
    const at = isWritten(review, path, 'steps') ? [...path, 'steps', index, kind] : path;
    const other = template.steps.findIndex((step) => !replaces(step) && step.kind !== 'approve');
    if (other >= 0)
      review.problem([...path, 'steps', other], `${template.steps[other]!.kind} does not stand beside ${kind}, which has no canary`, 'key');
    const compared = template.checks.findIndex((check) => COMPARING.has(check.kind));
    if (compared >= 0) {
      const message = `"${template.checks[compared]!.name}" compares with a baseline, and beside ${kind} there is none: write errorRate: { max: 5% }`;
      review.problem([...path, 'checks', compared], message);
    }
    if (!template.hooks.some(({ on }) => on.includes('endpoint')))
      review.problem(
        at,
        `${kind} needs a hook that replaces an endpoint: hooks: [{ on: [endpoint], url: http://127.0.0.1:8000/restart }]`,
        'key',
      );
  });
}

export function namesInRolloutsAreKnown(config: Config, review: Review): void {
  const mirrors = new Set(
    config.pools.flatMap((pool) => pool.mirrors.filter(({ compare }) => compare !== undefined).map(({ name }) => name)),
  );
  const routes = config.routes.map(({ name }) => name);
  eachRollout(config, (template, path) => {
    for (const [index, check] of template.checks.entries()) {
      const at = [...path, 'checks', index];
      if (check.kind === 'comparison' && !mirrors.has(check.mirror))
        review.problem([...at, 'comparison', 'mirror'], noSuch('mirror that compares', check.mirror, mirrors));
      if (check.kind === 'event' && check.source.kind === 'route' && !routes.includes(check.source.route))
        review.problem([...at, 'event', 'route'], noSuch('route', check.source.route, routes));
    }
    uniqueIn(review, template.checks, [...path, 'checks'], (index) => [index, 'name']);
    const cohorts = template.steps.map((step) => ({ name: step.kind === 'cohort' ? step.name : undefined }));
    uniqueIn(review, cohorts, [...path, 'steps'], (index) => [index, 'cohort', 'name']);
  });
}

export function headersOfRolloutsKeepFraming(config: Config, review: Review): void {
  eachStep(config, ({ step, path }) => {
    if (step.kind === 'cohort' && isMap(step.override['header'])) {
      const at = [...path, 'cohort', 'header', 'name'];
      checkSeen(review, at, String(step.override['header']['name']), 'value');
    }
    if (step.kind !== 'smoke') return;
    for (const [index, { headers }] of step.requests.entries()) {
      const at = [...path, 'smoke', index, 'headers'];
      const names = headers.map(([name]) => name);
      checkNames(review, at, names, 'host of the request');
      uniqueSpelling(review, at, names);
    }
  });
}

/** The workers count who is slow by one ratio. */
export function rolloutsCompareLatencyByOneRatio(config: Config, review: Review): void {
  eachRollout(config, ({ checks }, path) => {
    const first = checks.find((check) => check.kind === 'latency');
    for (const [index, check] of checks.entries()) {
      if (check.kind !== 'latency' || check.ratio === first!.ratio) continue;
      const message = `"${first!.name}" compares latencies by ${first!.ratio}x, and all checks of them have one ratio: write the same, or bound a quantile by slow: { p99: 1s }`;
      review.problem([...path, 'checks', index, 'latency'], message, 'key');
    }
  });
}

/** Somebody who writes checks gets these alone. */
export function rolloutsLookAtErrors(config: Config, review: Review): void {
  eachRollout(config, ({ checks }, path) => {
    if (checks.some(({ kind }) => kind === 'errors' || kind === 'error-rate')) return;
    review.notice([...path, 'checks'], 'no check looks at failed requests: add { name: errors, errors: { worseThan: 1.5x } }', 'key');
  });
}

interface StepSpot {
  readonly template: RolloutTemplate;
  readonly step: RolloutStep;
  readonly index: number;
  readonly path: Path;
}

function eachStep(config: Config, look: (spot: StepSpot) => void): void {
  eachRollout(config, (template, path) => {
    for (const [index, step] of template.steps.entries()) look({ template, step, index, path: [...path, 'steps', index] });
  });
}

function eachRollout(config: Config, look: (template: RolloutTemplate, path: Path) => void): void {
  for (const template of config.rollouts) look(template, ['rollouts', template.name]);
}

function replaces({ kind }: RolloutStep): boolean {
  return kind === 'replace' || kind === 'recreate';
}

function isWritten(review: Review, path: Path, key: string): boolean {
  return review.written([...path, key]) !== undefined;
}

function uniqueIn(
  review: Review,
  items: readonly { readonly name: string | undefined }[],
  path: Path,
  placeOf: (index: number) => Path,
): void {
  const seen = new Map<string, number>();
  for (const [index, { name }] of items.entries()) {
    if (name === undefined) continue;
    const at = [...path, ...placeOf(index)];
    const before = seen.get(name);
    if (before === undefined) seen.set(name, index);
    else review.problem(at, `name "${name}" is already taken at ${review.lineOf([...path, ...placeOf(before)], at)}`);
  }
}
