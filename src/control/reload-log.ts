// What the log says of a reload: one line of what changed, one per Problem. Bounded, whatever the size of the change.

import { formatDifference } from '../config/diff.ts';
import type { Difference } from '../config/diff.ts';
import { formatProblem } from '../config/problem.ts';
import type { Problem } from '../config/problem.ts';
import type { Log } from '../lib/log.ts';

export interface AppliedReload {
  readonly differences: readonly Difference[];
  readonly revision: number;
  readonly cause: string;
  readonly workers: { readonly applied: number; readonly total: number };
  readonly notices: readonly string[];
  /** What the config says but probably does not mean. */
  readonly doubts: readonly Problem[];
}

/** More are not compared with those of the config before. */
const MAX_COMPARED = 1000;
const CHANGES_SHOWN = 20;
const PROBLEMS_SHOWN = 50;

export function logApplied(log: Log, reload: AppliedReload): void {
  const { differences, revision, cause, workers, notices, doubts } = reload;
  const changes = differences.slice(0, CHANGES_SHOWN).map(formatDifference);
  const fields = { revision, cause, workers, changes, changeCount: differences.length };
  if (workers.applied === workers.total) log.info(fields, 'config applied');
  else log.warn(fields, 'config applied, but not by every worker');
  for (const notice of notices) log.warn({ revision, notice }, 'config change waits for a restart');
  for (const doubt of doubts.slice(0, PROBLEMS_SHOWN)) log.warn({ at: formatProblem(doubt), path: doubt.path }, 'config notice');
}

/** What the config before did not make us say: a change by API or by a rollout repeats nothing. */
export function newDoubts(doubts: readonly Problem[], before: readonly Problem[]): readonly Problem[] {
  const known = new Set(before.slice(0, MAX_COMPARED).map(formatProblem));
  return doubts.slice(0, MAX_COMPARED).filter((doubt) => !known.has(formatProblem(doubt)));
}

export function logRejected(log: Log, problems: readonly Problem[], cause: string): void {
  log.error({ cause, problemCount: problems.length }, 'config rejected, what was served stays');
  for (const problem of problems.slice(0, PROBLEMS_SHOWN)) log.error({ at: formatProblem(problem), path: problem.path }, 'config problem');
}

export function logFailed(log: Log, error: Error, cause: string): void {
  log.error({ cause, err: error }, 'config could not be put in force, what was served stays');
}
