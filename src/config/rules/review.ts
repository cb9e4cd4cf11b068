// What a rule sees and how it reports. Rules are pure: they read a decoded Config and add Problems or notices.

import { problemAt } from '../issues.ts';
import type { Merged } from '../merge.ts';
import type { Config } from '../model.ts';
import { valueAt } from '../path.ts';
import type { Path } from '../path.ts';
import type { Problem } from '../problem.ts';
import type { Side } from '../source.ts';

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

  /** A fault: the Config is refused. */
  problem(path: Path, message: string, side: Side = 'value'): void {
    this.problems.push(problemAt(this.merged, path, message, side));
  }

  /** Something that is accepted but probably not what its author expects. */
  notice(path: Path, message: string, side: Side = 'value'): void {
    this.notices.push(problemAt(this.merged, path, message, side));
  }

  /** The value as the file has it; undefined when the file does not mention it. */
  written(path: Path): unknown {
    return valueAt(this.merged.value, path);
  }

  /** `line 3`, or `other.yaml:3` when it stands in another file than `from`. */
  lineOf(path: Path, from: Path): string {
    const there = this.merged.place(path, 'value');
    return there.file === this.merged.place(from, 'value').file ? `line ${there.line}` : `${there.file}:${there.line}`;
  }
}
