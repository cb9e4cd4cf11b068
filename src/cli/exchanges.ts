// `sluice exchanges [pool] [version]`: what was served lately, and why it went there; with `--id` all that is known of one request.

import { shorten } from '../lib/shown-text.ts';
import { ask, show, showJson, type AdminCall } from './admin-call.ts';
import { fieldsOf, listOf, number, optionalText, type Fields } from './responses.ts';
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

interface Seen {
  readonly body: unknown;
  readonly responded: number;
  readonly total: number;
  readonly exchanges: readonly Fields[];
}

const MAX_TARGET_LENGTH = 60;

export async function runExchanges(
  call: AdminCall<ExchangesOptions>,
  pool: string | undefined,
  version: string | undefined,
): Promise<void> {
  const path = exchangesPath(call.options, pool, version);
  if (call.options.watch === true) {
    const calm = ({ exchanges }: Seen): string => exchanges.map((each) => `${number(each, 'atMs')} ${optionalText(each, 'id')}`).join('\n');
    return watch(call, { look: () => look(call, path), calm, lines: (seen) => linesOf(call, seen), json: ({ body }) => body });
  }
  const seen = await look(call, path);
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
  const workers = fieldsOf(fieldsOf(body, 'the response')['workers'], 'workers');
  const exchanges = listOf(body, 'exchanges').map((each) => fieldsOf(each, 'an exchange'));
  return { body, responded: number(workers, 'responded'), total: number(workers, 'total'), exchanges };
}

function linesOf(call: AdminCall<ExchangesOptions>, { responded, total, exchanges }: Seen): readonly string[] {
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

function viewExchanges({ terminal }: AdminCall, exchanges: readonly Fields[]): readonly string[] {
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
    formatInstant(number(each, 'atMs')),
    optionalText(each, 'method'),
    shorten(targetOf(each), MAX_TARGET_LENGTH),
    terminal.paint(colourOf(number(each, 'status')), String(number(each, 'status'))),
    optionalText(each, 'outcome'),
    versionOf(each),
    reasonOf(each),
    duration(number(each, 'durationMs')),
  ]);
  return formatTable(columns, rows);
}

function viewExchange(each: Fields): readonly string[] {
  const firstByte = typeof each['firstByteMs'] === 'number' ? `, first byte after ${duration(each['firstByteMs'])}` : '';
  const attempts = number(each, 'attempts');
  return [
    ...formatPairs([
      ['time', `${formatInstant(number(each, 'atMs'))} UTC`],
      ['request', `${optionalText(each, 'method')} ${targetOf(each)}`],
      ['request id', optionalText(each, 'id')],
      ['client', `${orDash(optionalText(each, 'client'))} on listener ${optionalText(each, 'listener')}`],
      ['route', orDash(optionalText(each, 'route'))],
      ['version', versionOf(each)],
      ['endpoint', orDash(optionalText(each, 'endpoint'))],
      ['reason', reasonOf(each)],
      ['affinity key', each['keyed'] === true ? 'the request brought one' : 'none'],
      ['outcome', `${optionalText(each, 'outcome')}, status ${number(each, 'status')}, ${count(attempts, 'attempt')}`],
      ['duration', `${duration(number(each, 'durationMs'))}${firstByte}`],
      ['bytes', `${number(each, 'bytesIn')} in, ${number(each, 'bytesOut')} out`],
      ['fields', each['cut'] === true ? 'cut short' : ''],
    ]),
    ...listOf(each['fields'], 'fields').map((field) => {
      const line = fieldsOf(field, 'a field');
      return `  ${optionalText(line, 'name')}: ${optionalText(line, 'value')}`;
    }),
  ];
}

function targetOf(each: Fields): string {
  return `${optionalText(each, 'authority')}${optionalText(each, 'target')}`;
}

function versionOf(each: Fields): string {
  const version = optionalText(each, 'version');
  return version === '' ? orDash(optionalText(each, 'pool')) : `${optionalText(each, 'pool')}/${version}`;
}

/** `override qa`, `weight`. */
function reasonOf(each: Fields): string {
  return orDash(`${optionalText(each, 'reason')} ${optionalText(each, 'override')}`.trim());
}

function orDash(text: string): string {
  return text === '' ? '-' : text;
}

/** `0.4 ms`, `12 ms`, `3.25 s`. */
function duration(ms: number): string {
  if (ms >= 1000) return `${(ms / 1000).toFixed(2)} s`;
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}

function colourOf(status: number): Colour {
  return status >= 500 ? 'bad' : status >= 400 ? 'warn' : 'good';
}
