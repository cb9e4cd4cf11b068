// Whether a version is in use, as the control thread can see it: a number that grows with each of its requests and attempts.

import type { CounterBlock } from './counter-block.ts';
import { versionId } from './counter-key.ts';
import { MAX_CHOICE_REASONS, VERSION_ATTEMPTS, VERSION_CHOICES } from './counter-layout.ts';
import type { CounterRegistry } from './counter-registry.ts';
import { OUTCOMES } from './outcomes.ts';

/** Of a version that is not counted yet it is 0. */
export type VersionActivity = (pool: string, version: string) => number;

export function versionActivity(counters: Pick<CounterRegistry, 'blocks'>): VersionActivity {
  let indexed: readonly CounterBlock[] = [];
  let blocks = new Map<string, CounterBlock>();
  return (pool, version) => {
    const current = counters.blocks('version');
    if (current !== indexed) {
      indexed = current;
      blocks = new Map(current.map((block) => [block.id, block]));
    }
    const block = blocks.get(versionId(pool, version));
    if (block === undefined) return 0;
    // Requests as they begin, attempts as they end: one that takes long is seen twice.
    return sum(block, VERSION_CHOICES, MAX_CHOICE_REASONS) + sum(block, VERSION_ATTEMPTS, OUTCOMES.length);
  };
}

function sum(block: CounterBlock, first: number, cells: number): number {
  let total = 0;
  for (let cell = first; cell < first + cells; cell++) total += block.total(cell);
  return total;
}
