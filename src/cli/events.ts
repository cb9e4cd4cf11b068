// `sluice events [--follow]`: the journal as it is written. A connection that breaks is taken up again where it ended.

import type { AdminCall } from './admin-call.ts';
import { readAll } from './admin-client.ts';
import { readJournalLine, type Fields, type JournalAnswer } from './answers.ts';
import { readEvents, type StreamEvent } from './event-stream.ts';
import { EXIT, Failure } from './failure.ts';
import { formatInstant } from './quantity.ts';
import { refusal } from './refusal.ts';
import { pause } from './terminal.ts';
import { visible } from './visible.ts';

export interface EventsOptions {
  readonly follow?: boolean | undefined;
  /** How many of the past; default 20. */
  readonly last?: number | undefined;
}

const DEFAULT_LAST = 20;
/** What is on record comes at once; this long without more, and it has all come. */
const QUIET_MS = 400;
const AGAIN_MS = 1000;

export async function runEvents(call: AdminCall<EventsOptions>): Promise<void> {
  const past: StreamEvent[] = [];
  const last = call.options.last ?? DEFAULT_LAST;
  let id = await readStream(call, '0', 'past', (event) => {
    past.push(event);
    if (past.length > last) past.shift();
  });
  for (const event of past) print(call, event);
  while (call.options.follow === true) {
    id = await readStream(call, id, 'all', (event) => print(call, event)).catch(async (error: unknown) => {
      if (!(error instanceof Failure) || error.exitCode !== EXIT.unreachable) throw error;
      call.terminal.err(`${error.message}; trying again\n`);
      return id;
    });
    await pause(call.terminal.clock, AGAIN_MS);
  }
}

/** Reads until the server ends it, or until nothing more of the past comes. Answers the id of the last event. */
async function readStream(call: AdminCall, after: string, what: 'past' | 'all', each: (event: StreamEvent) => void): Promise<string> {
  const { client, terminal } = call;
  const abort = new AbortController();
  let id = after;
  const response = await client.open('/v1/events', { 'last-event-id': after }, abort.signal);
  if (response.statusCode >= 400) {
    throw refusal({ status: response.statusCode, body: parseJson(await readAll(response.body)), address: client.address });
  }
  let quiet = what === 'past' ? terminal.clock.after(QUIET_MS, () => abort.abort()) : undefined;
  try {
    for await (const event of readEvents(response.body)) {
      quiet?.stop();
      if (event.id !== '') id = event.id;
      each(event);
      quiet = what === 'past' ? terminal.clock.after(QUIET_MS, () => abort.abort()) : undefined;
    }
  } catch (error) {
    if (error instanceof RangeError) throw new Failure(EXIT.refused, error.message);
    // Cut by us or by the other side: both end this reading, and the next goes on from `id`.
  } finally {
    quiet?.stop();
    abort.abort();
  }
  return id;
}

function print({ terminal, options }: AdminCall, event: StreamEvent): void {
  const body = parseJson(event.text);
  if (options.json === true) return terminal.out(`${JSON.stringify(body)}\n`);
  if (event.kind === 'gap') return terminal.out(`${terminal.paint('dim', `(not on record any more: ${visible(event.text)})`)}\n`);
  terminal.out(`${formatEvent(readJournalLine(body), terminal.paint)}\n`);
}

/** `2026-01-31 13:05:09  split  by ci  revision 12  pool=shop`. */
export function formatEvent(line: JournalAnswer, paint: AdminCall['terminal']['paint']): string {
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
function describeDetail({ changes, changeCount, ...detail }: Fields): string {
  const facts = Object.entries(detail).filter(([, value]) => value !== undefined && value !== null && value !== '');
  const words = facts.map(([name, value]) => `${name}=${typeof value === 'string' && !/\s/.test(value) ? value : JSON.stringify(value)}`);
  const list = Array.isArray(changes) ? changes.map(String) : [];
  const more = typeof changeCount === 'number' && changeCount > list.length ? [`and ${changeCount - list.length} more`] : [];
  return visible([...words, [...list, ...more].join('; ')].join('  ').trimEnd());
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
