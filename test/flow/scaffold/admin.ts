// The admin API as a caller sees it.
//
//   const { status, etag, body } = await call(sluice, 'PUT', '/v1/pools/shop/split', { weights: { v1: 1 } }, { 'if-match': '"3"' })
//   await revisionOf(sluice)                     number of what is in force
//   await weightsOf(sluice), await setWeights(sluice, { v1: 1, v2: 3 })
//   await journalOf(sluice, (line) => line.revision === 7)     lines from the first to the one that is looked for

import { within } from './eventually.ts';
import type { Sluice } from './sluice.ts';

export interface Called {
  readonly status: number;
  readonly etag: string | undefined;
  /** Decoded, as all answers of the calls are JSON. */
  readonly body: CalledBody;
}

/** What the tests read of answers; each has some of it. */
interface CalledBody {
  readonly revision: number;
  readonly workers: { readonly applied: number; readonly total: number };
  readonly differences: readonly { readonly path: string; readonly before?: string; readonly after?: string }[];
  readonly detail: string;
  readonly problems: readonly { readonly path: string; readonly message: string }[];
  readonly weights: Readonly<Record<string, number>>;
  readonly revisions: readonly Summary[];
  readonly next?: number;
  readonly overrides: readonly { readonly name: string; readonly version: string; readonly origin: string }[];
  readonly draining: boolean;
  readonly ready: boolean;
  readonly endpoints: readonly { readonly address: string; readonly ready: boolean; readonly reason?: string }[];
}

interface Summary {
  readonly revision: number;
  readonly atMs: number;
  readonly author: string;
  readonly reason: string;
  readonly cause: string;
  readonly differences: CalledBody['differences'];
}

export interface JournalEvent {
  readonly seq: number;
  readonly kind: string;
  readonly author: string;
  readonly revision: number;
  readonly detail: Readonly<Record<string, unknown>>;
}

type Fields = Readonly<Record<string, string>>;

export async function call(sluice: Sluice, method: string, path: string, body?: object, fields: Fields = {}): Promise<Called> {
  const response = await fetch(`http://127.0.0.1:${sluice.adminPort}${path}`, {
    method,
    headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...fields },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return { status: response.status, etag: response.headers.get('etag') ?? undefined, body: (await response.json()) as CalledBody };
}

export async function revisionOf(sluice: Sluice): Promise<number> {
  return (await call(sluice, 'GET', '/v1/revisions?limit=1')).body.revision;
}

export async function weightsOf(sluice: Sluice): Promise<Readonly<Record<string, number>>> {
  return (await call(sluice, 'GET', '/v1/pools/shop/split')).body.weights;
}

/** Of the pool `shop`; answers the revision that it made. Rejects when it was refused. */
export async function setWeights(sluice: Sluice, weights: Readonly<Record<string, number>>): Promise<number> {
  const { status, body } = await call(sluice, 'PUT', '/v1/pools/shop/split', { weights });
  if (status !== 200) throw new Error(`status ${status}: ${JSON.stringify(body)}`);
  return body.revision;
}

/** Reads the journal from its beginning as events, until the line is there. */
export async function journalOf(sluice: Sluice, isLast: (line: JournalEvent) => boolean, fields: Fields = {}): Promise<JournalEvent[]> {
  const stop = new AbortController();
  const response = await fetch(`http://127.0.0.1:${sluice.adminPort}/v1/events?after=0`, { headers: fields, signal: stop.signal });
  if (response.status !== 200) throw new Error(`status ${response.status}: ${await response.text()}`);
  try {
    return await within('the line in the journal', readUntil(response, isLast));
  } finally {
    stop.abort();
  }
}

async function readUntil(response: Response, isLast: (line: JournalEvent) => boolean): Promise<JournalEvent[]> {
  const decoder = new TextDecoder();
  const lines: JournalEvent[] = [];
  let rest = '';
  for await (const bytes of response.body!) {
    const events = (rest + decoder.decode(bytes, { stream: true })).split('\n\n');
    rest = events.pop() ?? '';
    for (const event of events) {
      const sent = /^data: (.*)$/m.exec(event)?.[1];
      if (sent === undefined) continue;
      const line = JSON.parse(sent) as JournalEvent;
      lines.push(line);
      if (isLast(line)) return lines;
    }
  }
  throw new Error(`the journal ended after ${lines.length} lines`);
}
