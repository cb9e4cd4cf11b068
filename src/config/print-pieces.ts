// Plain data as text in pieces, for texts that take longer to make than a thread may be busy at once: the caller decides when to go on. All
// pieces together are what `JSON.stringify` and `printWritten` would return.

import { printWritten } from './print.ts';

/** Maps, lists and scalars of one piece, about: less than a millisecond of YAML. */
const PIECE_VALUES = 100;
const JSON_PIECE_VALUES = 5000;

function isLong(value: unknown, most: number = JSON_PIECE_VALUES): boolean {
  return countUpTo(value, most) > most;
}

/** @param written how a part is written: as it is, or with what the grammar adds */
export function* jsonPieces(value: unknown, written: (part: unknown) => unknown = (part) => part): Generator<string> {
  if (!isLong(value)) {
    yield JSON.stringify(written(value));
    return;
  }
  const isList = Array.isArray(value);
  let before = isList ? '[' : '{';
  for (const [key, inner] of Object.entries(value as object)) {
    if (inner === undefined && !isList) continue;
    yield isList ? before : `${before}${JSON.stringify(key)}:`;
    yield* jsonPieces(inner, written);
    before = ',';
  }
  yield isList ? ']' : '}';
}

/** @param value plain data in the words of the grammar */
export function* yamlPieces(value: unknown, indent = ''): Generator<string> {
  if (!isLong(value, PIECE_VALUES)) yield indented(printWritten(value), indent);
  else if (Array.isArray(value)) yield* listPieces(value, indent);
  else yield* mapPieces(value as object, indent);
}

function* mapPieces(map: object, indent: string): Generator<string> {
  for (const [key, inner] of Object.entries(map)) {
    if (!isLong(inner, PIECE_VALUES)) {
      yield indented(printWritten({ [key]: inner }), indent);
      continue;
    }
    // `key: null`, so that the key is quoted where it must be.
    yield `${indent}${printWritten({ [key]: null })
      .slice(0, -'null\n'.length)
      .trimEnd()}\n`;
    yield* yamlPieces(inner, `${indent}  `);
  }
}

function* listPieces(list: readonly unknown[], indent: string): Generator<string> {
  for (const item of list) {
    if (!isLong(item, PIECE_VALUES)) {
      yield indented(printWritten([item]), indent);
      continue;
    }
    let lead = '- ';
    for (const piece of yamlPieces(item, `${indent}  `)) {
      yield lead === '' ? piece : `${indent}${lead}${piece.slice(indent.length + 2)}`;
      lead = '';
    }
  }
}

function indented(text: string, indent: string): string {
  return indent === '' ? text : text.replaceAll(/^(?=.)/gm, indent);
}

/** How many maps, lists and scalars it is; stops counting beyond `most`. */
function countUpTo(value: unknown, most: number): number {
  if (typeof value !== 'object' || value === null) return 1;
  let count = 1;
  for (const inner of Object.values(value)) {
    count += countUpTo(inner, most - count);
    if (count > most) return count;
  }
  return count;
}
