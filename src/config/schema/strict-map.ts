// How schemas are put together. Every `error` text says what would be right; `issues.ts` adds what was found and where.

import { z } from 'zod';
import { NAME_PATTERN } from '../syntax.ts';
import { shared } from './shared.ts';

// Parsers that zod compiles are no faster for ten thousand routes, and compiling them takes a tenth of a start.
z.config({ jitless: true });

/** Params of an issue whose message is complete and says what was found itself. */
const COMPLETE = { complete: true } as const;

/** The part of a zod refinement context that is used here. */
export interface IssueContext {
  addIssue(issue: { code: 'custom'; message: string; path?: (string | number)[]; params?: Record<string, unknown> }): void;
}

/** Adds an issue whose message is complete; `path` is relative to the value that is checked. */
export function addProblem(context: IssueContext, message: string, path: readonly (string | number)[] = []): void {
  context.addIssue({ code: 'custom', message, path: [...path], params: COMPLETE });
}

export interface Bound {
  readonly most: number;
  readonly what: string;
  /** Where they stand in the value that is checked. */
  readonly path?: readonly string[];
}

export function atMost(context: IssueContext, items: readonly unknown[], { most, what, path = [] }: Bound): void {
  if (items.length > most) addProblem(context, `must have at most ${most} ${what}, got ${items.length}`, path);
}

/** A map with exactly these keys. For unknown keys the issue's message carries the known ones, for "did you mean". */
export function strictMap<const S extends z.core.$ZodLooseShape>(keys: S) {
  const known = Object.keys(keys).join(' ');
  return z.strictObject(keys, { error: (issue) => (issue.code === 'unrecognized_keys' ? known : 'must be a map') });
}

/** A map of which exactly one key is written. */
export function choice<const S extends z.core.$ZodLooseShape>(what: string, keys: S) {
  return strictMap(keys)
    .superRefine((value, context) => {
      const message = exactlyOneFault(what, Object.keys(keys), value);
      if (message !== undefined) addProblem(context, message);
    })
    .meta({ minProperties: 1, maxProperties: 1 });
}

/** What is wrong when not exactly one of these keys is written; undefined when one is. */
export function exactlyOneFault(what: string, keys: readonly string[], value: object): string | undefined {
  const written = keys.filter((key) => Object.hasOwn(value, key));
  if (written.length === 1) return undefined;
  const wanted = `${keys.slice(0, -1).join(', ')} or ${keys.at(-1) ?? ''}`;
  return `${what} needs exactly one of ${wanted}, got ${written.length === 0 ? 'none' : written.join(' and ')}`;
}

/** A map from names to values. */
export function named<V extends z.ZodType>(what: string, value: V) {
  return z.record(nameOf(what), value, { error: `must be a map of ${what}s by name` });
}

export const nameOf = shared((what: string) => {
  return z.string({ error: `${what} name must be text` }).regex(new RegExp(NAME_PATTERN), {
    error: `${what} name must be 1 to 100 letters, digits, ".", "_" or "-", and begin with a letter or digit`,
  });
});

/** An item that most configs do not have: its schema, of a few hundred parts, is built with the first one. */
export function rare<V extends z.ZodType>(item: () => V) {
  return z.lazy(item);
}

export function list<V extends z.ZodType>(value: V) {
  return z.array(value, { error: 'must be a list' });
}

/** A list with at least one item. */
export function nonEmptyList<V extends z.ZodType>(what: string, value: V) {
  return list(value).min(1, { error: `must be a list with at least one ${what}` });
}

export function oneOf<const W extends readonly [string, ...string[]]>(what: string, words: W) {
  const wanted = words.length === 1 ? words[0] : `${words.slice(0, -1).join(', ')} or ${words.at(-1) ?? ''}`;
  return z.enum(words, { error: `${what} must be ${wanted}` });
}

export const flag = shared(() => {
  return z.boolean({ error: 'must be true or false' });
});

export const integer = shared((what: string, least: number, most: number) => {
  const error = `${what} must be a whole number from ${least} to ${most}`;
  return z.number({ error }).int({ error }).min(least, { error }).max(most, { error });
});
