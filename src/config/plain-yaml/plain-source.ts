// A text of plain YAML as a Source. Places are found by reading it again, once, when the first is asked for: most texts have no faults.

import type { Path } from '../path.ts';
import type { Side, Source } from '../source.ts';
import { GaveUp, OTHER_KIND } from './give-up.ts';
import { readPlain } from './reader.ts';
import { offsetIn } from './shape.ts';
import type { Shape } from './shape.ts';

/** @param listKey what a list at the top stands under; without it there must be a map */
export function readPlainSource(origin: Pick<Source, 'file' | 'text' | 'lines'>, listKey?: string): Source | GaveUp {
  const { text } = origin;
  const plain = readPlain(text);
  if (plain instanceof GaveUp) return plain;
  if (Array.isArray(plain.value) !== (listKey !== undefined)) return new GaveUp(plain.start, OTHER_KIND);
  const value = (listKey === undefined ? plain.value : { [listKey]: plain.value }) as Source['value'];
  let shape: Shape | undefined;
  const offsetOf = (path: Path, side: Side): number => {
    shape ??= shapeOf(text);
    // The list has no key in the text.
    const within = listKey === undefined ? path : path.slice(1);
    return shape === undefined ? plain.start : offsetIn(shape, plain.start, within, side);
  };
  return { ...origin, root: undefined, value, targets: new Map(), offsetOf };
}

function shapeOf(text: string): Shape | undefined {
  const plain = readPlain(text, true);
  return plain instanceof GaveUp ? undefined : plain.shape;
}
