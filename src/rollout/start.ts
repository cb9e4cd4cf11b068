// The start of a rollout: who is the baseline, and why it cannot start.

import type { RolloutTemplate } from '../config/rollout-model.ts';
import type { Refusal } from './command.ts';
import { RETRY_WITHIN_MS } from './command.ts';
import type { RolloutState } from './model.ts';
import { STATE_FORM } from './model.ts';
import { withLine } from './turn.ts';
import { shareOf, togetherOf } from './weights.ts';

export interface StartInput {
  readonly id: string;
  readonly pool: string;
  readonly to: string;
  /** Undefined: the version of greatest weight. */
  readonly from: string | undefined;
  readonly template: RolloutTemplate;
  /** Of the whole pool, as it is in force. */
  readonly weights: Readonly<Record<string, number>>;
  /** Endpoints by version, ready or not. */
  readonly endpoints: Readonly<Record<string, number>>;
  /** Versions that never have a weight. */
  readonly previews: readonly string[];
  /** Drawn by chance; used where the canary begins at weight 0. */
  readonly salt: string;
  readonly group: string | undefined;
  /** Whether it need not wait for a window of its template. */
  readonly forced: boolean;
  readonly author: string;
  readonly reason: string;
  /** Rollouts of the pool that have ended. */
  readonly earlier: readonly RolloutState[];
  readonly wallMs: number;
}

export type Started = { readonly state: RolloutState } | Refusal;

export function start(input: StartInput): Started {
  const { to, weights, endpoints, template, pool } = input;
  if (!Object.hasOwn(weights, to))
    return { refusal: `pool ${pool} has no version ${to}: there are ${Object.keys(weights).join(', ')}`, key: 'to' };
  const preview = input.previews.find((name) => name === to || name === input.from);
  if (preview !== undefined)
    return { refusal: `${preview} is a preview, which never has a weight: add it as a version`, key: preview === to ? 'to' : 'from' };
  if ((endpoints[to] ?? 0) === 0) return { refusal: `version ${to} has no endpoints`, key: 'to' };
  const isInPlace = template.steps.some(({ kind }) => kind === 'replace' || kind === 'recreate');
  const baseline = isInPlace ? to : (input.from ?? greatest(weights));
  if (baseline === undefined) return { refusal: `no version of pool ${pool} has any weight` };
  if (!Object.hasOwn(weights, baseline)) return { refusal: `pool ${pool} has no version ${baseline}`, key: 'from' };
  if (!isInPlace && baseline === to) {
    const named = input.from === undefined ? 'which has the greatest weight already' : 'which is the baseline as well';
    return { refusal: `the rollout leads to ${to}, ${named}: name another version`, key: 'to' };
  }
  if (!isInPlace && shareOf(weights, { baseline, canary: to }) === 1)
    return { refusal: `${to} has all of what it would share with ${baseline}: there is nothing to move`, key: 'to' };
  if (togetherOf(weights, baseline, to) <= 0) return { refusal: `neither ${baseline} nor ${to} has any weight: there is nothing to move` };
  return { state: begin(input, baseline) };
}

/** Of a rollout of which nothing has happened. */
const NOT_BEGUN = {
  endedWallMs: undefined,
  status: 'pending',
  started: false,
  step: 0,
  begun: false,
  stepRanMs: 0,
  tickedMs: 0,
  warmRanMs: undefined,
  held: undefined,
  resumed: 0,
  leaving: undefined,
  wentBack: [],
  skipped: [],
  replacing: undefined,
  segment: 0,
  stepSegment: 0,
  epochSegment: 0,
  judgedSegment: 0,
  foldedSegment: -1,
  epoch: 0,
  evidence: [],
  judged: {},
  verdicts: {},
  done: {},
  decided: [],
} as const;

function begin(input: StartInput, baseline: string): RolloutState {
  const { weights, to, wallMs, author, reason } = input;
  const why = `asked for by ${author}${reason === '' ? '' : `: ${reason}`}`;
  return {
    ...NOT_BEGUN,
    form: STATE_FORM,
    id: input.id,
    pool: input.pool,
    baseline,
    canary: to,
    template: input.template,
    before: weights,
    salt: baseline !== to && (weights[to] ?? 0) === 0 ? input.salt : undefined,
    group: input.group,
    forced: input.forced,
    author,
    reason,
    startedWallMs: wallMs,
    applied: weights,
    wanted: weights,
    alphaShare: alphaLeft(input, baseline),
    why,
    history: withLine([], { wallMs, what: why, author }),
  };
}

/** One alpha for a pair of versions within a day, halved each time that it is tried again. */
function alphaLeft({ earlier, to, pool, wallMs }: StartInput, baseline: string): number {
  const tries = earlier.filter(
    (each) =>
      each.pool === pool &&
      each.baseline === baseline &&
      each.canary === to &&
      each.evidence.length > 0 &&
      wallMs - (each.endedWallMs ?? wallMs) <= RETRY_WITHIN_MS,
  );
  return tries.reduce((least, each) => Math.min(least, each.alphaShare / 2), 1);
}

function greatest(weights: Readonly<Record<string, number>>): string | undefined {
  const [first] = Object.entries(weights).sort(([, one], [, other]) => other - one);
  return first === undefined || first[1] <= 0 ? undefined : first[0];
}
