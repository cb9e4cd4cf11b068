// `sluice revisions [n]`: who changed what, when and why; one of them with its differences.

import { shorten } from '../lib/shown-text.ts';
import type { FileOverview } from '../api/overview.ts';
import type { RevisionSummary } from '../api/revisions.ts';
import { DEFAULT_PER_PAGE } from '../api/bounds.ts';
import { ask, show, showJson, type AdminCall } from './admin-call.ts';
import { pathOf } from './admin-client.ts';
import { readResponse } from './read-response.ts';
import { describeDifferences } from './describe-write.ts';
import { count, formatAgo, formatInstant } from './quantity.ts';
import { formatPairs, formatTable } from './table.ts';

export interface RevisionsOptions {
  readonly limit?: number | undefined;
}

const MAX_SUMMARY_LENGTH = 60;

export async function runRevisions(call: AdminCall<RevisionsOptions>, number: number | undefined): Promise<void> {
  const path = number === undefined ? revisionsPath({ limit: call.options.limit ?? DEFAULT_PER_PAGE }) : pathOf('v1', 'revisions', number);
  const body = await ask(call, { method: 'GET', path });
  if (call.options.json === true) return showJson(call, body);
  if (number !== undefined) return show(call, viewRevision(call, readResponse('RevisionSummary', body)));
  const { file } = readResponse('ConfigDiff', await ask(call, { method: 'GET', path: '/v1/config/diff' }));
  show(call, [...viewRefused(call, file), ...viewRevisions(call, readResponse('Revisions', body).revisions)]);
}

/** What would be the newest, were it not refused. */
function viewRefused({ terminal }: AdminCall, { state, sinceMs, problems }: FileOverview): readonly string[] {
  if (state !== 'refused') return [];
  const when = formatAgo(sinceMs, terminal.clock.wallMs());
  return [terminal.paint('bad', `The file is refused (${when}): ${problems[0] ?? 'it has problems'}`), ''];
}

/** Newest first; `before` is exclusive. */
export function revisionsPath(page: { readonly limit: number; readonly before?: number | undefined }): string {
  return `/v1/revisions?limit=${page.limit}${page.before === undefined ? '' : `&before=${page.before}`}`;
}

function viewRevisions({ terminal }: AdminCall, revisions: readonly RevisionSummary[]): readonly string[] {
  const nowMs = terminal.clock.wallMs();
  const columns = [
    { title: 'REVISION', align: 'right' },
    { title: 'WHEN' },
    { title: 'WHO' },
    { title: 'BY' },
    { title: 'CHANGED' },
    { title: 'WHY' },
  ] as const;
  const rows = revisions.map((each) => [
    terminal.paint('strong', String(each.revision)),
    formatAgo(each.atMs, nowMs),
    each.author,
    each.cause,
    summarise(each),
    each.reason,
  ]);
  return rows.length === 0 ? ['No revision is on record.'] : formatTable(columns, rows);
}

function viewRevision({ terminal }: AdminCall, each: RevisionSummary): readonly string[] {
  const head = formatPairs([
    ['revision', terminal.paint('strong', String(each.revision))],
    ['when', `${formatInstant(each.atMs)} UTC, ${formatAgo(each.atMs, terminal.clock.wallMs())}`],
    ['who', each.author],
    ['by', each.cause],
    ['why', each.reason === '' ? '-' : each.reason],
    ['changed', each.differences.length === 0 ? 'nothing' : count(each.differences.length, 'value')],
  ]);
  return [...head, ...describeDifferences(each.differences, terminal.paint)];
}

/** The first difference in full, and how many more there are. */
function summarise({ differences }: RevisionSummary): string {
  const [first] = differences;
  if (first === undefined) return '-';
  const sides = first.before === undefined ? 'added' : first.after === undefined ? 'removed' : `${first.before} -> ${first.after}`;
  const more = differences.length > 1 ? ` and ${differences.length - 1} more` : '';
  return `${shorten(`${first.path} ${sides}`, MAX_SUMMARY_LENGTH)}${more}`;
}
