// A pool as lines for people: versions and endpoints under each other, with their state in words.

import type { Finding, VersionOverview } from '../api/overview.ts';
import type { EndpointStatus, PoolStatus, VersionStatus } from '../api/pools.ts';
import { viewLastDrill } from './view-drill.ts';
import { formatInstant, formatLatency, formatRate, formatShare, formatSpan } from './quantity.ts';
import { formatTable, type Column } from './table.ts';
import type { Terminal } from './terminal.ts';

type Paint = Terminal['paint'];

const COLUMNS: readonly Column[] = [
  { title: '  VERSION' },
  { title: 'WEIGHT', align: 'right' },
  { title: 'SHARE', align: 'right' },
  { title: 'STATE' },
  { title: 'GETS', align: 'right' },
  { title: 'REQ/S', align: 'right' },
  { title: 'ERRORS', align: 'right' },
  { title: 'P99', align: 'right' },
  { title: 'IN FLIGHT', align: 'right' },
  { title: 'CONNECTIONS', align: 'right' },
];

/** What is known of a pool beside its state. */
export interface Known {
  readonly versions: readonly VersionOverview[];
  readonly findings: readonly Finding[];
  readonly nowMs: number;
}

/** Columns that only some pools have something for. */
const RARE = [
  { title: 'TUNNELS', key: 'tunnels' },
  { title: 'EVENT STREAMS', key: 'eventStreams' },
  { title: 'USERS', key: 'users' },
] as const;

/** The pool, its versions with their endpoints, and its overrides. */
export function viewPool(pool: PoolStatus, paint: Paint, { versions, findings, nowMs }: Known): readonly string[] {
  const rare = RARE.filter(({ key }) => pool.versions.some((version) => version[key] !== undefined));
  const failing = new Set(
    findings.filter((each) => each.pool === pool.name && each.code === 'version-failing').map((each) => each.version),
  );
  const rows = pool.versions.flatMap((version) => {
    const figures = versions.find(({ name }) => name === version.name);
    const state = failing.has(version.name) ? failureOf(figures, paint) : stateOf(version, paint);
    return [
      [...versionRow(version, state, paint), ...figureCells(version, figures), ...rare.map(({ key }) => String(version[key] ?? ''))],
      ...version.endpoints.map((endpoint) => [...endpointRow(endpoint, paint, nowMs), ...rare.map(() => '')]),
    ];
  });
  return [
    headOf(pool, paint),
    ...formatTable([...COLUMNS, ...rare.map(({ title }): Column => ({ title, align: 'right' }))], rows),
    ...overrideLines(pool),
    ...drillLines(pool, paint, nowMs),
  ];
}

/** The split alone. */
export function viewSplit(pool: PoolStatus, paint: Paint): readonly string[] {
  const rows = pool.versions.map((version) => versionRow(version, stateOf(version, paint), paint));
  return [headOf(pool, paint), ...formatTable(COLUMNS.slice(0, 4), rows)];
}

/** Without the counts that change all the time: what makes a new block for a reader that is no screen. */
export function settledView(pool: PoolStatus): string {
  const uncounted = { inFlight: 0, connections: 0, tunnels: undefined, eventStreams: undefined, drain: undefined };
  const calm = pool.versions.map(({ endpoints, ...version }) => ({
    ...version,
    ...uncounted,
    users: undefined,
    endpoints: endpoints.map(({ health, ...endpoint }) => ({ ...endpoint, ...uncounted, healthy: health?.healthy })),
  }));
  return JSON.stringify({ ...pool, versions: calm });
}

function headOf({ name, revision, workers }: PoolStatus, paint: Paint): string {
  const obey = `${workers.applied} of ${workers.total} workers obey revision ${revision}`;
  return `${paint('strong', name)}  ${workers.applied === workers.total ? obey : paint('warn', obey)}`;
}

function versionRow(version: VersionStatus, state: string, paint: Paint): readonly string[] {
  const { name, weight, share, shareNow = share, previewUntilMs } = version;
  const until = previewUntilMs === undefined ? '' : ` (preview until ${formatInstant(previewUntilMs)})`;
  const label = `${version.deploy === undefined ? '' : ` (${version.deploy.deploy})`}${until}`;
  return [`  ${paint('strong', name)}${paint('dim', label)}`, String(weight), formatShare(shareNow), state];
}

/** Nothing is said of a latency that nobody met. */
function figureCells({ inFlight, connections }: VersionStatus, figures: VersionOverview | undefined): readonly string[] {
  const { measuredShare, perSecond, errorRate, p99 } = figures ?? {};
  return [
    measuredShare === undefined ? '-' : formatShare(measuredShare),
    perSecond === undefined ? '-' : formatRate(perSecond),
    errorRate === undefined ? '-' : formatShare(errorRate),
    p99 === undefined ? '-' : formatLatency(p99),
    String(inFlight),
    String(connections),
  ];
}

function failureOf(figures: VersionOverview | undefined, paint: Paint): string {
  const { requests = 0, errors = 0, rescued = 0 } = figures ?? {};
  return paint('bad', `fails ${errors + rescued} of ${requests + rescued}`);
}

function stateOf({ ready, draining, endpoints }: VersionStatus, paint: Paint): string {
  const open = endpoints.filter((endpoint) => endpoint.ready).length;
  if (draining) return paint('warn', 'draining');
  if (!ready) return paint('bad', endpoints.length === 0 ? 'not ready: no endpoints' : 'not ready');
  return open === endpoints.length ? paint('good', 'ready') : paint('warn', `ready, ${open} of ${endpoints.length} endpoints`);
}

function endpointRow(endpoint: EndpointStatus, paint: Paint, nowMs: number): readonly string[] {
  const { address, weight, zone = '', inFlight, connections } = endpoint;
  const place = zone === '' ? '' : ` (zone ${zone})`;
  const state = `${readiness(endpoint, paint)}${probeOf(endpoint, paint, nowMs)}`;
  return [`    ${address}${place}`, paint('dim', String(weight)), '', state, '', '', '', '', String(inFlight), String(connections)];
}

/** What the latest probe found, and since when it is so. */
function probeOf({ health }: EndpointStatus, paint: Paint, nowMs: number): string {
  if (health?.probe === undefined) return '';
  const { result, detail } = health.probe;
  const found = detail === '' ? result : `${result}: ${detail}`;
  return paint('dim', ` (probe ${found}, for ${formatSpan(nowMs - health.sinceMs)})`);
}

const REASONS: Readonly<Record<string, string | undefined>> = {
  unhealthy: 'not ready: its health check fails',
  ejected: 'not ready: ejected after failures',
  draining: 'draining',
  weightless: 'not ready: weight 0',
};

/** A newer server may know reasons that are unknown here. */
function readiness({ ready, reason }: EndpointStatus, paint: Paint): string {
  if (ready) return paint('good', 'ready');
  if (reason === undefined) return paint('bad', 'not ready');
  const words = Object.hasOwn(REASONS, reason) ? REASONS[reason] : undefined;
  return paint(reason === 'draining' ? 'warn' : 'bad', words ?? `not ready: ${reason}`);
}

function drillLines({ drill }: PoolStatus, paint: Paint, nowMs: number): readonly string[] {
  return drill === undefined ? [] : [viewLastDrill(drill, paint, nowMs)];
}

function overrideLines({ overrides }: PoolStatus): readonly string[] {
  if (overrides.length === 0) return [];
  const each = overrides.map(({ name, version, origin }) => `${name} -> ${version}${origin === 'api' ? ' (by API)' : ''}`);
  return [`  overrides: ${each.join(', ')}`];
}
