// Questions about one mirror: which mirror is meant, and what comparing it has shown or which writes its shadow is missing.

import { sentence } from '../lib/shown-text.ts';
import { noSuch } from '../config/suggest.ts';
import type { Config, MirrorConfig, PoolConfig } from '../config/model.ts';
import type { MissedWrites } from '../api/missed-writes.ts';
import type { MirrorReportOutcome, MissedWritesQuery } from './control-api.ts';
import type { MissedWriteLedgers } from './missed-writes.ts';
import type { Comparing } from './ports.ts';

/** @param config the one in force */
export async function reportOf(
  config: Config | undefined,
  comparing: Comparing,
  { pool, mirror }: { readonly pool: string; readonly mirror: string },
): Promise<MirrorReportOutcome> {
  const found = findMirror(config, pool, mirror);
  if (typeof found === 'string') return { result: 'unknown', message: found };
  if (found.compare === undefined)
    return { result: 'uncompared', message: `Mirror ${mirror} of pool ${pool} compares nothing; write "compare: {}" in it.` };
  const known = await comparing.report(pool, mirror);
  if (known === 'busy')
    return { result: 'busy', message: 'The comparison did not respond in time, or has just begun anew; ask again in a second.' };
  const candidate = { pool: found.pool ?? pool, version: found.version };
  return { result: 'report', report: { pool, mirror, candidate, ...known, dropped: comparing.dropped(pool, mirror) } };
}

/** A string says what is wrong with the question. */
export function missedOf(
  config: Config | undefined,
  ledgers: Pick<MissedWriteLedgers, 'list'>,
  query: MissedWritesQuery,
): MissedWrites | string {
  const found = findMirror(config, query.pool, query.mirror);
  return typeof found === 'string' ? found : ledgers.list(query);
}

function findMirror(config: Config | undefined, pool: string, mirror: string): MirrorConfig | string {
  const pools: readonly PoolConfig[] = config?.pools ?? [];
  const around = pools.find(({ name }) => name === pool);
  if (around === undefined) return sentence(noSuch('pool', pool, namesOf(pools)));
  const found = around.mirrors.find(({ name }) => name === mirror);
  return found ?? sentence(`pool ${pool}: ${noSuch('mirror', mirror, namesOf(around.mirrors))}`);
}

function namesOf(things: readonly { readonly name: string }[]): readonly string[] {
  return things.map(({ name }) => name);
}
