// A document with amendments laid over it: what is wrong in an amended part is told at the nearest place in the file, and as what it is.

import { amend, covers } from './amend.ts';
import type { Amended, Amendment } from './amend.ts';
import { toNames, toPositions } from './field.ts';
import type { Merged } from './merge.ts';
import { formatPath } from './path.ts';
import type { Path } from './path.ts';
import type { Problem } from './problem.ts';
import type { Plain } from './plain.ts';
import type { Place, Side } from './source.ts';

const ORIGIN = ' (set through the API)';

export class AmendedDocument implements Merged {
  readonly value: Plain;
  readonly problems: readonly Problem[];
  readonly amended: Amended;
  private readonly file: Merged;
  /** Paths by names of what was asked for, by what stands as `path` in Problems. */
  private readonly asked = new Map<string, Path>();

  constructor(file: Merged, amendments: readonly Amendment[]) {
    this.file = file;
    this.problems = file.problems;
    this.amended = amend(file.value, amendments);
    this.value = this.amended.value;
  }

  place(path: Path, side: Side): Place {
    const names = toNames(this.value, path);
    this.asked.set(formatPath(path), names);
    return this.file.place(toPositions(this.file.value, names), side);
  }

  /** The path of a Problem of this document, by names; undefined when it has none. */
  pathOf({ path }: Problem): Path | undefined {
    return this.asked.get(path);
  }

  /** The amendment with the longest path that set what the Problem is in; undefined when the file did. */
  amendmentAt(problem: Problem): Amendment | undefined {
    const path = this.pathOf(problem);
    if (path === undefined) return undefined;
    const around = this.amended.amendments.filter((amendment) => covers(amendment, path));
    return around.sort((a, b) => b.path.length - a.path.length)[0];
  }

  /** The same Problems; those that the API brought say so. */
  mark(problems: readonly Problem[]): readonly Problem[] {
    return problems.map((problem) =>
      this.amendmentAt(problem) === undefined ? problem : { ...problem, message: problem.message + ORIGIN },
    );
  }
}
