// Counter blocks of endpoints beside the block of their version, for those who read both. A group stays the same object while its blocks do.

import type { CounterBlock } from './counter-block.ts';

export interface BlockGroup {
  readonly version: CounterBlock;
  readonly endpoints: readonly CounterBlock[];
  /** Position of each in `endpoints`. */
  readonly places: ReadonlyMap<CounterBlock, number>;
}

/** By `POOL\nVERSION`: no name holds a line feed. @param before what this returned for the blocks before */
export function groupBlocks(
  versions: readonly CounterBlock[],
  endpoints: readonly CounterBlock[],
  before: ReadonlyMap<string, BlockGroup>,
): ReadonlyMap<string, BlockGroup> {
  const members = new Map<string, CounterBlock[]>();
  for (const block of endpoints) {
    const name = nameOf(block);
    const known = members.get(name);
    if (known === undefined) members.set(name, [block]);
    else known.push(block);
  }
  return new Map(
    versions.map((version) => {
      const name = nameOf(version);
      return [name, groupOf(version, members.get(name) ?? [], before.get(name))];
    }),
  );
}

function groupOf(version: CounterBlock, endpoints: readonly CounterBlock[], before: BlockGroup | undefined): BlockGroup {
  const stays = before?.version === version && before.endpoints.length === endpoints.length;
  if (stays && endpoints.every((block, index) => before.endpoints[index] === block)) return before;
  return { version, endpoints, places: new Map(endpoints.map((block, index) => [block, index])) };
}

function nameOf({ labels }: CounterBlock): string {
  return `${labels['pool']}\n${labels['version']}`;
}
