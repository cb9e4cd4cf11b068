// The pages that readers read: README and its neighbours, and everything below docs/. Only reads them.

import { readFileSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';

export const root = join(import.meta.dirname, '../..');

export interface Page {
  /** From the root. */
  readonly path: string;
  readonly text: string;
}

export interface Block {
  /** What follows the opening fence, such as `yaml pool`. */
  readonly kind: string;
  /** Moved down so that lines in Problems are those of the page. */
  readonly text: string;
}

export function filesIn(folder: string, end: string, where: 'here' | 'and below' = 'here'): string[] {
  const entries = readdirSync(join(root, folder), { withFileTypes: true, recursive: where === 'and below' });
  return entries.filter((entry) => entry.isFile() && entry.name.endsWith(end)).map((entry) => join(entry.parentPath, entry.name));
}

export function readPages(): readonly Page[] {
  return [...filesIn('.', '.md'), ...filesIn('docs', '.md', 'and below')].map(readPage);
}

export function readPage(file: string): Page {
  return { path: relative(root, file), text: readFileSync(file, 'utf8').replaceAll('\r\n', '\n') };
}

export function blocksOf({ text }: Page): readonly Block[] {
  return [...text.matchAll(/^```([^\n]*)\n(.*?)^```/gms)].map((found) => {
    const start = found.index + found[0].indexOf('\n') + 1;
    return { kind: found[1] ?? '', text: '\n'.repeat(text.slice(0, start).split('\n').length - 1) + (found[2] ?? '') };
  });
}
