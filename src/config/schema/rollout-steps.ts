// Schema of the steps of a rollout: of each, exactly one kind is written.

import { z } from 'zod';
import type { Gate, RolloutStep, SmokeRequest } from '../rollout-model.ts';
import { MAX_SMOKE_REQUESTS } from '../rollout-model.ts';
import { describeValue } from '../print-match.ts';
import { PERCENT_PATTERN, parsePercent } from '../percent.ts';
import { DEFAULT_PATIENCE_MS, DEFAULT_REPLACE } from '../shipped-rollouts.ts';
import { overrideKeys, readOverride } from './affinity.ts';
import { headerMap } from './header-changes.ts';
import { mirrorStep } from './rollout-mirror-step.ts';
import { duration, hostText, method, nonEmptyText, share } from './scalar.ts';
import { addProblem, atMost, exactlyOneFault, flag, integer, nonEmptyList, oneOf, strictMap } from './strict-map.ts';
import type { IssueContext } from './strict-map.ts';

const DAY_MS = 86_400_000;
/** No timer holds it: time is added up while Sluice runs. */
const MAX_STEP_MS = 90 * DAY_MS;
const KINDS = ['smoke', 'mirror', 'cohort', 'weight', 'approve', 'watch', 'replace', 'recreate'] as const;
/** Beside `weight`; `atMost` and `onTimeout` also beside `smoke`. */
const BESIDE = ['for', 'ramp', 'until', 'atMost', 'onTimeout', 'lower'] as const;
const MAX_TIMES = 1000;

function time() {
  return duration(0, MAX_STEP_MS);
}

/** `atMost`, where a default does not follow from other keys. */
function limitTime() {
  return duration(1, MAX_STEP_MS);
}

function timeout() {
  return oneOf('onTimeout', ['hold', 'rollback', 'continue']).default('hold').describe('What happens when its time is up.');
}

export function step() {
  return strictMap({
    smoke: smokeRequests().describe('Requests straight to the canary; all must be as expected.').optional(),
    mirror: mirrorStep().describe('The canary gets copies of requests, and nobody gets its responses.').optional(),
    cohort: cohort().describe('Requests that fit go to the canary until the rollout ends.').optional(),
    weight: weight().describe("The canary's share of what baseline and canary get together, such as 5%.").optional(),
    approve: approve().describe('Waits for a person.').optional(),
    watch: watch().describe('The last step: checks go on after the canary got everything.').optional(),
    replace: replace().describe('The endpoints of the version are replaced in place, batch by batch.').optional(),
    recreate: recreate().describe('All endpoints of the version are replaced at once; requests wait where the pool holds them.').optional(),
    for: time().describe('Of a weight: how long it holds at least.').optional(),
    ramp: time()
      .describe('Of a weight: it rises over so long, in ten parts, in place of at once: a cold canary warms up meanwhile.')
      .optional(),
    until: oneOf('until', ['time', 'evidence', 'winner'])
      .describe('Of a weight: evidence = until every critical check is shown to be harmless; winner = until an event says who is better.')
      .optional(),
    atMost: limitTime().describe('Of a weight or smoke: the longest time that it waits.').optional(),
    onTimeout: oneOf('onTimeout', ['hold', 'rollback', 'continue']).describe('What happens when that time is up.').optional(),
    lower: flag().describe('Of a weight: it may be below the one before.').optional(),
  })
    .transform((written, context): RolloutStep => {
      const fault = exactlyOneFault('a step', KINDS, written);
      if (fault !== undefined) {
        addProblem(context, fault);
        return z.NEVER;
      }
      refuseBeside(written, context);
      return read(written);
    })
    .meta({ minProperties: 1 });
}

interface WrittenStep {
  readonly smoke?: SmokeRequest[] | undefined;
  readonly weight?: number | undefined;
  readonly for?: number | undefined;
  readonly ramp?: number | undefined;
  readonly until?: 'time' | 'evidence' | 'winner' | undefined;
  readonly atMost?: number | undefined;
  readonly onTimeout?: Gate['onTimeout'] | undefined;
  readonly mirror?: RolloutStep | undefined;
  readonly cohort?: RolloutStep | undefined;
  readonly approve?: RolloutStep | undefined;
  readonly watch?: RolloutStep | undefined;
  readonly replace?: RolloutStep | undefined;
  readonly recreate?: RolloutStep | undefined;
}

function read(written: WrittenStep): RolloutStep {
  const { for: forMs = 0, ramp: rampMs = 0, until = 'time', onTimeout = 'hold' } = written;
  if (written.weight !== undefined) {
    const atMostMs = written.atMost ?? Math.min(Math.max(forMs, rampMs) + DEFAULT_PATIENCE_MS, MAX_STEP_MS);
    return { kind: 'weight', share: written.weight, forMs, rampMs, until, atMostMs, onTimeout };
  }
  if (written.smoke !== undefined) return { kind: 'smoke', requests: written.smoke, atMostMs: written.atMost ?? 300_000, onTimeout };
  const { mirror, cohort: staff, approve: gate, watch: after, replace: rolling, recreate: all } = written;
  return (mirror ?? staff ?? gate ?? after ?? rolling ?? all)!;
}

function refuseBeside(written: Readonly<Record<string, unknown>>, context: IssueContext): void {
  const kind = KINDS.find((each) => written[each] !== undefined)!;
  if (kind === 'weight') return;
  for (const key of BESIDE) {
    if (written[key] === undefined || (kind === 'smoke' && (key === 'atMost' || key === 'onTimeout'))) continue;
    const within = key === 'lower' || kind === 'smoke' ? `only a weight has ${key}` : `write it within ${kind}, or remove it`;
    addProblem(context, `${key} does not stand beside ${kind} (${within})`, [key]);
  }
}

/** A bare 1 would be everything, and is meant as one percent as often. */
function weight() {
  const error = 'weight must look like 5%, above 0% and at most 100%';
  return z
    .union([z.string({ error }).meta({ pattern: PERCENT_PATTERN }), z.number({ error })], { error })
    .transform((written, context): number => {
      const read = typeof written === 'number' ? written : (parsePercent(written) ?? NaN) / 100;
      const isClear = typeof written === 'number' ? read > 0 && read < 1 : read > 0 && read <= 1;
      if (isClear) return read;
      const hint = typeof written === 'number' && written >= 1 && written <= 100 ? ` (write ${written}%)` : '';
      addProblem(context, `${error}, got ${JSON.stringify(written)}${hint}`);
      return z.NEVER;
    });
}

function smokeRequests() {
  const request = strictMap({
    path: nonEmptyText('path')
      .refine((text) => /^\/[\x21-\x7e]*$/.test(text) && !text.includes('#'), {
        error: 'path must start with "/" and have no blank, "#" or character outside ASCII',
      })
      .describe('Path, with its query.'),
    method: method().default('GET').describe('Method of the request.'),
    host: hostText('host', 'with port').describe('Host of the request; default: the address of the endpoint.').optional(),
    headers: headerMap().describe('Header fields of the request.'),
    times: integer('times', 1, MAX_TIMES).default(1).describe('How often it is sent; every response must be as expected.'),
    expect: strictMap({
      status: nonEmptyList('status', integer('status', 100, 599))
        .default([200])
        .describe('Statuses that are right.'),
      body: nonEmptyText('body').describe('Text that the body must contain.').optional(),
      within: duration(1, 300_000).prefault('5s').describe('How long a response may take.'),
    })
      .prefault({})
      .describe('What makes a response right.'),
  }).transform(({ headers, expect, host, ...rest }): SmokeRequest => ({
    ...rest,
    host,
    headers,
    expect: { status: expect.status, body: expect.body, withinMs: expect.within },
  }));
  return nonEmptyList('request', request).superRefine((requests, context) =>
    atMost(context, requests, { most: MAX_SMOKE_REQUESTS, what: 'requests' }),
  );
}

function cohort() {
  return strictMap({
    ...overrideKeys(),
    for: time().prefault('0s').describe('How long it has the canary before the next step.'),
    atMost: limitTime().describe('The longest time that it waits for data of its checks.').optional(),
    onTimeout: timeout(),
  }).transform(({ for: forMs, atMost: most, onTimeout, ...written }, context): RolloutStep => {
    const { name, source, value } = readOverride('a cohort', written, context);
    const override = { [source.kind]: { name: source.name, value: describeValue(value) } };
    return { kind: 'cohort', name, override, forMs, atMostMs: most ?? Math.min(forMs + DEFAULT_PATIENCE_MS, MAX_STEP_MS), onTimeout };
  });
}

function approve() {
  return strictMap({
    by: oneOf('by', ['operator', 'admin']).default('operator').describe('The role that it takes.'),
    notStarter: flag().default(false).describe('The one who started the rollout may not approve it.'),
    atMost: limitTime().prefault('1d').describe('How long it waits.'),
    onTimeout: timeout(),
  }).transform(({ atMost: atMostMs, ...rest }): RolloutStep => ({ kind: 'approve', ...rest, atMostMs }));
}

function watch() {
  const error = 'holdback must be below 50%';
  return strictMap({
    for: time().prefault('10m').describe('How long checks go on.'),
    holdback: share()
      .prefault('0%')
      .refine((part) => part < 0.5, { error })
      .describe('Share that the baseline keeps meanwhile, so that there is something to compare with.'),
  }).transform((written): RolloutStep => ({ kind: 'watch', forMs: written.for, holdback: written.holdback }));
}

function replace() {
  const part = (what: string, fallback: number) =>
    share()
      .prefault(fallback)
      .refine((written) => written > 0, { error: `${what} must be above 0%` });
  return strictMap({
    batch: part('batch', DEFAULT_REPLACE.batch).describe('Share of the endpoints that are replaced at once; at least one is.'),
    maxUnavailable: part('maxUnavailable', DEFAULT_REPLACE.maxUnavailable).describe(
      'Share of the endpoints that may be not ready, those of the batch among them; at least one may.',
    ),
    minReady: duration(0, DAY_MS).prefault('5s').describe('How long an endpoint must have been ready before the next batch.'),
    atMost: limitTime().prefault('10m').describe('The longest time that one batch takes.'),
    onTimeout: timeout(),
  }).transform(({ minReady, atMost: atMostMs, ...rest }): RolloutStep => ({ kind: 'replace', ...rest, minReadyMs: minReady, atMostMs }));
}

function recreate() {
  return strictMap({
    minReady: duration(0, DAY_MS).prefault('5s').describe('How long the endpoints must have been ready at the end.'),
    atMost: limitTime().prefault('10m').describe('The longest time that it takes.'),
    onTimeout: timeout(),
  }).transform(({ minReady, atMost: atMostMs, ...rest }): RolloutStep => ({ kind: 'recreate', ...rest, minReadyMs: minReady, atMostMs }));
}
