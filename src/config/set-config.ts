// A whole config as amendments: the smallest list at the grain of fields of pools and versions, of listed overrides, mirrors and endpoints,
// and of top-level keys. A field that means the same as before stays as it is, whatever its spelling. Pure.

import { isMap } from '../lib/plain.ts';
import type { Plain } from '../lib/plain.ts';
import { finish } from '../lib/steps.ts';
import type { Steps } from '../lib/steps.ts';
import { amendmentOf, covers } from './amend.ts';
import type { Amendment } from './amend.ts';
import { record } from './changes.ts';
import type { Changed, Standing } from './changes.ts';
import { isNamedList, itemsOf, readField } from './field.ts';
import type { FieldPath } from './field.ts';
import type { Config } from './model.ts';
import { samePlain, samePlainInSteps } from './plain.ts';
import { describeBothInSteps, describeConfig, describeInSteps } from './print.ts';

/** A config as it is written and as what it means. */
export interface Meant {
  readonly written: Plain;
  readonly config: Config;
}

export interface Current extends Standing {
  /** What is in force: the file with its amendments. */
  readonly config: Config;
  /** What the file means alone, so that what the document only says like the file is not recorded; undefined when it is not known. */
  readonly alone?: Config | undefined;
}

/** The amendments with which the file means what `document` does. */
export function setConfig(current: Current, document: Meant): Changed {
  return finish(setConfigInSteps(current, document));
}

/** The same for who has other things to do in between. */
export function* setConfigInSteps(current: Current, document: Meant): Steps<Changed> {
  const [before, after] = yield* describeBothInSteps(current.config, document.config);
  // Of the routes both leave out what is the same.
  const paths = wholes(yield* findDifferent(before, after, []), current.amendments);
  yield;
  const hasRoutes = paths.some(([key]) => key === 'routes');
  const meant = hasRoutes ? yield* describeInSteps(document.config) : describeConfig(document.config);
  const alone = current.alone && (hasRoutes ? yield* describeInSteps(current.alone) : describeConfig(current.alone));
  const added: Amendment[] = [];
  for (const path of paths) {
    const asFile = alone !== undefined && (yield* samePlainInSteps(readField(alone, path), readField(meant, path)));
    added.push(amendmentOf(current.written, path, readField(asFile ? current.written : document.written, path)));
    yield;
  }
  const ordered = inOrder(added, before, after);
  yield;
  return record(current, ordered);
}

/** A field inside a whole that the API set is set with that whole: so nothing of it is left once the whole is as in the file again. */
function wholes(paths: readonly FieldPath[], amendments: readonly Amendment[]): readonly FieldPath[] {
  const found = paths.map((path) => {
    const around = amendments.filter((amendment) => covers(amendment, path)).map((amendment) => amendment.path);
    return around.sort((a, b) => a.length - b.length)[0] ?? path;
  });
  return [...new Map(found.map((path) => [JSON.stringify(path), path])).values()];
}

/** Paths at which the two descriptions differ, as deep as is worth it. */
function* findDifferent(before: Plain, after: Plain, path: FieldPath): Steps<readonly FieldPath[]> {
  const [was, is] = path.length === 0 ? [before, after] : [readField(before, path), readField(after, path)];
  const names = namesWithin(was, is, path);
  if (names === undefined) return (yield* samePlainInSteps(was, is)) ? [] : [path];
  const found: FieldPath[] = [];
  for (const name of names) {
    const inner = [...path, name];
    const different = path.length === 0 ? yield* findDifferent(before, after, inner) : differentWithin(before, after, inner);
    for (const each of different) found.push(each);
    yield;
  }
  return found;
}

/** The same for a pool or less. */
function differentWithin(before: Plain, after: Plain, path: FieldPath): readonly FieldPath[] {
  const [was, is] = [readField(before, path), readField(after, path)];
  if (samePlain(was, is)) return [];
  const names = namesWithin(was, is, path);
  return names === undefined ? [path] : names.flatMap((name) => differentWithin(before, after, [...path, name]));
}

/** What to compare one by one; undefined when it is to be taken as a whole. */
function namesWithin(was: unknown, is: unknown, path: FieldPath): readonly string[] | undefined {
  if (Array.isArray(was) && Array.isArray(is)) {
    if (path[0] !== 'pools' || !isNamedList(path)) return undefined;
    // A version without any endpoint of its own has no such key; an empty list would be a Problem.
    if (is.length === 0 && path.at(-1) === 'endpoints') return undefined;
    const [old, now] = [[...itemsOf(was, path).keys()], [...itemsOf(is, path).keys()]];
    const still = new Set(now);
    const lasting = old.filter((name) => still.has(name));
    return lasting.every((name, index) => name === now[index]) ? [...new Set([...old, ...now])].map(String) : undefined;
  }
  if (!isMap(was) || !isMap(is)) return undefined;
  return isOpen(path) ? [...new Set([...Object.keys(was), ...Object.keys(is)])] : undefined;
}

/** The document, `pools`, a pool, its `versions`, a version. */
function isOpen(path: FieldPath): boolean {
  return path.length === 0 || (path[0] === 'pools' && (path.length <= 2 || (path[2] === 'versions' && path.length <= 4)));
}

/** What is new first and what goes last, so that a beginning of the list is likely to fit as well. */
function inOrder(added: readonly Amendment[], before: Plain, after: Plain): readonly Amendment[] {
  const rank = ({ path }: Amendment): number => (readField(before, path) === undefined ? 0 : readField(after, path) === undefined ? 2 : 1);
  const ranked = added.map((amendment) => ({ amendment, rank: rank(amendment) }));
  return ranked.sort((a, b) => a.rank - b.rank).map(({ amendment }) => amendment);
}
