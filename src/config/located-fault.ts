// A fault that shows only when a value of the config is used, such as an address that is taken, told as a Problem at the place of the value.

import type { FileRead } from './decode.ts';
import { problemAt } from './issues.ts';
import { formatPath, valueAt } from './path.ts';
import type { Path } from './path.ts';
import { formatProblem } from './problem.ts';

/** An error with the message of `fault` behind file, line, column and key. @param read where the value was read; without a document it has no place */
export function locatedFault({ document }: FileRead, path: Path, fault: unknown): Error {
  const message = fault instanceof Error ? fault.message : String(fault);
  if (document === undefined) return new Error(`${formatPath(path)}: ${message}`, { cause: fault });
  const isWritten = valueAt(document.value, path) !== undefined;
  const way = isWritten ? '' : ` (that is the default: write ${formatPath(path)} to change it)`;
  return new Error(formatProblem(problemAt(document, path, message + way)), { cause: fault });
}
