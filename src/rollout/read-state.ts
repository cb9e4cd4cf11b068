// A state as the store gives it back: text that is not trusted. What is of another form, or was written by a later version, is refused and not obeyed.

import { MAX_VALUES } from '../config/rollout-model.ts';
import { readTemplate } from '../config/read-template.ts';
import { isFault } from '../config/fault.ts';
import type { Fault } from '../config/fault.ts';
import { LabelEvidence } from '../analysis/label-evidence.ts';
import { labelTest } from '../analysis/label-test.ts';
import { isMap } from '../lib/plain.ts';
import { DECISIONS, HOLD_REASONS, MAX_DECIDED } from './decided.ts';
import type { RolloutState } from './model.ts';
import { STATE_FORM, STATUSES } from './model.ts';
import { MAX_HISTORY } from './turn.ts';

const MAX_STATE_LENGTH = 16 * 1024 * 1024;
const MAX_NAMES = 10_000;

type Check = (value: unknown) => boolean;

const text: Check = (value) => typeof value === 'string';
const flag: Check = (value) => typeof value === 'boolean';
const whole: Check = (value) => Number.isSafeInteger(value);
const count: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const number: Check = (value) => typeof value === 'number' && Number.isFinite(value);
const positive: Check = (value) => number(value) && (value as number) >= 0;
const part: Check = (value) => positive(value) && (value as number) <= 1;

function maybe(check: Check): Check {
  return (value) => value === undefined || check(value);
}

function oneOf(...words: readonly string[]): Check {
  return (value) => typeof value === 'string' && words.includes(value);
}

function listOf(check: Check, most = MAX_NAMES): Check {
  return (value) => Array.isArray(value) && value.length <= most && value.every(check);
}

function named(check: Check): Check {
  return (value) => {
    if (!isMap(value)) return false;
    const entries = Object.entries(value);
    return entries.length <= MAX_NAMES && entries.every(([key, inner]) => key !== '__proto__' && check(inner));
  };
}

/** These keys and no others. */
function shape(keys: Readonly<Record<string, Check>>): Check {
  return (value) => {
    if (!isMap(value)) return false;
    return Object.keys(value).every((key) => Object.hasOwn(keys, key)) && Object.entries(keys).every(([key, check]) => check(value[key]));
  };
}

/** Exactly so many items. */
function tuple(...checks: readonly Check[]): Check {
  return (value) => Array.isArray(value) && value.length === checks.length && checks.every((check, index) => check(value[index]));
}

const arm = shape({
  assigned: count,
  finished: count,
  errors: count,
  slow: tuple(count, count, count),
  gaveUp: count,
  clientErrors: count,
  events: listOf(count, 8),
  values: listOf(tuple(positive, positive), MAX_VALUES),
});
const evidence = shape({ segment: count, share: (value) => part(value) && value !== 0 && value !== 1, baseline: arm, canary: arm });
const TRIED = labelTest({ allowed: 1, towards: 'above' });
const tests: Check = (value) => {
  try {
    new LabelEvidence(TRIED, 'again', value as ConstructorParameters<typeof LabelEvidence>[2]);
    return isMap(value);
  } catch {
    return false;
  }
};
const judged = shape({ tests: listOf(tests, 3), failed: flag, harmless: flag });
const verdict = shape({
  verdict: oneOf('pass', 'fail', 'inconclusive', 'no-data'),
  towards: shape({ fail: part, harmless: part }),
  counts: shape({ baseline: tuple(positive, positive), canary: tuple(positive, positive) }),
  interval: maybe(tuple(positive, positive)),
  needs: maybe(count),
  topUserShare: maybe(part),
  sentence: text,
});
const weights = named(positive);
const line = shape({ wallMs: number, what: text, author: text });

const held = maybe(oneOf(...HOLD_REASONS));
const decided = shape({
  what: oneOf(...DECISIONS),
  epoch: count,
  step: count,
  resumed: count,
  held,
  author: text,
  reason: text,
  wallMs: number,
});

const STATE: Readonly<Record<Exclude<keyof RolloutState, 'template'>, Check>> = {
  form: (value) => value === STATE_FORM,
  id: text,
  pool: text,
  baseline: text,
  canary: text,
  before: weights,
  salt: maybe(text),
  group: maybe(text),
  author: text,
  reason: text,
  startedWallMs: number,
  endedWallMs: maybe(number),
  status: oneOf(...STATUSES),
  started: flag,
  step: count,
  begun: flag,
  stepRanMs: positive,
  tickedMs: number,
  warmRanMs: maybe(positive),
  held,
  resumed: count,
  forced: flag,
  leaving: maybe(shape({ as: oneOf('rolled-back', 'aborted'), author: text, why: text })),
  wentBack: listOf(count),
  skipped: listOf(count),
  replacing: maybe(shape({ done: listOf(text), batch: listOf(text), phase: oneOf('drain', 'hook', 'ready'), readyMs: positive })),
  applied: weights,
  wanted: weights,
  segment: count,
  stepSegment: count,
  epochSegment: count,
  judgedSegment: count,
  foldedSegment: whole,
  epoch: count,
  alphaShare: (value) => part(value) && value !== 0,
  evidence: listOf(evidence, 64),
  judged: named(judged),
  verdicts: named(verdict),
  done: named(shape({ ok: flag, sentence: text })),
  decided: listOf(decided, MAX_DECIDED),
  why: text,
  history: listOf(line, MAX_HISTORY),
};

/** The state, or what is wrong with it. */
export function readState(kept: string): RolloutState | Fault {
  if (kept.length > MAX_STATE_LENGTH) return { fault: 'the state of the rollout is too long to be one' };
  let value: unknown;
  try {
    value = JSON.parse(kept);
  } catch {
    return { fault: 'the state of the rollout is not JSON' };
  }
  if (!isMap(value)) return { fault: 'the state of the rollout is no map' };
  if (value['form'] !== STATE_FORM)
    return {
      fault: `the state of the rollout has the form ${JSON.stringify(value['form'])?.slice(0, 40)}, and this release reads ${STATE_FORM}`,
    };
  // One that an earlier release kept knows of no windows, and not what was passed over or decided.
  const earlier = { forced: false, skipped: [], resumed: 0, decided: [] };
  const { template: kind, ...others } = { ...earlier, ...value } as Readonly<Record<string, unknown>>;
  const unknown = Object.keys(others).find((key) => !Object.hasOwn(STATE, key));
  if (unknown !== undefined)
    return { fault: `the state of the rollout has the key ${JSON.stringify(unknown.slice(0, 40))}, which it does not know` };
  const wrong = Object.entries(STATE).find(([key, check]) => !check(own(others, key)));
  if (wrong !== undefined) return { fault: `${wrong[0]} of the state of the rollout is wrong` };
  const template = readTemplate(kind);
  if (isFault(template)) return template;
  const state = { ...others, template } as unknown as RolloutState;
  const fault = contradictionIn(state);
  return fault === undefined ? state : { fault };
}

function own(map: Readonly<Record<string, unknown>>, key: string): unknown {
  return Object.hasOwn(map, key) ? map[key] : undefined;
}

/** What is right by itself and cannot be together. */
function contradictionIn({ before, applied, wanted, baseline, canary, step, template, ...state }: RolloutState): string | undefined {
  for (const weightsOf of [before, applied, wanted]) {
    for (const name of [baseline, canary]) {
      if (weightsOf !== applied && !Object.hasOwn(weightsOf, name))
        return `the weights of the rollout have no version ${JSON.stringify(name.slice(0, 40))}`;
    }
  }
  if (step > template.steps.length) return 'the rollout has fewer steps than it has done';
  const { segment, stepSegment, epochSegment, judgedSegment } = state;
  if (Math.max(stepSegment, epochSegment, judgedSegment) > segment) return 'the segments of the rollout are not in order';
  const { evidence: seen } = state;
  // One number may have counted with several shares: of the step before until its weights were in force.
  const places = new Set(seen.map((each) => `${each.segment} ${each.share}`));
  if (places.size < seen.length || seen.some((each, index) => each.segment > segment || each.segment < (seen[index - 1]?.segment ?? 0)))
    return 'the evidence of the rollout is not in order';
  return undefined;
}
