// Header changes of the Config made ready for serving. Here their secrets go into the Table.

import type { HeaderChanges } from '../config/model.ts';
import { revealedFields } from '../config/secret.ts';
import { compileHeaderChanges } from '../http/header-changes.ts';
import type { CompiledHeaderChanges } from '../http/header-changes.ts';

/** Undefined where nothing is changed. */
export function compileChanges({ set, add, remove }: HeaderChanges): CompiledHeaderChanges | undefined {
  if (set.length + add.length + remove.length === 0) return undefined;
  return compileHeaderChanges({ set: revealedFields(set), add: revealedFields(add), remove });
}
