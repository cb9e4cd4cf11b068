// `sluice mirror missed`: writes that the primary took and the shadow did not, for people, and for scripts that replay them.

import type { MissedWrites, ShownMissedWrite } from '../api/missed-writes.ts';
import { ask, show, type AdminCall } from './admin-call.ts';
import { fitTable, type FittedColumn } from './fit-table.ts';
import { mirrorPath } from './mirror.ts';
import { formatInstant } from './quantity.ts';
import { readResponse } from './read-response.ts';

export interface MissedOptions {
  /** The `seq` after which to begin; default: 0. */
  readonly after?: number | undefined;
  readonly limit?: number | undefined;
  /** All that is on the list, page by page. */
  readonly all?: boolean | undefined;
}

/** A page as it is shown, and its writes as they came. */
type Page = MissedWrites & { readonly bodies: readonly unknown[] };

const WIDTH = 100;
const MAX_TEXT_LENGTH = 300;

export async function runMirrorMissed(call: AdminCall<MissedOptions>, pool: string, name: string): Promise<void> {
  let after = call.options.after ?? 0;
  let isFirst = true;
  for (;;) {
    const page = await askPage(call, { pool, name, after });
    tellGap(call, page, after);
    if (call.options.json === true) for (const body of page.bodies) call.terminal.out(`${JSON.stringify(body)}\n`);
    else show(call, viewPage(page, isFirst));
    const { next } = page;
    // A next page that does not come after this one would never end.
    if (next === undefined || next <= after) return;
    if (call.options.all !== true) return call.terminal.err(`there are more: --after ${next}, or --all\n`);
    after = next;
    isFirst = false;
  }
}

async function askPage(
  call: AdminCall<MissedOptions>,
  { pool, name, after }: { readonly pool: string; readonly name: string; readonly after: number },
): Promise<Page> {
  const { limit } = call.options;
  const query = [`after=${after}`, ...(limit === undefined ? [] : [`limit=${limit}`])].join('&');
  const path = `${mirrorPath(pool, name)}/missed?${query}`;
  const body = await ask(call, { method: 'GET', path }, { pool, mirror: name });
  return { ...readResponse('MissedWrites', body, MAX_TEXT_LENGTH), bodies: (body as MissedWrites).writes };
}

/** A script that replays the writes must know that some are gone. On stderr, because stdout has nothing but writes. */
function tellGap({ terminal }: AdminCall, { writes, total }: MissedWrites, after: number): void {
  const first = writes[0]?.seq ?? total + 1;
  const gone = first - after - 1;
  if (gone > 0) terminal.err(`${terminal.paint('warn', `${gone} after ${after} are no longer on the list`)}\n`);
  if (after > total) terminal.err(`${terminal.paint('warn', `only ${total} are known to be missed: the numbers began anew`)}\n`);
}

function viewPage({ writes, total }: MissedWrites, isFirst: boolean): readonly string[] {
  if (writes.length === 0) return total === 0 ? ['The shadow is missing no write that is known of.'] : [];
  const columns: readonly FittedColumn[] = [
    { title: 'SEQ', align: 'right' },
    { title: 'TIME' },
    { title: 'WRITE', cut: 'middle' },
    { title: 'PRIMARY', align: 'right' },
    { title: 'SHADOW' },
    { title: 'ID', cut: 'end' },
  ];
  const lines = fitTable(columns, writes.map(rowOf), WIDTH);
  return isFirst ? lines : lines.slice(1);
}

function rowOf({ seq, atMs, method, authority, target, primaryStatus, reason, status, id }: ShownMissedWrite): readonly string[] {
  const request = `${method} ${authority}${target}`;
  const shadow = status === undefined ? reason : `${reason} ${status}`;
  return [String(seq), formatInstant(atMs), request, primaryStatus === undefined ? '-' : String(primaryStatus), shadow, id];
}
