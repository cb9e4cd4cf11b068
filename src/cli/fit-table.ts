// Columns of text that fit into a width: the widest of those that may are cut until the line fits.

import { formatTable, type Column } from './table.ts';

export interface FittedColumn extends Column {
  /** Where a text may be cut; default: it is not. What matters of a path is at both its ends. */
  readonly cut?: 'middle' | 'end';
}

const GAP = 2;
const NARROWEST = 8;

/** As `formatTable`; cells are plain text without colours. A line is longer only where no more may be cut. */
export function fitTable(columns: readonly FittedColumn[], rows: readonly (readonly string[])[], width: number): readonly string[] {
  const widths = columns.map(({ title, cut }, index) => {
    const widest = Math.max(...[title, ...rows.map((row) => row[index] ?? '')].map(lengthOf));
    return cut === undefined ? widest : Math.min(width, widest);
  });
  for (let excess = widthOf(widths) - width; excess > 0; excess--) {
    const widest = columns.reduce((best, { cut }, index) => (cut !== undefined && widths[index]! > (widths[best] ?? 0) ? index : best), -1);
    if (widest < 0 || widths[widest]! <= NARROWEST) break;
    widths[widest]!--;
  }
  const fitted = rows.map((row) =>
    columns.map(({ cut }, index) => cutText(row[index] ?? '', cut === undefined ? Infinity : widths[index]!, cut)),
  );
  return formatTable(columns, fitted);
}

/** At most `width` characters, with `…` where some were left out. */
export function cutText(text: string, width: number, cut: FittedColumn['cut'] = 'end'): string {
  const characters = [...text];
  if (characters.length <= width) return text;
  const tail = cut === 'middle' ? Math.floor((width - 1) / 2) : 0;
  return `${characters.slice(0, width - 1 - tail).join('')}…${tail === 0 ? '' : characters.slice(-tail).join('')}`;
}

/** Lines of at most `width` characters, broken at blanks; a word that is longer is cut. */
export function wrapText(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(' ').map((each) => cutText(each, width, 'middle'))) {
    const last = lines.at(-1);
    if (last !== undefined && lengthOf(last) + 1 + lengthOf(word) <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

function widthOf(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width, 0) + GAP * (widths.length - 1);
}

function lengthOf(text: string): number {
  return [...text].length;
}
