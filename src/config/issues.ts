// zod's issues to Problems: one readable sentence each, at the very node that is wrong.

import type { z } from 'zod';
import { isSecretName } from '../lib/mask.ts';
import { presentName } from './former-keys.ts';
import { exampleFor, meantBy } from './habits.ts';
import { isSecretPlace } from './mask.ts';
import type { Merged } from './merge.ts';
import { formatPath, show, valueAt } from './path.ts';
import type { Path } from './path.ts';
import type { Problem } from './problem.ts';
import type { Side } from './source.ts';
import { didYouMean, suggest } from './suggest.ts';
import { hintFor, hintOfStrayCharacter } from './value-hints.ts';

type Issue = z.core.$ZodIssue;

/** More would not be read, and a hostile file may have a million. */
const MAX_PROBLEMS = 1_000;
const MAX_TOLD_KEYS = 20;

/** @param document what was written: other things are meant by a key of a config than by one of the body of a call */
export function problemsOf(issues: readonly Issue[], merged: Merged, document: Work['document'] = 'config'): Problem[] {
  const problems: Problem[] = [];
  const work: Work = { merged, problems, meant: new Map(), document };
  for (const issue of issues) {
    if (problems.length >= MAX_PROBLEMS) break;
    describe(issue, pathOf(issue), work);
  }
  return problems.filter((problem) => !isFollowing(problem, work.meant));
}

/** Whether it only says that something is missing that is there under another name. */
function isFollowing({ path, message }: Problem, meant: Work['meant']): boolean {
  const keys = meant.get(path);
  if (keys === undefined) return false;
  if (/needs exactly one of .*, got none$|needs at least one of |a version needs endpoints /.test(message)) return true;
  return keys.some((key) => message.includes(`the required key "${key}" is missing`));
}

/** A Problem at a path of the document; its message begins with the path. */
export function problemAt(merged: Merged, path: Path, message: string, side: Side = 'value'): Problem {
  const where = formatPath(merged.pathInFile?.(path) ?? path);
  return { ...merged.place(path, side), path: formatPath(path), message: where === '' ? message : `${where}: ${message}` };
}

interface Work {
  readonly merged: Merged;
  readonly problems: Problem[];
  /** By the path of a map: keys that are there under another name. */
  readonly meant: Map<string, string[]>;
  readonly document: 'config' | 'body';
}

function describe(issue: Issue, path: Path, work: Work): void {
  switch (issue.code) {
    case 'unrecognized_keys':
      return describeUnknownKeys(issue, path, work);
    case 'invalid_union':
      return describeUnion(issue, path, work);
    case 'invalid_key':
      return report(work, path, withFound(issue.issues[0]?.message ?? issue.message, path.at(-1), []), 'key');
    case 'custom':
      return report(
        work,
        path,
        issue.params?.['complete'] === true ? issue.message : withFound(issue.message, valueAt(work.merged.value, path), path, work),
      );
    default:
      return describeValue(issue, path, work);
  }
}

function describeValue(issue: Issue, path: Path, work: Work): void {
  const parent = path.slice(0, -1);
  const key = path.at(-1);
  const around = valueAt(work.merged.value, parent);
  const missing = typeof key === 'string' && typeof around === 'object' && around !== null && !Object.hasOwn(around, key);
  if (missing) return report(work, parent, `the required key "${key}" is missing${missingHint(path)}`);
  report(work, path, withFound(issue.message, valueAt(work.merged.value, path), path, work));
}

/** Whether somebody has the header or cookie at all is asked another way. */
function missingHint(path: Path): string {
  const isValue = path.length === 6 && path[0] === 'pools' && path[2] === 'overrides' && path[5] === 'value';
  return isValue ? ' (write value: v2, or value: { present: true } for any)' : '';
}

/** The message of such an issue is the list of known keys: see `shape`. */
function describeUnknownKeys(issue: Extract<Issue, { code: 'unrecognized_keys' }>, path: Path, work: Work): void {
  const shown = formatPath(work.merged.pathInFile?.(path) ?? path);
  const known = issue.message.split(' ').filter((key) => key !== '');
  for (const key of issue.keys) {
    if (work.problems.length >= MAX_PROBLEMS) return;
    const where = formatPath(path);
    const habit = work.document === 'config' ? meantBy(path, key) : undefined;
    const keys = habit?.keys ?? [suggest(key, known) ?? ''];
    work.meant.set(where, [...(work.meant.get(where) ?? []), ...keys]);
    const renamed = work.document === 'config' ? renamedHint(path, key) : '';
    const hint = renamed || (habit?.hint ?? (didYouMean(key, known) || unknownHint(path, key, { known, work })));
    const problem = problemAt(work.merged, [...path, key], '', 'key');
    work.problems.push({ ...problem, message: `${shown === '' ? '' : `${shown}: `}unknown key ${show(key)}${hint}` });
  }
}

function unknownHint(path: Path, key: string, { known, work }: { known: readonly string[]; work: Work }): string {
  if (known.length === 0) return ' (this map has no keys)';
  if (work.document === 'config' && path.length > 0 && key.startsWith('x-'))
    return ' (only at the top of a file keys that begin with x- are ignored)';
  const [, name, value] = /^([\w.-]+)[:=](.+)$/.exec(key) ?? [];
  if (name !== undefined && value !== undefined && known.includes(name)) return ` (a blank is missing: write ${show(`${name}: ${value}`)})`;
  return known.length <= MAX_TOLD_KEYS ? ` (keys here are ${known.join(', ')})` : '';
}

function renamedHint(path: Path, key: string): string {
  const name = presentName([...path, key]);
  return name === undefined ? '' : ` (it is called "${name}" now)`;
}

/** Of alternatives, the one that the kind of the value speaks for; when there is none, what all of them are. */
function describeUnion(issue: Extract<Issue, { code: 'invalid_union' }>, path: Path, work: Work): void {
  const near = issue.errors.find((branch) => branch.every((inner) => inner.path.length > 0 || !isOtherKind(inner)));
  if (near === undefined) return describeValue(issue, path, work);
  for (const inner of near) describe(inner, [...path, ...pathOf(inner)], work);
}

function isOtherKind(issue: Issue): boolean {
  return issue.code === 'invalid_type' || issue.code === 'invalid_value';
}

function report(work: Work, path: Path, message: string, side: Side = 'value'): void {
  work.problems.push(problemAt(work.merged, path, message, side));
}

function withFound(message: string, found: unknown, path: Path, work?: Work): string {
  if (typeof found === 'string' && isSecretIn(path, work)) return `${message}, got a secret of ${found.length} characters`;
  const isStray = hintOfStrayCharacter(message, found) !== undefined;
  const wantsExample = work?.document !== 'body' && !isStray;
  const example =
    wantsExample && /^(?:must be|[\w ]+ must be)/.test(message) && isOtherShape(message, found) ? exampleFor(path) : undefined;
  return `${message}, got ${show(found)}${example === undefined ? hintFor(message, found) : ` (write ${example})`}`;
}

/** Nothing at all is most often a slip of indentation; texts of one word may be an item of a list. */
function isOtherShape(message: string, found: unknown): boolean {
  if (found === null || found === undefined) return false;
  return message.startsWith('must be') || Array.isArray(found) || typeof found !== 'object';
}

/** By the names in its path, or as the value of a header, cookie or parameter whose name stands beside it. */
function isSecretIn(path: Path, work: Work | undefined): boolean {
  if (isSecretPlace(path)) return true;
  const at = path.lastIndexOf('value');
  const name = at < 0 || work === undefined ? undefined : valueAt(work.merged.value, [...path.slice(0, at), 'name']);
  return typeof name === 'string' && isSecretName(name);
}

function pathOf(issue: Issue): Path {
  return issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
}
