// Schema of templates of rollouts. Most configs have none: it is built with the first one.

import { z } from 'zod';
import type { CheckKind, OnFail, RolloutTemplate } from '../rollout-model.ts';
import { MAX_CHECKS, MAX_EVENTS, MAX_HOOKS, MAX_STEPS, MAX_TEMPLATES, MAX_VALUES, MAX_WINDOWS, STRATEGIES } from '../rollout-model.ts';
import { DEFAULT_ALPHA, DEFAULT_BREAKER, defaultChecks, defaultSteps } from '../shipped-rollouts.ts';
import { hook } from './rollout-calls.ts';
import { check } from './rollout-checks.ts';
import type { UnsettledCheck } from './rollout-checks.ts';
import { step } from './rollout-steps.ts';
import { window } from './rollout-windows.ts';
import { duration } from './scalar.ts';
import { addProblem, atMost, integer, list, named, nonEmptyList, oneOf, rare, strictMap } from './strict-map.ts';

const DAY_MS = 86_400_000;
const EVENTS: ReadonlySet<CheckKind['kind']> = new Set(['event', 'redirects', 'empty-bodies', 'small-bodies']);

/** Templates by name, as a list in the order of the file. */
export function rollouts() {
  return named('rollout', rare(template)).transform((written, context): RolloutTemplate[] => {
    const entries = Object.entries(written);
    atMost(context, entries, { most: MAX_TEMPLATES, what: 'rollouts' });
    return entries.map(([name, body]) => ({ name, ...body }));
  });
}

function template() {
  return strictMap({
    strategy: oneOf('strategy', STRATEGIES).default('canary').describe('Steps and checks where none are written.'),
    steps: nonEmptyList('step', step()).describe('What is done, one after the other.').optional(),
    checks: nonEmptyList('check', check()).describe('What is looked at all the time; default: errors, latency and error rate.').optional(),
    alpha: alpha().default(DEFAULT_ALPHA).describe('Chance that a harmless canary is taken back, over all critical checks together.'),
    warmup: duration(0, DAY_MS)
      .prefault('30s')
      .describe("From the canary's first request on: so long only absolute guards count; 0s = no time."),
    onFail: oneOf('onFail', ['rollback', 'previous', 'hold']).default('rollback').describe('What happens when a critical check fails.'),
    hooks: list(hook()).default([]).describe('Programs that are told, or asked.'),
    breaker: breaker().describe('Blocks rollouts of a pool after several that failed.'),
    keepWarm: duration(0, 30 * DAY_MS)
      .prefault('0s')
      .describe('How long the old version stays ready after a rollout that succeeded.'),
    windows: list(window())
      .default([])
      .describe('It starts and takes steps forward only while one of them is open; none: always. A rollback never waits.'),
  }).transform(({ strategy, onFail, warmup, keepWarm, ...rest }, context): Omit<RolloutTemplate, 'name'> => {
    const { steps = defaultSteps(strategy), checks, hooks, windows } = rest;
    atMost(context, steps, { most: MAX_STEPS, what: 'steps', path: ['steps'] });
    atMost(context, hooks, { most: MAX_HOOKS, what: 'hooks', path: ['hooks'] });
    atMost(context, windows, { most: MAX_WINDOWS, what: 'windows', path: ['windows'] });
    const settled = checks === undefined ? defaultChecks(strategy, onFail) : settleChecks(checks, onFail);
    atMost(context, settled, { most: MAX_CHECKS, what: 'checks', path: ['checks'] });
    const events = settled.filter(({ kind }) => EVENTS.has(kind)).length;
    if (events > MAX_EVENTS)
      addProblem(context, `must have at most ${MAX_EVENTS} checks of events, redirects, empty and small bodies, got ${events}`, ['checks']);
    const values = settled.filter(({ kind }) => kind === 'value').length;
    if (values > MAX_VALUES) addProblem(context, `must have at most ${MAX_VALUES} checks of values, got ${values}`, ['checks']);
    const { alpha: chance, breaker: blocks } = rest;
    const times = { warmupMs: warmup, keepWarmMs: keepWarm };
    return { strategy, steps, checks: settled, alpha: chance, onFail, hooks, breaker: blocks, ...times, windows };
  });
}

function settleChecks(checks: readonly UnsettledCheck[], onFail: OnFail): RolloutTemplate['checks'] {
  return checks.map((each) => each(onFail));
}

function alpha() {
  const error = 'alpha must be a number from 0.000001 to 0.5';
  return z.number({ error }).min(0.000001, { error }).max(0.5, { error });
}

function breaker() {
  return strictMap({
    failures: integer('failures', 0, 100).default(DEFAULT_BREAKER.failures).describe('So many in a row block the next; 0 = never.'),
    blockFor: duration(1000, 30 * DAY_MS)
      .prefault('1h')
      .describe('For how long.'),
  })
    .transform((written) => ({ failures: written.failures, blockForMs: written.blockFor }))
    .prefault({});
}
