// A document with amendments laid over it: what is wrong in an amended part is told at the nearest place in the file, and as what it is.

import type { Plain } from '../lib/plain.ts';
import { amend, covers } from './amend.ts';
import type { Amended, Amendment } from './amend.ts';
import { toNames, toPositions } from './field.ts';
import type { Merged } from './merge.ts';
import { formatPath } from './path.ts';
import type { Path } from './path.ts';
import type { Problem } from './problem.ts';
import type { Place, Side } from './source.ts';

const ORIGIN = ' (set through the API)';

interface Asked {
  readonly path: Path;
  readonly names: Path;
}

export class AmendedDocument implements Merged {
  readonly value: Plain;
  readonly problems: readonly Problem[];
  readonly amended: Amended;
  private readonly file: Merged;
  /** What was asked for, by what stands as `path` in Problems. */
  private readonly asked = new Map<string, Asked>();

  constructor(file: Merged, amendments: readonly Amendment[]) {
    this.file = file;
    this.problems = file.problems;
    this.amended = amend(file.value, amendments);
    this.value = this.amended.value;
  }

  place(path: Path, side: Side): Place {
    const names = toNames(this.value, path);
    this.asked.set(formatPath(path), { path, names });
    return this.file.place(toPositions(this.file.value, names), side);
  }

  /** The path of a Problem of this document, by names; undefined when it has none. */
  pathOf({ path }: Problem): Path | undefined {
    return this.asked.get(path)?.names;
  }

  /** The amendment with the longest path that set what the Problem is in; undefined when the file did. */
  amendmentAt(problem: Problem): Amendment | undefined {
    const path = this.pathOf(problem);
    if (path === undefined) return undefined;
    const around = this.amended.amendments.filter((amendment) => covers(amendment, path));
    return around.sort((a, b) => b.path.length - a.path.length)[0];
  }

  /** The same Problems. Those that an amendment caused say so, and name the place by its path: a caller of the API knows no line of the file. */
  mark(problems: readonly Problem[]): readonly Problem[] {
    return problems.map((problem) => {
      if (this.amendmentAt(problem) === undefined) return problem;
      const [position, name] = this.spellings(problem);
      const spell = (text: string): string => (text.startsWith(position) ? name + text.slice(position.length) : text);
      return { ...problem, path: spell(problem.path), message: spell(problem.message) + ORIGIN };
    });
  }

  /** The beginning of a Problem's path up to the last thing in a list: by its position, and by its name. */
  private spellings({ path: where }: Problem): readonly [string, string] {
    const { path, names } = this.asked.get(where) ?? { path: [], names: [] };
    const length = path.findLastIndex((part, depth) => depth < names.length && part !== names[depth]) + 1;
    return [formatPath(path.slice(0, length)), formatPath(names.slice(0, length))];
  }
}
