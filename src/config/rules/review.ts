// What a rule sees and how it reports. Rules are pure: they read a decoded Config and add Problems or notices.

import { problemAt } from '../issues.ts';
import type { Merged } from '../merge.ts';
import type { Config } from '../model.ts';
import { valueAt } from '../path.ts';
import type { Path } from '../path.ts';
import type { Problem } from '../problem.ts';
import type { Side } from '../source.ts';

/** More would not be read, and each has to be located; near names of thousands would take minutes. */
const MAX_PROBLEMS = 200;
export const MAX_NOTICES = 1_000;

/** Thrown to end a review in which there are Problems enough. */
export class EnoughFound {
  readonly count = MAX_PROBLEMS;
}

/** A rule checks one thing across the whole Config. */
export type Rule = (config: Config, review: Review) => void;

/** Collects what the rules find, each at its place. */
export class Review {
  readonly problems: Problem[] = [];
  readonly notices: Problem[] = [];
  private readonly merged: Merged;

  constructor(merged: Merged) {
    this.merged = merged;
  }

  /** How much was found. */
  get count(): number {
    return this.problems.length + this.notices.length;
  }

  /** Nobody knows where no more notices are kept. @param count of then */
  foundNothingSince(count: number): boolean {
    return this.count === count && this.hasRoom;
  }

  /** Whether another notice would be taken: to work one out that would not costs as much. */
  get hasRoom(): boolean {
    return this.notices.length < MAX_NOTICES;
  }

  /** A fault: the Config is refused. Throws when there are so many that the rest is not looked for. */
  problem(path: Path, message: string, side: Side = 'value'): void {
    this.problems.push(problemAt(this.merged, path, message, side));
    if (this.problems.length >= MAX_PROBLEMS) throw new EnoughFound();
  }

  /** Something that is accepted but probably not what its author expects. */
  notice(path: Path, message: string, side: Side = 'value'): void {
    if (this.hasRoom) this.notices.push(problemAt(this.merged, path, message, side));
  }

  /** The value as the file has it; undefined when the file does not mention it. */
  written(path: Path): unknown {
    return valueAt(this.merged.value, path);
  }

  /** The file in which a value stands. */
  fileOf(path: Path): string {
    return this.merged.place(path, 'value').file;
  }

  /** `line 3`, or `other.yaml:3` when it stands in another file than `from`. */
  lineOf(path: Path, from: Path): string {
    const there = this.merged.place(path, 'value');
    return there.file === this.merged.place(from, 'value').file ? `line ${there.line}` : `${there.file}:${there.line}`;
  }
}
