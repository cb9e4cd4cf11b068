// One located fault in a Config. Collected, never thrown.

export interface Problem {
  /** The file the fault is in, as it was given. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  /** Where in the document: `pools.shop.split.v1`; empty for the document itself. */
  readonly path: string;
  /** What is wrong and what would be right. */
  readonly message: string;
}

/** `F:line:col: message`. */
export function formatProblem(problem: Problem): string {
  return `${problem.file}:${problem.line}:${problem.column}: ${problem.message}`;
}
