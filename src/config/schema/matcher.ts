// Schemas of what is compared with a request: values, paths, names of fields.

import { z } from 'zod';
import type { PathMatcher, PathRewrite, ValueMatcher } from '../model.ts';
import { choice } from './strict-map.ts';
import { fieldValue, path, plainText, nonEmptyText, unmasked } from './scalar.ts';

/** The value of a header or cookie: text, `{ regex: … }` or `{ present: true }`. */
export function fieldMatcher() {
  return valueMatcher(fieldValue());
}

/** The value of a query parameter. */
export function queryMatcher() {
  return valueMatcher(unmasked(plainText('value')));
}

export function pathMatcher() {
  return choice('path', {
    exact: path().describe('The whole path.').optional(),
    prefix: path().describe('Leading path elements: /a matches /a and /a/b, not /ab.').optional(),
    regex: expression()
      .describe('A regular expression (RE2), before any prefix and in the order of the file; anchor it with ^ and $.')
      .optional(),
  }).transform((written): PathMatcher => {
    if (written.exact !== undefined) return { kind: 'exact', path: written.exact };
    if (written.prefix !== undefined) return { kind: 'prefix', path: written.prefix };
    return { kind: 'regex', pattern: written.regex ?? '' };
  });
}

/** All of these, by name. */
export function matchers<M extends z.ZodType<ValueMatcher, unknown>>(what: string, name: z.ZodType<string, string>, value: M) {
  return z
    .record(name, value, { error: `must be a map from ${what} to value` })
    .transform((written) => Object.entries<ValueMatcher>(written).map(([key, matcher]) => ({ name: key, value: matcher })))
    .prefault({});
}

export function pathRewrite() {
  return choice('path', {
    prefix: path().describe('Replaces the matched prefix.').optional(),
    full: path().describe('Replaces the whole path.').optional(),
  }).transform((written): PathRewrite =>
    written.prefix !== undefined ? { kind: 'prefix', value: written.prefix } : { kind: 'full', value: written.full ?? '' },
  );
}

function valueMatcher<T extends z.ZodType<string, string>>(text: T) {
  const error = 'value must be text (numbers, true and false in quotes), { regex: … } or { present: true }';
  const special = choice('value', {
    regex: unmasked(expression()).describe('A regular expression (RE2).').optional(),
    present: z.literal(true, { error: 'present must be true' }).describe('Any value.').optional(),
  });
  return z.union([text, special], { error }).transform((written): ValueMatcher => {
    if (typeof written === 'string') return { kind: 'exact', value: written };
    return written.regex === undefined ? { kind: 'present' } : { kind: 'regex', pattern: written.regex };
  });
}

/** Whether it compiles is a rule of its own. */
function expression() {
  return nonEmptyText('regular expression');
}
