// What a thread loads: all files and packages that its entry reaches over imports of values.

import { findImports } from './imports.ts';
import type { FileSet, Import } from './imports.ts';

export interface Reach {
  readonly files: readonly string[];
  readonly packages: readonly string[];
  readonly builtins: readonly string[];
}

export function findReach(files: FileSet, entry: string): Reach {
  const imports = Map.groupBy(
    findImports(files).filter(({ kind }) => kind === 'value'),
    ({ file }) => file,
  );
  const seen = new Set([entry]);
  const outside = new Set<string>();
  // A set grows while it is walked.
  for (const file of seen) {
    for (const { target, specifier } of imports.get(file) ?? ([] as Import[])) {
      if (target === undefined) outside.add(specifier);
      else seen.add(target);
    }
  }
  const sorted = [...outside].sort();
  return {
    files: [...seen].sort(),
    packages: sorted.filter((name) => !name.startsWith('node:')),
    builtins: sorted.filter((name) => name.startsWith('node:')),
  };
}
