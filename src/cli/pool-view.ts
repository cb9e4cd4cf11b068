// A pool as lines for people: versions and endpoints under each other, with their state in words.

import type { EndpointStatus, PoolStatus, VersionStatus } from '../api/pools.ts';
import { formatShare } from './quantity.ts';
import { formatTable, type Column } from './table.ts';
import type { Terminal } from './terminal.ts';

type Paint = Terminal['paint'];

const COLUMNS: readonly Column[] = [
  { title: '  VERSION' },
  { title: 'WEIGHT', align: 'right' },
  { title: 'SHARE', align: 'right' },
  { title: 'STATE' },
  { title: 'IN FLIGHT', align: 'right' },
  { title: 'CONNECTIONS', align: 'right' },
];

const USERS: Column = { title: 'USERS', align: 'right' };

/** The pool, its versions with their endpoints, and its overrides. */
export function viewPool(pool: PoolStatus, paint: Paint): readonly string[] {
  const counts = pool.versions.some(({ users }) => users !== undefined);
  const rows = pool.versions.flatMap((version) => [
    [...versionRow(version, paint), ...(counts ? [String(version.users ?? '')] : [])],
    ...version.endpoints.map((endpoint) => [...endpointRow(endpoint, paint), ...(counts ? [''] : [])]),
  ]);
  return [headOf(pool, paint), ...formatTable(counts ? [...COLUMNS, USERS] : COLUMNS, rows), ...overrideLines(pool)];
}

/** The split alone. */
export function viewSplit(pool: PoolStatus, paint: Paint): readonly string[] {
  const rows = pool.versions.map((version) => versionRow(version, paint).slice(0, 4));
  return [headOf(pool, paint), ...formatTable(COLUMNS.slice(0, 4), rows)];
}

/** Without the counts that change all the time: what makes a new block for a reader that is no screen. */
export function settledView(pool: PoolStatus): string {
  const uncounted = { inFlight: 0, connections: 0, drain: undefined };
  const calm = pool.versions.map(({ endpoints, ...version }) => ({
    ...version,
    ...uncounted,
    users: undefined,
    endpoints: endpoints.map((endpoint) => ({ ...endpoint, ...uncounted })),
  }));
  return JSON.stringify({ ...pool, versions: calm });
}

function headOf({ name, revision, workers }: PoolStatus, paint: Paint): string {
  const obey = `${workers.applied} of ${workers.total} workers obey revision ${revision}`;
  return `${paint('strong', name)}  ${workers.applied === workers.total ? obey : paint('warn', obey)}`;
}

function versionRow(version: VersionStatus, paint: Paint): readonly string[] {
  const { name, weight, share, inFlight, connections } = version;
  const label = version.deploy === undefined ? '' : ` (${version.deploy.deploy})`;
  return [
    `  ${paint('strong', name)}${paint('dim', label)}`,
    String(weight),
    formatShare(share),
    stateOf(version, paint),
    String(inFlight),
    String(connections),
  ];
}

function stateOf({ ready, draining, endpoints }: VersionStatus, paint: Paint): string {
  const open = endpoints.filter((endpoint) => endpoint.ready).length;
  if (draining) return paint('warn', 'draining');
  if (!ready) return paint('bad', endpoints.length === 0 ? 'not ready: no endpoints' : 'not ready');
  return open === endpoints.length ? paint('good', 'ready') : paint('warn', `ready, ${open} of ${endpoints.length} endpoints`);
}

function endpointRow(endpoint: EndpointStatus, paint: Paint): readonly string[] {
  const { address, weight, zone = '', inFlight, connections } = endpoint;
  const place = zone === '' ? '' : ` (zone ${zone})`;
  return [`    ${address}${place}`, paint('dim', String(weight)), '', readiness(endpoint, paint), String(inFlight), String(connections)];
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

function overrideLines({ overrides }: PoolStatus): readonly string[] {
  if (overrides.length === 0) return [];
  const each = overrides.map(({ name, version, origin }) => `${name} -> ${version}${origin === 'api' ? ' (by API)' : ''}`);
  return [`  overrides: ${each.join(', ')}`];
}
