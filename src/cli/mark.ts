// `sluice mark` and `markers`: which deploy a version is. Marking moves no traffic.

import { MAX_PER_PAGE } from '../api/bounds.ts';
import type { Marker } from '../api/markers.ts';
import { ask, show, showJson, write, type AdminCall, type WriteOptions } from './admin-call.ts';
import { readResponse } from './read-response.ts';
import { formatAgo } from './quantity.ts';
import { formatTable } from './table.ts';

export interface MarkOptions extends WriteOptions {
  readonly deploy: string;
  readonly sha?: string | undefined;
  readonly url?: string | undefined;
}

export interface MarkersOptions {
  /** How many markers of the past; default: only the latest of each version. */
  readonly last?: number | undefined;
}

export async function runMark(call: AdminCall<MarkOptions>, pool: string, version: string): Promise<void> {
  const { deploy, sha, url, dryRun, json } = call.options;
  const body = { pool, version, deploy, ...(sha !== undefined && { sha }), ...(url !== undefined && { url }) };
  const response = await write(call, { method: 'POST', path: '/v1/markers', body }, { pool, version });
  if (json === true) return showJson(call, response);
  const { marker, changed } = readResponse('MarkerResponse', response);
  show(call, [describe(call, marker, changed ? (dryRun === true ? 'would' : 'did') : 'already')]);
}

/** The latest marker of each version; with `--last` also earlier ones, newest first. */
export async function runMarkers(call: AdminCall<MarkersOptions>, pool: string | undefined, version: string | undefined): Promise<void> {
  const { last, json } = call.options;
  const query = new URLSearchParams({
    ...(pool !== undefined && { pool }),
    ...(version !== undefined && { version }),
    ...(last !== undefined && { limit: String(Math.min(last, MAX_PER_PAGE)) }),
  }).toString();
  const body = await ask(call, { method: 'GET', path: query === '' ? '/v1/markers' : `/v1/markers?${query}` }, { pool, version });
  if (json === true) return showJson(call, body);
  const markers = readResponse('Markers', body)[last === undefined ? 'markers' : 'recent'];
  show(call, markers.length === 0 ? ['No version is marked: sluice mark POOL VERSION --deploy ID does it.'] : viewMarkers(call, markers));
}

function describe(
  { terminal }: AdminCall,
  { pool, version, deploy, sha = '', author, atMs }: Marker,
  how: 'did' | 'would' | 'already',
): string {
  const name = `${pool}/${version}`;
  const what = terminal.paint('strong', sha === '' ? deploy : `${deploy} (${sha.slice(0, 12)})`);
  if (how === 'would') return terminal.paint('warn', `would mark ${name} as ${what}; nothing was done`);
  if (how === 'did') return `${name} is ${what} from now on`;
  return `nothing to change: ${name} is ${what}, as ${author || 'somebody'} said ${formatAgo(atMs, terminal.clock.wallMs())}`;
}

function viewMarkers({ terminal }: AdminCall, markers: readonly Marker[]): readonly string[] {
  const nowMs = terminal.clock.wallMs();
  const columns = ['POOL', 'VERSION', 'DEPLOY', 'SHA', 'WHEN', 'WHO', 'WHY', 'WHERE'].map((title) => ({ title }));
  const rows = markers.map(({ pool, version, deploy, sha = '', atMs, author, reason, url = '' }) => [
    pool,
    version,
    terminal.paint('strong', deploy),
    sha.slice(0, 12),
    formatAgo(atMs, nowMs),
    author,
    reason,
    url,
  ]);
  return formatTable(columns, rows);
}
