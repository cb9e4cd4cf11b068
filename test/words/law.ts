// Reads the law of words from the document that people read: the columns of the tables in docs/words.md.

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

/** @param path of the document */
export function readLaw(path: string): Law {
  const rows = readFileSync(path, 'utf8')
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
