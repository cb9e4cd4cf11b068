// The report of a mirror on one screen of 100 columns: the verdict first, then what differs for real, and last what was left out.

import type { FieldReport, Interval, MirrorReport, TemplateReport } from '../api/mirror-report.ts';
import { cutText, fitTable, wrapText, type FittedColumn } from './fit-table.ts';
import { count, formatAgo, formatInstant, formatShare } from './quantity.ts';
import { formatPairs } from './table.ts';
import type { Colour, Terminal } from './terminal.ts';

export interface ReportView {
  readonly paint: Terminal['paint'];
  readonly nowMs: number;
  /** Lines for fields that differ. */
  readonly mostFields: number;
}

/** How many by name. */
type Counts = Readonly<Record<string, number>>;

const WIDTH = 100;
const MAX_TEMPLATES = 5;
const MAX_VERDICT_LINES = 20;
/** Shown even where all lines could go to what differs for real. */
const LEAST_NOISY = 3;

const COLOURS: Readonly<Record<string, Colour | undefined>> = { pass: 'good', fail: 'bad', inconclusive: 'warn', 'no-data': 'warn' };

export function viewReport(report: MirrorReport, view: ReportView): readonly string[] {
  const { paint } = view;
  return [
    ...viewVerdict(report, paint),
    ...(report.rollout === undefined
      ? []
      : wrapText(`Rollout ${report.rollout} waits for this verdict. See: sluice rollout status ${report.rollout}`, WIDTH)),
    ...describeCounts(report, view),
    ...viewLatency(report, paint),
    ...viewFields(report, view),
    ...viewLeftOut(report, paint),
  ];
}

function viewVerdict({ verdict: { verdict, reason } }: MirrorReport, paint: ReportView['paint']): readonly string[] {
  const colour = COLOURS[verdict];
  const word = colour === undefined ? cutText(verdict || 'unknown', MAX_VERDICT_LINES) : verdict.toUpperCase();
  const [first = '', ...rest] = wrapText(reason, WIDTH - word.length - 2);
  return [`${paint(colour ?? 'warn', word)}  ${first}`, ...rest.map((line) => ' '.repeat(word.length + 2) + line)];
}

function describeCounts(
  { pool, mirror, candidate, sinceMs, verdict, templates }: MirrorReport,
  { paint, nowMs }: ReportView,
): readonly string[] {
  const to = candidate.version === undefined ? `${candidate.pool} as it splits` : `${candidate.pool}/${candidate.version}`;
  const since = `${formatInstant(sinceMs)} UTC, ${formatAgo(sinceMs, nowMs)}`;
  const withSecondary = `${verdict.withSecondary} of them with a secondary response, which shows the noise`;
  return formatPairs([
    ['mirror', `${paint('strong', mirror)} of pool ${pool}, to ${to}`],
    ['since', since],
    ['compared', `${count(verdict.compared, 'request')}, ${withSecondary}`],
    ['differ', `${describeBounds(verdict.differenceRate)} of requests, beyond the noise`],
    ['fail', `${describeBounds(verdict.failureRate)} of requests get no response (500 is one), more than of the primary`],
    ...describeOutcomes(templates),
  ]);
}

/** `0.8 % to 1.3 %`, `at most 0.2 %`. */
function describeBounds({ low, high }: Interval): string {
  if (high <= 0) return 'none';
  if (low <= 0) return high >= 1 ? 'any share' : `at most ${formatShare(high)}`;
  return high >= 1 ? `at least ${formatShare(low)}` : `${formatShare(low)} to ${formatShare(high)}`;
}

/** Only where one of the two had anything but responses. */
function describeOutcomes(templates: readonly TemplateReport[]): readonly (readonly [string, string])[] {
  const sides = (['primary', 'candidate'] as const).map((side) => [side, addUp(templates.map(({ outcomes }) => outcomes[side]))] as const);
  if (sides.every(([, counts]) => [...counts.keys()].every((code) => code === 'ok'))) return [];
  return sides.map(([side, counts]) => [side === 'candidate' ? 'shadow' : side, describeCounted(counts)] as const);
}

function viewLatency({ templates }: MirrorReport, paint: ReportView['paint']): readonly string[] {
  const busiest = [...templates].sort((a, b) => b.exchanges - a.exchanges);
  const columns: readonly FittedColumn[] = [
    { title: 'ROUTE', cut: 'end' },
    { title: 'PATHS', cut: 'middle' },
    { title: 'COMPARED', align: 'right' },
    { title: 'P50 MS', align: 'right' },
    { title: 'P90 MS', align: 'right' },
    { title: 'P99 MS', align: 'right' },
    { title: 'SLOWER', align: 'right' },
  ];
  const rows = busiest
    .slice(0, MAX_TEMPLATES)
    .map(({ route, template, compared, latency: { primary, candidate, slower } }) => [
      route,
      template,
      String(compared),
      ...(['p50', 'p90', 'p99'] as const).map((each) => `${milliseconds(primary[each])} -> ${milliseconds(candidate[each])}`),
      slower.rate === undefined ? '-' : formatShare(Number(slower.rate.toFixed(2))),
    ]);
  if (rows.length === 0) return [];
  const more = busiest.length - rows.length;
  return [
    '',
    paint('strong', 'Latency, of the primary -> of the shadow; in how many requests the shadow was slower'),
    ...fitTable(columns, rows, WIDTH),
    ...(more > 0 ? [paint('dim', `and ${more} more with fewer requests; --json has all of them`)] : []),
  ];
}

function viewFields({ fields, unlistedFields }: MirrorReport, { paint, mostFields }: ReportView): readonly string[] {
  const [real, noisy] = [fields.filter(({ isReal }) => isReal), fields.filter(({ isReal }) => !isReal)];
  const room = Math.min(mostFields, Math.max(LEAST_NOISY, mostFields - real.length));
  const shown = noisy.slice(0, room);
  const left = Math.max(0, real.length - mostFields);
  const hidden = noisy.length - shown.length + unlistedFields;
  // Those that are not listed come after those that are; only where no noisy one is may they differ for real.
  const where = noisy.length > 0 ? ' of this kind' : '';
  return [
    ...(real.length === 0
      ? []
      : ['', paint('bad', real.length === 1 ? '1 field differs for real' : `${real.length} fields differ for real`)]),
    ...viewTable(real.slice(0, mostFields)),
    ...(left > 0 ? [paint('warn', `and ${left} more: --fields ${real.length} shows them`)] : []),
    ...(shown.length === 0 ? [] : ['', paint('dim', 'Within the noise, or too rare to tell')]),
    ...viewTable(shown).map((line) => paint('dim', line)),
    ...(hidden > 0 ? [paint('dim', `and ${hidden} more${where}`)] : []),
  ];
}

function viewTable(fields: readonly FieldReport[]): readonly string[] {
  const columns: readonly FittedColumn[] = [
    { title: 'ROUTE', cut: 'end' },
    { title: 'PATHS', cut: 'middle' },
    { title: 'FIELD', cut: 'middle' },
    { title: 'DIFFERS', align: 'right' },
    { title: 'NOISE', align: 'right' },
    { title: 'EXAMPLE', cut: 'end' },
  ];
  const rows = fields.map(({ route, template, path, differences, noise, kinds, examples: [example] }) => [
    route,
    template,
    path,
    formatShare(differences.rate),
    noise === undefined ? '-' : formatShare(noise.rate),
    [mostFrequent(kinds), ...(example === undefined ? [] : [`${example.primary} -> ${example.candidate}`])]
      .filter((part) => part !== '')
      .join(': '),
  ]);
  return fitTable(columns, rows, WIDTH);
}

function viewLeftOut({ dropped, overflow, templates }: MirrorReport, paint: ReportView['paint']): readonly string[] {
  const uncompared = addUp(templates.map((each) => each.uncompared));
  const bodies = [...uncompared.values()].reduce((sum, each) => sum + each, 0);
  const cutShort = templates.reduce((sum, each) => sum + each.cutShort, 0);
  const pairs = [
    [dropped, 'requests that were not compared, because comparison could not keep up'],
    [bodies, `bodies that could not be compared: ${describeCounted(uncompared)}`],
    [cutShort, 'comparisons that ended early: more may differ than is listed'],
    [overflow.requests, 'requests of more paths than the report holds'],
    [overflow.differences, 'differences of more fields than the report holds'],
  ] as const;
  const left = pairs.filter(([number]) => number > 0).map(([number, what]) => [`  ${number}`, what] as const);
  return left.length === 0 ? [] : ['', paint('strong', 'Left out'), ...formatPairs(left).map((line) => cutText(line, WIDTH))];
}

function mostFrequent(kinds: Counts): string {
  return Object.entries(kinds).sort(([, a], [, b]) => b - a)[0]?.[0] ?? '';
}

function addUp(all: readonly Counts[]): ReadonlyMap<string, number> {
  const sum = new Map<string, number>();
  for (const each of all) for (const [name, number] of Object.entries(each)) if (number > 0) sum.set(name, (sum.get(name) ?? 0) + number);
  return sum;
}

/** `ok 990, response_timeout 10`, the most frequent first. */
function describeCounted(counts: ReadonlyMap<string, number>): string {
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  return cutText(sorted.map(([name, number]) => `${name} ${number}`).join(', ') || 'nothing', WIDTH - 12);
}

/** `0.4`, `12`. */
function milliseconds(ms: number | undefined): string {
  if (ms === undefined) return '-';
  return ms < 10 ? ms.toFixed(1) : String(Math.round(ms));
}
