// The report of a rollout, for people: as text for a terminal, or as Markdown for a post-mortem.

import type { RolloutReport } from '../api/rollout-report.ts';
import { wrapText } from './fit-table.ts';
import { count, countApart, formatInstant, formatLatency, formatShare, formatSpan } from './quantity.ts';
import { isOver, movesOf } from './view-rollout.ts';
import type { Terminal } from './terminal.ts';

const WIDTH = 100;

interface Section {
  readonly title: string;
  readonly lines: readonly string[];
}

export function viewRolloutReport(report: RolloutReport, paint: Terminal['paint']): readonly string[] {
  const [head = '', ...rest] = headOf(report);
  const sections = sectionsOf(report).flatMap(({ title, lines }) => [
    '',
    paint('strong', title),
    ...lines.flatMap((line) => wrapText(line, WIDTH - 2).map((part, index) => `  ${index === 0 ? '' : '  '}${part}`)),
  ]);
  return [paint('strong', head), ...rest.flatMap((line) => wrapText(line, WIDTH)), ...sections];
}

export function markdownOfReport(report: RolloutReport): readonly string[] {
  const [head = '', ...rest] = headOf(report);
  const sections = sectionsOf(report).flatMap(({ title, lines }) => ['', `## ${title}`, '', ...lines.map((line) => `- ${escape(line)}`)]);
  return [`# ${escape(head)}`, ...rest.flatMap((line) => ['', escape(line)]), ...sections];
}

/** What people wrote, and what requests brought, must not become markup. */
function escape(text: string): string {
  return text.replaceAll(/[\\`*_{}[\]<>#|]/g, (mark) => `\\${mark}`);
}

function headOf({ rollout }: RolloutReport): readonly string[] {
  const { id, template, strategy, alpha, state, startedMs, endedMs, author, reason, why } = rollout;
  const ended = endedMs === undefined ? 'has not ended' : `ended ${formatInstant(endedMs)}, after ${formatSpan(endedMs - startedMs)}`;
  return [
    `Rollout ${id}: ${movesOf(rollout)}: ${state}`,
    why,
    `Started ${formatInstant(startedMs)} (UTC) by ${author}${reason === '' ? '' : `: ${reason}`}; ${ended}.`,
    `Template ${template} (${strategy}), alpha ${Number(alpha.toPrecision(3))}.`,
  ];
}

function sectionsOf(report: RolloutReport): readonly Section[] {
  return [
    { title: 'Exposed', lines: [exposedOf(report)] },
    { title: 'Steps', lines: stepsOf(report) },
    { title: 'Evidence', lines: report.rollout.checks.flatMap((check) => evidenceOf(check, report)) },
    { title: 'What it changed', lines: changesOf(report) },
    { title: 'Example exchanges', lines: examplesOf(report) },
    { title: 'Timeline (UTC)', lines: timelineOf(report) },
  ];
}

function exposedOf({ exposed, rollout }: RolloutReport): string {
  const { pools, share } = rollout;
  const canary = pools === undefined ? rollout.canary : pools.map((each) => `${each.canary} of ${each.pool}`).join(' or ');
  const measured = share.measured === undefined ? '' : `, measured ${formatShare(share.measured)}`;
  return `${countApart(exposed.requests, 'request')} of ${countApart(exposed.users, 'user')} met ${canary}; desired share ${formatShare(share.desired)}${measured}`;
}

const MARKS: Readonly<Record<string, string>> = { done: 'done', skipped: 'skipped', running: 'runs', next: 'not reached' };

function stepsOf({ rollout }: RolloutReport): readonly string[] {
  const endedAt = isOver(rollout) && rollout.state !== 'succeeded' ? rollout.step : undefined;
  return rollout.steps.map(
    ({ text, state }, index) => `${index + 1}. ${text}: ${index === endedAt ? 'ended here' : (MARKS[state] ?? state)}`,
  );
}

function evidenceOf(check: RolloutReport['rollout']['checks'][number], { bounds, rollout }: RolloutReport): readonly string[] {
  const { pool, name: plain, verdict, onFail, evidence, baseline, canary, interval, sentence } = check;
  const name = pool === undefined ? plain : `${pool}: ${plain}`;
  const versions = rollout.pools?.find((each) => each.pool === pool) ?? rollout;
  const bound = bounds.find((each) => each.check === name)?.text;
  const counted = ([version, arm]: readonly [string, typeof canary]): string =>
    arm === undefined ? '' : `${version} ${countApart(arm.events, 'event')} of ${countApart(arm.of, 'request')}`;
  const counts = [counted([versions.canary, canary]), counted([versions.baseline, baseline])].filter((each) => each !== '');
  const ratio = interval === undefined ? '' : `ratio between ${round(interval.low)} and ${round(interval.high)}`;
  const towards = `evidence of harm ${formatShare(evidence.towardsFail)}, of harmlessness ${formatShare(evidence.towardsHarmless)}`;
  const figures = [...counts, ratio, towards].filter((each) => each !== '').join('; ');
  return [`${name}: ${verdict}. ${sentence}`, figures, `bound: ${bound ?? 'unknown'}; on fail: ${onFail}`];
}

function round(ratio: number): string {
  return String(Number(ratio.toPrecision(3)));
}

function changesOf({ changes: { from, to, revisions } }: RolloutReport): readonly string[] {
  if (from === undefined || to === undefined) return ['nothing that is still on record'];
  return [
    `revision ${from} to ${to}, ${count(revisions.length, 'change')}: sluice revisions N shows one`,
    ...revisions.flatMap(({ revision, changes, changeCount }) => [
      `revision ${revision}: ${changes.join('; ')}${changeCount > changes.length ? ` and ${changeCount - changes.length} more` : ''}`,
    ]),
  ];
}

function examplesOf({ examples }: RolloutReport): readonly string[] {
  if (examples.length === 0) return ['none: no request of the canary was remembered when a check failed, or none failed'];
  return examples.map(({ atMs, method, authority, target, status, outcome, detail, version, endpoint, durationMs, attempts, id }) => {
    const how = outcome === 'ok' ? `status ${status}` : `status ${status}, ${outcome}${detail === undefined ? '' : ` (${detail})`}`;
    const where = endpoint === undefined ? version : `${version} at ${endpoint}`;
    const tries = attempts > 1 ? `, ${attempts} attempts` : '';
    return `${formatInstant(atMs)} ${method} ${authority}${target}: ${how} from ${where} after ${formatLatency(durationMs)}${tries}${id === undefined ? '' : `, id ${id}`}`;
  });
}

/** By the journal; where its lines are pruned, by what the rollout remembers. */
function timelineOf({ rollout, journal, journalCut, changes }: RolloutReport): readonly string[] {
  const told =
    journal.length > 0
      ? journal.map(({ atMs, author, detail }) => ({
          atMs,
          text: `${rollout.pools === undefined ? '' : `${String(detail['pool'])}: `}${String(detail['what'] ?? '')}`,
          author,
        }))
      : rollout.history.map(({ atMs, author, text }) => ({ atMs, text, author }));
  const made = changes.revisions.map(({ atMs, author, revision }) => ({ atMs, text: `revision ${revision} is in force`, author }));
  const all = [...told, ...made].sort((a, b) => a.atMs - b.atMs);
  const lines = all.map(({ atMs, text, author }) => `${formatInstant(atMs)} ${text}${author === '' ? '' : ` (${author})`}`);
  return journalCut ? [...lines, 'more lines are in the journal: sluice events --kind rollout'] : lines;
}
