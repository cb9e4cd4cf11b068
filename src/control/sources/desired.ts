// What a source wants to be in force, in one form for all of them: a file, what the API set over it, and those to come.

import { covers } from '../../config/amend.ts';
import type { Amendment } from '../../config/amend.ts';
import { decodeFitting, decodeRead } from '../../config/decode.ts';
import type { FileRead, LoadResult } from '../../config/decode.ts';
import type { Config } from '../../config/model.ts';
import { formatPath } from '../../config/path.ts';
import type { Path } from '../../config/path.ts';
import type { Problem } from '../../config/problem.ts';
import type { Place } from '../../config/source.ts';
import { describeConfig } from '../../config/print.ts';
import { strangeAmendments } from '../named-files.ts';
import type { Unreadable } from '../secret-values.ts';
import type { Loaded } from '../submission.ts';
import { fileAlone } from './file-alone.ts';

export interface Desired {
  /** Undefined exactly when it has Problems, or when it was refused before. */
  readonly config: Config | undefined;
  /** Who asks for it. */
  readonly origin: 'file' | 'api';
  /** The file below it. */
  readonly read: FileRead;
  /** How it was decoded: Problems, notices, and what stands over the file. */
  readonly load: LoadResult;
  /** Where the deepest node on a path stands in the file; undefined where there is no file that can be read. */
  locate(path: Path): Place | undefined;
}

/** Changes what was decoded. */
export type Transform = (load: LoadResult) => LoadResult;

/** A file, with the amendments that still fit it: those that do not are overtaken. */
export function desiredByFile(
  { read, alone }: Loaded,
  amendments: readonly Amendment[],
  transform: Transform,
  unreadable: FindUnreadable = () => [],
): Desired {
  // With Problems it is refused, whatever the API changed.
  const known = amendments.length === 0 || alone?.config === undefined ? alone : undefined;
  const load = transform(known ?? withoutStrange(read, decodeFitting(read, amendments), unreadable));
  return desired('file', read, refuseUnreadable(load, unreadable));
}

/** Secrets of a config that cannot be read and have no value from before. */
type FindUnreadable = (config: Config) => readonly Unreadable[];

/** What names such a secret is refused. It is a Problem with its place when the file is read: this is for what has gone since. */
function refuseUnreadable(load: LoadResult, unreadable: FindUnreadable): LoadResult {
  if (load.config === undefined) return load;
  const problems = unreadable(load.config).map((each): Problem => ({
    file: load.files[0] ?? '',
    line: 1,
    column: 1,
    ...problemOf(each),
  }));
  return problems.length === 0 ? load : { ...load, config: undefined, problems };
}

/** What was kept may be from a time when the API could name any file, or name a secret that is gone. */
function withoutStrange(read: FileRead, load: LoadResult, unreadable: FindUnreadable): LoadResult {
  const { config, amended } = load;
  if (config === undefined || amended.amendments.length === 0) return load;
  const strange = new Map([
    ...strangeAmendments(amended.amendments, describeConfig(config), () => fileAlone(read)),
    ...unreadableAmendments(amended.amendments, unreadable(config)),
  ]);
  if (strange.size === 0) return load;
  const rest = amended.amendments.filter((amendment) => !strange.has(amendment));
  const superseded = [...strange].map(([amendment, reason]) => ({ amendment, reason }));
  const fitting = withoutStrange(read, decodeFitting(read, rest), unreadable);
  return { ...fitting, amended: { ...fitting.amended, superseded: [...amended.superseded, ...superseded, ...fitting.amended.superseded] } };
}

/** Without a place. */
export function problemOf({ names, fault }: Unreadable): Pick<Problem, 'path' | 'message'> {
  const path = formatPath(names);
  return { path, message: `${path}: ${fault}` };
}

function* unreadableAmendments(amendments: readonly Amendment[], unreadable: readonly Unreadable[]): Iterable<[Amendment, string]> {
  for (const each of unreadable) {
    const amendment = amendments.find((one) => covers(one, each.names));
    if (amendment !== undefined) yield [amendment, problemOf(each).message];
  }
}

/** Amendments over a file that is in force: what is wrong with them is a Problem. */
export function desiredByApi(read: FileRead, amendments: readonly Amendment[], transform: Transform): Desired {
  return desired('api', read, transform(decodeRead(read, amendments)));
}

function desired(origin: Desired['origin'], read: FileRead, load: LoadResult): Desired {
  const config = load.problems.length === 0 ? load.config : undefined;
  return { config, origin, read, load, locate: (path) => read.document?.place(path, 'value') };
}
