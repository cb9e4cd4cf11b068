// What became of the config on disk when it was last read, and since when: told in the journal when it changes, and shown to those who ask.

import type { FileOverview } from '../api/overview.ts';
import { formatProblem } from '../config/problem.ts';
import type { Exposition } from '../telemetry/exposition.ts';
import type { Journal } from './journal.ts';
import type { ApplyResult } from './submission.ts';

export interface FileStateDeps {
  readonly journal: Pick<Journal, 'record'>;
  readonly exposition: Pick<Exposition, 'fileIs'>;
  /** Milliseconds since the epoch. */
  readonly wallMs: () => number;
}

/** Author of what a file says, in revisions and events. */
export const FILE_AUTHOR = 'file';
const PROBLEMS_SHOWN = 10;

export type ShownFile = Omit<FileOverview, 'differences'>;

export class FileState {
  readonly #deps: FileStateDeps;
  #shown: ShownFile;
  #missingSinceMs: number | undefined = undefined;

  constructor(deps: FileStateDeps) {
    this.#deps = deps;
    this.#shown = { state: 'taken', sinceMs: deps.wallMs(), problems: [], problemCount: 0 };
  }

  get shown(): ShownFile {
    if (this.#missingSinceMs === undefined || this.#shown.state === 'refused') return this.#shown;
    return { ...this.#shown, state: 'missing', sinceMs: this.#missingSinceMs };
  }

  /** The file was read, and this came of it. @param revision what is served now */
  ended(result: ApplyResult, revision: number): void {
    switch (result.result) {
      case 'applied':
      case 'unchanged':
        return this.#take(revision);
      case 'rejected':
        return this.refuse(result.problems.map(formatProblem), revision);
      case 'failed':
        return this.refuse([result.error.message], revision);
      case 'superseded':
    }
  }

  /** @param problems why, each with its place */
  refuse(problems: readonly string[], revision: number): void {
    const { journal, exposition, wallMs } = this.#deps;
    this.#missingSinceMs = undefined;
    exposition.fileIs('refused');
    const sinceMs = this.#shown.state === 'refused' ? this.#shown.sinceMs : wallMs();
    const before = this.#shown;
    const shown = problems.slice(0, PROBLEMS_SHOWN);
    this.#shown = { state: 'refused', sinceMs, problems: shown, problemCount: problems.length };
    if (before.state === 'refused' && before.problems.join('\n') === shown.join('\n')) return;
    const detail = { problems: shown, problemCount: problems.length };
    journal.record('file-refused', { author: FILE_AUTHOR, revision }, detail).catch(() => undefined);
  }

  /** It is no longer where it was. What was served is served on. */
  vanish(revision: number): void {
    this.#missingSinceMs = this.#deps.wallMs();
    this.#deps.journal.record('file-missing', { author: FILE_AUTHOR, revision }, {}).catch(() => undefined);
  }

  /** It is back, as it was. */
  reappear(revision: number): void {
    if (this.#missingSinceMs !== undefined) this.#take(revision);
  }

  #take(revision: number): void {
    const { journal, exposition, wallMs } = this.#deps;
    exposition.fileIs('taken');
    const wasGood = this.#shown.state === 'taken' && this.#missingSinceMs === undefined;
    this.#missingSinceMs = undefined;
    if (wasGood) return;
    this.#shown = { state: 'taken', sinceMs: wallMs(), problems: [], problemCount: 0 };
    journal.record('file-taken', { author: FILE_AUTHOR, revision }, {}).catch(() => undefined);
  }
}

/** For messages of one line. */
export function firstProblem({ problems, problemCount }: ShownFile): string {
  const [first = 'it has problems'] = problems;
  return problemCount > 1 ? `${first} (and ${problemCount - 1} more)` : first;
}
