// Reads the law of words from the documents that people read: the table of words in ARCHITECTURE.md, and that of texts in docs/words.md.

import { readFileSync } from 'node:fs';

export interface Avoided {
  /** As the document writes it: `tee`, `blast radius`, `MOST`, `…Parts`. */
  readonly written: string;
  /** The word that it stands in the way of. */
  readonly instead: string;
}

export interface Law {
  readonly names: readonly Avoided[];
  /** Of comments and user-visible texts. */
  readonly prose: readonly Avoided[];
}

/** @param root the project's folder */
export function readLaw(root: string): Law {
  const [, table = ''] = readFileSync(`${root}/ARCHITECTURE.md`, 'utf8').split('\n## Words\n');
  const rows = (table + readFileSync(`${root}/docs/words.md`, 'utf8'))
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) =>
      line
        .split('|')
        .map((cell) => cell.trim())
        .slice(1, -1),
    );
  return {
    names: rows.filter((cells) => cells.length === 3).flatMap(([word = '', , avoid = '']) => marked(avoid, word)),
    prose: rows.filter((cells) => cells.length === 2).flatMap(([avoid = '', write = '']) => marked(avoid, write)),
  };
}

function marked(cell: string, instead: string): readonly Avoided[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, written = '']) => ({ written, instead }));
}
