// `sluice exchanges [pool] [version]`: recent requests, and why they went where they went; with `--id` everything that is known of one.

import { shorten } from '../lib/shown-text.ts';
import type { RecentExchangesResponse, ShownExchange } from '../api/exchanges.ts';
import { ask, show, showJson, type AdminCall } from './admin-call.ts';
import { readPoolsOf } from './pools-of.ts';
import { readResponse } from './read-response.ts';
import { count, formatInstant } from './quantity.ts';
import { formatPairs, formatTable } from './table.ts';
import type { Colour } from './terminal.ts';
import { watch } from './watch.ts';

export interface ExchangesOptions {
  readonly route?: string | undefined;
  readonly outcome?: string | undefined;
  readonly status?: number | undefined;
  readonly id?: string | undefined;
  readonly limit?: number | undefined;
  readonly watch?: boolean | undefined;
}

interface Seen extends RecentExchangesResponse {
  /** As it came, for `--json`. */
  readonly body: unknown;
}

/** One more with the ellipsis. */
const MAX_TARGET_LENGTH = 59;

export async function runExchanges(
  call: AdminCall<ExchangesOptions>,
  pool: string | undefined,
  version: string | undefined,
): Promise<void> {
  const path = exchangesPath(call.options, pool, version);
  if (call.options.watch === true) {
    const calm = ({ exchanges }: Seen): string => exchanges.map((each) => `${each.atMs} ${each.id ?? ''}`).join('\n');
    return watch(call, { look: () => look(call, path), calm, lines: (seen) => linesOf(call, seen), json: ({ body }) => body });
  }
  const seen = await look(call, path);
  // None may mean that there is no such pool, which then is said.
  if (seen.exchanges.length === 0 && pool !== undefined) await readPoolsOf(call, pool);
  if (call.options.json === true) showJson(call, seen.body);
  else show(call, linesOf(call, seen));
}

function exchangesPath({ route, outcome, status, id, limit }: ExchangesOptions, pool?: string, version?: string): string {
  const query = Object.entries({ pool, version, route, outcome, status, id, limit })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`);
  return ['/v1/exchanges', ...(query.length === 0 ? [] : [query.join('&')])].join('?');
}

async function look(call: AdminCall, path: string): Promise<Seen> {
  const body = await ask(call, { method: 'GET', path });
  return { ...readResponse('Exchanges', body), body };
}

function linesOf(call: AdminCall<ExchangesOptions>, { workers: { responded, total }, exchanges }: Seen): readonly string[] {
  const { terminal, options } = call;
  const missing = `${responded} of ${count(total, 'worker')} responded: what the others served is missing`;
  const [only] = exchanges;
  const lines =
    only === undefined
      ? ['No such exchange is on record. It is a sample: under load most requests are not in it.']
      : options.id !== undefined
        ? viewExchange(only)
        : viewExchanges(call, exchanges);
  return responded < total ? [...lines, terminal.paint('warn', missing)] : lines;
}

function viewExchanges({ terminal }: AdminCall, exchanges: readonly ShownExchange[]): readonly string[] {
  const columns = [
    { title: 'TIME' },
    { title: 'METHOD' },
    { title: 'TARGET' },
    { title: 'STATUS', align: 'right' },
    { title: 'OUTCOME' },
    { title: 'VERSION' },
    { title: 'REASON' },
    { title: 'DURATION', align: 'right' },
  ] as const;
  const rows = exchanges.map((each) => [
    formatInstant(each.atMs),
    each.protocol ?? each.method,
    shorten(targetOf(each), MAX_TARGET_LENGTH),
    terminal.paint(colourOf(each), statusOf(each)),
    each.outcome,
    versionOf(each),
    reasonOf(each),
    duration(each.durationMs),
  ]);
  return formatTable(columns, rows);
}

function viewExchange(each: ShownExchange): readonly string[] {
  const firstByte = each.firstByteMs !== undefined ? `, first byte after ${duration(each.firstByteMs)}` : '';
  const attempts = each.attempts;
  return [
    ...formatPairs([
      ['time', `${formatInstant(each.atMs)} UTC`],
      each.protocol === undefined ? ['request', `${each.method} ${targetOf(each)}`] : ['connection', `${each.protocol} ${targetOf(each)}`],
      ['request id', each.id ?? ''],
      ['client', `${orDash(each.client)} on listener ${each.listener}`],
      ['route', orDash(each.route ?? '')],
      ['version', versionOf(each)],
      ['endpoint', orDash(each.endpoint ?? '')],
      ['reason', reasonOf(each)],
      ['affinity key', each.keyed ? 'the request brought one' : 'none'],
      [
        'outcome',
        `${each.outcome}, ${each.protocol === undefined ? `status ${each.status}, ` : ''}${count(attempts, 'attempt')}${each.detail === undefined ? '' : `: ${each.detail}`}`,
      ],
      ['duration', `${duration(each.durationMs)}${firstByte}`],
      ['bytes', `${each.bytesIn} in, ${each.bytesOut} out`],
      ['fields', each.cut ? 'cut short' : ''],
    ]),
    ...each.fields.map(({ name, value }) => `  ${name}: ${value}`),
  ];
}

function targetOf(each: ShownExchange): string {
  if (each.protocol !== undefined) return orDash(each.serverName ?? '');
  return `${each.authority}${each.target}`;
}

function versionOf(each: ShownExchange): string {
  const version = each.version ?? '';
  return version === '' ? orDash(each.pool ?? '') : `${each.pool ?? ''}/${version}`;
}

/** `override qa`, `weight`. */
function reasonOf(each: ShownExchange): string {
  return orDash(`${each.reason ?? ''} ${each.override ?? ''}`.trim());
}

function orDash(text: string): string {
  return text === '' ? '-' : text;
}

/** `0.4 ms`, `12 ms`, `3.25 s`. */
function duration(ms: number): string {
  if (ms >= 1000) return `${(ms / 1000).toFixed(2)} s`;
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}

function statusOf({ protocol, status }: ShownExchange): string {
  return protocol === undefined ? String(status) : '-';
}

function colourOf({ protocol, status, outcome }: ShownExchange): Colour {
  if (protocol !== undefined) return outcome === 'ok' ? 'good' : 'bad';
  return status >= 500 ? 'bad' : status >= 400 ? 'warn' : 'good';
}
