// `sluice status [pool]`: which versions get traffic, and how they are. With `--watch` it looks again each second.

import { show, showJson, type AdminCall } from './admin-call.ts';
import { readPoolsOf, type SeenPools } from './pools-of.ts';
import { settledView, viewPool } from './pool-view.ts';
import { watch } from './watch.ts';

export interface StatusOptions {
  readonly watch?: boolean | undefined;
}

export async function runStatus(call: AdminCall<StatusOptions>, pool: string | undefined): Promise<void> {
  if (call.options.watch === true) {
    const calm = ({ pools }: SeenPools): string => pools.map(settledView).join('\n');
    return watch(call, { look: () => readPoolsOf(call, pool), calm, lines: (seen) => linesOf(call, seen), json: ({ body }) => body });
  }
  const seen = await readPoolsOf(call, pool);
  if (call.options.json === true) showJson(call, seen.body);
  else show(call, linesOf(call, seen));
}

function linesOf({ terminal }: AdminCall, { pools }: SeenPools): readonly string[] {
  if (pools.length === 0) return ['The config has no pools.'];
  return pools.flatMap((pool, index) => [...(index === 0 ? [] : ['']), ...viewPool(pool, terminal.paint)]);
}
