// Files and sockets that a config names, and variables of the environment that header values are read from. The API names none that the config
// file does not name in a field of the same kind, or that is not below a folder that `admin.files` of the file opens: a caller of the API would
// else write and read what the process may.

import type { Amendment } from '../config/amend.ts';
import { isNamedList, isNamedThing, itemsOf, readField } from '../config/field.ts';
import { formatPath } from '../config/path.ts';
import type { Path } from '../config/path.ts';
import { isMap, own } from '../lib/plain.ts';
import type { Plain } from '../lib/plain.ts';
import { isWithin } from './open-folders.ts';

interface NamedFile {
  readonly path: Path;
  readonly name: string;
}

/** Paths of fields that name a file which is not among those of the file. What is given is as `describeConfig` returns it. */
export function strangeFiles(touched: readonly Path[], after: Plain, alone: () => Plain | undefined): readonly Path[] {
  const found = touched.flatMap((path) => filesIn(readField(after, path.map(String)), path));
  if (found.length === 0) return [];
  const file = alone() ?? {};
  const known = filesWithin(file, []);
  const kinds = new Set(known.map(kindOf));
  const folders = openFolders(file);
  const mayName = (each: NamedFile): boolean => kinds.has(kindOf(each)) || isOpen(each, folders, known);
  return found.filter((each) => !mayName(each)).map(({ path }) => path);
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
    if (path !== undefined)
      strange.set(amendment, `${formatPath(path)}: only the config file names ${path.at(-1) === 'env' ? 'variables' : 'files'}`);
  }
  return strange;
}

function openFolders(alone: Plain): readonly string[] {
  const folders = readField(alone, ['admin', 'files']);
  return Array.isArray(folders) ? folders.filter((each) => typeof each === 'string') : [];
}

/** No variables, sockets, state, and nothing that is something else already: a log that is written to a token file would end the token. */
function isOpen({ path, name }: NamedFile, folders: readonly string[], known: readonly NamedFile[]): boolean {
  if (folders.length === 0 || path[0] === 'state' || path.at(-1) === 'env' || name.startsWith('unix:')) return false;
  return !known.some((each) => each.name === name) && isWithin(name, folders);
}

/** The same file is another thing as a log than as a certificate. What one header may send, another may. */
function kindOf({ path, name }: NamedFile): string {
  if (isHeaderValue(path)) return `header ${String(path.at(-1))} ${name}`;
  return `${String(path[0])} ${String(path.at(-1))} ${name}`;
}

function filesIn(value: unknown, path: Path): readonly NamedFile[] {
  return mayNameFiles(value, String(path.at(-1))) ? filesWithin(value, path) : [];
}

/** Looks at keys alone, which costs a tenth: a new config may have a million fields and names few files. */
function mayNameFiles(value: unknown, key: string): boolean {
  if (typeof value === 'string') return FILE_KEYS.has(key) || key.endsWith('File') || value.startsWith('unix:');
  if (Array.isArray(value)) return value.some((item) => mayNameFiles(item, key));
  return isMap(value) && Object.keys(value).some((inner) => mayNameFiles(value[inner], inner));
}

const FILE_KEYS: ReadonlySet<string> = new Set(['env', 'file', 'path', 'dir']);

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

/** Whether the part at this depth is such a name; so may be a word of the grammar, and a word that means such a map. */
function isFree(path: Path, depth: number): boolean {
  return depth > 0 && FREE.has(String(path[depth - 1])) && !isNamedThing(path.slice(0, depth)) && !isFree(path, depth - 1);
}

/** Where a header value is read from: the `env` or `file` below the name of a header. */
function isHeaderValue(path: Path): boolean {
  const key = path.at(-1);
  return (key === 'env' || key === 'file') && isFree(path, path.length - 2);
}

/** Also keys that are yet to come: whatever ends with `File`. */
function isFile(path: Path, value: string): boolean {
  const key = String(path.at(-1));
  if (isHeaderValue(path)) return true;
  if (isFree(path, path.length - 1)) return false;
  if (key === 'address') return value.startsWith('unix:');
  if (path[0] === 'accessLog') return key === 'path' && value !== 'stdout';
  return key === 'file' || key.endsWith('File') || (path[0] === 'state' && key === 'dir');
}
