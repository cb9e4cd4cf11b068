// What an order would make of the desired state, or why it may not. Changes nothing.

import { decodeRead } from '../config/decode.ts';
import type { LoadResult } from '../config/decode.ts';
import { diffConfigs } from '../config/diff.ts';
import type { Difference } from '../config/diff.ts';
import type { Config } from '../config/model.ts';
import { formatPath } from '../config/path.ts';
import type { Desired, Submission, Refusal } from './submission.ts';

/** What is asked for; it decodes, and the rules allow it. */
export interface Asked {
  readonly load: LoadResult;
  readonly config: Config;
  readonly differences: readonly Difference[];
  /** Pools whose users are to follow the weights at once. */
  readonly moved: readonly string[];
}

/** @param adapt changes what was decoded */
export function evaluateChange(
  { toAmendments, moves }: Submission,
  desired: Desired,
  adapt: (load: LoadResult) => LoadResult,
): Asked | Refusal {
  const { revision, config: before, read } = desired;
  const amendments = toAmendments(desired);
  if ('result' in amendments) return amendments;
  const load = adapt(decodeRead(read, amendments));
  const { config } = load;
  // Places are those of the file, which nobody asked about.
  if (config === undefined)
    return { result: 'rejected', revision, problems: load.problems.map(({ path, message }) => ({ path, message })) };
  // The file is the one that the others fit, so what does not is what was asked for.
  const lost = load.amended.superseded.map(({ amendment, reason }) => ({ path: formatPath(amendment.path), message: reason }));
  if (lost.length > 0) return { result: 'rejected', revision, problems: lost };
  return { load, config, differences: diffConfigs(before, config), moved: moves?.(before, config) ?? [] };
}
