// If-Match and If-None-Match over revisions (RFC 9110, section 13). The tag of all state is the revision, as `"12"`.

import { HttpProblem } from './problem-reply.ts';

export function tagOf(revision: number): string {
  return `"${revision}"`;
}

/**
 * The revision that a change is meant for; undefined = any.
 * Throws an HttpProblem: 400 for what is no list of tags, 412 when no tag can ever match.
 */
export function expectedRevision(ifMatch: string | undefined, current: number): number | undefined {
  if (ifMatch === undefined || ifMatch.trim() === '*') return undefined;
  const revisions = readTags('If-Match', ifMatch)
    .map(revisionOf)
    .filter((revision) => revision !== undefined);
  // A change may be under way that makes one of the others current; the greatest is the likeliest.
  if (revisions.length > 0) return revisions.includes(current) ? current : Math.max(...revisions);
  throw new HttpProblem(412, `The current revision is ${current}.`, { revision: current }, { etag: tagOf(current) });
}

/** Whether the client has this already. Weak tags count, as RFC 9110, section 13.1.2 says. */
export function isKnown(ifNoneMatch: string | undefined, tag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch.trim() === '*') return true;
  return readTags('If-None-Match', ifNoneMatch).some((each) => each.replace(/^W\//, '') === tag);
}

/** RFC 9110, section 8.8.3, and empty members of a list as in section 5.6.1. */
function readTags(field: string, text: string): string[] {
  const members = text.split(',').map((member) => member.trim());
  const tags = members.filter((member) => member !== '');
  // A comma within a tag is legal and never one of ours: then the parts are no tags, and the field is refused.
  if (tags.length > 0 && tags.every((tag) => /^(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"$/.test(tag))) return tags;
  throw new HttpProblem(400, `${field} must be * or a list of tags in double quotes, such as "12".`);
}

/** Only strong tags can match; a revision is written without leading zeros. */
function revisionOf(tag: string): number | undefined {
  const digits = /^"(0|[1-9][0-9]{0,14})"$/.exec(tag)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
