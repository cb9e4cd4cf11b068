// Files and sockets that a config names. The API names none that the config file does not name in a field of the same kind: a caller of
// the API would else write and read what the process may. Pure.

import type { Amendment } from '../config/amend.ts';
import { isNamedList, itemsOf, readField } from '../config/field.ts';
import { formatPath } from '../config/path.ts';
import type { Path } from '../config/path.ts';
import { isMap, own } from '../lib/plain.ts';
import type { Plain } from '../lib/plain.ts';

interface NamedFile {
  readonly path: Path;
  readonly name: string;
}

/** Paths of fields that name a file which is not among those of the file. What is given is as `describeConfig` returns it. */
export function strangeFiles(touched: readonly Path[], after: Plain, alone: () => Plain | undefined): readonly Path[] {
  const found = touched.flatMap((path) => filesWithin(readField(after, path.map(String)), path));
  if (found.length === 0) return [];
  const known = knownFiles(alone() ?? {});
  return found.filter((file) => !known.has(kindOf(file))).map(({ path }) => path);
}

/** Those of the amendments that name such a file, each with a reason: from a time when the API could. */
export function strangeAmendments(
  amendments: readonly Amendment[],
  after: Plain,
  alone: () => Plain | undefined,
): ReadonlyMap<Amendment, string> {
  const strange = new Map<Amendment, string>();
  for (const amendment of amendments) {
    const [path] = strangeFiles([amendment.path], after, alone);
    if (path !== undefined) strange.set(amendment, `${formatPath(path)}: only the config file names files`);
  }
  return strange;
}

function knownFiles(alone: Plain): ReadonlySet<string> {
  return new Set(filesWithin(alone, []).map(kindOf));
}

/** The same file is another thing as a log than as a certificate. */
function kindOf({ path, name }: NamedFile): string {
  return `${String(path[0])} ${String(path.at(-1))} ${name}`;
}

function filesWithin(value: unknown, path: Path): readonly NamedFile[] {
  if (typeof value === 'string') return isFile(path, value) ? [{ path, name: value }] : [];
  if (Array.isArray(value)) {
    const items = isNamedList(path) ? itemsOf(value, path) : new Map(value.map((item, index) => [index, item as unknown]));
    return [...items].flatMap(([name, item]) => filesWithin(item, [...path, name]));
  }
  return isMap(value) ? Object.keys(value).flatMap((key) => filesWithin(own(value, key), [...path, key])) : [];
}

/** Maps whose keys are names that people choose. */
const FREE: ReadonlySet<string> = new Set(['set', 'add', 'headers', 'query', 'json']);

/** Also keys that are yet to come: whatever ends with `File`. */
function isFile(path: Path, value: string): boolean {
  const key = String(path.at(-1));
  if (FREE.has(String(path.at(-2)))) return false;
  if (key === 'address') return value.startsWith('unix:');
  if (path[0] === 'accessLog') return key === 'path' && value !== 'stdout';
  return key === 'file' || key.endsWith('File') || (path[0] === 'state' && key === 'dir');
}
