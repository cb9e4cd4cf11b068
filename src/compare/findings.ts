// What one comparison has found so far, and how much it may still look at. Made anew for each comparison.

import type { ComparisonLimits } from './comparison-rules.ts';
import type { Difference, Kind } from './difference.ts';
import type { FieldNode } from './field-node.ts';

/** Raw finds per path that is told; a list of a thousand items that all differ is one path. */
const FINDS_PER_DIFFERENCE = 20;

export class Finds {
  isCutShort = false;
  readonly #limits: ComparisonLimits;
  readonly #mostFinds: number;
  #found: Difference[] = [];
  #visits = 0;

  constructor(limits: ComparisonLimits) {
    this.#limits = limits;
    this.#mostFinds = limits.differences * FINDS_PER_DIFFERENCE;
  }

  get count(): number {
    return this.#found.length;
  }

  /** Whether a value at this depth may be looked at; where not, the comparison is cut short. */
  mayVisit(depth: number): boolean {
    if (++this.#visits <= this.#limits.values && depth <= this.#limits.depth && this.#found.length < this.#mostFinds) return true;
    this.isCutShort = true;
    return false;
  }

  add(node: FieldNode, kind: Kind, primary: unknown, other: unknown): void {
    if (this.#found.length >= this.#mostFinds) {
      this.isCutShort = true;
      return;
    }
    this.#found.push({ path: node.path, kind, primary, other, isRedacted: node.isRedacted });
  }

  /** Forgets what was found after `count`. */
  rewind(count: number): void {
    this.#found.length = count;
  }

  /** The first find of each path. */
  differences(): readonly Difference[] {
    const first = new Map<string, Difference>();
    for (const find of this.#found) {
      if (first.has(find.path)) continue;
      if (first.size >= this.#limits.differences) {
        this.isCutShort = true;
        break;
      }
      first.set(find.path, find);
    }
    return [...first.values()];
  }
}
