// Columns of text that line up, with or without colours in them.

import { stripVTControlCharacters } from 'node:util';

export interface Column {
  readonly title: string;
  /** Default: left. */
  readonly align?: 'left' | 'right';
}

const GAP = '  ';

/** One line per row under a line of titles; without rows no lines. No line ends in a space. */
export function formatTable(columns: readonly Column[], rows: readonly (readonly string[])[]): readonly string[] {
  if (rows.length === 0) return [];
  const lines = [columns.map(({ title }) => title), ...rows];
  const widths = columns.map((_, index) => Math.max(...lines.map((line) => widthOf(line[index] ?? ''))));
  return lines.map((line) =>
    columns
      .map(({ align }, index) => fit(line[index] ?? '', widths[index] ?? 0, align))
      .join(GAP)
      .trimEnd(),
  );
}

/** `name  value` lines, the values under each other. */
export function formatPairs(pairs: readonly (readonly [string, string])[]): readonly string[] {
  const width = Math.max(0, ...pairs.map(([name]) => widthOf(name)));
  return pairs.map(([name, value]) => `${fit(name, width, 'left')}${GAP}${value}`.trimEnd());
}

function fit(text: string, width: number, align: Column['align']): string {
  const room = ' '.repeat(Math.max(0, width - widthOf(text)));
  return align === 'right' ? room + text : text + room;
}

/** Characters that a terminal shows; wide ones count as one. */
function widthOf(text: string): number {
  return [...stripVTControlCharacters(text)].length;
}
