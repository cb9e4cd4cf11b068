// How a command of the admin client ends when it cannot do what was asked: an exit code, what is wrong, and what to do about it.
// The one thing that the commands throw; `runAdminCommand` catches it.

/** What scripts can rely on; the help and docs/controllers.md say the same. */
export const EXIT = {
  done: 0,
  /** The server or the person refused: nothing was changed. */
  refused: 1,
  /** `status` found that something is wrong. */
  wrong: 1,
  usage: 2,
  unreachable: 3,
  /** The revision that was expected is no longer the current one. */
  stale: 4,
  /** Verdicts of `mirror report` other than a pass, which is `done`. */
  failed: 5,
  inconclusive: 6,
  noData: 7,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export class Failure extends Error {
  readonly exitCode: ExitCode;
  /** What to do about it, a line each. */
  readonly advice: readonly string[];

  constructor(exitCode: ExitCode, message: string, advice: readonly string[] = []) {
    super(message);
    this.exitCode = exitCode;
    this.advice = advice;
  }
}

/** `error: what is wrong`, and the advice below it, indented. */
export function formatFailure(failure: Failure): string {
  return [`error: ${failure.message}`, ...failure.advice.map((line) => `  ${line}`)].join('\n');
}
