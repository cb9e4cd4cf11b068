// What a change would make of the desired state, or why it may not. Changes nothing.

import type { Amendment } from '../config/amend.ts';
import type { LoadResult } from '../config/decode.ts';
import { diffConfigs } from '../config/diff.ts';
import type { Difference } from '../config/diff.ts';
import type { Config } from '../config/model.ts';
import { formatPath } from '../config/path.ts';
import type { Change } from './control-api.ts';
import type { Journal } from './journal.ts';
import { movedPools } from './moved-pools.ts';
import { desiredByApi } from './sources/desired.ts';
import type { Transform } from './sources/desired.ts';
import type { Basis, Refusal } from './submission.ts';
import { toAmendments } from './to-amendments.ts';

/** What is asked for; it decodes, and the rules allow it. */
export interface Asked {
  readonly load: LoadResult;
  readonly config: Config;
  readonly differences: readonly Difference[];
  /** Pools whose users are to follow the weights at once. */
  readonly moved: readonly string[];
}

export interface EvaluationDeps {
  readonly journal: Pick<Journal, 'find'>;
  readonly transform: Transform;
}

export async function evaluateChange(change: Change, basis: Basis, { journal, transform }: EvaluationDeps): Promise<Asked | Refusal> {
  const amendments = await toAmendments(change, basis, journal);
  if ('result' in amendments) return amendments;
  const asked = evaluateAmendments(amendments, basis, transform);
  return 'result' in asked ? asked : { ...asked, moved: movedPools(change, basis.config, asked.config) };
}

/** The same for what is to stand over the file. */
export function evaluateAmendments(
  amendments: readonly Amendment[],
  { revision, config: before, read }: Basis,
  transform: Transform,
): Omit<Asked, 'moved'> | Refusal {
  const { config, load } = desiredByApi(read, amendments, transform);
  // Places are those of the file, which nobody asked about.
  if (config === undefined)
    return { result: 'rejected', revision, problems: load.problems.map(({ path, message }) => ({ path, message })) };
  // The file is the one that the others fit, so what does not is what was asked for.
  const lost = load.amended.superseded.map(({ amendment, reason }) => ({ path: formatPath(amendment.path), message: reason }));
  if (lost.length > 0) return { result: 'rejected', revision, problems: lost };
  return { load, config, differences: diffConfigs(before, config) };
}
