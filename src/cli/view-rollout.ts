// A rollout as a tired person can read it: where it is, why, what each check has seen, and what is missing.

import type { RolloutView } from '../api/rollouts.ts';
import { wrapText } from './fit-table.ts';
import { countApart, formatAgo, formatInstant, formatShare, formatSpan } from './quantity.ts';
import type { Colour, Terminal } from './terminal.ts';

export interface RolloutPicture {
  readonly paint: Terminal['paint'];
  readonly nowMs: number;
}

type Check = RolloutView['checks'][number];

const WIDTH = 100;
const GAUGE = 10;
const HISTORY = 5;
/** One user with less of a canary's bad events is not worth a word. */
const TOLD_USER = 0.2;
const ONE_USER = 'one user has';

const COLOURS: Readonly<Record<string, Colour | undefined>> = {
  succeeded: 'good',
  'rolling-back': 'bad',
  'rolled-back': 'bad',
  failed: 'bad',
  aborted: 'warn',
  superseded: 'warn',
  held: 'warn',
  paused: 'warn',
};

const VERDICTS: Readonly<Record<string, Colour | undefined>> = { pass: 'good', fail: 'bad', 'no-data': 'dim' };

const ENDED: readonly string[] = ['succeeded', 'rolled-back', 'aborted', 'superseded', 'failed'];

export function isOver({ state }: RolloutView): boolean {
  return ENDED.includes(state);
}

export function viewRollout(rollout: RolloutView, picture: RolloutPicture): readonly string[] {
  return [
    ...viewHead(rollout, picture),
    '',
    ...viewSteps(rollout, picture),
    ...viewShare(rollout),
    '',
    ...rollout.checks.flatMap((check) => viewCheck(check, picture)),
    ...viewNeeds(rollout),
    ...viewHistory(rollout, picture),
  ];
}

export function viewRollouts(rollouts: readonly RolloutView[], { paint, nowMs }: RolloutPicture): readonly string[] {
  if (rollouts.length === 0) return ['no rollout was started yet: sluice rollout start POOL VERSION'];
  return rollouts.flatMap((rollout) => {
    const { id, state, startedMs, why } = rollout;
    const head = `${paint('strong', id)}  ${movesOf(rollout)}  ${paint(COLOURS[state] ?? 'strong', state)}  started ${formatAgo(startedMs, nowMs)}`;
    return [head, ...wrapText(why, WIDTH - 2).map((line) => `  ${line}`)];
  });
}

function viewHead(rollout: RolloutView, { paint, nowMs }: RolloutPicture): readonly string[] {
  const { id, template, alpha, state, startedMs, endedMs, author, reason, why } = rollout;
  const time = endedMs === undefined ? `for ${formatSpan(nowMs - startedMs)}` : `after ${formatSpan(endedMs - startedMs)}`;
  const by = [author === '' ? '' : `by ${author}`, reason].filter((each) => each !== '').join(': ');
  return [
    `${paint('strong', movesOf(rollout))}  ${paint(COLOURS[state] ?? 'strong', state.toUpperCase())} ${time}`,
    paint('dim', `${id}, template ${template}, alpha ${Number(alpha.toPrecision(3))}${by === '' ? '' : `, ${by}`}`),
    ...wrapText(why, WIDTH),
    ...viewWindows(rollout, paint),
  ];
}

/** `shop: v1 → v2`, of several pools one after the other. */
export function movesOf({ pool, baseline, canary, pools = [{ pool, baseline, canary }] }: MovedPools): string {
  return pools.map((each) => `${each.pool}: ${each.baseline} → ${each.canary}`).join(', ');
}

interface Moved {
  readonly pool: string;
  readonly baseline: string;
  readonly canary: string;
}

interface MovedPools extends Moved {
  readonly pools?: readonly Moved[] | undefined;
}

function viewWindows({ windows }: RolloutView, paint: Terminal['paint']): readonly string[] {
  if (windows === undefined) return [];
  const { sentence, texts, forced } = windows;
  const now = forced ? 'it need not wait for a window' : sentence;
  return wrapText(`${now} (${texts.join('; ')})`, WIDTH).map((line) => paint('dim', line));
}

const MARKS: Readonly<Record<string, string>> = { done: '✓', skipped: '»', running: '●', next: '○' };

function viewSteps(rollout: RolloutView, { paint }: RolloutPicture): readonly string[] {
  const { steps, step, state: how } = rollout;
  const endedAt = isOver(rollout) && how !== 'succeeded' ? step : undefined;
  return steps.map(({ state, text }, index) => {
    if (index === endedAt) return paint(COLOURS[how] ?? 'strong', `✗ ${text}`);
    const line = `${MARKS[state] ?? '?'} ${text}${state === 'skipped' ? ' (skipped)' : ''}`;
    return state === 'running' ? paint('strong', line) : state === 'done' ? line : paint('dim', line);
  });
}

function viewShare(rollout: RolloutView): readonly string[] {
  const { pools } = rollout;
  if (pools === undefined) return ['', wordShare(rollout)];
  return ['', ...pools.map((each) => `${each.pool} (${each.state}): ${wordShare(each)}`)];
}

function wordShare({ canary, share: { desired, measured }, exposed }: Pick<RolloutView, 'canary' | 'share' | 'exposed'>): string {
  const seen = measured === undefined ? '' : `, measured ${formatShare(measured)}`;
  return `${canary} is to have ${formatShare(desired)}${seen}; ${countApart(exposed.requests, 'request')} so far`;
}

/** Both gauges: towards "it harms", and towards "it is harmless". */
function viewCheck(check: Check, { paint }: RolloutPicture): readonly string[] {
  const { pool, name: plain, kind, verdict, evidence, onFail, topUserShare, sentence } = check;
  const name = pool === undefined ? plain : `${pool}: ${plain}`;
  const word = paint(VERDICTS[verdict] ?? 'strong', verdict.padEnd(12));
  const gauges = `harm ${gauge(evidence.towardsFail, 'bad', paint)}  harmless ${gauge(evidence.towardsHarmless, 'good', paint)}`;
  const title = `${(plain === kind ? name : `${name} (${kind})`).padEnd(24)} ${word} ${gauges}  ${paint('dim', `on fail: ${onFail}`)}`;
  const isTold = topUserShare === undefined || topUserShare < TOLD_USER || sentence.includes(ONE_USER);
  const told = isTold ? sentence : `${sentence} (${ONE_USER} ${formatShare(topUserShare)} of these requests)`;
  return [title, ...wrapText(told, WIDTH - 2).map((line) => `  ${line}`)];
}

function gauge(part: number, colour: Colour, paint: Terminal['paint']): string {
  const full = Math.round(Math.min(1, Math.max(0, part)) * GAUGE);
  return `${paint(colour, '█'.repeat(full))}${paint('dim', '·'.repeat(GAUGE - full))} ${`${Math.round(part * 100)}`.padStart(3)} %`;
}

function viewNeeds({ needs, canary }: RolloutView): readonly string[] {
  if (needs === undefined) return [];
  const time = needs.seconds === undefined ? '' : `, about ${formatSpan(needs.seconds * 1000)}`;
  return ['', `needs about ${countApart(needs.requests, 'more request')} of ${canary}${time}`];
}

function viewHistory({ history }: RolloutView, { paint }: RolloutPicture): readonly string[] {
  const shown = history.slice(-HISTORY);
  if (shown.length === 0) return [];
  return [
    '',
    ...shown.flatMap(({ atMs, text, author }) => {
      const [first = '', ...rest] = wrapText(withAuthor(text, author), WIDTH - 21);
      return [`${paint('dim', formatInstant(atMs))}  ${first}`, ...rest.map((line) => ' '.repeat(21) + line)];
    }),
  ];
}

/** Named once: some lines say it by themselves. */
function withAuthor(text: string, author: string): string {
  const says = text === `asked for by ${author}` || text.startsWith(`asked for by ${author}: `);
  return author === '' || says ? text : `${text} (${author})`;
}
