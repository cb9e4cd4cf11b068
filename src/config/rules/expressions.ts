// Regular expressions must be RE2, which matches in linear time whatever is written.

import { MAX_EXPRESSION_SIZE, compileExpression, expressionSize } from '../expressions.ts';
import { isSecretName } from '../../lib/mask.ts';
import type { Config, ValueMatcher } from '../model.ts';
import { isSecretPlace } from '../mask.ts';
import type { Path } from '../path.ts';
import type { Review } from './review.ts';

/** Time and memory to match grow with the length of the expression times that of the text. */
const MAX_EXPRESSION_LENGTH = 1_000;
/** What an expression may have for nothing; what is beyond it counts for the whole config. */
const SMALL_SIZE = 25;
const MAX_SIZE_BEYOND = 100_000;
/** By the review that finds it. */
const beyond = new WeakMap<Review, number>();

export function expressionsOfRoutesCompile(config: Config, review: Review): void {
  for (const [index, route] of config.routes.entries()) {
    for (const [position, { path, headers, query }] of route.match.entries()) {
      const place = ['routes', index, 'match', position];
      if (path.kind === 'regex') check(review, [...place, 'path', 'regex'], path.pattern);
      if (headers.length > 0) checkWritten(review, [...place, 'headers'], headers);
      if (query.length > 0) checkWritten(review, [...place, 'query'], query);
    }
  }
}

export function expressionsOfPoolsCompile(config: Config, review: Review): void {
  for (const { name, overrides, mirrors } of config.pools) {
    for (const [index, { match }] of mirrors.entries())
      checkWritten(review, ['pools', name, 'mirrors', index, 'match', 'headers'], match.headers);
    for (const [index, { source, value }] of overrides.entries()) {
      checkValue(review, ['pools', name, 'overrides', index, source.kind, 'value', 'regex'], value);
    }
  }
}

/** Names of headers are in lower case in the Config, so places come from the order, which is that of the file. */
function checkWritten(review: Review, path: Path, matchers: readonly { readonly value: ValueMatcher }[]): void {
  const names = Object.keys((review.written(path) as object | undefined) ?? {});
  for (const [index, { value }] of matchers.entries()) checkValue(review, [...path, names[index] ?? '', 'regex'], value);
}

function checkValue(review: Review, path: Path, value: ValueMatcher): void {
  if (value.kind === 'regex') check(review, path, value.pattern);
}

function check(review: Review, path: Path, pattern: string): void {
  if (pattern.length > MAX_EXPRESSION_LENGTH) {
    review.problem(path, `a regular expression may have ${MAX_EXPRESSION_LENGTH} characters at most, got ${pattern.length}`);
    return;
  }
  const size = Math.ceil(expressionSize(pattern));
  if (size > MAX_EXPRESSION_SIZE) {
    review.problem(
      path,
      `a regular expression may have ${MAX_EXPRESSION_SIZE} steps at most, and this one has about ${size}: write smaller repetitions`,
    );
    return;
  }
  const sum = (beyond.get(review) ?? 0) + Math.max(0, size - SMALL_SIZE);
  beyond.set(review, sum);
  if (sum > MAX_SIZE_BEYOND) {
    review.problem(path, 'the regular expressions of the config are too large together: write smaller repetitions, or fewer of them');
    return;
  }
  try {
    compileExpression(pattern);
  } catch (error) {
    review.problem(path, `not a regular expression (RE2 syntax)${isSecret(review, path) ? '' : `: ${reasonOf(error)}`}`);
  }
}

function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const plain = text.replace(/^error parsing regexp: /, '');
  return /Perl syntax/.test(plain) ? `${plain}; look-around and back-references do not run in linear time` : plain;
}

/** What is wrong in it would show a part of it. */
function isSecret(review: Review, path: Path): boolean {
  const at = path.lastIndexOf('value');
  const name = at < 0 ? undefined : review.written([...path.slice(0, at), 'name']);
  return isSecretPlace(path) || (typeof name === 'string' && isSecretName(name));
}
