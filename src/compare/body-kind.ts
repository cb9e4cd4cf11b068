// What the body of a response is, by its header fields.

import { findField, joinField } from '../http/header-block.ts';

export type BodyKind = 'json' | 'text' | 'bytes';

/** Media types that are text without saying so in their first half. */
const TEXT =
  /^(?:text\/|application\/(?:xml|javascript|ecmascript|graphql|x-www-form-urlencoded|yaml|toml|sql|x-ndjson)$|[^/]+\/[^/]+\+(?:xml|yaml)$)/;
const JSON_TYPE = /^(?:application\/json|text\/json|[^/]+\/[^/]+\+json)$/;

/** What to compare a body as, by its content-type (RFC 9110, section 8.3; RFC 6839 for `+json`). Without one: bytes. */
export function bodyKindOf(fields: string): BodyKind {
  const type = mediaTypeOf(fields);
  if (JSON_TYPE.test(type)) return 'json';
  return TEXT.test(type) ? 'text' : 'bytes';
}

/** The content codings in the order they were applied, lower case, `identity` left out (RFC 9110, section 8.4). */
export function codingsOf(fields: string): readonly string[] {
  const value = joinField(fields, 'content-encoding');
  if (value === undefined) return [];
  return value
    .toLowerCase()
    .split(',')
    .map((coding) => coding.trim())
    .filter((coding) => coding !== '' && coding !== 'identity');
}

function mediaTypeOf(fields: string): string {
  const value = findField(fields, 'content-type') ?? '';
  const end = value.indexOf(';');
  return (end < 0 ? value : value.slice(0, end)).trim().toLowerCase();
}
