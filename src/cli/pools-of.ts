// The state of one pool, or of all of them.

import type { PoolStatus } from '../api/pools.ts';
import { ask, type AdminCall } from './admin-call.ts';
import { pathOf } from './admin-client.ts';
import { readResponse } from './read-response.ts';

export interface SeenPools {
  /** As it came, for `--json`. */
  readonly body: unknown;
  readonly pools: readonly PoolStatus[];
}

/** Undefined means all pools. */
export async function readPoolsOf(call: AdminCall, pool: string | undefined): Promise<SeenPools> {
  const path = pool === undefined ? pathOf('v1', 'pools') : pathOf('v1', 'pools', pool);
  const body = await ask(call, { method: 'GET', path }, { pool });
  return { body, pools: pool === undefined ? readResponse('Pools', body).pools : [readResponse('Pool', body)] };
}
