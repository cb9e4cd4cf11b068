// `sluice status [pool]`: which versions answer, and how they are. With `--watch` again and again.

import { ask, show, showJson, type AdminCall } from './admin-call.ts';
import { pathOf } from './admin-client.ts';
import { readPool, readPools, type PoolResponse } from './responses.ts';
import { settledView, viewPool } from './pool-view.ts';
import { watch } from './watch.ts';

export interface StatusOptions {
  readonly watch?: boolean | undefined;
}

interface Seen {
  readonly body: unknown;
  readonly pools: readonly PoolResponse[];
}

export async function runStatus(call: AdminCall<StatusOptions>, pool: string | undefined): Promise<void> {
  if (call.options.watch === true) {
    const calm = ({ pools }: Seen): string => pools.map(settledView).join('\n');
    return watch(call, { look: () => look(call, pool), calm, lines: (seen) => linesOf(call, seen), json: ({ body }) => body });
  }
  const seen = await look(call, pool);
  if (call.options.json === true) showJson(call, seen.body);
  else show(call, linesOf(call, seen));
}

async function look(call: AdminCall, pool: string | undefined): Promise<Seen> {
  const path = pool === undefined ? pathOf('v1', 'pools') : pathOf('v1', 'pools', pool);
  const body = await ask(call, { method: 'GET', path }, { pool });
  return { body, pools: pool === undefined ? readPools(body) : [readPool(body)] };
}

function linesOf({ terminal }: AdminCall, { pools }: Seen): readonly string[] {
  if (pools.length === 0) return ['The config has no pools.'];
  return pools.flatMap((pool, index) => [...(index === 0 ? [] : ['']), ...viewPool(pool, terminal.paint)]);
}
