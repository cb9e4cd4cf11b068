// Divides requests over several weights: a balanced binary tree, in each node of which the lighter side has the slots. Pure; chance is passed in.

import { Slots } from './slots.ts';

export interface Weighted {
  /** What `next` returns. */
  readonly index: number;
  /** Puts those of equal weight in order. */
  readonly name: string;
  /** Above 0. */
  readonly weight: number;
}

const NONE = -1;

/**
 * Each gets its share of any 1,000 requests in a row within the depth of the tree (1 for two, 2 for up to four) where shares are whole tenths
 * of a percent: every level adds at most 1 to the integer by which the level above is off. Where they are finer each level adds less than 2.
 */
export class SlotTree {
  /** From the lightest to the heaviest. */
  readonly #sorted: readonly Weighted[];
  /** An index, NONE, or -2 - node. */
  #root = NONE;
  readonly #light: number[] = [];
  readonly #heavy: number[] = [];
  readonly #slots: Slots[] = [];

  /** @param before goes on from where it is when names and weights are the same, whatever their indexes */
  constructor(weighted: readonly Weighted[], random: () => number, before?: SlotTree) {
    this.#sorted = weighted.toSorted((one, other) => one.weight - other.weight || (one.name < other.name ? -1 : 1));
    const known = before?.isOf(this.#sorted) === true ? before.#slots : undefined;
    this.#root = this.#grow(this.#sorted, random, known);
  }

  /** The index that gets the next request; -1 without any. */
  next(): number {
    let at = this.#root;
    while (at < NONE) {
      const node = -2 - at;
      at = (this.#slots[node]!.next() ? this.#light : this.#heavy)[node]!;
    }
    return at;
  }

  isOf(sorted: readonly Weighted[]): boolean {
    return (
      sorted.length === this.#sorted.length &&
      sorted.every(({ name, weight }, rank) => name === this.#sorted[rank]!.name && weight === this.#sorted[rank]!.weight)
    );
  }

  /** The lower half of a sorted list is never heavier than the upper one. */
  #grow(sorted: readonly Weighted[], random: () => number, known: readonly Slots[] | undefined): number {
    const [first] = sorted;
    if (first === undefined) return NONE;
    if (sorted.length === 1) return first.index;
    const half = sorted.length >> 1;
    const [lower, upper] = [sorted.slice(0, half), sorted.slice(half)];
    const node = this.#slots.length;
    const light = sumOf(lower);
    this.#slots.push(known?.[node] ?? new Slots(light / (light + sumOf(upper)), random));
    this.#light[node] = this.#grow(lower, random, known);
    this.#heavy[node] = this.#grow(upper, random, known);
    return -2 - node;
  }
}

function sumOf(weighted: readonly Weighted[]): number {
  return weighted.reduce((sum, { weight }) => sum + weight, 0);
}
