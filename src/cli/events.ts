// `sluice events`: the journal, as far as it is on record; with `--follow` also what happens from now on. A connection that breaks is opened
// again, and goes on where it ended.

import { parseDuration } from '../config/duration.ts';
import { MAX_NEWEST, MAX_PER_PAGE } from '../api/bounds.ts';
import type { Journal, JournalLine } from '../api/journal.ts';
import { ask, type AdminCall } from './admin-call.ts';
import { parseJson, readAll } from './admin-client.ts';
import type { Plain } from '../lib/plain.ts';
import { readResponse } from './read-response.ts';
import { readEvents } from './event-stream.ts';
import { EXIT, Failure } from './failure.ts';
import { formatInstant } from './quantity.ts';
import { refusal } from './refusal.ts';
import { pause } from './terminal.ts';
import { visible } from '../lib/visible.ts';

export interface EventsOptions {
  readonly follow?: boolean | undefined;
  /** How many of the past; default 20, with `since` all. */
  readonly last?: number | undefined;
  /** A number of the journal, exclusive, or a time such as `10m`. */
  readonly since?: string | undefined;
  readonly kind?: string | undefined;
}

const DEFAULT_LAST = 20;
const AGAIN_MS = 1000;

export async function runEvents(call: AdminCall<EventsOptions>): Promise<void> {
  let id = await showPast(call);
  while (call.options.follow === true) {
    id = await follow(call, id).catch(async (error: unknown) => {
      if (!(error instanceof Failure) || error.exitCode !== EXIT.unreachable) throw error;
      call.terminal.err(`${error.message}; trying again\n`);
      return id;
    });
    await pause(call.terminal.clock, AGAIN_MS);
  }
}

/** Returns the number of the newest line on record. */
async function showPast(call: AdminCall<EventsOptions>): Promise<number> {
  const { since, last, kind } = call.options;
  const filter = { ...(kind !== undefined && { kind }), ...readSince(since) };
  const most = last ?? (since === undefined ? DEFAULT_LAST : undefined);
  if (most !== undefined && most <= MAX_NEWEST) {
    const page = await askJournal(call, { ...filter, last: String(most) });
    for (const line of page.lines) print(call, line);
    return page.last;
  }
  return showAll(call, filter, most);
}

/** From the oldest on, page by page; with `most` only the last of them. */
async function showAll(call: AdminCall<EventsOptions>, filter: Filter, most = Infinity): Promise<number> {
  let after = filter.after;
  const kept: unknown[] = [];
  for (;;) {
    const page = await askJournal(call, { ...filter, ...(after !== undefined && { after }), limit: String(MAX_PER_PAGE) });
    if (after !== undefined && after === filter.after) tellGap(call, Number(after) + 1, page.first - 1);
    if (most === Infinity) for (const line of page.lines) print(call, line);
    else kept.splice(0, Math.max(0, kept.push(...page.lines) - most));
    if (page.next === undefined) {
      for (const line of kept) print(call, line);
      return page.last;
    }
    after = String(page.next);
  }
}

type Filter = Readonly<Record<string, string>>;

/** Lines as they came: `print` reads each. */
type Page = Omit<Journal, 'lines'> & { readonly lines: readonly unknown[] };

async function askJournal(call: AdminCall<EventsOptions>, query: Filter): Promise<Page> {
  const body = await ask(call, { method: 'GET', path: `/v1/journal?${new URLSearchParams(query).toString()}` });
  return { ...readResponse('Journal', body), lines: (body as Page).lines };
}

function readSince(since: string | undefined): Filter {
  if (since === undefined) return {};
  if (/^[0-9]{1,15}$/.test(since)) return { after: since };
  if (parseDuration(since) !== undefined) return { since };
  throw new Failure(EXIT.usage, `--since must be a number of the journal or a time: ${JSON.stringify(since)} is neither`, [
    'Such as --since 120 for what came after line 120, or --since 10m for the last ten minutes.',
  ]);
}

/** Reads until the server ends it. Returns the number of the last line. */
async function follow(call: AdminCall<EventsOptions>, after: number): Promise<number> {
  const { client, options } = call;
  const abort = new AbortController();
  let id = after;
  const response = await client.open('/v1/events', { 'last-event-id': String(after) }, abort.signal);
  const { statusCode = 0 } = response;
  if (statusCode >= 400) {
    throw refusal({ status: statusCode, body: parseJson(await readAll(response)), address: client.address });
  }
  try {
    for await (const event of readEvents(response)) {
      if (event.id !== '') id = Number(event.id);
      if (event.kind === 'gap') showGap(call, event.text);
      else if (options.kind === undefined || options.kind === event.kind) print(call, parseJson(event.text));
    }
  } catch (error) {
    if (error instanceof RangeError) throw new Failure(EXIT.refused, error.message);
    // Cut by the other side: that ends this reading, and the next goes on from `id`.
  } finally {
    abort.abort();
  }
  return id;
}

function tellGap(call: AdminCall, from: number, to: number): void {
  if (to >= from) showGap(call, JSON.stringify({ from, to }));
}

function showGap({ terminal, options }: AdminCall, text: string): void {
  if (options.json === true) return terminal.out(`${text}\n`);
  terminal.out(`${terminal.paint('dim', `(not on record any more: ${visible(text)})`)}\n`);
}

function print({ terminal, options }: AdminCall, line: unknown): void {
  if (options.json === true) return terminal.out(`${JSON.stringify(line)}\n`);
  terminal.out(`${formatEvent(readResponse('JournalLine', line), terminal.paint)}\n`);
}

/** `2026-01-31 13:05:09  split  by ci  revision 12  pool=shop`. */
function formatEvent(line: JournalLine, paint: AdminCall['terminal']['paint']): string {
  const { atMs, kind, author, revision, detail } = line;
  const who = author === '' ? '' : `by ${author}`;
  const words = [
    formatInstant(atMs),
    paint('strong', kind.padEnd(14)),
    who,
    revision > 0 ? `revision ${revision}` : '',
    describeDetail(detail),
  ];
  return words.filter((word) => word !== '').join('  ');
}

/** `name=value`, texts with spaces in quotes; a list of changes says how many there are by itself. */
function describeDetail({ changes, changeCount, ...detail }: Plain): string {
  const facts = Object.entries(detail).filter(([, value]) => value !== undefined && value !== null && value !== '');
  const words = facts.map(([name, value]) => `${name}=${typeof value === 'string' && !/\s/.test(value) ? value : JSON.stringify(value)}`);
  const list = Array.isArray(changes) ? changes.map(String) : [];
  const more = typeof changeCount === 'number' && changeCount > list.length ? [`and ${changeCount - list.length} more`] : [];
  return visible([...words, [...list, ...more].join('; ')].join('  ').trimEnd());
}
