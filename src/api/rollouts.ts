// What a rollout shows: its steps, its checks with their evidence, and why it is where it is.

import { z } from 'zod';
import {
  alarmsBody,
  conversionsBody,
  freezeBody,
  rolloutActionBody,
  rolloutForwardBody,
  rolloutPlanBody,
  rolloutStartBody,
} from './rollout-bodies.ts';
import { author, count, fraction, timeMs, type Contract, type Examples } from './scalars.ts';

const rolloutStatus = z.enum([
  'pending',
  'running',
  'paused',
  'held',
  'promoting',
  'watching',
  'rolling-back',
  'succeeded',
  'rolled-back',
  'aborted',
  'superseded',
  'failed',
]);

const arm = z.object({ events: count, of: count }).describe('So many events among so many requests (or users, where requests have a key).');

const check = z.object({
  pool: z.string().describe('Of a rollout of several pools, whose check it is.').optional(),
  name: z.string(),
  kind: z.string(),
  onFail: z.string().describe('rollback, previous, hold or warn: what happens when the check fails.'),
  verdict: z.enum(['pass', 'fail', 'inconclusive', 'no-data']),
  evidence: z
    .object({ towardsFail: fraction, towardsHarmless: fraction })
    .describe('How far the evidence has come, 0 to 1: at 1 it suffices.'),
  baseline: arm.optional(),
  canary: arm.optional(),
  interval: z
    .object({ low: z.number(), high: z.number() })
    .describe('Of the ratio of canary to baseline, with the confidence of the rollout.')
    .optional(),
  needs: count.describe('About so many more requests of the canary until there is a verdict; absent where nobody knows.').optional(),
  topUserShare: fraction
    .describe("Part of the canary's bad events that one user with a key had, at least; absent where no user is known.")
    .optional(),
  sentence: z.string().describe('The verdict in words, with its numbers.'),
});

const step = z.object({
  kind: z.string(),
  text: z.string().describe('What the step does, in words.'),
  share: fraction.describe('Of the canary while the step runs; absent where the step sets none.').optional(),
  state: z
    .enum(['done', 'skipped', 'running', 'next'])
    .describe('skipped: somebody promoted the rollout before the step was over, or had begun.'),
});

const share = z
  .object({
    desired: fraction,
    measured: fraction.describe('Over the requests that chance assigned; absent before the first.').optional(),
  })
  .describe('Of the canary, of what it and the baseline have together.');

const exposed = z.object({ requests: count }).describe('Requests that the canary was given by chance, over all steps.');

const rollout = z.object({
  id: z.string(),
  pool: z.string(),
  baseline: z.string(),
  canary: z.string(),
  template: z.string(),
  strategy: z.string(),
  alpha: fraction.describe('What this try has of alpha: half of it after each try of the same versions within a day.'),
  state: rolloutStatus,
  why: z.string().describe('Why it is in this state: one sentence.'),
  step: count.describe('Position of the step that runs, from 0; the number of steps when all are done.'),
  steps: z.array(step),
  share,
  pools: z
    .array(
      z.object({
        pool: z.string(),
        baseline: z.string(),
        canary: z.string(),
        state: rolloutStatus,
        why: z.string(),
        share,
        exposed,
      }),
    )
    .describe(
      'Of a rollout of several pools each of them; the keys beside it are those of the first. Absent where one pool alone is moved.',
    )
    .optional(),
  checks: z.array(check),
  needs: z
    .object({ requests: count, seconds: z.number().min(0).optional() })
    .describe('About so many more requests of the canary, and so much time, until the step can end; absent where nobody knows.')
    .optional(),
  exposed,
  windows: z
    .object({
      open: z.boolean(),
      sentence: z.string().describe('Whether one is open, and when the next one opens, on the clocks of its place.'),
      texts: z.array(z.string()),
      opensMs: timeMs.describe('When the next one opens; absent while one is open.').optional(),
      forced: z.boolean().describe('Somebody has said that the rollout need not wait for one.'),
    })
    .describe('In which it goes forward; absent where it always may.')
    .optional(),
  author,
  reason: z.string(),
  startedMs: timeMs,
  endedMs: timeMs.optional(),
  history: z.array(z.object({ atMs: timeMs, author, text: z.string() })).describe('What was decided, oldest first.'),
});

export type RolloutView = Contract<typeof rollout>;

const page = z.object({ rollouts: z.array(rollout).describe('Those that run, then those that ended, newest first.') });

const planStep = z.object({
  text: z.string(),
  share: fraction.optional(),
  requests: z.number().min(0).describe('Requests that the canary gets in the step; absent without traffic.').optional(),
  seconds: z.number().min(0).describe('How long the step takes, as far as it can be foreseen.').optional(),
  detects: z
    .array(z.object({ times: z.number(), requests: count, seconds: z.number().optional(), missed: fraction }))
    .describe(
      'For a canary that fails so many times as often: requests and time until it is taken back, and the chance that the step misses it.',
    ),
});

const plan = z.object({
  pool: z.string(),
  baseline: z.string(),
  canary: z.string(),
  template: z.string(),
  perSecond: z.number().min(0).describe('Requests of the pool per second, over the last minutes.'),
  errorRate: fraction.describe('Of the baseline, over the last minutes.'),
  pools: z
    .array(z.object({ pool: z.string(), baseline: z.string(), canary: z.string(), perSecond: z.number().min(0), errorRate: fraction }))
    .describe('Of several pools all of them: the fields above are of the first, and each step is of all pools together.')
    .optional(),
  steps: z.array(planStep),
  warnings: z.array(z.string()),
  advice: z.string().describe('Which strategy fits the traffic, and why.'),
});

export type RolloutPlan = Contract<typeof plan>;

const breaker = z.object({
  pool: z.string(),
  open: z.boolean().describe('Whether new rollouts of the pool are refused.'),
  failures: count.describe('Rollouts that failed one after the other.'),
  untilMs: timeMs.optional(),
});

export type BreakerView = Contract<typeof breaker>;

const conversionsCounted = z.object({
  counted: count.describe('Events that a running rollout counts; the others name no check, or a user that it does not know.'),
});

const alarmsKnown = z.object({ firing: count.describe('Alarms that fire.') });

const freeze = z.object({ frozen: z.boolean(), reason: z.string(), author, sinceMs: timeMs.optional() });

export type FreezeView = Contract<typeof freeze>;

export const rolloutSchemas = {
  Rollout: rollout,
  Rollouts: page,
  RolloutPlan: plan,
  RolloutStartBody: rolloutStartBody,
  RolloutPlanBody: rolloutPlanBody,
  RolloutActionBody: rolloutActionBody,
  RolloutForwardBody: rolloutForwardBody,
  Breaker: breaker,
  Freeze: freeze,
  FreezeBody: freezeBody,
  AlarmsBody: alarmsBody,
  AlarmsKnown: alarmsKnown,
  ConversionsBody: conversionsBody,
  ConversionsCounted: conversionsCounted,
} as const;

const ROLLOUT = {
  id: 'shop-7f3a',
  pool: 'shop',
  baseline: 'v1',
  canary: 'v2',
  template: 'canary',
  strategy: 'canary',
  alpha: 0.05,
  state: 'running',
  why: 'v2 has 5 % of the requests until the evidence suffices.',
  step: 1,
  steps: [
    { kind: 'smoke', text: 'GET /healthz straight to the canary', state: 'done' },
    { kind: 'weight', text: '5 % until the evidence suffices', share: 0.05, state: 'running' },
    { kind: 'weight', text: '100 %', share: 1, state: 'next' },
  ],
  share: { desired: 0.05, measured: 0.0497 },
  checks: [
    {
      name: 'errors',
      kind: 'errors',
      onFail: 'rollback',
      verdict: 'inconclusive',
      evidence: { towardsFail: 0, towardsHarmless: 0.62 },
      baseline: { events: 11, of: 19_870 },
      canary: { events: 1, of: 1_040 },
      interval: { low: 0.1, high: 4.2 },
      needs: 640,
      sentence: 'v2 failed 1 of 1,040 requests, v1 11 of 19,870: not enough evidence yet.',
    },
  ],
  needs: { requests: 640, seconds: 64 },
  exposed: { requests: 1_040 },
  author: 'ci',
  reason: 'release 1.42',
  startedMs: 1_769_864_709_000,
  history: [{ atMs: 1_769_864_709_000, author: 'ci', text: 'started: release 1.42' }],
} as const;

/** As the API may send it. */
export const ROLLOUT_EXAMPLE = ROLLOUT as unknown as Examples<typeof rolloutSchemas>['Rollout'];

export const rolloutExamples: Examples<typeof rolloutSchemas> = {
  Rollout: ROLLOUT_EXAMPLE,
  Rollouts: { rollouts: [ROLLOUT_EXAMPLE] },
  RolloutPlan: {
    pool: 'shop',
    baseline: 'v1',
    canary: 'v2',
    template: 'canary',
    perSecond: 200,
    errorRate: 0.005,
    steps: [
      {
        text: '5 % until the evidence suffices',
        share: 0.05,
        requests: 2_100,
        seconds: 210,
        detects: [{ times: 10, requests: 60, seconds: 6, missed: 0.01 }],
      },
    ],
    warnings: [],
    advice: 'canary: the pool has enough traffic to show a doubled error rate at 5 % within about 5 minutes.',
  },
  RolloutStartBody: { pool: 'shop', to: 'v2', template: 'canary', reason: 'release 1.42' },
  RolloutPlanBody: { pool: 'shop', to: 'v2', template: 'canary' },
  RolloutActionBody: { reason: 'seen by the team' },
  RolloutForwardBody: { reason: 'seen by the team' },
  Breaker: { pool: 'shop', open: false, failures: 1 },
  Freeze: { frozen: false, reason: '', author: '' },
  FreezeBody: { frozen: true, reason: 'black Friday' },
  AlarmsKnown: { firing: 1 },
  ConversionsBody: { events: [{ event: 'purchase', key: 'u-4711', value: 19.9 }] },
  ConversionsCounted: { counted: 1 },
  AlarmsBody: { alerts: [{ status: 'firing', labels: { alertname: 'ShopDown' } }] },
};
