// What a source wants to be in force, in one form for all of them: a file, what the API set over it, and those to come.

import type { Amendment } from '../../config/amend.ts';
import { decodeFitting, decodeRead } from '../../config/decode.ts';
import type { FileRead, LoadResult } from '../../config/decode.ts';
import type { Config } from '../../config/model.ts';
import type { Path } from '../../config/path.ts';
import type { Place } from '../../config/source.ts';
import { describeConfig } from '../../config/print.ts';
import { strangeAmendments } from '../named-files.ts';
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
export function desiredByFile({ read, alone }: Loaded, amendments: readonly Amendment[], transform: Transform): Desired {
  const known = amendments.length === 0 ? alone : undefined;
  return desired('file', read, transform(known ?? withoutStrange(read, decodeFitting(read, amendments))));
}

/** What was kept may be from a time when the API could name any file. */
function withoutStrange(read: FileRead, load: LoadResult): LoadResult {
  const { config, amended } = load;
  if (config === undefined || amended.amendments.length === 0) return load;
  const strange = strangeAmendments(amended.amendments, describeConfig(config), () => fileAlone(read));
  if (strange.size === 0) return load;
  const rest = amended.amendments.filter((amendment) => !strange.has(amendment));
  const superseded = [...strange].map(([amendment, reason]) => ({ amendment, reason }));
  const fitting = withoutStrange(read, decodeFitting(read, rest));
  return { ...fitting, amended: { ...fitting.amended, superseded: [...amended.superseded, ...superseded, ...fitting.amended.superseded] } };
}

/** Amendments over a file that is in force: what is wrong with them is a Problem. */
export function desiredByApi(read: FileRead, amendments: readonly Amendment[], transform: Transform): Desired {
  return desired('api', read, transform(decodeRead(read, amendments)));
}

function desired(origin: Desired['origin'], read: FileRead, load: LoadResult): Desired {
  const config = load.problems.length === 0 ? load.config : undefined;
  return { config, origin, read, load, locate: (path) => read.document?.place(path, 'value') };
}
