// Where the parts of a text stand: a tree beside the value, made only when somebody asks for a place.

import type { Path } from '../path.ts';

/** Of a map or a list. */
export class Shape {
  /** Names of a map's entries, in the order of the text; empty for a list. */
  readonly keys: string[] = [];
  /** Of the key of each entry; of a list the same as `values`. */
  readonly keyOffsets: number[] = [];
  readonly values: number[] = [];
  readonly children: (Shape | undefined)[] = [];
  readonly isMap: boolean;
  #byKey: Map<string, number> | undefined = undefined;

  constructor(isMap: boolean) {
    this.isMap = isMap;
  }

  indexOf(part: string | number): number | undefined {
    if (!this.isMap) return typeof part === 'number' && part < this.values.length ? part : undefined;
    this.#byKey ??= new Map(this.keys.map((key, index) => [key, index]));
    return this.#byKey.get(String(part));
  }
}

/** Of the deepest part that exists on the path. */
export function offsetIn(root: Shape, start: number, path: Path, side: 'key' | 'value'): number {
  let shape: Shape | undefined = root;
  let offset = start;
  for (const [depth, part] of path.entries()) {
    const index: number | undefined = shape?.indexOf(part);
    if (shape === undefined || index === undefined) break;
    const isLast = depth === path.length - 1;
    offset = (isLast && side === 'key' ? shape.keyOffsets[index] : shape.values[index]) ?? offset;
    shape = shape.children[index];
  }
  return offset;
}
