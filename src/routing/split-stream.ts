// Which version gets the next request that no key decides: the weights of a pool as a stream of versions. One per worker and pool; it outlives
// Tables whose weights are the same.

import { SlotTree } from './slot-tree.ts';
import type { PoolState } from './pool-state.ts';
import type { PoolTable } from './table.ts';

/** What the versions that are ready share while others are not. */
interface ReadyTree {
  /** 1 by index of each version that takes part. */
  readonly ready: Uint8Array;
  readonly tree: SlotTree;
}

/** Sets of ready versions that keep their place, lest one that comes and goes begins anew each time. */
const MAX_READY_TREES = 8;

export class SplitStream {
  readonly #pool: Pick<PoolTable, 'versions' | 'weights'>;
  readonly #random: () => number;
  readonly #tree: SlotTree;
  /** The one that was used last stands first. */
  readonly #readyTrees: ReadyTree[] = [];
  readonly #ready: Uint8Array;

  /**
   * @param before of the Table before: it is gone on with where names and weights are the same, else a new one begins at a random place
   * @param random a fraction, 0 <= x < 1, at each call
   */
  constructor(pool: Pick<PoolTable, 'versions' | 'weights'>, random: () => number, before?: SplitStream) {
    this.#pool = pool;
    this.#random = random;
    this.#ready = new Uint8Array(pool.versions.length).fill(1);
    this.#tree = this.#grow(before === undefined ? undefined : before.#tree);
  }

  /** Whether versions and weights are those that it was made for, each in its place. */
  fits({ versions, weights }: Pick<PoolTable, 'versions' | 'weights'>): boolean {
    const { versions: own, weights: ownWeights } = this.#pool;
    return versions.length === own.length && versions.every(({ name }, at) => name === own[at]!.name && weights[at] === ownWeights[at]);
  }

  /** Index of the version that the next request belongs to, ready or not; -1 when all weights are 0. */
  next(): number {
    return this.#tree.next();
  }

  /**
   * The version that gets a request in place of one that is not ready: the others share what that one yields, in proportion and as exactly.
   * Each set of ready versions has a stream of its own. -1 when none with a weight is ready.
   */
  nextReady(state: Pick<PoolState, 'ready'>): number {
    for (let version = 0; version < this.#ready.length; version++) this.#ready[version] = state.ready(version) ? 1 : 0;
    const [last] = this.#readyTrees;
    const tree = last !== undefined && this.#isReady(last) ? last.tree : this.#readyTree();
    return tree.next();
  }

  #isReady({ ready }: ReadyTree): boolean {
    for (let version = 0; version < ready.length; version++) if (ready[version] !== this.#ready[version]) return false;
    return true;
  }

  #readyTree(): SlotTree {
    const known = this.#readyTrees.findIndex((each) => this.#isReady(each));
    const [found] = known < 0 ? [] : this.#readyTrees.splice(known, 1);
    const used = found ?? { ready: this.#ready.slice(), tree: this.#grow(undefined) };
    this.#readyTrees.unshift(used);
    this.#readyTrees.length = Math.min(this.#readyTrees.length, MAX_READY_TREES);
    return used.tree;
  }

  #grow(before: SlotTree | undefined): SlotTree {
    const { versions, weights } = this.#pool;
    const weighted = versions
      .filter(({ index }) => this.#ready[index] === 1 && weights[index]! > 0)
      .map(({ index, name }) => ({ index, name, weight: weights[index]! }));
    return new SlotTree(weighted, this.#random, before);
  }
}
