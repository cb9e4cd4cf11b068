// `sluice split <pool> [version=weight…]`: shows the weights, or replaces all of them.

import { ask, show, showJson, showWrite, write, type AdminCall, type WriteOptions } from './admin-call.ts';
import { pathOf } from './admin-client.ts';
import { readResponse } from './read-response.ts';
import { viewSplit } from './pool-view.ts';
import { describeWeights, parseWeights } from './weights.ts';

export interface SplitOptions extends WriteOptions {
  /** Users follow the weights at once, also those that keep their version by `affinity.remember`. */
  readonly moveUsers?: boolean | undefined;
}

export async function runSplit(call: AdminCall<SplitOptions>, pool: string, words: readonly string[]): Promise<void> {
  if (words.length === 0) return showSplit(call, pool);
  const weights = parseWeights(words);
  const path = pathOf('v1', 'pools', pool, 'split');
  const body = await write(
    call,
    { method: 'PUT', path, body: call.options.moveUsers === true ? { weights, sessions: 'move' } : { weights } },
    { pool },
  );
  showWrite(call, body, () => [`${pool}: ${describeWeights(weights)}`]);
}

async function showSplit(call: AdminCall, pool: string): Promise<void> {
  if (call.options.json === true) {
    return showJson(call, await ask(call, { method: 'GET', path: pathOf('v1', 'pools', pool, 'split') }, { pool }));
  }
  const body = await ask(call, { method: 'GET', path: pathOf('v1', 'pools', pool) }, { pool });
  show(call, viewSplit(readResponse('Pool', body), call.terminal.paint));
}
