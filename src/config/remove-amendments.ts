// A config as it would be without what the API changed over its file. Pure; the opposite of `amend`.

import type { Plain } from '../lib/plain.ts';
import type { Amendment } from './amend.ts';
import { Draft } from './draft.ts';

/**
 * What the file meant, from a config and the amendments in force in it: each field as its amendment found it. Things that were removed
 * from a list come back at its end.
 */
export function removeAmendments(amended: Plain, amendments: readonly Amendment[]): Plain {
  const draft = new Draft(amended);
  // The last first: what was added within a thing goes before the thing does.
  for (const { path, base } of amendments.toReversed()) draft.set(path, base);
  return draft.finish();
}
